"""The pre-norm Transformer encoder of MulT (Tsai et al. 2019), batch first.

Parameter names are those of the published state dicts.
"""

import math

import torch
from torch import nn
from torch.nn import functional as F


def sinusoidal_positions(count, width):
    """The table `[count, width]`: row p is [sin(p f) | cos(p f)]; row 0 stands for padding and is zero."""
    half = width // 2
    frequency = torch.exp(torch.arange(half, dtype=torch.float32) * -(math.log(10000) / (half - 1)))
    angle = torch.arange(count, dtype=torch.float32)[:, None] * frequency
    table = torch.cat([angle.sin(), angle.cos(), torch.zeros(count, width % 2)], dim=1)
    table[0] = 0
    return table


class Attention(nn.Module):
    def __init__(self, width, heads, dropout, fused):
        super().__init__()
        self.width, self.heads, self.dropout, self.fused = width, heads, dropout, fused
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)
        nn.init.xavier_uniform_(self.in_proj_weight)
        nn.init.xavier_uniform_(self.out_proj.weight)
        nn.init.zeros_(self.out_proj.bias)

    def split(self, x):
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def forward(self, query, context, mask):
        weight, bias, width = self.in_proj_weight, self.in_proj_bias, self.width
        if context is None:
            q, k, v = F.linear(query, weight, bias).chunk(3, dim=-1)
        else:
            q = F.linear(query, weight[:width], bias[:width])
            k, v = F.linear(context, weight[width:], bias[width:]).chunk(2, dim=-1)
        q, k, v = self.split(q), self.split(k), self.split(v)
        dropout = self.dropout if self.training else 0.0
        if self.fused:
            output = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=dropout)
        else:
            scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-2, -1)
            if mask is not None:
                scores = scores + mask
            output = F.dropout(scores.softmax(dim=-1), dropout, self.training) @ v
        return self.out_proj(output.transpose(1, 2).flatten(2))


class Layer(nn.Module):
    def __init__(self, width, heads, dropout, fused):
        super().__init__()
        self.dropout = dropout
        self.self_attn = Attention(width, heads, dropout["attention"], fused)
        self.fc1 = nn.Linear(width, 4 * width)
        self.fc2 = nn.Linear(4 * width, width)
        self.layer_norms = nn.ModuleList([nn.LayerNorm(width), nn.LayerNorm(width)])
        for linear in (self.fc1, self.fc2):
            nn.init.xavier_uniform_(linear.weight)
            nn.init.zeros_(linear.bias)

    def forward(self, x, context, mask):
        if context is not None:
            context = self.layer_norms[0](context)
        attended = self.self_attn(self.layer_norms[0](x), context, mask)
        x = x + F.dropout(attended, self.dropout["residual"], self.training)
        hidden = F.dropout(F.relu(self.fc1(self.layer_norms[1](x))), self.dropout["relu"], self.training)
        return x + F.dropout(self.fc2(hidden), self.dropout["residual"], self.training)


class Encoder(nn.Module):
    """Self-attention over `x`, or cross-attention from `x` to `context`."""

    def __init__(self, width, heads, layers, dropout, causal=False, fused=False):
        super().__init__()
        self.scale, self.dropout, self.causal = math.sqrt(width), dropout["embedding"], causal
        self.layers = nn.ModuleList([Layer(width, heads, dropout, fused) for _ in range(layers)])
        self.layer_norm = nn.LayerNorm(width)
        self.register_buffer("positions", sinusoidal_positions(4096, width), persistent=False)

    def embed(self, x):
        return F.dropout(self.scale * x + self.positions[1 : x.shape[1] + 1], self.dropout, self.training)

    def mask(self, queries, keys, like):
        if not self.causal:
            return None
        return torch.full((queries, keys), -math.inf, device=like.device).triu(1 + abs(queries - keys))

    def forward(self, x, context=None):
        mask = self.mask(x.shape[1], (x if context is None else context).shape[1], x)
        x = self.embed(x)
        if context is not None:
            context = self.embed(context)
        for layer in self.layers:
            x = layer(x, context, mask)
        return self.layer_norm(x)
