"""What stands in for a missing modality without prompts: zeros, means, prompts by pattern, imagined embeddings."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..models.inputs import sample_shape
from ..models.model import Model
from ..models.modules import find, place
from ..models.stages import Context, Inputs, Method, Tokens
from .settings import Settings
from .sources import Sources, append


class ZeroFill(Method):
    """Zeros, as every backbone gets them."""

    handles_missing = True


class Mean(nn.Module):
    value: Tensor

    def __init__(self, shape: list[int]):
        super().__init__()
        self.register_buffer("value", torch.zeros(shape))


class MeanFill(Method):
    """The training mean of each step and feature."""

    handles_missing = True
    makes_up_missing = True

    def __init__(self, model: Model):
        super().__init__()
        self.names = model.names
        for modality in model.modalities:
            place(self, f"mean.{modality['name']}", Mean(sample_shape(modality)))

    def prepare(self, inputs: Inputs) -> Inputs:
        values = []
        for index, (name, x) in enumerate(zip(self.names, inputs.values)):
            here = inputs.present(index)
            mean: Tensor = find(self, f"mean.{name}").value  # type: ignore[assignment]
            values.append(x if here is None else torch.where(here.reshape([-1] + [1] * (x.dim() - 1)), x, mean))
        return inputs._replace(values=values)


class MissingAwarePrompts(Method):
    """A prompt for each pattern of what is present (Lee et al. 2023)."""

    handles_missing = True

    def __init__(self, model: Model, settings: Settings):
        super().__init__()
        count = len(model.names)
        self.stage = model.prompt_stage
        width = model.encoded_width if self.stage == "encoded" else model.width
        self.prompts = nn.Parameter(torch.randn(2**count - 1, count, settings["length"], width) * 0.02)

    def embedded(self, tokens: list[Tokens], context: Context) -> list[Tokens]:
        return append(self.rows(context.inputs), tokens) if self.stage == "embedded" else tokens

    def encoded(self, tokens: list[Tokens], context: Context) -> list[Tokens]:
        return append(self.rows(context.inputs), tokens) if self.stage == "encoded" else tokens

    def rows(self, inputs: Inputs) -> Tensor:
        if inputs.presence is None:
            return self.prompts[-1:]
        digits = 2 ** torch.arange(self.prompts.shape[1], device=inputs.presence.device)
        return self.prompts[((inputs.presence.long() * digits).sum(1) - 1).clamp(min=0)]


class Reconstruction(Method):
    """Imagines the embeddings of missing modalities by a cascade of autoencoders (Zhao et al. 2021)."""

    handles_missing = True
    makes_up_missing = True

    def __init__(self, model: Model, settings: Settings):
        super().__init__()
        width = len(model.names) * model.width
        hidden = settings.get("hidden") or max(1, width // 2)
        for name in ("forward", "backward"):
            for index in range(settings["blocks"]):
                place(self, f"{name}.{2 * index}", nn.Linear(width, hidden))
                place(self, f"{name}.{2 * index + 1}", nn.Linear(hidden, width))
        self.blocks = settings["blocks"]

    def embedded(self, tokens: list[Tokens], context: Context) -> list[Tokens]:
        sources = Sources.of(context.inputs)
        if sources is None:
            return tokens
        imagined = self.imagine(torch.stack([part.mean() for part in tokens], dim=1), sources.presence)
        result = []
        for index, part in enumerate(tokens):
            rows = sources.rows(index)
            if rows is not None:
                steps = imagined[rows, index].unsqueeze(1).expand(-1, part.values.shape[1], -1)
                mask = None if part.mask is None else part.mask | ~sources.presence[:, index, None]
                part = Tokens(part.values.index_copy(0, rows, steps), mask)
            result.append(part)
        return result

    def imagine(self, means: Tensor, presence: Tensor) -> Tensor:
        """All modalities' embeddings `[B, M, d]` from those that are present."""
        total = (means * presence.to(means.dtype).unsqueeze(2)).flatten(1)
        for block in range(self.blocks):
            inner, outer = (find(self, f"forward.{2 * block + index}") for index in (0, 1))
            total = total + outer(F.relu(inner(total)))
        return total.reshape(means.shape)
