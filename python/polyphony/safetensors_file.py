"""Reading and writing safetensors files with NumPy alone.

Writing is deterministic: the same arrays give the same bytes. The form is small enough to have no dependency of its
own.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np

from .safetensors_reader import read_safetensors

NAMES = {
    "float64": "F64",
    "float32": "F32",
    "float16": "F16",
    "int64": "I64",
    "int32": "I32",
    "int16": "I16",
    "int8": "I8",
    "uint8": "U8",
    "bool": "BOOL",
}
TYPES = {name: np.dtype(dtype) for dtype, name in NAMES.items()}

Arrays = dict[str, np.ndarray]


def save(path: str | os.PathLike[str], tensors: Mapping[str, Any], metadata: dict[str, str] | None = None) -> None:
    """Writes arrays by name; wider types first, so that every tensor stays aligned to its own size."""
    arrays = {name: np.asarray(array) for name, array in tensors.items()}
    order = sorted(arrays, key=lambda name: (-arrays[name].dtype.itemsize, name))
    header: dict[str, Any] = {"__metadata__": metadata} if metadata else {}
    start = 0
    for name in order:
        array = arrays[name]
        header[name] = {
            "dtype": NAMES[array.dtype.name],
            "shape": list(array.shape),
            "data_offsets": [start, start + array.nbytes],
        }
        start += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)))
        file.write(text)
        for name in order:
            array = arrays[name]
            file.write(np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).tobytes())


def load(path: str | os.PathLike[str]) -> tuple[Arrays, dict[str, str]]:
    """Returns the arrays by name, and the metadata. BF16 is widened to f32.

    Raises `PolyphonyError` for a damaged file.
    """
    return read_safetensors(path, _array)


def _array(data: bytes, dtype: str, shape: list[int]) -> np.ndarray:
    if dtype == "BF16":
        halves = np.frombuffer(data, "<u2").astype(np.uint32)
        return (halves << 16).view(np.float32).reshape(shape)
    return np.frombuffer(data, TYPES[dtype].newbyteorder("<")).reshape(shape).astype(TYPES[dtype])
