"""Programs that serve, for the tests of clients."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

TYPES = {"float32": "FP32", "int64": "INT64", "bool": "BOOL"}
"""The protocol's names of NumPy's types."""


@contextmanager
def listening(*words: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Runs a program that says on its first line where it listens, and gives the address and the process."""
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        yield process.stderr.readline().strip().rsplit(" at ", 1)[-1].removeprefix("http://"), process
    finally:
        process.terminate()
        rest = process.stderr.read().splitlines()
    assert all(line.startswith("note: each stream") for line in rest) and process.wait() == 0


@contextmanager
def serving(*options: str) -> Iterator[str]:
    """Runs `polyphony serve` at a free port, and gives the address."""
    with listening(os.environ["POLYPHONY"], "serve", "--port", "0", *options) as (address, _):
        yield address
