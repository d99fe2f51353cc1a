#!/usr/bin/env python3
"""Says where the time of the steps goes that have a goal, and writes Benchmarks/PROFILE.md.

make profile        (Linux with `perf`; a minute or two)

One thread, so that waiting for another does not hide in the shares; GOALS.md reads the table.
"""

import argparse
import collections
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

FOLDER = pathlib.Path(__file__).resolve().parent
ROOT = FOLDER.parent
sys.path.insert(0, str(ROOT / "python"))

import machine  # noqa: E402
from report import table  # noqa: E402
from workload import ROWS  # noqa: E402

# First match wins: library, function, kind of work.
KINDS = [
    ("", r"attend_head_backward", "attention, backward"),
    ("", r"attend", "attention, forward"),
    ("", r"gradient|reduce|sum_transposed", "gradients of weights"),
    ("", r"product|sgemm|gemm|gemv", "products with weights"),
    ("", r"dropout|philox|relu", "dropout, relu"),
    ("", r"turn_to|gather|scatter|transpose|copy|memset|memcpy|memmove|embed_into", "moving data"),
    ("", r"layer_forward|LayerBackward|encoder_(forward|backward)|normalise", "normalisation, residuals, the rest of a layer"),
    ("libCTorch", r".", "normalisation, residuals, the rest of a layer"),
    ("kernel", r".", "the system (pages, scheduling)"),
    ("libtorch", r".", "libtorch's other operators, autograd, optimiser"),
    ("libc10", r".", "libtorch's other operators, autograd, optimiser"),
    ("", r".", "everything else (calls, allocation, Swift)"),
]


def kind(library, function):
    for part, pattern, name in KINDS:
        if part in library and re.search(pattern, function):
            return name
    return KINDS[-1][2]


def samples(work, program, repeats, folder):
    """Samples by kind of work, of the whole process; loading is a small part of many steps."""
    environment = dict(os.environ, OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")
    data = str(pathlib.Path(folder) / "perf.data")
    command = ["perf", "record", "-q", "-F", "1500", "-o", data, str(program), "benchmark", *work.arguments(repeats)]
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    text = subprocess.run(
        ["perf", "report", "-i", data, "-n", "--stdio", "--no-children", "-g", "none", "--sort", "dso,symbol"],
        check=True, capture_output=True, text=True,
    ).stdout
    counts = collections.Counter()
    for line in text.splitlines():
        match = re.match(r"\s*[\d.]+%\s+(\d+)\s+(\S+)\s+\[.\]\s+(.*)", line)
        if match:
            counts[kind(match[2], match[3])] += int(match[1])
    return counts


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / ".build" / "release" / "polyphony")
    parser.add_argument("--repeats", type=int, default=40, help="steps (40)")
    parser.add_argument("--output", type=pathlib.Path, default=FOLDER / "PROFILE.md")
    options = parser.parse_args()
    if shutil.which("perf") is None:
        sys.exit("profile: `perf` was not found (Debian: linux-perf)")
    rows = [row for row in ROWS if row.bar and row.step != "infer"]
    with tempfile.TemporaryDirectory() as folder:
        measured = []
        for row in rows:
            print(f"profile: {row.title}", file=sys.stderr, flush=True)
            measured.append(samples(row, options.program, options.repeats, folder))
    names = sorted({name for counts in measured for name in counts}, key=lambda name: -sum(c[name] / c.total() for c in measured))
    header = ["share of the time"] + [re.split(r";", row.title)[0] for row in rows]
    body = [[name] + [f"{counts[name] / counts.total():.0%}" for counts in measured] for name in names]
    options.output.write_text(
        "# Where the time goes\n\nWritten by `make profile`. Do not edit; what follows from it stands in "
        f"[GOALS.md](GOALS.md).\n\n{machine.processor()}, commit {machine.commit(ROOT)}, one thread, "
        f"{options.repeats} steps each; samples of `perf` by function.\n\n" + table(header, body) + "\n"
    )
    print(f"profile: wrote {os.path.relpath(options.output)}", file=sys.stderr)


if __name__ == "__main__":
    main()
