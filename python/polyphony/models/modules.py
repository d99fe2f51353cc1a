"""Modules under names that come from data, such as those of modalities.

A name may be one of `torch.nn.Module`'s own attributes, so these modules are reached by path and not as attributes.
"""

from __future__ import annotations

from torch import nn


def place(root: nn.Module, path: str, module: nn.Module) -> nn.Module:
    """Puts a module at a path such as `cross.text.audio`, and makes the modules between."""
    *parents, last = path.split(".")
    for name in parents:
        if name not in root._modules:
            root._modules[name] = nn.Module()
        root = root._modules[name]  # type: ignore[assignment]
    root._modules[last] = module
    return module


def find(root: nn.Module, path: str) -> nn.Module:
    """The module at a path."""
    for name in path.split("."):
        root = root._modules[name]  # type: ignore[assignment]
    return root
