"""The program `polyphony`: where it is, and how it runs."""

from __future__ import annotations

import codecs
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

from .errors import PolyphonyError, usage

OWN = Path(__file__).parent / "bin" / "polyphony"
"""The program that a wheel brings along."""


def find(program: str | os.PathLike[str] | None = None) -> str:
    """The program: the one that is named, that of the variable POLYPHONY, the package's own, or the one on PATH.

    Raises `PolyphonyError` where there is none.
    """
    for source, given in (("program", program), ("POLYPHONY", os.environ.get("POLYPHONY"))):
        if given:
            found = shutil.which(os.fspath(given))
            if found is None:
                raise usage(
                    "there is no program at this path", key=source, found=given, expected="the program polyphony"
                )
            return found
    found = str(OWN) if OWN.exists() else shutil.which("polyphony")
    if found is None:
        raise usage(
            "the program polyphony was not found",
            expected="a program on PATH",
            remedy="build it with make build, and set POLYPHONY=.build/release/polyphony",
        )
    return found


def environment(program: str) -> dict[str, str]:
    """The environment of a run. The package's own program uses the libtorch of the installed PyTorch."""
    variables = dict(os.environ)
    if Path(program) == OWN and not variables.get("LIBTORCH"):
        torch = importlib.util.find_spec("torch")
        if torch is None or torch.origin is None:
            raise PolyphonyError(
                "PyTorch is not installed", expected="torch 2.13", remedy="pip install 'torch==2.13.*'"
            )
        variables["LIBTORCH"] = str(Path(torch.origin).parent)
    return variables


def run(words: list[str], program: str | os.PathLike[str] | None = None) -> str:
    """Runs the program and returns its standard output. Its progress goes to `sys.stderr` while it runs.

    An interrupt reaches the program, which then leaves a checkpoint.

    Raises `PolyphonyError` with the program's message and exit code.
    """
    path = find(program)
    process = subprocess.Popen([path, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(path))
    assert process.stdout is not None and process.stderr is not None
    output: list[bytes] = []
    reader = threading.Thread(target=lambda pipe: output.append(pipe.read()), args=(process.stdout,))
    reader.start()
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    told, interrupted = "", False
    while True:
        try:
            chunk = os.read(process.stderr.fileno(), 4096)
            if not chunk:
                break
            text = decoder.decode(chunk)
            told += text
            sys.stderr.write(text)
            sys.stderr.flush()
        except KeyboardInterrupt:
            # The first interrupt lets the program write its checkpoint, the second one ends it at once.
            process.send_signal(signal.SIGKILL if interrupted else signal.SIGINT)
            interrupted = True
    process.wait()
    reader.join()
    process.stdout.close()
    process.stderr.close()
    if interrupted:
        raise KeyboardInterrupt
    if process.returncode != 0:
        raise PolyphonyError.from_program(told, process.returncode)
    return output[0].decode()


def main() -> None:
    """The command `polyphony` of a wheel: it becomes the program."""
    try:
        path = find(OWN)
        os.execve(path, [path, *sys.argv[1:]], environment(path))
    except PolyphonyError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(error.exit_code)
