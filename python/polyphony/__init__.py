"""Polyphony from Python: its models as PyTorch modules, its data sets, and its program.

`load` gives a model that the program has trained. `train`, `tune`, `adapt`, `evaluate`, `predict` and `compare` run the
program. What needs PyTorch is imported when it is first used, so that the commands start at once.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .commands import adapt, compare, evaluate, predict, train, tune
from .errors import PolyphonyError

if TYPE_CHECKING:
    from .dataset import Dataset, write_dataset
    from .folders import load
    from .models.model import Model, Output
    from .saving import save

__version__ = "0.1.0"

__all__ = [
    "Dataset",
    "Model",
    "Output",
    "PolyphonyError",
    "adapt",
    "compare",
    "evaluate",
    "load",
    "predict",
    "save",
    "train",
    "tune",
    "write_dataset",
]

_HOMES = {
    "Dataset": "dataset",
    "Model": "models.model",
    "Output": "models.model",
    "load": "folders",
    "save": "saving",
    "write_dataset": "dataset",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
