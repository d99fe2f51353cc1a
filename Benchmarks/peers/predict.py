#!/usr/bin/env python3
"""What `polyphony predict` does, in Python: a model folder and a data file in, a file of predictions out.

predict.py --model DIR --data FILE.safetensors --output FILE.safetensors
"""

import argparse
import json
import pathlib
import sys

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[2] / "Tools"), str(pathlib.Path(__file__).parent)]

import torch  # noqa: E402

import safetensors_file  # noqa: E402
from models import build  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--output", type=pathlib.Path, required=True)
    options = parser.parse_args()

    config = json.loads((options.model / "config.json").read_text())
    weights, _ = safetensors_file.load(options.model / "model.safetensors")
    data, _ = safetensors_file.load(options.data)
    model = build(config)
    model.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
    model.eval()
    inputs = {entry["name"]: torch.from_numpy(data[entry["name"]]) for entry in config["modalities"]}
    with torch.inference_mode():
        prediction, representation = model(inputs)
    safetensors_file.save(options.output, {"prediction": prediction.numpy(), "representation": representation.numpy()})


if __name__ == "__main__":
    main()
