"""A U-Net over several co-registered images, an encoder for each (Ronneberger et al. 2015; Isensee et al. 2021)."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .layers import NO_DROPOUT
from .model import Model
from .stages import Hook, Inputs, Tokens


class InstanceNorm(nn.Module):
    """Instance normalisation with scale and shift, of maps of any size."""

    def __init__(self, channels: int):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        return F.group_norm(x, x.shape[1], self.weight, self.bias)


class UNetBlock(nn.Module):
    """Two 3 × 3 convolutions, each with instance normalisation and a leaky rectifier."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1):
        super().__init__()
        self.conv1, self.norm1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False), InstanceNorm(outputs)
        self.conv2, self.norm2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False), InstanceNorm(outputs)

    def forward(self, x: Tensor) -> Tensor:
        inner = F.leaky_relu(self.norm1(self.conv1(x)))
        return F.leaky_relu(self.norm2(self.conv2(inner)))


class UNetEncoder(nn.Module):
    """One image's blocks, the finest resolution first."""

    def __init__(self, channels: int, widths: list[int]):
        super().__init__()
        inputs = [channels, *widths]
        self.stages = nn.ModuleList(
            [UNetBlock(before, width, 1 if level == 0 else 2) for level, (before, width) in enumerate(zip(inputs, widths))]
        )


class UNetDecoder(nn.Module):
    """From the coarsest map to the finest."""

    def __init__(self, widths: list[int]):
        super().__init__()
        self.add_module(
            "raise",
            nn.ModuleList([nn.ConvTranspose2d(coarse, fine, 2, 2) for fine, coarse in zip(widths, widths[1:])]),
        )
        self.stages = nn.ModuleList([UNetBlock(2 * fine, fine) for fine in widths[:-1]])

    def forward(self, maps: list[Tensor]) -> Tensor:
        raises = cast(nn.ModuleList, self.get_submodule("raise"))
        x = maps[-1]
        for level in reversed(range(len(self.stages))):
            fine = maps[level]
            raised = raises[level](x)[:, :, : fine.shape[2], : fine.shape[3]]
            x = self.stages[level](torch.cat([raised, fine], dim=1))
        return x


class UNet(Model):
    """An encoder for each image, joined at each resolution, and one decoder."""

    def __init__(self, config: dict[str, Any]):
        super().__init__(config)
        widths = [self.width << min(level, 4) for level in range(config["layers"])]
        self.encoders = nn.ModuleList([UNetEncoder(it["channels"], widths) for it in self.modalities])
        self.fusion = nn.ModuleList([nn.Conv2d(len(self.names) * width, width, 1, bias=False) for width in widths])
        self.decoder = UNetDecoder(widths)
        self.out_layer = nn.Linear(self.width, self.outputs)
        self.dropout = {**NO_DROPOUT, **config.get("dropout", {})}["embedding"]

    def blocks(self) -> list[nn.ModuleList]:
        return [cast(UNetEncoder, one).stages for one in self.encoders]

    def embed(self, inputs: Inputs) -> list[Tokens]:
        return [Tokens(blocks[0](x)) for blocks, x in zip(self.blocks(), inputs.values)]

    def encode(self, tokens: list[Tokens], after: Hook | None = None) -> list[Tokens]:
        encoded = []
        for blocks, token in zip(self.blocks(), tokens):
            maps = [token.values]
            for block in list(blocks)[1:]:
                maps.append(block(maps[-1]))
            encoded.append(Tokens(maps[-1], details=tuple(maps[:-1])))
        return encoded

    def fuse(self, tokens: list[Tokens], after: Hook | None = None) -> list[Tokens]:
        levels = zip(*[(*token.details, token.values) for token in tokens])
        joined = [join(torch.cat(maps, dim=1)) for join, maps in zip(self.fusion, levels)]
        joined[-1] = F.dropout(joined[-1], self.dropout, self.training)
        return [Tokens(self.decoder(joined))]

    def represent(self, fused: list[Tokens]) -> Tensor:
        return fused[0].values

    def head_features(self, representation: Tensor) -> Tensor:
        return representation

    def predict(self, features: Tensor) -> Tensor:
        return self.out_layer(features.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
