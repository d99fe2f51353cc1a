#!/usr/bin/env python3
"""Writes a seeded model folder and a data file, for the comparison of start-up times.

export.py --output DIR      DIR/model/{config.json,model.safetensors}, DIR/data.safetensors
"""

import argparse
import json
import pathlib
import sys

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[2] / "Tools"), str(pathlib.Path(__file__).parent)]

import torch  # noqa: E402

import safetensors_file  # noqa: E402
from models import build  # noqa: E402
from steps import synthetic  # noqa: E402


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
    model, folder = build(config), options.output / "model"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    weights = {name: tensor.detach().numpy() for name, tensor in model.state_dict().items()}
    safetensors_file.save(folder / "model.safetensors", weights)
    inputs, _ = synthetic(config, options.samples)
    safetensors_file.save(options.output / "data.safetensors", {name: x.numpy() for name, x in inputs.items()})


if __name__ == "__main__":
    main()
