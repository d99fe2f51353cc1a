"""Methods for missing images, on the maps of all resolutions between encoding and fusion."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..models.inputs import sample_shape
from ..models.model import Model
from ..models.modules import find, place
from ..models.stages import Context, Inputs, Method, Tokens
from .layers import at_each_place
from .prompts import Coupling, Signal
from .settings import Settings


def maps_of(tokens: Tokens) -> list[Tensor]:
    """The maps of an image at all resolutions, the finest first."""
    return [*tokens.details, tokens.values]


def channels_of(model: Model) -> list[int]:
    """The channels of the maps at each resolution, which are the same for all images."""
    like = next(model.parameters())
    zeros = [like.new_zeros(1, *sample_shape(modality)) for modality in model.modalities]
    was_training = model.training
    model.eval()
    with torch.no_grad():
        encoded = model.encode(model.embed(Inputs(zeros, [None] * len(zeros), None)))
    model.train(was_training)
    return [one.shape[1] for one in maps_of(encoded[0])]


def over_places(values: Tensor, x: Tensor) -> Tensor:
    """Numbers of each sample, `[B]` or `[B, C]`, spread over the places of a map."""
    return values.reshape(values.shape + (1,) * (x.dim() - values.dim()))


class MapMethod(Method):
    """A method that changes the maps of each resolution apart."""

    handles_missing = True
    makes_up_missing = True

    def __init__(self, levels: list[Level]):
        super().__init__()
        self.levels = nn.ModuleList(levels)

    def encoded(self, tokens: list[Tokens], context: Context) -> list[Tokens]:
        maps = [maps_of(one) for one in tokens]
        changed = [level(list(own), context.inputs.presence) for level, own in zip(self.levels, zip(*maps))]
        return [Tokens(own[-1], details=tuple(own[:-1])) for own in zip(*changed)]


class Level(nn.Module):
    """What a method has at one resolution."""

    def forward(self, maps: list[Tensor], presence: Tensor | None) -> list[Tensor]:
        raise NotImplementedError


class PromptLevel(Level):
    """MPLMM's prompts at one resolution, with channels in place of steps."""

    def __init__(self, names: list[str], channels: int, settings: Settings):
        super().__init__()
        self.names, self.length = names, settings["length"]
        self.generative, self.signals, self.types = (settings[kind] for kind in ("generative", "signal", "type"))
        inner = (len(names) - 1) * self.length
        if self.generative:
            self.generative_prompt = nn.Parameter(torch.zeros(len(names), self.length))
        for name in names:
            if self.generative:
                place(self, f"features.{name}", nn.Linear(channels, inner))
                place(self, f"start.{name}", nn.Linear(self.length, channels))
                place(self, f"join.{name}", nn.Linear(inner, channels, bias=False))
            if self.signals or self.types:
                place(self, f"signal.{name}", Signal(channels, 1))
            if self.types:
                place(self, f"coupling.{name}", Coupling(1, channels))
        if self.types:
            self.type_prompt = nn.Parameter(torch.randn(len(names), 1, channels) / channels**0.5)

    def forward(self, maps: list[Tensor], presence: Tensor | None) -> list[Tensor]:
        made = self.made(maps, presence) if self.generative and presence is not None else maps
        types = self.type_vectors(presence) if self.types else None
        results = []
        for index, x in enumerate(maps):
            here = None if presence is None else presence[:, index]
            result = x if here is None else torch.where(over_places(here, x), x, made[index])
            if self.signals:
                real, lacking = self.signal("present", index).T, self.signal("missing", index).T
                result = result + over_places(real if here is None else torch.where(here[:, None], real, lacking), x)
            if types is not None:
                result = result + over_places(types[:, index], x)
            results.append(result)
        return results

    def made(self, maps: list[Tensor], presence: Tensor) -> list[Tensor]:
        """GELU(U_m G_m + b_m + Σ_k U_{mk} GELU(W_{k→m} x_k)) over the present images k, for each m."""
        parts = []
        for index, (name, x) in enumerate(zip(self.names, maps)):
            weight = over_places(presence[:, index].to(x.dtype), x)
            parts.append((F.gelu(at_each_place(find(self, f"features.{name}"), x)) * weight).split(self.length, dim=1))
        results = []
        for target, name in enumerate(self.names):
            # A source has no part for itself.
            own = [part[target - (target > source)] for source, part in enumerate(parts) if source != target]
            start = find(self, f"start.{name}")(self.generative_prompt[target : target + 1])
            total = at_each_place(find(self, f"join.{name}"), torch.cat(own, dim=1))
            results.append(F.gelu(total + over_places(start, total)))
        return results

    def signal(self, state: str, index: int) -> Tensor:
        """A signal prompt, `[C, 1]`."""
        return cast(Tensor, getattr(find(self, f"signal.{self.names[index]}"), state))

    def type_vectors(self, presence: Tensor | None) -> Tensor:
        """T_m · Σ_k s_k E_k for each sample and image, `[B or 1, M, C]`."""
        states = []
        for index, name in enumerate(self.names):
            weight: Tensor = find(self, f"coupling.{name}").weight  # type: ignore[assignment]
            states += [self.signal("present", index) @ weight, self.signal("missing", index) @ weight]
        products = (self.type_prompt @ torch.stack(states).unsqueeze(1)).squeeze(2)
        here = products.new_ones(1, len(self.names)) if presence is None else presence.to(products.dtype)
        return torch.einsum("bs,smc->bmc", torch.stack([here, 1 - here], dim=2).flatten(1), products)


class MapPrompts(MapMethod):
    """Prompts for models of images that lack some of their images."""

    def __init__(self, model: Model, settings: Settings):
        super().__init__([PromptLevel(model.names, channels, settings) for channels in channels_of(model)])
        self.makes_up_missing = settings["generative"]


class SharedSpecificLevel(Level):
    """A shared and a specific projection of each map; the mean of the shared ones stands for a missing image."""

    def __init__(self, names: list[str], channels: int):
        super().__init__()
        self.names = names
        self.shared, self.fusion = nn.Linear(channels, channels), nn.Linear(2 * channels, channels)
        for name in names:
            place(self, f"specific.{name}", nn.Linear(channels, channels))

    def forward(self, maps: list[Tensor], presence: Tensor | None) -> list[Tensor]:
        shared = [at_each_place(self.shared, x) for x in maps]
        fused = []
        for name, own, x in zip(self.names, shared, maps):
            specific = at_each_place(find(self, f"specific.{name}"), x)
            fused.append(own + at_each_place(self.fusion, torch.cat([own, specific], dim=1)))
        if presence is None:
            return fused
        weights = presence.to(shared[0].dtype)
        weights = weights / weights.sum(1, keepdim=True).clamp(min=1)
        parts = [own * over_places(weights[:, index], own) for index, own in enumerate(shared)]
        mean = torch.stack(parts).sum(0)
        return [torch.where(over_places(presence[:, index], x), x, mean) for index, x in enumerate(fused)]


class SharedSpecific(MapMethod):
    """Shared and specific maps of images (ShaSpec, Wang et al. 2023)."""

    def __init__(self, model: Model):
        channels = channels_of(model)
        super().__init__([SharedSpecificLevel(model.names, count) for count in channels])
        self.classifier = nn.Linear(channels[-1], len(model.names))
