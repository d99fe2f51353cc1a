"""Prompts with which a model serves samples that lack some of its modalities (MPLMM, arXiv 2407.05374)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from ..models.modules import find, place
from ..models.stages import Context, Inputs, Method, Tokens
from .generators import Generator, PairGenerator, PatternGenerator, Shape, resample
from .settings import Settings
from .sources import Sources, append

if TYPE_CHECKING:
    from ..models.model import Model


class Signal(nn.Module):
    """A prompt that is added to a modality where it is made up, and one where it is real, `[d, steps]`."""

    def __init__(self, width: int, steps: int):
        super().__init__()
        self.missing = nn.Parameter(torch.zeros(width, steps))
        self.present = nn.Parameter(torch.zeros(width, steps))


class Coupling(nn.Module):
    """E of one modality, `[steps, width]`."""

    def __init__(self, steps: int, width: int):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(steps, width))


class MissingModalityPrompts(Method):
    """Generative prompts make up what is missing, signal prompts tell real from made up, type prompts are appended."""

    handles_missing = True

    def __init__(self, model: Model, form: str, settings: Settings):
        super().__init__()
        self.generative, self.signals, self.types = (settings[kind] for kind in ("generative", "signal", "type"))
        self.makes_up_missing = self.generative
        steps = [min(length, settings["grid"]) for length in model.steps] if form == "light" else model.steps
        stage = model.prompt_stage if self.types else "embedded"
        stage_width = model.encoded_width if stage == "encoded" else model.width
        self.shape = Shape(
            model.names, model.features, model.steps, steps, model.width, settings["length"], stage, stage_width
        )
        self.generator = self.make_generator(form) if self.generative else None
        for name, count in zip(model.names, steps):
            if self.signals or self.types:
                place(self, f"signal.{name}", Signal(model.width, count))
            if self.types:
                place(self, f"coupling.{name}", Coupling(count, stage_width))
        if self.types:
            self.type_prompt = nn.Parameter(
                torch.randn(len(model.names), settings["length"], model.width) / model.width**0.5
            )

    def make_generator(self, form: str) -> Generator:
        return PatternGenerator(self.shape) if form == "published" else PairGenerator(self.shape)

    def key(self, name: str) -> str:
        return name.removeprefix("generator.")

    def embedded(self, tokens: list[Tokens], context: Context) -> list[Tokens]:
        sources = Sources.of(context.inputs)
        tokens = [self.complete(part, index, sources) for index, part in enumerate(tokens)]
        return (
            append(self.type_steps(context.inputs), tokens) if self.types and self.shape.stage == "embedded" else tokens
        )

    def encoded(self, tokens: list[Tokens], context: Context) -> list[Tokens]:
        return (
            append(self.type_steps(context.inputs), tokens) if self.types and self.shape.stage == "encoded" else tokens
        )

    def complete(self, tokens: Tokens, index: int, sources: Sources | None) -> Tokens:
        """Puts a made-up sequence in place of a missing one, and adds the signal prompts."""
        values, mask = tokens.values, tokens.mask
        if self.signals:
            values = values + self.spread("present", index)
        rows = None if sources is None else sources.rows(index)
        if sources is None or rows is None:
            return Tokens(values, mask)
        made = [(rows, tokens.values[rows])] if self.generator is None else self.generator(index, sources)
        steps = torch.cat([steps for _, steps in made])
        if self.signals:
            steps = steps + self.spread("missing", index)
        values = values.index_copy(0, torch.cat([rows for rows, _ in made]), steps)
        # A made-up sequence has every step.
        return Tokens(values, None if mask is None else mask | ~sources.presence[:, index, None])

    def prompt(self, state: str, index: int) -> Tensor:
        """A signal prompt, `[d, steps]`."""
        return getattr(find(self, f"signal.{self.shape.names[index]}"), state)

    def spread(self, state: str, index: int) -> Tensor:
        """A signal prompt over the modality's whole length, `[L, d]`."""
        return resample(self.prompt(state, index).T, self.shape.lengths[index])

    def type_steps(self, inputs: Inputs) -> Tensor:
        """T_m · Σ_k s_k E_k for each sample and modality, `[B or 1, M, P, width]`."""
        states = []
        for index, name in enumerate(self.shape.names):
            weight: Tensor = find(self, f"coupling.{name}").weight  # type: ignore[assignment]
            states += [self.prompt("present", index) @ weight, self.prompt("missing", index) @ weight]
        products = self.type_prompt @ torch.stack(states).unsqueeze(1)
        if inputs.presence is None:
            present = self.type_prompt.new_ones(1, len(self.shape.names))
        else:
            present = inputs.presence.to(self.type_prompt.dtype)
        holds = torch.stack([present, 1 - present], dim=2).flatten(1)
        return (holds @ products.flatten(1)).unflatten(1, products.shape[1:])


def form_of(model: Model, settings: Settings) -> str:
    """The form of the generator: the one that is set, or the one that suits the model's sizes.

    That is the published form up to three modalities and the shared one beyond. Where the time maps of that form would
    exceed a tenth of the backbone's parameters, it is the light one.
    """
    if settings["form"] != "auto":
        return settings["form"]
    lengths, count, total = model.steps, len(model.steps), sum(model.steps)
    form = "published" if count <= 3 else "shared"
    sets = 2 ** (count - 1) - 1 if form == "published" else 1
    occurrences = 2 ** (count - 2) if form == "published" and count > 1 else 1
    maps = sum(length * (sets * (settings["length"] + 1) + occurrences * (total - length)) for length in lengths)
    attached = {id(parameter) for parameter in model.attachments.parameters()}
    parameters = sum(parameter.numel() for parameter in model.parameters() if id(parameter) not in attached)
    return "light" if maps * 10 > parameters else form
