"""Fusions of all modalities beside a frozen backbone: Wander (arXiv 2412.08979), and two forms without its parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..models.model import Model
from ..models.stages import Context, Method, Tokens
from .settings import Settings

Presence = list[Tensor | None]


def rank_products(
    left: list[Tensor], right: list[Tensor], present: Presence, token_rank: int, feature_rank: int
) -> Tensor:
    """Sums over both ranks the product over modalities of left · right, `[B, T, d]`; an absent factor is 1."""
    product: Tensor | None = None
    for one, other, here in zip(left, right, present):
        factor = one @ other
        if here is not None:
            factor = factor.masked_fill(~here[:, None, None], 1)
        product = factor if product is None else product * factor
    assert product is not None
    return product.unflatten(2, (feature_rank, -1)).unflatten(1, (token_rank, -1)).sum((1, 3))


class Fusion(nn.Module):
    """Joins the sequences of all modalities into T steps."""

    steps = 1

    def __init__(self, modalities: int, width: int, settings: Settings):
        super().__init__()
        self.down = nn.ModuleList([nn.Linear(width, settings["bottleneck"]) for _ in range(modalities)])

    def bottlenecks(self, tokens: list[Tokens]) -> list[Tokens]:
        return [Tokens(F.gelu(down(part.values)), part.mask) for down, part in zip(self.down, tokens)]


class SequenceFusion(Fusion):
    """F = Σ_k Σ_j ⊙_m (V_m z_m U_m + v_m u_mᵀ) over token ranks k and feature ranks j."""

    def __init__(self, lengths: list[int], width: int, settings: Settings):
        super().__init__(len(lengths), width, settings)
        self.token_rank, self.feature_rank, self.steps = (
            settings["token_rank"],
            settings["feature_rank"],
            settings["steps"],
        )
        rows = settings["bottleneck"] + bool(settings["constant"])
        self.feature = nn.ParameterList(
            [torch.randn(self.feature_rank, rows, width) * settings["bottleneck"] ** -0.5 for _ in lengths]
        )
        self.token = nn.ParameterList(
            [
                torch.randn(self.token_rank, self.steps, length) / length
                if index
                else torch.zeros(self.token_rank, self.steps, length)
                for index, length in enumerate(lengths)
            ]
        )
        constants = [torch.ones(self.token_rank, self.steps) for _ in lengths] if settings["constant"] else []
        self.constant = nn.ParameterList(constants)

    def forward(self, tokens: list[Tokens], present: Presence) -> Tensor:
        left, right = [], []
        for index, part in enumerate(self.bottlenecks(tokens)):
            factor = self.token[index]
            length = min(part.values.shape[1], factor.shape[2])
            z = part.values[:, :length]
            if part.mask is not None:
                z = z.masked_fill(~part.mask[:, :length, None], 0)
            product = factor[:, :, :length].flatten(0, 1) @ z
            if len(self.constant):
                column = self.constant[index].reshape(1, -1, 1).expand(len(z), -1, -1)
                product = torch.cat([product, column], dim=2)
            left.append(product)
            right.append(self.feature[index].transpose(0, 1).flatten(1, 2))
        return rank_products(left, right, present, self.token_rank, self.feature_rank)


class MeanRankFusion(Fusion):
    """F = Σ_j ⊙_m z̄_m U_m, with the mean z̄ over the real steps (low-rank fusion, Liu et al. 2018)."""

    def __init__(self, lengths: list[int], width: int, settings: Settings):
        super().__init__(len(lengths), width, settings)
        self.rank = settings["feature_rank"]
        self.feature = nn.ParameterList(
            [torch.randn(self.rank, settings["bottleneck"], width) * settings["bottleneck"] ** -0.5 for _ in lengths]
        )

    def forward(self, tokens: list[Tokens], present: Presence) -> Tensor:
        left = [part.mean().unsqueeze(1) for part in self.bottlenecks(tokens)]
        right = [factor.transpose(0, 1).flatten(1, 2) for factor in self.feature]
        return rank_products(left, right, present, 1, self.rank)


class MeanConcatenation(Fusion):
    """F = [z̄_1 ‖ … ‖ z̄_M] W↑ + b↑."""

    def __init__(self, lengths: list[int], width: int, settings: Settings):
        super().__init__(len(lengths), width, settings)
        self.up = nn.Linear(len(lengths) * settings["bottleneck"], width)

    def forward(self, tokens: list[Tokens], present: Presence) -> Tensor:
        means = [part.mean() for part in self.bottlenecks(tokens)]
        means = [mean if here is None else mean.masked_fill(~here[:, None], 0) for mean, here in zip(means, present)]
        return self.up(torch.cat(means, dim=1)).unsqueeze(1)


class FusionSite(nn.Module):
    """A fusion at one place, and the maps V′ `[L, T]` from its steps back to the first modalities' own."""

    def __init__(self, fusion: Fusion, lengths: list[int]):
        super().__init__()
        self.fusion = fusion
        self.returns = nn.ParameterList([torch.zeros(length, fusion.steps) for length in lengths])

    def forward(self, tokens: list[Tokens], present: Presence) -> list[Tokens]:
        fused = self.fusion(tokens, present)
        changed = []
        for part, back in zip(tokens, self.returns):
            length = part.values.shape[1]
            update = back[:length] @ fused
            changed.append(Tokens(part.values + F.pad(update, [0, 0, 0, length - update.shape[1]]), part.mask))
        return changed + tokens[len(changed) :]


class FusionTuning(Method):
    """Adds fused steps to the read-out steps (`last`), or after every layer (`every`)."""

    def __init__(self, model: Model, settings: Settings, make: Callable[[list[int], int, Settings], Fusion]):
        super().__init__()
        lengths, width = model.steps, model.width
        self.placement, self.first = settings["placement"], settings["readout"] == "first"
        self.joins, self.readouts = model.joins, model.readouts
        self.encoder_sites = self.fusion_sites = range(0)
        self.between = False

        def site(width: int, count: int) -> FusionSite:
            return FusionSite(make(lengths, width, settings), lengths[:count])

        if self.placement == "last":
            sites = [site(model.encoded_width, 0)]
        else:
            fusion_layers = model.fusion_layers if model.joins else 0
            self.encoder_sites = range(model.encoder_layers)
            self.fusion_sites = range(model.encoder_layers, model.encoder_layers + fusion_layers)
            sites = [site(width, len(lengths)) for _ in self.encoder_sites]
            # The representation is the first step, so only the first modality gets something back at the end.
            sites += [site(width, 1 if index == self.fusion_sites[-1] else len(lengths)) for index in self.fusion_sites]
            if not sites:
                self.between = True
                sites = [site(model.encoded_width, len(lengths)) for _ in range(2)]
        self.sites = nn.ModuleList(sites)

    def encoder_layer(self, layer: int, tokens: list[Tokens], context: Context) -> list[Tokens]:
        return self.sites[layer](tokens, context.presence()) if layer in self.encoder_sites else tokens

    def encoded(self, tokens: list[Tokens], context: Context) -> list[Tokens]:
        return self.sites[0](tokens, context.presence()) if self.between else tokens

    def fusion_layer(self, layer: int, tokens: list[Tokens], context: Context) -> list[Tokens]:
        if layer >= len(self.fusion_sites):
            return tokens
        return self.sites[self.fusion_sites[layer]](tokens, context.presence())

    def fused(self, tokens: list[Tokens], context: Context) -> list[Tokens]:
        return self.sites[1](tokens, context.presence()) if self.between else tokens

    def represented(self, representation: Tensor, context: Context) -> Tensor:
        if self.placement != "last":
            return representation
        tokens = context.fused
        if self.joins:
            tokens = tokens[0].split([part.values.shape[1] for part in context.encoded])
        steps = cast(FusionSite, self.sites[0]).fusion(tokens, context.presence())
        step = steps[:, 0] if self.first else steps.mean(1)
        return representation + step.repeat(1, self.readouts)


def wander(model: Model, settings: Settings) -> Method:
    return FusionTuning(model, settings, SequenceFusion)


def lmf(model: Model, settings: Settings) -> Method:
    return FusionTuning(model, settings, MeanRankFusion)


def concat(model: Model, settings: Settings) -> Method:
    return FusionTuning(model, settings, MeanConcatenation)
