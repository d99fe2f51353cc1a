"""Reading and writing safetensors files with NumPy alone.

The format: eight bytes of header length, a JSON header, the tensors' bytes. Writing is deterministic: the same
arrays give the same bytes. The form is small enough to have no dependency of its own.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np

from .errors import bad_data

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
    with open(path, "rb") as file:
        data = file.read()
    try:
        (length,) = struct.unpack_from("<Q", data)
        header = json.loads(data[8 : 8 + length])
        metadata = header.pop("__metadata__", {})
        return {name: _array(data, 8 + length, entry) for name, entry in header.items()}, metadata
    except (struct.error, ValueError, KeyError, TypeError, AttributeError) as error:
        raise bad_data("the file is no safetensors file, or is damaged", file=path, found=error) from error


def _array(data: bytes, start: int, entry: dict[str, Any]) -> np.ndarray:
    first, last = (start + offset for offset in entry["data_offsets"])
    if entry["dtype"] == "BF16":
        halves = np.frombuffer(data[first:last], "<u2").astype(np.uint32)
        return (halves << 16).view(np.float32).reshape(entry["shape"])
    array = np.frombuffer(data[first:last], TYPES[entry["dtype"]].newbyteorder("<"))
    return array.reshape(entry["shape"]).astype(TYPES[entry["dtype"]])
