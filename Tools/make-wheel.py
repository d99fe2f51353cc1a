#!/usr/bin/env python3
"""Makes a wheel with the program, its libraries, the numerals and the Python package.

    make wheel
    Tools/make-wheel.py [--program FILE] [--output FOLDER]

The program uses the libtorch of the wheel's dependency PyTorch. If it links the Swift runtime dynamically, the wheel
has the runtime's libraries too. The platform's tag names the newest glibc whose symbols one of the files needs.
"""

import argparse
import base64
import hashlib
import pathlib
import platform
import re
import subprocess
import sys
import sysconfig
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
INSIDE = "polyphony/bin"
# Files of one content make one wheel, byte for byte.
EPOCH = (1980, 1, 1, 0, 0, 0)


def version():
    text = (ROOT / "Sources" / "Polyphony" / "Polyphony.swift").read_text()
    return re.search(r'version = "([^"]+)"', text).group(1)


def swift_runtime(program):
    """The libraries of the Swift runtime that a program links; none where it is linked statically."""
    if sys.platform == "darwin":
        return []
    listing = subprocess.run(["ldd", str(program)], capture_output=True, text=True, check=True).stdout
    found = [pathlib.Path(path) for path in re.findall(r"=> (\S+)", listing) if path != "not"]
    return [path for path in found if "swift" in path.parts]


def platform_tag(files):
    """The tag of PEP 600: the newest glibc whose versioned symbols one of the files names."""
    machine = platform.machine()
    if sys.platform == "darwin":
        return re.sub(r"[-.]", "_", sysconfig.get_platform())
    versions = [int(minor) for file in files for minor in re.findall(rb"\bGLIBC_2\.(\d+)", file.read_bytes())]
    if not versions:
        sys.exit("make-wheel: no file names a version of glibc, so the wheel has no tag")
    return f"manylinux_2_{max(versions)}_{machine}"


def contents(program):
    """The files of the wheel, by their place in it."""
    door = program.parent / f"libCTorch.{'dylib' if sys.platform == 'darwin' else 'so'}"
    for file in (program, door):
        if not file.is_file():
            sys.exit(f"make-wheel: {file} is missing; run «make wheel», which builds it")
    package = ROOT / "python" / "polyphony"
    files = {f"polyphony/{path.relative_to(package)}": path for path in package.rglob("*.py")}
    files["polyphony/py.typed"] = package / "py.typed"
    binaries = [program, door, *swift_runtime(program)]
    files.update({f"{INSIDE}/{path.name}": path for path in binaries})
    files[f"{INSIDE}/polyphony"] = files.pop(f"{INSIDE}/{program.name}")
    for folder in ("Data/numerals", "Recipes"):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file():
                files[f"{INSIDE}/{path.relative_to(ROOT)}"] = path
    return dict(sorted(files.items())), binaries


def metadata(name, tag):
    project = (ROOT / "python" / "pyproject.toml").read_text()
    requires = re.search(r'requires-python = "([^"]+)"', project).group(1)
    dependencies = re.findall(r'"([^"]+)"', re.search(r"^dependencies = \[(.*)\]$", project, re.MULTILINE).group(1))
    summary = re.search(r'description = "([^"]+)"', project).group(1)
    lines = ["Metadata-Version: 2.4", "Name: polyphony", f"Version: {version()}", f"Summary: {summary}"]
    lines += ["License-Expression: Apache-2.0", "License-File: LICENSE", f"Requires-Python: {requires}"]
    lines += [f"Requires-Dist: {it}" for it in dependencies]
    return {
        f"{name}/METADATA": "\n".join(lines) + "\n",
        f"{name}/WHEEL": f"Wheel-Version: 1.0\nGenerator: polyphony\nRoot-Is-Purelib: false\nTag: py3-none-{tag}\n",
        f"{name}/entry_points.txt": "[console_scripts]\npolyphony = polyphony.program:main\n",
        f"{name}/licenses/LICENSE": (ROOT / "LICENSE").read_text(),
    }


def make(program, output):
    """Writes the wheel and returns its path. An unfinished one leaves nothing under the name."""
    files, binaries = contents(program)
    tag = platform_tag(binaries)
    name = f"polyphony-{version()}.dist-info"
    output.mkdir(parents=True, exist_ok=True)
    wheel = output / f"polyphony-{version()}-py3-none-{tag}.whl"
    partial, record = wheel.with_suffix(".partial"), []
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:

        def add(place, data, executable=False):
            entry = zipfile.ZipInfo(place, EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o100755 if executable else 0o100644) << 16
            archive.writestr(entry, data)
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            record.append(f"{place},sha256={digest},{len(data)}")

        for place, path in files.items():
            add(place, path.read_bytes(), path in binaries)
        for place, text in metadata(name, tag).items():
            add(place, text.encode())
        record.append(f"{name}/RECORD,,")
        entry = zipfile.ZipInfo(f"{name}/RECORD", EPOCH)
        entry.external_attr = 0o100644 << 16
        archive.writestr(entry, "\n".join(record) + "\n")
    partial.replace(wheel)
    return wheel


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / ".build" / "release" / "polyphony")
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "dist")
    options = parser.parse_args()
    wheel = make(options.program, options.output)
    print(f"make-wheel: {wheel}, {wheel.stat().st_size / 2**20:.0f} MB")


if __name__ == "__main__":
    main()
