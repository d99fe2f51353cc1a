"""From what a caller gives to standardised inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import usage
from .stages import Inputs

IGNORED = ("target", "id", "volume", "slice")


def sample_shape(modality: dict[str, Any]) -> list[int]:
    """The shape of one sample."""
    keys = {"sequence": ("length", "features"), "vector": ("features",), "image": ("channels", "height", "width")}
    return [modality[key] for key in keys[modality["kind"]]]


def gather(modalities: list[dict[str, Any]], given: Mapping[str, Any], like: Tensor) -> tuple[Inputs, list[str]]:
    """Orders what a caller gives, and names the modalities that are None or left out.

    A modality that is not given becomes zeros and is missing in every sample.
    """
    names = [modality["name"] for modality in modalities]
    known = {*names, *(f"{name}.length" for name in names), "presence", *IGNORED}
    if unknown := sorted(set(given) - known):
        raise usage("the model has no such input", key=unknown[0], expected=", ".join(names))
    absent = [name for name in names if given.get(name) is None]
    if len(absent) == len(names):
        raise usage("a sample needs one modality at least", expected=", ".join(names))
    values: list[Tensor | None] = [_value(modality, given.get(modality["name"]), like) for modality in modalities]
    count = next(len(value) for value in values if value is not None)
    for name, value in zip(names, values):
        if value is not None and len(value) != count:
            raise usage("modalities have different numbers of samples", key=name, found=len(value), expected=count)
    lengths = [None if name in absent else _length(given.get(f"{name}.length"), name, count, like) for name in names]
    presence = _presence(given.get("presence"), names, count, like)
    if absent:
        here = torch.tensor([name not in absent for name in names], device=like.device).expand(count, -1)
        presence = here if presence is None else presence & here
    zeros = [
        like.new_zeros([count, *sample_shape(modality)]) for modality, value in zip(modalities, values) if value is None
    ]
    filled = [zeros.pop(0) if value is None else value for value in values]
    return Inputs(filled, lengths, presence), absent


def _value(modality: dict[str, Any], given: Any, like: Tensor) -> Tensor | None:
    if given is None:
        return None
    value = torch.as_tensor(given).to(like)
    expected = sample_shape(modality)
    if list(value.shape[1:]) != expected:
        remedy = f"pad it, and give {modality['name']}.length" if modality["kind"] == "sequence" else None
        raise usage(
            "a modality has another shape than the model's",
            key=modality["name"],
            found=list(value.shape),
            expected=f"[samples, {', '.join(map(str, expected))}]",
            remedy=remedy,
        )
    return value


def _length(given: Any, name: str, count: int, like: Tensor) -> Tensor | None:
    if given is None:
        return None
    length = torch.as_tensor(given, device=like.device).long()
    if list(length.shape) != [count]:
        raise usage(
            "a length for each sample is needed", key=f"{name}.length", found=list(length.shape), expected=[count]
        )
    return length


def _presence(given: Any, names: list[str], count: int, like: Tensor) -> Tensor | None:
    if given is None:
        return None
    if isinstance(given, Mapping):
        if unknown := sorted(set(given) - set(names)):
            raise usage("the model has no such modality", key=f"presence.{unknown[0]}", expected=", ".join(names))
        columns = [torch.as_tensor(given[name]) if name in given else torch.ones(count) for name in names]
        given = torch.stack([column.bool().cpu() for column in columns], dim=1)
    presence = torch.as_tensor(given, device=like.device).bool()
    if list(presence.shape) != [count, len(names)]:
        raise usage("presence has another shape", found=list(presence.shape), expected=[count, len(names)])
    return presence


class Normalization(nn.Module):
    """Standardises features with the statistics of a configuration, then puts zeros where a modality is missing.

    A missing modality counts as of full length, because its length is unknown. Missing cells (NaN) become the training
    mean of their feature, in modalities that may have some. A configuration may name the only modalities that the model
    reads (`only`); all others count as missing.
    """

    def __init__(self, config: dict[str, Any]):
        super().__init__()
        self.names = [modality["name"] for modality in config["modalities"]]
        self.visible = config.get("only")
        statistics, means = config.get("normalization") or {}, config.get("cell_means") or {}
        self.standardizes = [name in statistics for name in self.names]
        self.has_missing_cells = [bool(modality.get("missing_cells")) for modality in config["modalities"]]
        for index, modality in enumerate(config["modalities"]):
            shape = [-1, 1, 1] if modality["kind"] == "image" else [-1]
            name = modality["name"]
            if name in statistics:
                for part in ("mean", "std"):
                    values = torch.tensor(statistics[name][part], dtype=torch.float32).reshape(shape)
                    self.register_buffer(f"{part}{index}", values, persistent=False)
            if self.has_missing_cells[index]:
                count = modality["channels" if modality["kind"] == "image" else "features"]
                kept = None if name in statistics else means.get(name)
                fill = torch.tensor(kept, dtype=torch.float32) if kept else torch.zeros(count)
                self.register_buffer(f"cell{index}", fill.reshape(shape), persistent=False)

    def forward(self, inputs: Inputs) -> Inputs:
        presence = inputs.presence
        if self.visible is not None:
            seen = torch.tensor([name in self.visible for name in self.names], device=inputs.values[0].device)
            presence = seen.expand(len(inputs.values[0]), -1) if presence is None else presence & seen
        values, lengths = list(inputs.values), list(inputs.lengths)
        for index, x in enumerate(values):
            if self.standardizes[index]:
                x = (x - getattr(self, f"mean{index}")) / getattr(self, f"std{index}")
            if self.has_missing_cells[index]:
                x = torch.where(x.isnan(), getattr(self, f"cell{index}"), x)
            if presence is not None:
                present = presence[:, index]
                x = x.masked_fill(~present.reshape([-1] + [1] * (x.dim() - 1)), 0)
                length = lengths[index]
                if length is not None:
                    lengths[index] = torch.where(present, length, x.shape[1])
            values[index] = x
        return Inputs(values, lengths, presence)
