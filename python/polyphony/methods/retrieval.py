"""Neighbours from the training split in place of missing modalities (after Lang et al. 2025)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..models.model import Model
from ..models.modules import find, place
from ..models.stages import Context, Method, Tokens
from .generators import resample
from .settings import Settings
from .sources import append

FAR = 1e9
"""The distance of samples without a common modality, which is above every other."""


class Sequences(nn.Module):
    """The embedded sequences of one modality, and 1 for their real steps."""

    steps: Tensor
    real: Tensor

    def __init__(self, places: int, length: int, width: int):
        super().__init__()
        self.register_buffer("steps", torch.zeros(places, length, width))
        self.register_buffer("real", torch.zeros(places, length))


class Memory(nn.Module):
    """Training samples in embedded form, with 1 for the modalities of each place."""

    presence: Tensor

    def __init__(self, model: Model, places: int):
        super().__init__()
        for name, length in zip(model.names, model.steps):
            place(self, f"modality.{name}", Sequences(places, length, model.width))
        self.register_buffer("presence", torch.zeros(places, len(model.names)))
        self.names = model.names

    def distance(self, tokens: list[Tokens], presence: Tensor | None) -> Tensor:
        """The mean distance of each sample and each place over the modalities that both have, `[B, N]`."""
        total, common = torch.zeros_like(self.presence[:, 0]), torch.zeros_like(self.presence[:, 0])
        for index, (name, part) in enumerate(zip(self.names, tokens)):
            memory: Sequences = find(self, f"modality.{name}")  # type: ignore[assignment]
            real, held = memory.real.unsqueeze(2), self.presence[:, index]
            mean = memory.steps.sum(0) / real.sum(0).clamp(min=1)
            places = ((memory.steps - mean) * real).flatten(1)
            own = part.values - mean
            if part.mask is not None:
                own = own * part.mask.to(own.dtype).unsqueeze(2)
            samples, lengths = own.flatten(1), places.square().sum(1)
            scale = (lengths.sum() / held.sum().clamp(min=1)).clamp(min=1e-12)
            squares = samples.square().sum(1, keepdim=True) + lengths - 2 * samples @ places.T
            both = held.unsqueeze(0)
            if presence is not None:
                both = both * presence[:, index, None].to(both.dtype)
            total = total + squares.clamp(min=0) / scale * both
            common = common + both
        return (total / common.clamp(min=1)).masked_fill(common == 0, FAR)

    def mean(self, index: int, distance: Tensor, neighbours: int) -> tuple[Tensor, Tensor]:
        """The mean of the nearest places with a modality, `[B, L, d]`, and whether there is one, `[B]`."""
        memory: Sequences = find(self, f"modality.{self.names[index]}")  # type: ignore[assignment]
        candidates = distance.masked_fill(self.presence[:, index] == 0, FAR)
        count = min(neighbours, candidates.shape[1])
        last = candidates.topk(count, dim=1, largest=False).values[:, -1:]
        chosen = ((candidates <= last) & (candidates < FAR)).to(distance.dtype)
        real = (chosen @ memory.real).clamp(min=1).unsqueeze(2)
        total = (chosen @ memory.steps.flatten(1)).reshape(-1, *memory.steps.shape[1:])
        return total / real, chosen.sum(1) > 0


class Retrieval(Method):
    """Makes up missing modalities from similar training samples, and appends steps that show those."""

    handles_missing = True
    makes_up_missing = True

    def __init__(self, model: Model, settings: Settings):
        super().__init__()
        self.memory = Memory(model, settings["places"])
        self.neighbours = settings["neighbours"]
        self.length = settings["length"]
        self.generators = nn.ModuleList(nn.Linear(model.width, model.width) for _ in model.names)
        self.prompters = nn.ModuleList(
            nn.Linear(model.width, model.width, bias=False) for _ in range(3 if self.length else 0)
        )

    def embedded(self, tokens: list[Tokens], context: Context) -> list[Tokens]:
        presence = context.inputs.presence
        if presence is None and not self.length:
            return tokens
        distance = self.memory.distance(tokens, presence)
        made, shown = [], []
        for index, part in enumerate(tokens):
            found, is_found = self.memory.mean(index, distance, self.neighbours)
            if presence is not None:
                part = self.fill(part, index, found, ~presence[:, index] & is_found)
            made.append(part)
            if self.length:
                shown.append(self.steps(part.values, found))
        return append(torch.stack(shown, dim=1), made) if self.length else made

    def fill(self, part: Tokens, index: int, found: Tensor, filled: Tensor) -> Tokens:
        """A modality in which the samples that lack it have their neighbours' mean."""
        values = torch.where(filled[:, None, None], found + self.generators[index](found), part.values)
        return Tokens(values, None if part.mask is None else part.mask | filled[:, None])

    def steps(self, values: Tensor, found: Tensor) -> Tensor:
        """The further steps of one modality, `[B, P, d]`."""
        queries, keys, shown = (module(x) for module, x in zip(self.prompters, (values, found, found)))
        weights = (queries @ keys.transpose(1, 2) / found.shape[2] ** 0.5).softmax(2)
        return resample(weights @ shown, self.length)

