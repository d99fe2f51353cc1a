#!/usr/bin/env python3
"""The slices of open-ms with another patient as the test: patients.py OPEN-MS OUTPUT.

OUTPUT/patient-1 tests on the first patient and learns from the others, and so do patient-2 and patient-3. A seventh of
each training patient's slices, around its middle, is for validation. The patients are told apart by their identifiers.
"""

import hashlib
import json
import pathlib
import sys

import numpy
from safetensors.numpy import load_file, save_file

# The first identifier of each patient. The brain's area in the slices falls to nothing before each of them.
FIRST = [0, 26, 109]


def main():
    source, output = map(pathlib.Path, sys.argv[1:3])
    description = json.loads((source / "dataset.json").read_text())
    parts = [load_file(source / split["file"]) for split in description["splits"].values()]
    slices = {name: numpy.concatenate([part[name] for part in parts]) for name in parts[0]}
    patient = numpy.digitize(slices["id"], FIRST) - 1
    validation = numpy.zeros(len(patient), bool)
    for one in range(len(FIRST)):
        places = numpy.flatnonzero(patient == one)
        places = places[numpy.argsort(slices["id"][places])]
        count = round(len(places) / 7)
        validation[places[(len(places) - count) // 2 :][:count]] = True
    for test in range(len(FIRST)):
        folder = output / f"patient-{test + 1}"
        folder.mkdir(parents=True, exist_ok=True)
        learned = patient != test
        choice = {"train": learned & ~validation, "valid": learned & validation, "test": ~learned}
        for split, chosen in choice.items():
            rows = numpy.flatnonzero(chosen)
            rows = rows[numpy.argsort(slices["id"][rows])]
            file = folder / f"{split}.safetensors"
            # One volume for each patient, so that scores by volume are by patient.
            volume = {"volume": patient[rows], "slice": slices["id"][rows] - numpy.array(FIRST)[patient[rows]]}
            save_file({name: numpy.ascontiguousarray(values[rows]) for name, values in slices.items()} | volume, file)
            description["splits"][split]["sha256"] = hashlib.sha256(file.read_bytes()).hexdigest()
        (folder / "dataset.json").write_text(json.dumps(description, indent=1) + "\n")
        print(folder, {split: int(chosen.sum()) for split, chosen in choice.items()})


if __name__ == "__main__":
    main()
