"""Maps of the inputs that were fitted where a model is deployed."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..models.model import Model
from ..models.modules import find, place
from ..models.stages import Inputs, Method

MOST_STEPS = 16
"""A sequence of at most so many steps has a map for each step."""


class Map(nn.Module):
    """a·x + b for each feature."""

    def __init__(self, steps: int, features: int):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(steps, features))
        self.shift = nn.Parameter(torch.zeros(steps, features))

    def forward(self, x: Tensor) -> Tensor:
        scale: Tensor = self.scale
        shift: Tensor = self.shift
        if x.dim() != 3 or x.shape[1] != scale.shape[0]:
            scale, shift = scale.mean(0, keepdim=True), shift.mean(0, keepdim=True)
        if x.dim() == 4:
            scale, shift = scale[:, :, None, None], shift[:, :, None, None]
        return x * scale + shift


class InputMap(Method):
    """An affine map of each standardised feature. Padding and missing modalities stay zero."""

    def __init__(self, model: Model):
        super().__init__()
        self.places: list[tuple[int, str]] = []
        for index, modality in enumerate(model.modalities):
            features = modality["channels"] if modality["kind"] == "image" else modality.get("features")
            if not features:
                continue
            short = modality["kind"] == "sequence" and modality["length"] <= MOST_STEPS
            place(self, f"map.{modality['name']}", Map(modality["length"] if short else 1, features))
            self.places.append((index, modality["name"]))

    def prepare(self, inputs: Inputs) -> Inputs:
        values = list(inputs.values)
        for index, name in self.places:
            x = inputs.values[index]
            moved: Tensor = find(self, f"map.{name}")(x)
            mask, here = inputs.mask(index), inputs.present(index)
            if mask is not None:
                moved = torch.where(mask[:, :, None], moved, 0)
            if here is not None:
                moved = torch.where(here.reshape([-1] + [1] * (x.dim() - 1)), moved, 0)
            values[index] = moved
        return inputs._replace(values=values)
