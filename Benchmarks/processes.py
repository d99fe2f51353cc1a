#!/usr/bin/env python3
"""Measures training in several processes beside one process with as many threads, by turns, and prints a table.

    Benchmarks/processes.py [--processes 2] [--rounds 3] [--batch 64] [--width 40] [--layers 5] [--samples 512]

The model is late fusion over three sequences of 50 steps. A row is one way to use the same cores. Samples per second come
from two runs that differ in epochs alone, so that the start does not count.
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy

ROOT = pathlib.Path(__file__).resolve().parent.parent
FEATURES = {"text": 768, "audio": 74, "vision": 35}
LENGTH = 50


def write(folder, samples, features=FEATURES, length=LENGTH):
    """A regression on random numbers, with as few samples for validation and test as a data set may have."""
    sys.path.insert(0, str(ROOT / "python"))
    import polyphony

    random = numpy.random.default_rng(0)
    for split, count in (("train", samples), ("valid", 8), ("test", 8)):
        polyphony.write_dataset(
            folder,
            name="random",
            task={"kind": "regression"},
            modalities={name: random.normal(size=(count, length, size)) for name, size in features.items()},
            target=random.normal(size=(count, 1)),
            split=split,
        )


def seconds(program, options, data, output, epochs, processes, threads):
    """Seconds of a run."""
    launch = ["launch", "--processes", str(processes), "--"] if processes > 1 else []
    command = [program, *launch, "train", "--data", data, "--architecture", "late_fusion", "--output", output]
    for key, value in {
        **{"model.width": options.width, "model.layers": options.layers, "training.batch_size": options.batch},
        **{"training.epochs": epochs, "training.schedule": "constant"},
    }.items():
        command += ["--set", f"{key}={value}"]
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    begin = time.perf_counter()
    subprocess.run([*map(str, command), "--overwrite"], check=True, capture_output=True, env=environment)
    return time.perf_counter() - begin


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--width", type=int, default=40)
    parser.add_argument("--layers", type=int, default=5)
    parser.add_argument("--samples", type=int, default=512)
    parser.add_argument("--epochs", type=int, default=6, help="epochs that are measured")
    parser.add_argument("--program", default=str(ROOT / ".build" / "release" / "polyphony"))
    options = parser.parse_args()
    count = options.processes
    ways = {
        "1 process, 1 thread": (1, 1),
        f"1 process, {count} threads": (1, count),
        f"{count} processes, 1 thread each": (count, 1),
    }
    rates = {way: [] for way in ways}
    with tempfile.TemporaryDirectory() as folder:
        data, output = pathlib.Path(folder) / "data", pathlib.Path(folder) / "run"
        write(data, options.samples)
        for _ in range(options.rounds):
            for way, (processes, threads) in ways.items():
                short, long = (
                    seconds(options.program, options, data, output, epochs, processes, threads)
                    for epochs in (1, 1 + options.epochs)
                )
                rates[way].append(options.samples * options.epochs / (long - short))
    base = rates[f"1 process, {count} threads"]
    print(f"batch {options.batch}, width {options.width}, {options.layers} layers, {options.rounds} rounds\n")
    print(f"| | samples/s (median) | against {count} threads (by round) |")
    print("|---|---:|---:|")
    for way, own in rates.items():
        ratios = " ".join(f"{one / other:.2f}" for one, other in zip(own, base))
        print(f"| {way} | {statistics.median(own):.0f} | {ratios} |")


if __name__ == "__main__":
    main()
