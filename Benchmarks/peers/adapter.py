"""A sequence adapter with low rank in features and tokens (arXiv 2412.08979) on a frozen late-fusion model."""

import torch
from torch import nn
from torch.nn import functional as F

from models import LateFusion


class Wander(nn.Module):
    """Sum over both ranks of the product over modalities of V (tokens) z (bottleneck) U (features)."""

    def __init__(self, width, lengths, bottleneck=16, feature_rank=8, token_rank=12, steps=16):
        super().__init__()
        count = len(lengths)
        self.down = nn.ModuleList([nn.Linear(width, bottleneck) for _ in lengths])
        self.features = nn.Parameter(torch.randn(count, feature_rank, bottleneck, width) * bottleneck**-0.5)
        self.tokens = nn.ParameterList(
            [
                torch.randn(token_rank, steps, length) / length if index else torch.zeros(token_rank, steps, length)
                for index, length in enumerate(lengths)
            ]
        )

    def forward(self, encoded):
        product = None
        for index, h in enumerate(encoded):
            z = F.gelu(self.down[index](h))
            tokens = torch.einsum("ktl,blr->kbtr", self.tokens[index], z)
            factor = torch.einsum("kbtr,jrd->kjbtd", tokens, self.features[index])
            product = factor if product is None else product * factor
        return product.sum(dim=(0, 1))


class AdaptedLateFusion(nn.Module):
    """Each modality's own first step with the fused one added, into the trained head."""

    def __init__(self, config):
        super().__init__()
        self.model = LateFusion(config)
        self.adapter = Wander(config["width"], [modality["length"] for modality in config["modalities"]])
        frozen = [*self.model.proj.parameters(), *self.model.encoders.parameters()]
        for parameter in frozen:
            parameter.requires_grad_(False)

    def forward(self, inputs):
        with torch.no_grad():
            encoded = self.model.encode(inputs)
        fused = self.adapter(encoded)[:, 0]
        representation = torch.cat([h[:, 0] + fused for h in encoded], dim=-1)
        return self.model.head(representation), representation
