#!/usr/bin/env python3
"""Converts feature files of several gigabytes and says how much memory and time that takes.

Wants NumPy, for HDF5 h5py too, and the program built for release. The files are written in pieces, converted, compared
in some places and removed again; the disk holds one of them and its conversion at a time.

    python3 Tools/prove-streaming.py [--size 5.0] [--folder /tmp/streaming] [--format pickle npz hdf5]
"""

import argparse
import json
import pathlib
import pickle
import shutil
import struct
import subprocess
import sys

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
FORMS = {"text": (50, 768), "audio": (375, 74), "vision": (500, 35)}
SPLITS = {"train": 0.7, "valid": 0.1, "test": 0.2}


def inputs(folder, gigabytes):
    """Arrays on disk with a few numbers in them; the rest are holes in the files."""
    width = sum(int(np.prod(form)) for form in FORMS.values())
    samples = int(gigabytes * 1e9 / 4 / width)
    result = {}
    for split, share in SPLITS.items():
        count = max(2, int(samples * share))
        arrays = {}
        for name, form in FORMS.items():
            array = np.lib.format.open_memmap(folder / f"{split}-{name}.npy", "w+", "<f4", (count, *form))
            array[:, 0, 0] = np.arange(count) + 1
            array[-1, -1, -1] = -1.5
            arrays[name] = array.view(np.ndarray)
        arrays["regression_labels"] = np.linspace(-3, 3, count).astype("<f4")
        result[split] = arrays
    return result


def write(form, data, path):
    if form == "pickle":
        with open(path, "wb") as file:
            pickle.dump(data, file, protocol=5)
    elif form == "npz":
        np.savez(path, **{f"{split}_{key}": array for split, arrays in data.items() for key, array in arrays.items()})
    else:
        import h5py

        with h5py.File(path, "w") as file:
            for split, arrays in data.items():
                for key, array in arrays.items():
                    chunks = (min(16, len(array)), *array.shape[1:]) if array.ndim > 1 else None
                    target = file.create_dataset(f"{split}/{key}", array.shape, "f4", chunks=chunks)
                    for start in range(0, len(array), 256):
                        target[start : start + 256] = array[start : start + 256]


# A process of its own: on Linux a child begins with its parent's peak, and this one maps the arrays.
MEASURE = """
import os, sys, time
start = time.monotonic()
_, status, usage = os.wait4(os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ), 0)
print(status, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6, time.monotonic() - start)
"""


def run(command):
    """The peak of a program's resident memory in MB, and its seconds."""
    outcome = subprocess.run([sys.executable, "-c", MEASURE, *command], stdout=subprocess.PIPE, text=True, check=True)
    status, memory, seconds = outcome.stdout.split("\n")[-2].split()
    if status != "0":
        sys.exit(f"{' '.join(command)} ended with status {status}")
    return float(memory), float(seconds)


def compare(folder, data):
    """The numbers that were put in are those that came out."""
    for split, arrays in data.items():
        path = folder / f"{split}.safetensors"
        with open(path, "rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            header = json.loads(file.read(length))
        for name, form in FORMS.items():
            entry = header[name]
            assert entry["shape"] == [len(arrays[name]), *form], (split, name, entry)
            found = np.memmap(path, "<f4", "r", 8 + length + entry["data_offsets"][0], tuple(entry["shape"]))
            assert (found[:, 0, 0] == np.arange(len(found)) + 1).all(), (split, name)
            assert found[-1, -1, -1] == -1.5 and not found[len(found) // 2, 1].any(), (split, name)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=float, default=5.0, help="gigabytes of a file")
    parser.add_argument("--folder", type=pathlib.Path, default=pathlib.Path("/tmp/polyphony-streaming"))
    parser.add_argument("--format", nargs="+", default=["pickle", "npz"], choices=["pickle", "npz", "hdf5"])
    parser.add_argument("--program", default=str(ROOT / ".build/release/polyphony"))
    options = parser.parse_args()
    if shutil.disk_usage(options.folder.parent).free < 2.5e9 * options.size:
        sys.exit(f"{options.folder.parent} has no room for two files of {options.size} GB")
    options.folder.mkdir()
    try:
        data = inputs(options.folder, options.size)
        ending = {"pickle": "pkl", "npz": "npz", "hdf5": "h5"}
        for form in options.format:
            path = options.folder / f"features.{ending[form]}"
            write(form, data, path)
            output = options.folder / "converted"
            memory, seconds = run([options.program, "data", "convert", "--input", str(path), "--output", str(output)])
            compare(output, data)
            print(f"{form}: {path.stat().st_size / 1e9:.2f} GB, peak memory {memory:.0f} MB, {seconds:.0f} s", flush=True)
            path.unlink()
            shutil.rmtree(output)
    finally:
        shutil.rmtree(options.folder)


if __name__ == "__main__":
    main()
