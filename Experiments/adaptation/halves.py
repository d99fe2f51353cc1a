#!/usr/bin/env python3
"""Two data sets from the split «test» of one, for the labelled ceiling of an adaptation.

    python3 halves.py FOLDER OUTPUT

OUTPUT/a trains and validates on one random half and tests on the other; OUTPUT/b the other way round. PYTHONPATH must
name the folder `python` of this repository.
"""

import json
import pathlib
import sys

import numpy as np
import polyphony
from polyphony.safetensors_file import load


def main(folder, output):
    arrays = load(pathlib.Path(folder) / "test.safetensors")[0]
    description = json.loads((pathlib.Path(folder) / "dataset.json").read_text())
    names = [modality["name"] for modality in description["modalities"]]
    order = np.random.default_rng(0).permutation(len(arrays["target"]))
    halves = np.array_split(order, 2)
    for name, (own, other) in {"a": halves, "b": halves[::-1]}.items():
        train, valid = own[: len(own) * 4 // 5], own[len(own) * 4 // 5 :]
        for split, rows in {"train": train, "valid": valid, "test": other}.items():
            polyphony.write_dataset(
                pathlib.Path(output) / name,
                name=f"{pathlib.Path(folder).name}-{name}",
                task=description["task"],
                modalities={modality: arrays[modality][rows] for modality in names},
                target=arrays["target"][rows],
                split=split,
            )


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
