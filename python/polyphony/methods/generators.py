"""Generators of missing sequences from present ones (MPLMM, arXiv 2407.05374, eq. 1 and 2).

x̂_m = GELU(time([G_m ; GELU(W_{k→m} x_k) for each present k])). The generative prompt and the present modalities follow
one another in time, and a linear map over time turns them into the steps of m.
"""

from __future__ import annotations

from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..models.modules import find, place
from .sources import Sources


class Shape(NamedTuple):
    """The sizes of a model's prompts."""

    names: list[str]
    features: list[int]
    lengths: list[int]
    steps: list[int]
    """Steps of the prompts of each modality: its length, or at most the grid's in the light form."""
    width: int
    prompt: int
    """Steps of a prompt."""
    stage: str
    """The stage after which type prompts are appended."""
    stage_width: int

    def others(self, target: int) -> list[int]:
        return [index for index in range(len(self.names)) if index != target]


def resample(x: Tensor, cells: int, lengths: Tensor | None = None) -> Tensor:
    """A sequence `[…, L, d]` on another number of cells, each the average of its share of the real steps."""
    steps = x.shape[-2]
    if steps == cells and lengths is None:
        return x
    here = torch.arange(steps, dtype=x.dtype, device=x.device)[None, :]
    cell = torch.arange(cells, dtype=x.dtype, device=x.device)[:, None]
    share = steps / cells if lengths is None else lengths.clamp(min=1).to(x.dtype).view(-1, 1, 1) / cells
    overlap = torch.minimum((cell + 1) * share, here + 1) - torch.maximum(cell * share, here)
    return (overlap.clamp(min=0) / share) @ x


class Generator(nn.Module):
    """Generative prompts G `[M, d, P]` and maps from features to the width; a form adds its maps over time."""

    def __init__(self, shape: Shape):
        super().__init__()
        self.shape = shape
        self.generative_prompt = nn.Parameter(torch.zeros(len(shape.names), shape.width, shape.prompt))
        for source, name in enumerate(shape.names):
            for target in shape.others(source):
                place(self, f"features.{name}.{shape.names[target]}", nn.Conv1d(shape.features[source], shape.width, 1))

    def mapped(self, source: int, target: int, sources: Sources, rows: Tensor) -> Tensor:
        """GELU(W x) of some samples, zero at padding and where the source is missing, `[n, L, d]`."""
        names = self.shape.names
        convolution = find(self, f"features.{names[source]}.{names[target]}")
        x = convolution(sources.values[source][rows].transpose(1, 2)).transpose(1, 2)
        return F.gelu(x) * sources.weights[source][rows]

    def start(self, target: int, weight: Tensor, bias: Tensor | None) -> Tensor:
        """A map over time of G_m, `[steps, d]`."""
        return F.linear(self.generative_prompt[target], weight, bias).T

    def forward(self, target: int, sources: Sources) -> list[tuple[Tensor, Tensor]]:
        """The samples that lack a modality, with the sequences that are made up for them."""
        raise NotImplementedError


class PatternGenerator(Generator):
    """The published form: a time map for each missing modality and each set of present ones."""

    def __init__(self, shape: Shape):
        super().__init__(shape)
        for target in range(len(shape.names)):
            others = shape.others(target)
            for code in range(1, 2 ** len(others)):
                present = [other for place, other in enumerate(others) if code >> place & 1]
                steps = shape.prompt + sum(shape.steps[index] for index in present)
                place(self, self.name(target, present), nn.Conv1d(steps, shape.steps[target], 1))

    def name(self, target: int, present: list[int] | tuple[int, ...]) -> str:
        return f"time.{self.shape.names[target]}.{'+'.join(self.shape.names[index] for index in present)}"

    def forward(self, target: int, sources: Sources) -> list[tuple[Tensor, Tensor]]:
        made = []
        for present, rows in sources.groups:
            if not present or target in present:
                continue
            convolution = cast(nn.Conv1d, find(self, self.name(target, present)))
            sizes = [self.shape.prompt, *(self.shape.steps[index] for index in present)]
            first, *pieces = convolution.weight.squeeze(2).split(sizes, dim=1)
            total = self.start(target, first, convolution.bias)
            for source, piece in zip(present, pieces):
                total = total + piece @ self.mapped(source, target, sources, rows)
            made.append((rows, F.gelu(total)))
        return made


class PairGenerator(Generator):
    """The shared form: a time map for each ordered pair, whose results are summed over the present modalities."""

    def __init__(self, shape: Shape):
        super().__init__(shape)
        for target, name in enumerate(shape.names):
            place(self, f"start.{name}", nn.Conv1d(shape.prompt, shape.steps[target], 1))
            for source in shape.others(target):
                pair = nn.Conv1d(shape.steps[source], shape.steps[target], 1, bias=False)
                place(self, f"pair.{name}.{shape.names[source]}", pair)

    def forward(self, target: int, sources: Sources) -> list[tuple[Tensor, Tensor]]:
        rows = sources.rows(target)
        if rows is None:
            return []
        shape, name = self.shape, self.shape.names[target]
        start = cast(nn.Conv1d, find(self, f"start.{name}"))
        total = self.start(target, start.weight.squeeze(2), start.bias)
        for source in shape.others(target):
            pair = cast(nn.Conv1d, find(self, f"pair.{name}.{shape.names[source]}"))
            values = self.mapped(source, target, sources, rows)
            if shape.steps[source] < shape.lengths[source]:
                lengths = sources.lengths[source]
                values = resample(values, shape.steps[source], None if lengths is None else lengths[rows])
            total = total + pair.weight.squeeze(2) @ values
        return [(rows, resample(F.gelu(total), shape.lengths[target]))]
