#!/usr/bin/env python3
"""What `polyphony predict` does, in Python: a model folder and a data file in, a file of predictions out.

predict.py --model DIR --data FILE.safetensors --output FILE.safetensors
"""

import argparse
import pathlib

import torch

import package  # noqa: F401
from polyphony import load, safetensors_file


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--output", type=pathlib.Path, required=True)
    options = parser.parse_args()

    data, _ = safetensors_file.load(options.data)
    model = load(options.model)
    with torch.inference_mode():
        prediction, representation = model(data)
    safetensors_file.save(options.output, {"prediction": prediction.numpy(), "representation": representation.numpy()})


if __name__ == "__main__":
    main()
