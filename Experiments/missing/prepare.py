#!/usr/bin/env python3
"""Cuts Data/numerals into two corpora: prepare.py NUMERALS OUTPUT.

OUTPUT/first has the digits 0 to 4 with all samples. OUTPUT/second has the digits 5 to 9, the first 20 of each for
training and for validation, and the whole test split. Classes count from 0 on both sides.
"""

import json
import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "python"))

from polyphony import safetensors_file  # noqa: E402

FEW = 20


def rows(target, classes, few):
    """The places of these classes' samples, the first `few` of each where that is a number."""
    places = [np.flatnonzero(target == label)[:few] for label in classes]
    return np.sort(np.concatenate(places))


def main():
    source, output = map(pathlib.Path, sys.argv[1:])
    for name, classes, few in (("first", range(5), None), ("second", range(5, 10), FEW)):
        folder = output / name
        folder.mkdir(parents=True, exist_ok=True)
        description = json.loads((source / "dataset.json").read_text())
        description["name"] = f"numerals-{name}"
        description["task"] = {"kind": "classification", "classes": 5, "labels": [str(label) for label in classes]}
        for split, entry in description["splits"].items():
            tensors, _ = safetensors_file.load(source / entry["file"])
            kept = rows(tensors["target"], classes, None if split == "test" else few)
            tensors = {key: array[kept] for key, array in tensors.items()}
            tensors["target"] = tensors["target"] - classes[0]
            safetensors_file.save(folder / entry["file"], tensors)
            del entry["sha256"]
        (folder / "dataset.json").write_text(json.dumps(description, indent=2))


if __name__ == "__main__":
    main()
