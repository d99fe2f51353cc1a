"""Reading and writing safetensors files with NumPy alone.

The format: eight bytes of header length, a JSON header, the tensors' bytes. Writing is deterministic: the same
arrays give the same bytes.
"""

import json
import struct

import numpy as np

NAMES = {
    "float64": "F64",
    "float32": "F32",
    "float16": "F16",
    "int64": "I64",
    "int32": "I32",
    "uint8": "U8",
    "bool": "BOOL",
}
TYPES = {name: np.dtype(dtype) for dtype, name in NAMES.items()}


def save(path, tensors, metadata=None):
    """Writes arrays by name; wider types first, so that every tensor stays aligned to its own size."""
    arrays = {name: np.asarray(array) for name, array in tensors.items()}
    order = sorted(arrays, key=lambda name: (-arrays[name].dtype.itemsize, name))
    header = {"__metadata__": metadata} if metadata else {}
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


def load(path):
    """Returns the arrays by name, and the metadata."""
    with open(path, "rb") as file:
        data = file.read()
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + length])
    metadata = header.pop("__metadata__", {})
    arrays = {}
    for name, entry in header.items():
        first, last = (8 + length + offset for offset in entry["data_offsets"])
        array = np.frombuffer(data[first:last], TYPES[entry["dtype"]].newbyteorder("<"))
        arrays[name] = array.reshape(entry["shape"]).astype(TYPES[entry["dtype"]])
    return arrays, metadata
