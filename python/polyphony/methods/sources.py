"""The present modalities of a batch, from which missing ones are made up."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ..models.stages import Inputs, Tokens, joined


class Sources(NamedTuple):
    values: list[Tensor]
    """Normalised inputs as sequences, `[B, L, D]`."""
    lengths: list[Tensor | None]
    """Real steps of each sample, `[B]`."""
    weights: list[Tensor]
    """1 for real steps of present modalities and 0 for others, `[B, L or 1, 1]`."""
    presence: Tensor
    """`[B, M]` (bool)."""
    groups: list[tuple[tuple[int, ...], Tensor]]
    """The samples by their present modalities."""

    @classmethod
    def of(cls, inputs: Inputs) -> Sources | None:
        """The sources of a batch; None where no sample lacks a modality."""
        presence = inputs.presence
        if presence is None or bool(presence.all()):
            return None
        weights = []
        for index, x in enumerate(inputs.values):
            here, mask = presence[:, index, None], inputs.mask(index)
            weights.append((here if mask is None else mask & here).to(x.dtype).unsqueeze(2))
        patterns: dict[tuple[int, ...], list[int]] = {}
        for row, flags in enumerate(presence.tolist()):
            patterns.setdefault(tuple(index for index, here in enumerate(flags) if here), []).append(row)
        groups = [(present, torch.tensor(rows, device=presence.device)) for present, rows in patterns.items()]
        values = [x.unsqueeze(1) if x.dim() == 2 else x for x in inputs.values]
        return cls(values, inputs.lengths, weights, presence, groups)

    def rows(self, missing: int) -> Tensor | None:
        """The samples that lack a modality but not all; None where there are none."""
        rows = [rows for present, rows in self.groups if present and missing not in present]
        return torch.cat(rows) if rows else None


def append(steps: Tensor, tokens: list[Tokens]) -> list[Tokens]:
    """Appends steps `[B or 1, M, P, width]` to the sequences of all modalities."""
    return [
        joined([part, Tokens(steps[:, index].expand(len(part.values), -1, -1))]) for index, part in enumerate(tokens)
    ]
