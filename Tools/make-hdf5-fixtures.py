#!/usr/bin/env python3
"""Writes the HDF5 files that the tests of «polyphony data convert» read. Wants NumPy and h5py.

The arrays follow from formulas, which the tests know too. Compressed bytes may differ between versions of zlib.

    python3 Tools/make-hdf5-fixtures.py [--output Tests/PolyphonyTests/Fixtures/conversion]
"""

import argparse
import pathlib

import h5py
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent


def ramp(shape, step=1.0, start=0.0):
    return (start + np.arange(int(np.prod(shape))) * step).reshape(shape)


def nested(path):
    """One part, arrays of every type at several depths, in chunks and compressed; and what cannot be used."""
    with h5py.File(path, "w") as file:
        file.create_dataset("group/text", data=ramp((8, 3, 5), 0.25).astype("<f4"), chunks=(3, 2, 4), compression="gzip")
        file.create_dataset("group/deep/audio", data=ramp((8, 4), -0.5).astype(">f8"), chunks=(3, 4), shuffle=True)
        half = ramp((8, 2), 0.5).astype("<f2")
        half[3, 1], half[4, 0] = -np.inf, np.nan
        file["half"] = half
        file.create_dataset("picture", data=ramp((8, 1, 2, 3)).astype("u1"), fletcher32=True, chunks=(2, 1, 2, 3))
        file["signed"] = ramp((8, 2), 1, -8).astype(">i2")
        file["truth"] = ramp((8, 2)) % 3 == 0
        file["labels"] = np.arange(8, dtype="i8") % 2
        file["names"] = [f"sample {row} é" for row in range(8)]
        file["fixed"] = np.array([f"s{row}" for row in range(8)], dtype="S4")
        file["scale"] = 1.5
        file["records"] = np.zeros(8, dtype=[("a", "f4"), ("b", "i4")])
        file["complex"] = np.zeros((8, 2), dtype="c8")
        file.create_dataset("unwritten", shape=(8, 2), dtype="f4")
        file["soft"] = h5py.SoftLink("/group/text")
        file["outside"] = h5py.ExternalLink("other.h5", "/secret")
        layout = h5py.VirtualLayout((8, 2), "f4")
        layout[:] = h5py.VirtualSource("other.h5", "secret", (8, 2))
        file.create_virtual_dataset("virtual", layout)
        file.create_dataset("external", (8, 2), "f4", external=[("/etc/hostname", 0, h5py.h5f.UNLIMITED)])


def splits(path):
    """Groups for the splits, with lengths of the real steps."""
    with h5py.File(path, "w") as file:
        for name, count in [("test", 2), ("dev", 3), ("train", 4)]:
            group = file.create_group(name)
            group["text"] = ramp((count, 2, 3), 1, count).astype("f4")
            group["text_lengths"] = np.arange(count) % 2 + 1
            group["y"] = np.linspace(-1, 1, count)
            group["id"] = [f"{name}-{row}" for row in range(count)]


def sequence(path):
    """A computational sequence in the layout of CMU-MultimodalSDK."""
    with h5py.File(path, "w") as file:
        for name, steps in [("03bSnISJMiM", 5), ("0h-zjBukYpk", 3)]:
            group = file.create_group(f"glove_vectors/data/{name}")
            group["features"] = ramp((steps, 4)).astype("f4")
            group["intervals"] = ramp((steps, 2), 0.3)
        file["glove_vectors/metadata/root name"] = ["glove_vectors"]


def many(path):
    """A group that holds itself, so that walking through it has no end."""
    with h5py.File(path, "w") as file:
        group = file.create_group("a")
        group["b"] = group
        group["c"] = group


def plugin(path):
    """An array packed by h5py's own filter, which the library lacks."""
    with h5py.File(path, "w") as file:
        file.create_dataset("text", data=ramp((8, 64)).astype("f4"), chunks=(4, 64), compression="lzf")
        file["y"] = np.arange(8) % 2


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "Tests/PolyphonyTests/Fixtures/conversion")
    output = parser.parse_args().output
    output.mkdir(parents=True, exist_ok=True)
    for make in [nested, splits, sequence, many, plugin]:
        make(output / f"{make.__name__}.h5")


if __name__ == "__main__":
    main()
