#!/usr/bin/env python3
"""Writes the MAT-files that the tests of «polyphony data convert» read. Wants NumPy, SciPy and h5py.

The arrays follow from formulas, which the tests know too. SciPy writes version 5 in little-endian order. The big-endian
file is packed here, as are the whole numbers of a double that MATLAB stores in fewer bytes.

    python3 Tools/make-matlab-fixtures.py [--output Tests/PolyphonyTests/Fixtures/conversion]
"""

import argparse
import pathlib
import struct

import h5py
import numpy as np
import scipy.io
import scipy.sparse

ROOT = pathlib.Path(__file__).resolve().parent.parent


def ramp(shape, step=1.0, start=0.0):
    return (start + np.arange(int(np.prod(shape))) * step).reshape(shape)


def variables():
    """Arrays of several types, labels as characters and cells, and what cannot be used."""
    cells = np.empty(8, dtype=object)
    cells[:] = [["calm", "stress", "ärger"][row % 3] for row in range(8)]
    lists = np.empty(2, dtype=object)
    lists[:] = [np.zeros((2, 3)), np.zeros((4, 3))]
    return {
        "rate": 16000.0,
        "text": ramp((8, 3, 5), 0.25),
        "audio": ramp((8, 4), -0.5).astype("f4"),
        "picture": ramp((8, 1, 2, 3)).astype("u1"),
        "signed": ramp((8, 2), 1, -8).astype("i2"),
        "truth": (ramp((8, 2)) % 3 == 0),
        "single": ramp((8, 1)),
        "mood": cells,
        "names": np.array([f"s{row}" for row in range(7)] + ["sample"]),
        "y": np.linspace(-1, 1, 8),
        "whole": np.arange(8) % 2,
        "record": {"field": 1.0},
        "waves": ramp((8, 2)) * 1j,
        "thin": scipy.sparse.eye(8),
        "lists": lists,
        "nothing": np.zeros((0, 3)),
    }


def element(order, kind, content):
    return struct.pack(order + "II", kind, len(content)) + content + b"\0" * (-len(content) % 8)


def matrix(order, name, number, kind, array, flags=0):
    """A variable with its numbers in column-major order, stored as another type than its class."""
    body = element(order, 6, struct.pack(order + "II", number | flags << 8, 0))
    body += element(order, 5, struct.pack(f"{order}{array.ndim}i", *array.shape))
    # A name of at most four letters takes a small element.
    body += struct.pack(order + "I", len(name) << 16 | 1)
    body += name.encode().ljust(4, b"\0")
    body += element(order, kind, array.astype(array.dtype.newbyteorder(order)).tobytes(order="F"))
    return element(order, 14, body)


def big(path):
    header = b"MATLAB 5.0 MAT-file, big-endian".ljust(116) + b"\0" * 8 + struct.pack(">H", 0x0100) + b"MI"
    body = matrix(">", "text", 6, 2, ramp((4, 3, 2)).astype("u1"))
    body += matrix(">", "wave", 7, 7, ramp((4, 2), 0.5).astype("f4"))
    body += matrix(">", "y", 6, 3, np.array([[3, -1, 2, 0]], "i2"))
    path.write_bytes(header + body)


def seven(path):
    """Version 7.3: HDF5 behind 512 bytes, extents in reverse, and classes in attributes."""
    with h5py.File(path, "w", userblock_size=512) as file:
        def put(name, array, kind):
            file[name] = array.T
            file[name].attrs["MATLAB_class"] = np.bytes_(kind)
        put("text", ramp((8, 3, 5), 0.25), "double")
        put("audio", ramp((8, 4), -0.5).astype("f4"), "single")
        put("y", np.linspace(-1, 1, 8)[None, :], "double")
        put("rate", np.array([[16000.0]]), "double")
        characters = np.array([[ord(letter) for letter in f"s{row}".ljust(6)] for row in range(8)], "u2")
        put("names", characters, "char")
        file["#refs#/a"] = np.zeros((2, 2))
        file["inner/deep"] = ramp((8, 2)).T
        file["inner"].attrs["MATLAB_class"] = np.bytes_("struct")
        reference = np.array([file["#refs#/a"].ref] * 8, dtype=h5py.ref_dtype)
        put("cells", reference[:, None], "cell")
    with open(path, "r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + struct.pack("<H", 0x0200) + b"IM")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "Tests/PolyphonyTests/Fixtures/conversion")
    output = parser.parse_args().output
    scipy.io.savemat(output / "plain.mat", variables())
    scipy.io.savemat(output / "compressed.mat", variables(), do_compression=True)
    big(output / "big.mat")
    seven(output / "seven.mat")


if __name__ == "__main__":
    main()
