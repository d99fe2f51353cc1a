#!/usr/bin/env python3
"""Computes the reference numbers of small U-Nets with PyTorch's own layers, over images and over volumes.

The file unet_supervised has those of deep supervision: a head for the decoder's coarser map, the loss and some gradients.

    make fixtures

They are Tests/PolyphonyTests/Fixtures/golden/unet, with two images of odd size and three resolutions, and unet_volumes,
with two. A file has the configuration, the weights, the inputs, the prediction, the representation, the cross-entropy
and every gradient. Seeded: the same PyTorch gives the same bytes.
"""

import json
import pathlib
import sys

import torch
from torch import nn
from torch.nn import functional as F

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "python"))

from polyphony import safetensors_file  # noqa: E402

WIDTH, CLASSES = 4, 3
CHANNELS = {"flair": 1, "t1": 2}
CONVOLUTIONS = {2: nn.Conv2d, 3: nn.Conv3d}
TRANSPOSED = {2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}
NORMS = {2: nn.InstanceNorm2d, 3: nn.InstanceNorm3d}


def block(axes, inputs, outputs, stride):
    """The layers of a block under their names in the file."""
    return nn.ModuleDict(
        {
            "conv1": CONVOLUTIONS[axes](inputs, outputs, 3, stride, 1, bias=False),
            "norm1": NORMS[axes](outputs, affine=True),
            "conv2": CONVOLUTIONS[axes](outputs, outputs, 3, 1, 1, bias=False),
            "norm2": NORMS[axes](outputs, affine=True),
        }
    )


def through(layers, x):
    for index in "12":
        x = F.leaky_relu(layers[f"norm{index}"](layers[f"conv{index}"](x)), 0.01)
    return x


def make(name, levels, size):
    axes = len(size)
    torch.manual_seed(24)
    widths = [WIDTH * 2**level for level in range(levels)]
    model = nn.ModuleDict()
    model["encoders"] = nn.ModuleList()
    for channels in CHANNELS.values():
        inputs = [channels, *widths]
        stages = [block(axes, inputs[level], widths[level], 1 if level == 0 else 2) for level in range(levels)]
        model["encoders"].append(nn.ModuleDict({"stages": nn.ModuleList(stages)}))
    model["fusion"] = nn.ModuleList([CONVOLUTIONS[axes](len(CHANNELS) * width, width, 1, bias=False) for width in widths])
    raises = [TRANSPOSED[axes](coarse, fine, 2, 2) for fine, coarse in zip(widths, widths[1:])]
    stages = [block(axes, 2 * fine, fine, 1) for fine in widths[:-1]]
    model["decoder"] = nn.ModuleDict({"raise": nn.ModuleList(raises), "stages": nn.ModuleList(stages)})
    model["out_layer"] = nn.Linear(WIDTH, CLASSES)
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            if "norm" in key:
                parameter.copy_(torch.randn_like(parameter) * 0.3 + (1 if key.endswith("weight") else 0))

    images = {modality: torch.randn(2, channels, *size) for modality, channels in CHANNELS.items()}
    target = torch.randint(0, CLASSES, (2, *size))
    encoded = [[] for _ in widths]
    for x, encoder in zip(images.values(), model["encoders"]):
        for level, layers in enumerate(encoder["stages"]):
            x = through(layers, x)
            encoded[level].append(x)
    joined = [join(torch.cat(maps, 1)) for join, maps in zip(model["fusion"], encoded)]
    x = joined[-1]
    decoded = {}
    for level in reversed(range(levels - 1)):
        kept = [slice(extent) for extent in joined[level].shape[2:]]
        raised = model["decoder"]["raise"][level](x)[(slice(None), slice(None), *kept)]
        decoded[level] = x = through(model["decoder"]["stages"][level], torch.cat([raised, joined[level]], 1))
    prediction = model["out_layer"](x.movedim(1, -1)).movedim(-1, 1)
    loss = F.cross_entropy(prediction, target)
    loss.backward(retain_graph=True)

    config = {
        "architecture": "unet",
        "modalities": [
            {"name": modality, "kind": "image" if axes == 2 else "volume", "channels": channels}
            | dict(zip(("depth", "height", "width")[3 - axes :], size))
            for modality, channels in CHANNELS.items()
        ],
        "task": {"kind": "segmentation", "classes": CLASSES},
        "width": WIDTH,
        "heads": 1,
        "layers": levels,
    }
    tensors = {f"input.{modality}": image for modality, image in images.items()}
    tensors.update(target=target, prediction=prediction, representation=x, loss=loss.reshape(1))
    for key, parameter in model.named_parameters():
        tensors[f"weights.{key}"], tensors[f"grad.{key}"] = parameter, parameter.grad
    save(name, tensors, config)
    if name != "unet":
        return

    head = nn.Linear(2 * WIDTH, CLASSES)
    coarse = head(decoded[1].movedim(1, 3)).movedim(3, 1)
    nearest = F.interpolate(target[:, None].float(), coarse.shape[2:], mode="nearest")[:, 0].long()
    supervised = (F.cross_entropy(prediction, target) + F.cross_entropy(coarse, nearest) / 2) / 1.5
    model.zero_grad()
    supervised.backward()
    tensors = {"head.weight": head.weight, "head.bias": head.bias, "loss": supervised.reshape(1)}
    tensors["grad.head.weight"] = head.weight.grad
    named = dict(model.named_parameters())
    for name in ("encoders.0.stages.0.conv1.weight", "decoder.raise.1.weight", "out_layer.weight"):
        tensors[f"grad.{name}"] = named[name].grad
    save("unet_supervised", tensors, config)


def save(name, tensors, config):
    safetensors_file.save(
        ROOT / "Tests" / "PolyphonyTests" / "Fixtures" / "golden" / f"{name}.safetensors",
        {key: tensor.detach().contiguous().numpy() for key, tensor in tensors.items()},
        {"config": json.dumps(config)},
    )


def main():
    torch.set_num_threads(1)
    make("unet", 3, (9, 14))
    make("unet_volumes", 2, (4, 5, 6))


if __name__ == "__main__":
    main()
