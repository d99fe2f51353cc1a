#!/usr/bin/env python3
"""Compares a training step of the U-Net with eager PyTorch, by turns: Benchmarks/SEGMENTATION.md.

    Benchmarks/segmentation.py [--rounds 7] [--threads 1,2]

Each round runs the program, then PyTorch with both layouts of memory. The table has the medians over the rounds and
their ratios. The machine may do other work meanwhile, since the turns share it.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys

FOLDER = pathlib.Path(__file__).resolve().parent
ROOT = FOLDER.parent
SIZES = {"4 contrasts of 88 × 104, width 8, batch 4": ("88x104", 8, 4), "width 16": ("88x104", 16, 4)}
CHANNELS = "1,1,1,1"


def measured(command, threads):
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(told.stdout.strip().splitlines()[-1])["median_ms"]


def commands(image, width, batch, threads):
    program = os.environ.get("POLYPHONY", str(ROOT / ".build" / "release" / "polyphony"))
    sizes = ["--batch", str(batch), "--image", image, "--repeats", "10"]
    ours = [program, "benchmark", "--architecture", "unet", "--features", CHANNELS, "--json", *sizes]
    ours += ["--set", f"model.width={width}", "--threads", str(threads)]
    theirs = [sys.executable, str(FOLDER / "peers" / "unet.py"), "--channels", CHANNELS, "--width", str(width), *sizes]
    return {
        "Polyphony": ours,
        "PyTorch, channels last": [*theirs, "--layout", "channels_last"],
        "PyTorch, contiguous": [*theirs, "--layout", "contiguous"],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", default="1,2")
    given = parser.parse_args()
    print("| step | threads | Polyphony | PyTorch, channels last | PyTorch, contiguous | ours ÷ the faster one |")
    print("|---|---:|---:|---:|---:|---:|")
    for name, (image, width, batch) in SIZES.items():
        for threads in (int(it) for it in given.threads.split(",")):
            turns = [
                {who: measured(command, threads) for who, command in commands(image, width, batch, threads).items()}
                for _ in range(given.rounds)
            ]
            medians = {who: statistics.median(turn[who] for turn in turns) for who in turns[0]}
            ours, *others = medians.values()
            times = " | ".join(f"{it:.0f} ms" for it in medians.values())
            print(f"| {name} | {threads} | {times} | {ours / min(others):.2f} |", flush=True)


if __name__ == "__main__":
    main()
