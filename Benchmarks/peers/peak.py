#!/usr/bin/env python3
"""Measures the single-precision speed of large matrix products and names the versions, as JSON."""

import json
import platform
import time

import torch


def gigaflops(size=2048, repeats=9):
    a, b = torch.randn(size, size), torch.randn(size, size)
    best = float("inf")
    for _ in range(repeats):
        started = time.perf_counter()
        a @ b
        best = min(best, time.perf_counter() - started)
    return 2 * size**3 / best / 1e9


if __name__ == "__main__":
    print(
        json.dumps(
            {
                "gflops": gigaflops(),
                "torch": torch.__version__,
                "python": platform.python_version(),
                "threads": torch.get_num_threads(),
                "instructions": torch.backends.cpu.get_cpu_capability(),
            }
        )
    )
