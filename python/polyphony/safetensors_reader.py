"""Reading safetensors files without NumPy.

The format: eight bytes of header length, a JSON header, the tensors' bytes.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Callable
from typing import TypeVar

from .errors import bad_data

Array = TypeVar("Array")


def read_safetensors(
    path: str | os.PathLike[str], array: Callable[[bytes, str, list[int]], Array]
) -> tuple[dict[str, Array], dict[str, str]]:
    """Returns the tensors by name, and the metadata. `array` makes each of its bytes, its type's name and its shape.

    Raises `PolyphonyError` for a damaged file.
    """
    with open(path, "rb") as file:
        data = file.read()
    try:
        (length,) = struct.unpack_from("<Q", data)
        header = json.loads(data[8 : 8 + length])
        metadata = header.pop("__metadata__", {})
        places = {name: [8 + length + offset for offset in entry["data_offsets"]] for name, entry in header.items()}
        return {
            name: array(data[first:last], header[name]["dtype"], header[name]["shape"])
            for name, (first, last) in places.items()
        }, metadata
    except (struct.error, ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
        raise bad_data("the file is no safetensors file, or is damaged", file=path, found=error) from error
