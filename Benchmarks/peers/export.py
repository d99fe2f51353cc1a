#!/usr/bin/env python3
"""Writes a seeded model folder and a data file, for the comparison of start-up times.

export.py --output DIR      DIR/model/{config.json,model.safetensors}, DIR/data.safetensors
"""

import argparse
import pathlib

import torch

import package  # noqa: F401
from polyphony import safetensors_file, save
from peers import build
from steps import synthetic


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=pathlib.Path, required=True)
    parser.add_argument("--samples", type=int, default=16)
    options = parser.parse_args()

    modalities = [
        {"name": name, "kind": "sequence", "features": features, "length": 50}
        for name, features in (("text", 768), ("audio", 74), ("vision", 35))
    ]
    config = {
        "architecture": "late_fusion",
        "modalities": modalities,
        "width": 40,
        "heads": 8,
        "layers": 5,
        "dropout": {"attention": 0.1, "relu": 0.1, "residual": 0.1, "embedding": 0.25, "output": 0.0},
        "task": {"kind": "regression"},
    }
    torch.manual_seed(0)
    save(build(config), options.output / "model")
    inputs, _ = synthetic(config, options.samples)
    safetensors_file.save(options.output / "data.safetensors", {name: x.numpy() for name, x in inputs.items()})


if __name__ == "__main__":
    main()
