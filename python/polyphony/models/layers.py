"""The pre-norm Transformer encoder of MulT (Tsai et al. 2019), batch first.

Parameter names are those of the published state dicts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, MutableMapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

NO_DROPOUT = {"attention": 0.0, "relu": 0.0, "residual": 0.0, "embedding": 0.0, "output": 0.0}
INPUTS = ("q_proj", "k_proj", "v_proj")

Linear = Callable[[Tensor], Tensor]


def sinusoidal_positions(count: int, width: int) -> Tensor:
    """The table `[count, width]`: row p is [sin(p f) | cos(p f)]; row 0 stands for padding and is zero."""
    half = width // 2
    frequency = torch.exp(torch.arange(half, dtype=torch.float32) * -(math.log(10000) / max(1, half - 1)))
    angle = torch.arange(count, dtype=torch.float32)[:, None] * frequency
    table = torch.cat([angle.sin(), angle.cos(), torch.zeros(count, width % 2)], dim=1)
    table[0] = 0
    return table


class Positions(nn.Module):
    """Position codes. The first real step of a sample has the code of 1, and padding has zeros."""

    table: Tensor

    def __init__(self, width: int):
        super().__init__()
        self.width = width
        self.register_buffer("table", sinusoidal_positions(1024, width), persistent=False)

    def forward(self, length: int, mask: Tensor | None = None) -> Tensor:
        """`[1, length, width]`, or `[B, length, width]` with a mask of real steps."""
        if length >= len(self.table):
            self.table = sinusoidal_positions(2 * length, self.width).to(self.table)
        if mask is None:
            return self.table[1 : length + 1].unsqueeze(0)
        return self.table[mask.long().cumsum(1) * mask]


def joined_name(name: str) -> str:
    """The published name of a tensor: those of queries, keys and values are rows of one `in_proj_weight` or `_bias`."""
    *place, last = name.split(".")
    return ".".join([*place[:-1], f"in_proj_{last}"]) if place and place[-1] in INPUTS else name


def join_inputs(module: object, tensors: MutableMapping[str, Tensor], prefix: str, *rest: object) -> None:
    """Puts the joined tensors of an attention in place of those of its queries, keys and values."""
    for last in ("weight", "bias"):
        names = [f"{prefix}{name}.{last}" for name in INPUTS]
        if all(name in tensors for name in names):
            tensors[f"{prefix}in_proj_{last}"] = torch.cat([tensors.pop(name) for name in names])


def part_inputs(module: object, tensors: MutableMapping[str, Tensor], prefix: str, *rest: object) -> None:
    """Undoes `join_inputs`."""
    for last in ("weight", "bias"):
        if (rows := tensors.pop(f"{prefix}in_proj_{last}", None)) is not None:
            tensors.update(zip([f"{prefix}{name}.{last}" for name in INPUTS], rows.chunk(3)))


class LayerAdapter(nn.Module):
    """What a tuning method changes inside one encoder layer; by default nothing."""

    def linear(self, name: str, x: Tensor, compute: Linear) -> Tensor:
        """Changes what `compute`, one of the layer's linear modules under `name`, makes of `x`."""
        return compute(x)

    def attention(self, output: Tensor) -> Tensor:
        """Changes the output of attention before it joins the residual stream."""
        return output

    def feed_forward(self, output: Tensor) -> Tensor:
        """Changes the output of the feed-forward part before it joins the residual stream."""
        return output

    def prefix(self) -> tuple[Tensor, Tensor] | None:
        """Keys and values `[P, width]` that every query attends to besides the sequence's own."""
        return None


def side_by_side(modules: Sequence[nn.Module], x: Tensor) -> Sequence[Tensor]:
    """What several linear modules make of one tensor. Where they are no more than that, one product does it."""
    if any(type(module) is not nn.Linear for module in modules):
        return [module(x) for module in modules]
    weight, bias = (torch.cat([getattr(module, kind) for module in modules]) for kind in ("weight", "bias"))
    return F.linear(x, weight, bias).chunk(len(modules), dim=-1)


class Attention(nn.Module):
    """Attention with a linear module each for queries, keys and values, which PEFT and others may replace.

    The state dict has the published tensors, in which the three stand below each other. So it holds a copy of these.
    """

    def __init__(self, width: int, heads: int, dropout: float, fused: bool):
        super().__init__()
        self.heads, self.dropout, self.fused = heads, dropout, fused
        self.q_proj, self.k_proj, self.v_proj, self.out_proj = (nn.Linear(width, width) for _ in range(4))
        for part in (self.q_proj, self.k_proj, self.v_proj):
            # The bound of the joined matrix `[3 · width, width]`.
            nn.init.xavier_uniform_(part.weight, gain=0.5**0.5)
        nn.init.xavier_uniform_(self.out_proj.weight)
        for part in self.children():
            nn.init.zeros_(part.bias)  # type: ignore[arg-type]
        self.register_state_dict_post_hook(join_inputs)
        self.register_load_state_dict_pre_hook(part_inputs)

    def split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def inputs(self, query: Tensor, context: Tensor | None, layer: Layer) -> Sequence[Tensor]:
        """Queries, keys and values, `[B, L, width]`."""
        parts = [self.q_proj, self.k_proj, self.v_proj]
        if layer.adapters:
            given = [query, *[query if context is None else context] * 2]
            return [layer.linear(f"self_attn.{name}", x, part) for name, x, part in zip(INPUTS, given, parts)]
        if context is None:
            return side_by_side(parts, query)
        return [self.q_proj(query), *side_by_side(parts[1:], context)]

    def forward(self, query: Tensor, context: Tensor | None, forbidden: Tensor | None, layer: Layer) -> Tensor:
        q, k, v = self.inputs(query, context, layer)
        for adapter in reversed(layer.adapters):
            if (prefix := adapter.prefix()) is not None:
                keys, values = (part.expand(len(k), -1, -1) for part in prefix)
                k, v = torch.cat([keys, k], dim=1), torch.cat([values, v], dim=1)
                forbidden = None if forbidden is None else F.pad(forbidden, [keys.shape[1], 0])
        q, k, v = self.split(q), self.split(k), self.split(v)
        dropout = self.dropout if self.training else 0.0
        if self.fused:
            allowed = None if forbidden is None else ~forbidden
            output = F.scaled_dot_product_attention(q, k, v, attn_mask=allowed, dropout_p=dropout)
        else:
            scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-2, -1)
            if forbidden is not None:
                scores = scores.masked_fill(forbidden, -math.inf)
            output = F.dropout(scores.softmax(dim=-1), dropout, self.training) @ v
        return layer.linear("self_attn.out_proj", output.transpose(1, 2).flatten(2), self.out_proj)


class Layer(nn.Module):
    def __init__(self, width: int, heads: int, dropout: dict[str, float], fused: bool):
        super().__init__()
        self.dropout = dropout
        self.self_attn = Attention(width, heads, dropout["attention"], fused)
        self.fc1 = nn.Linear(width, 4 * width)
        self.fc2 = nn.Linear(4 * width, width)
        self.layer_norms = nn.ModuleList([nn.LayerNorm(width), nn.LayerNorm(width)])
        # A plain list: the parameters of an adapter belong to its method, not to the layer.
        self.adapters: list[LayerAdapter] = []
        for linear in (self.fc1, self.fc2):
            nn.init.xavier_uniform_(linear.weight)
            nn.init.zeros_(linear.bias)

    def linear(self, name: str, x: Tensor, compute: Linear) -> Tensor:
        """What a linear module of this layer makes of `x`, as the adapters change it, the last one outermost."""
        for adapter in self.adapters:
            compute = partial(adapter.linear, name, compute=compute)
        return compute(x)

    def forward(self, x: Tensor, context: Tensor | None, forbidden: Tensor | None) -> Tensor:
        if context is not None:
            context = self.layer_norms[0](context)
        update = self.self_attn(self.layer_norms[0](x), context, forbidden, self)
        for adapter in self.adapters:
            update = adapter.attention(update)
        x = x + F.dropout(update, self.dropout["residual"], self.training)
        hidden = self.linear("fc1", self.layer_norms[1](x), self.fc1)
        hidden = F.dropout(F.relu(hidden), self.dropout["relu"], self.training)
        update = self.linear("fc2", hidden, self.fc2)
        for adapter in self.adapters:
            update = adapter.feed_forward(update)
        return x + F.dropout(update, self.dropout["residual"], self.training)


class Encoder(nn.Module):
    """Self-attention over `x`, or cross-attention from `x` to `context`."""

    def __init__(
        self, width: int, heads: int, layers: int, dropout: dict[str, float], causal: bool = False, fused: bool = False
    ):
        super().__init__()
        self.scale, self.dropout, self.causal = math.sqrt(width), dropout["embedding"], causal
        self.layers = nn.ModuleList([Layer(width, heads, dropout, fused) for _ in range(layers)])
        self.layer_norm = nn.LayerNorm(width)
        self.positions = Positions(width)

    def embed(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """√width · x with position codes, which the first layer reads."""
        return F.dropout(self.scale * x + self.positions(x.shape[1], mask), self.dropout, self.training)

    def forbidden(
        self, x: Tensor, keys: Tensor, mask: Tensor | None = None, key_mask: Tensor | None = None
    ) -> Tensor | None:
        """True where a query may not attend to a key, `[B or 1, 1, L, S]`; None where it may to all.

        A causal query i sees key j if j ≤ i + |L − S|, where all four count real steps.
        """
        padding = None if key_mask is None else ~key_mask[:, None, None, :]
        if not self.causal:
            return padding
        length, steps = x.shape[1], keys.shape[1]
        if mask is None and key_mask is None:
            ones = torch.ones(length, steps, dtype=torch.bool, device=x.device)
            return ones.triu(1 + abs(length - steps))[None, None]
        query = torch.ones(1, length, device=x.device).long() if mask is None else mask.long()
        key = torch.ones(1, steps, device=x.device).long() if key_mask is None else key_mask.long()
        last = query.cumsum(1) + (query.sum(1, keepdim=True) - key.sum(1, keepdim=True)).abs()
        future = (key.cumsum(1)[:, None, :] > last[:, :, None])[:, None]
        return future if padding is None else future | padding

    def forward(
        self,
        x: Tensor,
        context: Tensor | None = None,
        mask: Tensor | None = None,
        context_mask: Tensor | None = None,
    ) -> Tensor:
        if context is None:
            forbidden = self.forbidden(x, x, mask, mask)
        else:
            forbidden = self.forbidden(x, context, mask, context_mask)
            context = self.embed(context, context_mask)
        x = self.embed(x, mask)
        for layer in self.layers:
            x = layer(x, context, forbidden)
        return self.layer_norm(x)


def encoder(
    config: dict[str, Any], width: int | None = None, layers: int | None = None, causal: bool = False
) -> Encoder:
    """An encoder of a model's configuration, or one of another width, depth or causality."""
    dropout = {**NO_DROPOUT, **config.get("dropout", {})}
    return Encoder(
        width or config["width"],
        config["heads"],
        layers or config["layers"],
        dropout,
        causal,
        config.get("attention") == "fused",
    )
