"""Prompt tuning: trained steps before each modality's projected sequence (Lester et al. 2021)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..models.layers import Positions
from ..models.model import Model
from ..models.modules import find, place
from ..models.stages import Context, Method, Tokens, joined


class Prompt(nn.Module):
    def __init__(self, length: int, width: int):
        super().__init__()
        self.steps = nn.Parameter(torch.randn(length, width) * 0.02)


class PromptTuning(Method):
    """Puts steps in front, and takes them away after the first encoders.

    Each own step is shifted by the codes of its position without prompts less those with them, so that it keeps the
    position of pretraining.
    """

    def __init__(self, model: Model, settings: dict[str, Any]):
        super().__init__()
        self.length, self.names = settings["length"], model.names
        self.reads_joined = not model.encoder_layers and model.joins
        self.positions = Positions(model.width)
        for name in model.names:
            place(self, f"prompts.{name}", Prompt(self.length, model.width))

    def embedded(self, tokens: list[Tokens], context: Context) -> list[Tokens]:
        extended = []
        for name, part in zip(self.names, tokens):
            steps: Tensor = find(self, f"prompts.{name}").steps  # type: ignore[assignment]
            front = steps.expand(len(part.values), -1, -1)
            mask = None if part.mask is None else F.pad(part.mask, [self.length, 0], value=True)
            extended.append(Tokens(torch.cat([front, part.values], dim=1), mask))
        result = []
        for part, before, after in zip(extended, self.codes(tokens), self.codes(extended)):
            shift = (before - after[:, self.length :]) / part.values.shape[2] ** 0.5
            result.append(Tokens(part.values + F.pad(shift, [0, 0, self.length, 0]), part.mask))
        return result

    def encoded(self, tokens: list[Tokens], context: Context) -> list[Tokens]:
        return tokens if self.reads_joined else [self.strip(part) for part in tokens]

    def fused(self, tokens: list[Tokens], context: Context) -> list[Tokens]:
        if not self.reads_joined:
            return tokens
        lengths = [part.values.shape[1] for part in context.encoded]
        return [joined([self.strip(part) for part in whole.split(lengths)]) for whole in tokens]

    def strip(self, tokens: Tokens) -> Tokens:
        mask = None if tokens.mask is None else tokens.mask[:, self.length :]
        return Tokens(tokens.values[:, self.length :], mask)

    def codes(self, tokens: list[Tokens]) -> list[Tensor]:
        """The codes of the positions that the encoder will add."""
        if not self.reads_joined:
            return [self.positions(part.values.shape[1], part.mask) for part in tokens]
        whole = joined(tokens)
        codes = self.positions(whole.values.shape[1], whole.mask)
        return list(codes.split([part.values.shape[1] for part in tokens], 1))
