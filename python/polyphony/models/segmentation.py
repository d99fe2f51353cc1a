"""DeepLabV3+ over several co-registered images (Chen et al. 2018; the multi-input form of CGGM, arXiv 2411.01409)."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .layers import NO_DROPOUT
from .model import Model
from .stages import Hook, Inputs, Tokens

EXPANSION = 4
DETAIL_WIDTH = 48


class BatchNorm(nn.BatchNorm2d):
    """Batch normalisation that takes the running statistics where a channel has a single value."""

    def forward(self, x: Tensor) -> Tensor:
        if self.training and x.numel() == x.shape[1]:
            return F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, False, 0.1, self.eps)
        return super().forward(x)


def upsampled(x: Tensor, size: list[int] | torch.Size) -> Tensor:
    return F.interpolate(x, list(size), mode="bilinear", align_corners=False)


class ConvolutionBlock(nn.Module):
    """A convolution that keeps the size, batch normalisation, rectifier."""

    def __init__(self, inputs: int, outputs: int, kernel: int, dilation: int = 1):
        super().__init__()
        padding = kernel // 2 * dilation
        self.conv = nn.Conv2d(inputs, outputs, kernel, padding=padding, dilation=dilation, bias=False)
        self.bn = BatchNorm(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.bn(self.conv(x)))


class ResidualBlock(nn.Module):
    """A residual block (He et al. 2016) under torchvision's names."""

    def __init__(self, inputs: int, planes: int, stride: int, dilation: int):
        super().__init__()
        outputs = planes * EXPANSION
        self.conv1, self.bn1 = nn.Conv2d(inputs, planes, 1, bias=False), BatchNorm(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, stride, padding=dilation, dilation=dilation, bias=False)
        self.bn2 = BatchNorm(planes)
        self.conv3, self.bn3 = nn.Conv2d(planes, outputs, 1, bias=False), BatchNorm(outputs)
        changes = stride != 1 or inputs != outputs
        self.downsample = nn.Sequential(
            *([nn.Conv2d(inputs, outputs, 1, stride, bias=False), BatchNorm(outputs)] if changes else [])
        )

    def forward(self, x: Tensor) -> Tensor:
        inner = F.relu(self.bn1(self.conv1(x)))
        inner = F.relu(self.bn2(self.conv2(inner)))
        return F.relu(self.bn3(self.conv3(inner)) + self.downsample(x))


class ResidualNetwork(nn.Module):
    """Four stages with output stride 16; the last one dilates its blocks by 2, 4 and 8."""

    layer1: nn.Sequential
    layer2: nn.Sequential
    layer3: nn.Sequential
    layer4: nn.Sequential

    def __init__(self, channels: int, blocks: list[int], planes: int):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(channels, planes, 7, 2, padding=3, bias=False), BatchNorm(planes)
        previous = planes
        for index, (stride, dilations) in enumerate([(1, [1]), (2, [1]), (2, [1]), (1, [2, 4, 8])]):
            stage = nn.Sequential()
            for block in range(blocks[index]):
                own = planes << index
                dilation = dilations[block % len(dilations)]
                stage.append(ResidualBlock(previous, own, stride if block == 0 else 1, dilation))
                previous = own * EXPANSION
            setattr(self, f"layer{index + 1}", stage)
        self.detail_channels, self.channels = planes * EXPANSION, previous

    def embed(self, x: Tensor) -> Tensor:
        return F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, padding=1)


class AtrousPyramid(nn.Module):
    """Convolutions of one map at several dilations, and its mean."""

    def __init__(self, inputs: int, width: int, dropout: float):
        super().__init__()
        self.point = ConvolutionBlock(inputs, width, 1)
        self.atrous = nn.ModuleList([ConvolutionBlock(inputs, width, 3, dilation) for dilation in (2, 4, 6)])
        self.pooled = ConvolutionBlock(inputs, width, 1)
        self.join = ConvolutionBlock(5 * width, width, 1)
        self.dropout = dropout

    def forward(self, x: Tensor) -> Tensor:
        mean = upsampled(self.pooled(F.adaptive_avg_pool2d(x, 1)), x.shape[2:])
        parts = [self.point(x), *(block(x) for block in self.atrous), mean]
        return F.dropout(self.join(torch.cat(parts, dim=1)), self.dropout, self.training)


class ImageEncoder(nn.Module):
    def __init__(self, channels: int, config: dict[str, Any], dropout: dict[str, float]):
        super().__init__()
        large = config.get("encoder") == "resnet101"
        blocks = [3, 4, 23, 3] if large else [min(2, max(1, config["layers"]))] * 4
        self.backbone = ResidualNetwork(channels, blocks, 64 if large else 8)
        self.aspp = AtrousPyramid(self.backbone.channels, config["width"], dropout["embedding"])


class Decoder(nn.Module):
    """Joins the coarse maps with those of a finer grid."""

    def __init__(self, coarse: int, detail: int, width: int, dropouts: list[float]):
        super().__init__()
        self.dropouts = dropouts
        self.narrow = ConvolutionBlock(detail, DETAIL_WIDTH, 1)
        self.convolutions = nn.ModuleList(
            [
                ConvolutionBlock(coarse + DETAIL_WIDTH if index == 0 else width, width, 3)
                for index in range(len(dropouts))
            ]
        )

    def forward(self, coarse: Tensor, detail: Tensor) -> Tensor:
        x = torch.cat([upsampled(coarse, detail.shape[2:]), self.narrow(detail)], dim=1)
        for block, dropout in zip(self.convolutions, self.dropouts):
            x = F.dropout(block(x), dropout, self.training)
        return x


class DeepLabV3Plus(Model):
    """A residual network and an atrous pyramid per image, one decoder over all."""

    def __init__(self, config: dict[str, Any]):
        super().__init__(config)
        dropout = {**NO_DROPOUT, **config.get("dropout", {})}
        self.encoders = nn.ModuleList([ImageEncoder(it["channels"], config, dropout) for it in self.modalities])
        detail = sum(one.backbone.detail_channels for one in self.image_encoders())
        self.decoder = Decoder(
            len(self.names) * self.width, detail, self.width, [dropout["embedding"], dropout["residual"]]
        )
        self.out_layer = nn.Linear(self.width, self.outputs)

    def image_encoders(self) -> list[ImageEncoder]:
        return [cast(ImageEncoder, one) for one in self.encoders]

    def embed(self, inputs: Inputs) -> list[Tokens]:
        return [Tokens(one.backbone.embed(x)) for one, x in zip(self.image_encoders(), inputs.values)]

    def encode(self, tokens: list[Tokens], after: Hook | None = None) -> list[Tokens]:
        encoded = []
        for one, token in zip(self.image_encoders(), tokens):
            detail = one.backbone.layer1(token.values)
            coarse = one.backbone.layer4(one.backbone.layer3(one.backbone.layer2(detail)))
            encoded.append(Tokens(one.aspp(coarse), details=(detail,)))
        return encoded

    def fuse(self, tokens: list[Tokens], after: Hook | None = None) -> list[Tokens]:
        coarse = torch.cat([token.values for token in tokens], dim=1)
        details = [detail for token in tokens for detail in token.details]
        return [Tokens(self.decoder(coarse, torch.cat(details, dim=1)))]

    def represent(self, fused: list[Tokens]) -> Tensor:
        return fused[0].values

    def head_features(self, representation: Tensor) -> Tensor:
        return representation

    def predict(self, features: Tensor) -> Tensor:
        at_each_place = self.out_layer(features.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        return upsampled(at_each_place, [self.modalities[0]["height"], self.modalities[0]["width"]])
