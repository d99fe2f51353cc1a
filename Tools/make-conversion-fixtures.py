#!/usr/bin/env python3
"""Writes the feature files that the tests of «polyphony data convert» read, as Python and NumPy write them.

Run it once with NumPy 1.x and once with NumPy 2.x: their pickles name other modules. The arrays follow from formulas,
so that running it again gives the same bytes. What Python read lies in expected-*.safetensors.

    python3 Tools/make-conversion-fixtures.py [--output Tests/PolyphonyTests/Fixtures/conversion]
"""

import argparse
import pathlib
import sys
import pickle

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "python"))

from polyphony import safetensors_file  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent
SAMPLES = {"train": 5, "valid": 3, "test": 4}


def ramp(shape, step, start=0.0):
    """Numbers that single precision holds exactly and half precision rounds."""
    count = int(np.prod(shape))
    return (start + np.arange(count) * step).reshape(shape)


def split(name, count):
    """A split in the form of MMSA's feature files, in as many element types and orders as there are."""
    text = ramp((count, 4, 6), 0.25, count)
    tokens = np.zeros((count, 3, 4), np.float32)
    tokens[:, 0] = ramp((count, 4), 1, 101)
    for row in range(count):
        tokens[row, 1, : 1 + row % 4] = 1
    audio = ramp((count, 5, 3), 0.5, -20).astype(np.float32)
    audio[0, 1] = -np.inf
    audio[1, 0, 0] = np.nan
    audio[2, 2, 2] = np.inf
    scores = np.linspace(-3, 3, count).astype(np.float32)
    return {
        "raw_text": [f"{name} {row} 你好 é" for row in range(count)],
        "audio": audio,
        "vision": np.asfortranarray(ramp((count, 7, 2), 1 / 3, 1).astype(">f8")),
        "id": np.array([f"{name}$_${row}" for row in range(count)]),
        "text": text.astype(np.float32),
        "text_bert": tokens,
        "audio_lengths": [1 + row % 5 for row in range(count)],
        "vision_lengths": np.arange(count) % 7 + 1,
        "annotations": np.array(["Negative", "Neutral", "Positive", None][:3] * 2, dtype=object)[:count],
        "classification_labels": [np.float64(row % 3) for row in range(count)],
        "regression_labels": scores,
        "half": ramp((count, 3), 0.1).astype(np.float16),
        "flags": (np.arange(count * 2) % 3 == 0).reshape(count, 2),
        "counts": np.arange(count * 2, dtype=">i2").reshape(count, 2) - 3,
        "bytes": b"",
        "mutable": bytearray(b"\x00\xff"),
        "scale": np.float32(0.5),
        "nothing": None,
        "wide": 2**40,
        "nested": {"a": (1, 2, 3, 4), "b": [True, False], "c": ()},
    }


def expected(data):
    """What a conversion must give."""
    result = {}
    for key in ["text", "audio", "vision", "half", "flags", "counts"]:
        array = np.asarray(data[key]).astype(np.float32)
        result[key] = np.where(np.isfinite(array), array, np.float32(0))
    result["target"] = data["regression_labels"]
    result["text.length"] = data["text_bert"][:, 1].sum(-1).astype(np.int64)
    result["audio.length"] = np.array(data["audio_lengths"], np.int64)
    result["vision.length"] = np.asarray(data["vision_lengths"], np.int64)
    result["tokens"] = data["text_bert"].swapaxes(1, 2)
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "Tests/PolyphonyTests/Fixtures/conversion")
    output = parser.parse_args().output
    output.mkdir(parents=True, exist_ok=True)
    numpy = "numpy" + np.__version__.split(".")[0]
    for protocol in range(6):
        data = {name: split(name, count) for name, count in SAMPLES.items()}
        with open(output / f"{numpy}-protocol{protocol}.pkl", "wb") as file:
            pickle.dump(data, file, protocol=protocol)
        with open(output / f"{numpy}-protocol{protocol}.pkl", "rb") as file:
            read = pickle.load(file)
    for name, data in read.items():
        safetensors_file.save(output / f"expected-{name}.safetensors", expected(data))

    usual = {name: {key: data[key] for key in ["text", "audio", "regression_labels"]} for name, data in read.items()}
    flat = {f"{name}_{key}": array for name, data in usual.items() for key, array in data.items()}
    np.savez(output / "stored.npz", **flat)
    np.savez_compressed(output / "deflated.npz", **flat)

    values = np.arange(24).reshape(4, 2, 3)
    for code in ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"]:
        for order in ["<", ">"]:
            np.save(output / f"{'little' if order == '<' else 'big'}-{code}.npy", values.astype(order + code))
    np.save(output / "truth.npy", values % 2 == 0)
    for version in [1, 2, 3]:
        with open(output / f"version{version}-fortran.npy", "wb") as file:
            np.lib.format.write_array(file, np.asfortranarray(values.astype("<f4")), version=(version, 0))
    np.save(output / "objects.npy", np.array(["a", None], dtype=object))


if __name__ == "__main__":
    main()
