"""Fusions of all modalities beside a frozen backbone: Wander (arXiv 2412.08979), forms without its parts, and MokA."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..models.model import Model
from ..models.stages import Context, Method, Tokens, joined
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


def narrow_attention(queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None) -> Tensor:
    """softmax(q kᵀ/√r) v over the real steps of the keys; zero for a sample without real steps."""
    scores = queries @ keys.transpose(1, 2) / keys.shape[2] ** 0.5
    if mask is None:
        return scores.softmax(2) @ values
    mask = mask[:, None]
    return (scores.masked_fill(~mask, -30_000).softmax(2) * mask) @ values


def absent(tokens: Tokens, here: Tensor | None) -> Tokens:
    """The sequence with no real step in samples that lack the modality."""
    if here is None:
        return tokens
    own = here[:, None].expand(-1, tokens.values.shape[1])
    return Tokens(tokens.values, own if tokens.mask is None else tokens.mask & own)


class CrossAttention(Fusion):
    """F = W↑ Σ_m ū_m + b↑ with u_m = GELU(P [z_m ‖ c_m] + p), and c_m what z_m reads of the other modalities."""

    def __init__(self, lengths: list[int], width: int, settings: Settings):
        super().__init__(len(lengths), width, settings)
        rank = settings["bottleneck"]
        self.query, self.key, self.value = (nn.Linear(rank, rank, bias=False) for _ in range(3))
        self.pair, self.up = nn.Linear(2 * rank, rank), nn.Linear(rank, width)

    def forward(self, tokens: list[Tokens], present: Presence) -> Tensor:
        parts = self.bottlenecks(tokens)
        total: Tensor | None = None
        for index, here in enumerate(present):
            mean = Tokens(self.paired(index, parts, present), parts[index].mask).mean()
            mean = mean if here is None else mean.masked_fill(~here[:, None], 0)
            total = mean if total is None else total + mean
        assert total is not None
        return self.up(total).unsqueeze(1)

    def paired(self, index: int, parts: list[Tokens], present: Presence) -> Tensor:
        own = parts[index].values
        others = [absent(part, here) for k, (part, here) in enumerate(zip(parts, present)) if k != index]
        read = torch.zeros_like(own)
        if others:
            whole = joined(others)
            read = narrow_attention(self.query(own), self.key(whole.values), self.value(whole.values), whole.mask)
        return F.gelu(self.pair(torch.cat([own, read], dim=2)))


class MokASite(nn.Module):
    """h_m + B (a_m + c_m) for the first modalities, with a_m = A_m h_m, and c_m what a_m reads of a_1."""

    def __init__(self, modalities: int, width: int, settings: Settings):
        super().__init__()
        self.down = nn.ModuleList([nn.Linear(width, settings["rank"], bias=False) for _ in range(modalities)])
        self.up = nn.Linear(settings["rank"], width, bias=False)

    def forward(self, tokens: list[Tokens], present: Presence) -> list[Tokens]:
        low = [down(part.values) for part, down in zip(tokens, self.down)]
        first = absent(Tokens(low[0], tokens[0].mask), present[0])
        changed = []
        for index, update in enumerate(low):
            if index > 0:
                update = update + narrow_attention(update, first.values, first.values, first.mask)
            changed.append(Tokens(tokens[index].values + self.up(update), tokens[index].mask))
        return changed + tokens[len(changed) :]


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
    """Adds fused steps to the read-out steps (`last`), or acts after every layer (`every`) by sites."""

    def __init__(
        self, model: Model, placement: str, site: Callable[[int, int], nn.Module], readout: str = "mean"
    ):
        super().__init__()
        count, width = len(model.steps), model.width
        self.placement, self.first = placement, readout == "first"
        self.joins, self.readouts = model.joins, model.readouts
        self.encoder_sites = self.fusion_sites = range(0)
        self.between = False

        if self.placement == "last":
            sites = [site(model.encoded_width, 0)]
        else:
            fusion_layers = model.fusion_layers if model.joins else 0
            self.encoder_sites = range(model.encoder_layers)
            self.fusion_sites = range(model.encoder_layers, model.encoder_layers + fusion_layers)
            sites = [site(width, count) for _ in self.encoder_sites]
            # The representation is the first step, so only the first modality gets something back at the end.
            sites += [site(width, 1 if index == self.fusion_sites[-1] else count) for index in self.fusion_sites]
            if not sites:
                self.between = True
                sites = [site(model.encoded_width, count) for _ in range(2)]
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


def tuning(model: Model, settings: Settings, make: Callable[[list[int], int, Settings], Fusion]) -> Method:
    """A method of fused steps. A site takes its width, and the number of first modalities that get the steps back."""

    def site(width: int, count: int) -> FusionSite:
        return FusionSite(make(model.steps, width, settings), model.steps[:count])

    return FusionTuning(model, settings["placement"], site, settings["readout"])


def wander(model: Model, settings: Settings) -> Method:
    return tuning(model, settings, SequenceFusion)


def lmf(model: Model, settings: Settings) -> Method:
    return tuning(model, settings, MeanRankFusion)


def concat(model: Model, settings: Settings) -> Method:
    return tuning(model, settings, MeanConcatenation)


def cross_attention(model: Model, settings: Settings) -> Method:
    return tuning(model, settings, CrossAttention)


def moka(model: Model, settings: Settings) -> Method:
    return FusionTuning(model, "every", lambda width, count: MokASite(count, width, settings))
