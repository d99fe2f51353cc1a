"""What passes from one stage of a model to the next, and the methods that act between two stages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import torch
from torch import Tensor, nn


class Inputs(NamedTuple):
    """The modalities of some samples, in the model's order."""

    values: list[Tensor]
    """`[B, L, features]`, `[B, features]` or `[B, C, H, W]`."""
    lengths: list[Tensor | None]
    """Real steps of each sample, `[B]`; None where all are real."""
    presence: Tensor | None
    """`[B, M]` (bool); None where nothing is missing."""

    def mask(self, index: int) -> Tensor | None:
        """True for the real steps of a modality, `[B, L]`. The first step is always real."""
        length = self.lengths[index]
        if length is None:
            return None
        steps = torch.arange(self.values[index].shape[1], device=length.device)
        return steps < length.clamp(min=1)[:, None]

    def present(self, index: int) -> Tensor | None:
        """True for the samples that have a modality, `[B]`."""
        return None if self.presence is None else self.presence[:, index]


class Tokens(NamedTuple):
    """A sequence `[B, L, width]` with the mask `[B, L]` of its real steps; or an image's map `[B, C, h, w]`."""

    values: Tensor
    mask: Tensor | None = None
    details: tuple[Tensor, ...] = ()
    """An image's features on finer grids, the finest first."""

    def mean(self) -> Tensor:
        """The mean over the real steps, `[B, width]`."""
        if self.mask is None:
            return self.values.mean(1)
        weights = self.mask.to(self.values.dtype).unsqueeze(2)
        return (self.values * weights).sum(1) / weights.sum(1).clamp(min=1)

    def last(self) -> Tensor:
        """The last real step of each sample, `[B, width]`."""
        if self.mask is None:
            return self.values[:, -1]
        steps = torch.arange(self.values.shape[1], device=self.values.device) * self.mask
        places = steps.argmax(1).view(-1, 1, 1).expand(-1, 1, self.values.shape[2])
        return self.values.gather(1, places).squeeze(1)

    def split(self, lengths: list[int]) -> list[Tokens]:
        """The pieces of these lengths, one after the other in time."""
        masks = [None] * len(lengths) if self.mask is None else self.mask.split(lengths, 1)
        return [Tokens(values, mask) for values, mask in zip(self.values.split(lengths, 1), masks)]


def joined(parts: list[Tokens]) -> Tokens:
    """The sequences one after another in time."""
    values = torch.cat([part.values for part in parts], dim=1)
    if all(part.mask is None for part in parts):
        return Tokens(values)
    masks = [
        torch.ones(part.values.shape[:2], dtype=torch.bool, device=values.device) if part.mask is None else part.mask
        for part in parts
    ]
    return Tokens(values, torch.cat(masks, dim=1))


Hook = Callable[[int, list[Tokens]], list[Tokens]]


@dataclass
class Context:
    """What a method reads besides the values that it may change."""

    inputs: Inputs
    encoded: list[Tokens] = field(default_factory=list)
    fused: list[Tokens] = field(default_factory=list)
    completed: bool = False

    def seen_by(self, method: Method) -> Context:
        """The context for one method: modalities that another method has made up count as present."""
        if not self.completed or method.handles_missing:
            return self
        return replace(self, inputs=self.inputs._replace(presence=None))

    def presence(self) -> list[Tensor | None]:
        """Whether the samples have each modality, `[B]` by modality."""
        return [self.inputs.present(index) for index in range(len(self.inputs.values))]


class Method(nn.Module):
    """A method on a model. Each function changes what passes between two stages, and by default changes nothing."""

    handles_missing = False
    """True if the method serves samples that lack modalities."""
    makes_up_missing = False
    """True if the method puts something in place of missing modalities."""

    def key(self, name: str) -> str:
        """The key in a file of one of this module's tensors."""
        return name

    def prepare(self, inputs: Inputs) -> Inputs:
        return inputs

    def embedded(self, tokens: list[Tokens], context: Context) -> list[Tokens]:
        return tokens

    def encoder_layer(self, layer: int, tokens: list[Tokens], context: Context) -> list[Tokens]:
        return tokens

    def encoded(self, tokens: list[Tokens], context: Context) -> list[Tokens]:
        return tokens

    def fusion_layer(self, layer: int, tokens: list[Tokens], context: Context) -> list[Tokens]:
        return tokens

    def fused(self, tokens: list[Tokens], context: Context) -> list[Tokens]:
        return tokens

    def represented(self, representation: Tensor, context: Context) -> Tensor:
        return representation
