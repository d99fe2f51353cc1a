"""The settings of a method. Those in an adapter's description have every default filled in."""

from __future__ import annotations

from typing import Any

from ..errors import bad_data

Settings = dict[str, Any]
"""The settings of a method by name."""


class SavedSettings(dict[str, Any]):
    """The settings by name. A setting that is not there is a fault of the description."""

    def __init__(self, values: dict[str, Any], file: object = None):
        super().__init__(values)
        self.file = file

    def __missing__(self, key: str) -> Any:
        raise bad_data("the adapter's description lacks a setting", file=self.file, key=f"settings.{key}")
