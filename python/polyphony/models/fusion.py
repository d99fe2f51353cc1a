"""The backbones that read one sequence or vector per modality and fuse late, early or through an encoder."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .layers import encoder
from .model import Model, encode_each, encode_joined
from .stages import Hook, Inputs, Tokens, joined


class ProjectedModel(Model):
    """A model that projects every modality to its width."""

    def __init__(self, config: dict[str, Any]):
        super().__init__(config)
        self.proj = nn.ModuleList([nn.Conv1d(features, self.width, 1) for features in self.features])

    def embed(self, inputs: Inputs) -> list[Tokens]:
        return self.projected(inputs, list(self.proj))


class LateFusion(ProjectedModel):
    """An encoder per modality; first steps side by side."""

    def __init__(self, config: dict[str, Any]):
        super().__init__(config)
        width, count = self.width, len(self.names)
        self.encoder_layers, self.readouts = config["layers"], count
        self.encoders = nn.ModuleList([encoder(config) for _ in self.names])
        self.out_layer_proj0 = nn.Linear(count * width, width)
        self.out_layer_proj1 = nn.Linear(width, width)
        self.out_layer_proj2 = nn.Linear(width, width)
        self.out_layer = nn.Linear(width, self.outputs)

    def encode(self, tokens: list[Tokens], after: Hook | None = None) -> list[Tokens]:
        return encode_each(tokens, self.encoders, after)

    def fuse(self, tokens: list[Tokens], after: Hook | None = None) -> list[Tokens]:
        return tokens

    def represent(self, fused: list[Tokens]) -> Tensor:
        return torch.cat([tokens.values[:, 0] for tokens in fused], dim=-1)

    def head_features(self, representation: Tensor) -> Tensor:
        return self.residual(F.relu(self.out_layer_proj0(representation)), self.out_layer_proj1, self.out_layer_proj2)


class EarlyFusion(ProjectedModel):
    """The projected modalities one after another in time, one encoder over all; its first step."""

    prompt_stage = "encoded"

    def __init__(self, config: dict[str, Any]):
        super().__init__(config)
        self.joins, self.fusion_layers = len(self.names) > 1, config["layers"]
        self.fusion = encoder(config)
        self.out_layer_proj1 = nn.Linear(self.width, self.width)
        self.out_layer_proj2 = nn.Linear(self.width, self.width)
        self.out_layer = nn.Linear(self.width, self.outputs)

    def encode(self, tokens: list[Tokens], after: Hook | None = None) -> list[Tokens]:
        return tokens

    def fuse(self, tokens: list[Tokens], after: Hook | None = None) -> list[Tokens]:
        return encode_joined(joined(tokens), [part.values.shape[1] for part in tokens], self.fusion, after)

    def represent(self, fused: list[Tokens]) -> Tensor:
        return fused[0].values[:, 0]

    def head_features(self, representation: Tensor) -> Tensor:
        return self.residual(representation, self.out_layer_proj1, self.out_layer_proj2)


class EncoderFusion(ProjectedModel):
    """An encoder per modality, then a fusion encoder over the joined sequences; its first step."""

    prompt_stage = "encoded"

    def __init__(self, config: dict[str, Any]):
        super().__init__(config)
        self.joins, self.encoder_layers = len(self.names) > 1, config["layers"]
        self.fusion_layers = max(1, config["layers"] - 2)
        self.encoders = nn.ModuleList([encoder(config) for _ in self.names])
        self.fusion = encoder(config, layers=self.fusion_layers)
        self.proj1 = nn.Linear(self.width, self.width)
        self.proj2 = nn.Linear(self.width, self.width)
        self.out_layer = nn.Linear(self.width, self.outputs)

    def encode(self, tokens: list[Tokens], after: Hook | None = None) -> list[Tokens]:
        return encode_each(tokens, self.encoders, after)

    def fuse(self, tokens: list[Tokens], after: Hook | None = None) -> list[Tokens]:
        return encode_joined(joined(tokens), [part.values.shape[1] for part in tokens], self.fusion, after)

    def represent(self, fused: list[Tokens]) -> Tensor:
        return fused[0].values[:, 0]

    def head_features(self, representation: Tensor) -> Tensor:
        return self.residual(representation, self.proj1, self.proj2)
