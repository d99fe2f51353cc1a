"""The pre-norm Transformer encoder of MulT (Tsai et al. 2019), batch first.

Parameter names are those of the published state dicts.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

NO_DROPOUT = {"attention": 0.0, "relu": 0.0, "residual": 0.0, "embedding": 0.0, "output": 0.0}


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


class LayerAdapter(nn.Module):
    """What a tuning method changes inside one encoder layer; by default nothing."""

    def weight(self, name: str, value: Tensor) -> Tensor:
        """Changes one of `in_proj_weight`, `in_proj_bias`, `out_proj.weight`, `fc1.weight` and `fc2.weight`."""
        return value

    def attention(self, output: Tensor) -> Tensor:
        """Changes the output of attention before it joins the residual stream."""
        return output

    def feed_forward(self, output: Tensor) -> Tensor:
        """Changes the output of the feed-forward part before it joins the residual stream."""
        return output

    def prefix(self) -> tuple[Tensor, Tensor] | None:
        """Keys and values `[P, width]` that every query attends to besides the sequence's own."""
        return None


class Attention(nn.Module):
    def __init__(self, width: int, heads: int, dropout: float, fused: bool):
        super().__init__()
        self.width, self.heads, self.dropout, self.fused = width, heads, dropout, fused
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)
        nn.init.xavier_uniform_(self.in_proj_weight)
        nn.init.xavier_uniform_(self.out_proj.weight)
        nn.init.zeros_(self.out_proj.bias)

    def split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def forward(self, query: Tensor, context: Tensor | None, forbidden: Tensor | None, layer: Layer) -> Tensor:
        weight, bias = (
            layer.weight("in_proj_weight", self.in_proj_weight),
            layer.weight("in_proj_bias", self.in_proj_bias),
        )
        width = self.width
        if context is None:
            q, k, v = F.linear(query, weight, bias).chunk(3, dim=-1)
        else:
            q = F.linear(query, weight[:width], bias[:width])
            k, v = F.linear(context, weight[width:], bias[width:]).chunk(2, dim=-1)
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
        output = output.transpose(1, 2).flatten(2)
        return F.linear(output, layer.weight("out_proj.weight", self.out_proj.weight), self.out_proj.bias)


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

    def weight(self, name: str, value: Tensor) -> Tensor:
        for adapter in self.adapters:
            value = adapter.weight(name, value)
        return value

    def forward(self, x: Tensor, context: Tensor | None, forbidden: Tensor | None) -> Tensor:
        if context is not None:
            context = self.layer_norms[0](context)
        update = self.self_attn(self.layer_norms[0](x), context, forbidden, self)
        for adapter in self.adapters:
            update = adapter.attention(update)
        x = x + F.dropout(update, self.dropout["residual"], self.training)
        hidden = F.linear(self.layer_norms[1](x), self.weight("fc1.weight", self.fc1.weight), self.fc1.bias)
        hidden = F.dropout(F.relu(hidden), self.dropout["relu"], self.training)
        update = F.linear(hidden, self.weight("fc2.weight", self.fc2.weight), self.fc2.bias)
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
