#!/usr/bin/env python3
"""Times one kind of step in plain PyTorch and prints what `polyphony benchmark --json` prints.

bench.py --architecture late_fusion --set model.width=40 --step train --batch 24 --length 50 --features 768,74,35
"""

import argparse
import json
import resource
import statistics
import sys
import time

import torch

from steps import make_step

NAMES = ["text", "audio", "vision"]
DEFAULTS = {
    "width": 40,
    "heads": 8,
    "layers": 5,
    "prompt_length": 16,
    "dropout": {"attention": 0.1, "relu": 0.1, "residual": 0.1, "embedding": 0.25, "output": 0.0},
}


def configuration(options):
    """The model's `config.json` from the command line."""
    names = NAMES + [f"modality{index}" for index in range(len(NAMES), len(options.features))]
    modalities = [
        {"name": name, "kind": "sequence", "features": features, "length": options.length}
        for name, features in zip(names, options.features)
    ]
    config = {"architecture": options.architecture, "modalities": modalities, "attention": options.attention}
    config.update(json.loads(json.dumps(DEFAULTS)))
    config["task"] = {"kind": "regression"}
    for assignment in options.set:
        key, text = assignment.split("=", 1)
        *path, last = key.removeprefix("model.").split(".")
        place = config
        for part in path:
            place = place[part]
        place[last] = json.loads(text)
    return config


def peak_rss_mb():
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--architecture", required=True)
    parser.add_argument("--set", action="append", default=[], metavar="model.KEY=VALUE")
    parser.add_argument(
        "--step",
        choices=["train", "infer", "contrast", "online", "prompt", "balance-published", "tune"],
        default="train",
    )
    parser.add_argument("--batch", type=int, default=24)
    parser.add_argument("--length", type=int, default=50)
    parser.add_argument("--features", type=lambda text: [int(part) for part in text.split(",")], default=[768, 74, 35])
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--warmup", type=int, default=2)
    parser.add_argument("--mode", choices=["eager", "compile"], default="eager")
    parser.add_argument("--attention", choices=["plain", "fused"], default="plain")
    parser.add_argument("--form", choices=["loop", "grouped"], default="grouped", help="of prompted_mult")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()

    started = time.perf_counter()
    step = make_step(configuration(options), options.step, options.batch, options.mode, options.form)
    for _ in range(options.warmup):
        step()
    warmup = time.perf_counter() - started
    times = []
    for _ in range(options.repeats):
        started = time.perf_counter()
        step()
        times.append(time.perf_counter() - started)

    median = statistics.median(times)
    result = {
        "median_ms": median * 1e3,
        "samples_per_s": options.batch / median,
        "peak_rss_mb": peak_rss_mb(),
        "fastest_ms": min(times) * 1e3,
        "warmup_s": warmup,
        "threads": torch.get_num_threads(),
    }
    print(json.dumps(result) if options.json else f"{median * 1e3:.1f} ms, {result['peak_rss_mb']:.0f} MB")


if __name__ == "__main__":
    main()
