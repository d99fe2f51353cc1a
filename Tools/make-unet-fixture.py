#!/usr/bin/env python3
"""Computes the reference numbers of a small U-Net with PyTorch's own layers: Tests/PolyphonyTests/Fixtures/golden/unet.

The file unet_supervised has those of deep supervision: a head for the decoder's coarser map, the loss and some gradients.

    make fixtures

Two images of odd size, three resolutions. The file has the configuration, the weights, the inputs, the prediction, the
representation, the cross-entropy and every gradient. Seeded: the same PyTorch gives the same bytes.
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

WIDTH, LEVELS, CLASSES, SIZE = 4, 3, 3, (9, 14)
CHANNELS = {"flair": 1, "t1": 2}


def block(inputs, outputs, stride):
    """The layers of a block under their names in the file."""
    return nn.ModuleDict(
        {
            "conv1": nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
            "norm1": nn.InstanceNorm2d(outputs, affine=True),
            "conv2": nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False),
            "norm2": nn.InstanceNorm2d(outputs, affine=True),
        }
    )


def through(layers, x):
    for index in "12":
        x = F.leaky_relu(layers[f"norm{index}"](layers[f"conv{index}"](x)), 0.01)
    return x


def main():
    torch.set_num_threads(1)
    torch.manual_seed(24)
    widths = [WIDTH * 2**level for level in range(LEVELS)]
    model = nn.ModuleDict()
    model["encoders"] = nn.ModuleList()
    for channels in CHANNELS.values():
        inputs = [channels, *widths]
        stages = [block(inputs[level], widths[level], 1 if level == 0 else 2) for level in range(LEVELS)]
        model["encoders"].append(nn.ModuleDict({"stages": nn.ModuleList(stages)}))
    model["fusion"] = nn.ModuleList([nn.Conv2d(len(CHANNELS) * width, width, 1, bias=False) for width in widths])
    raises = [nn.ConvTranspose2d(coarse, fine, 2, 2) for fine, coarse in zip(widths, widths[1:])]
    stages = [block(2 * fine, fine, 1) for fine in widths[:-1]]
    model["decoder"] = nn.ModuleDict({"raise": nn.ModuleList(raises), "stages": nn.ModuleList(stages)})
    model["out_layer"] = nn.Linear(WIDTH, CLASSES)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "norm" in name:
                parameter.copy_(torch.randn_like(parameter) * 0.3 + (1 if name.endswith("weight") else 0))

    images = {name: torch.randn(2, channels, *SIZE) for name, channels in CHANNELS.items()}
    target = torch.randint(0, CLASSES, (2, *SIZE))
    levels = [[] for _ in widths]
    for x, encoder in zip(images.values(), model["encoders"]):
        for level, layers in enumerate(encoder["stages"]):
            x = through(layers, x)
            levels[level].append(x)
    joined = [join(torch.cat(maps, 1)) for join, maps in zip(model["fusion"], levels)]
    x = joined[-1]
    decoded = {}
    for level in (1, 0):
        height, width = joined[level].shape[2:]
        raised = model["decoder"]["raise"][level](x)[:, :, :height, :width]
        decoded[level] = x = through(model["decoder"]["stages"][level], torch.cat([raised, joined[level]], 1))
    prediction = model["out_layer"](x.movedim(1, 3)).movedim(3, 1)
    loss = F.cross_entropy(prediction, target)
    loss.backward(retain_graph=True)

    config = {
        "architecture": "unet",
        "modalities": [
            {"name": name, "kind": "image", "channels": channels, "height": SIZE[0], "width": SIZE[1]}
            for name, channels in CHANNELS.items()
        ],
        "task": {"kind": "segmentation", "classes": CLASSES},
        "width": WIDTH,
        "heads": 1,
        "layers": LEVELS,
    }
    tensors = {f"input.{name}": image for name, image in images.items()}
    tensors.update(target=target, prediction=prediction, representation=x, loss=loss.reshape(1))
    for name, parameter in model.named_parameters():
        tensors[f"weights.{name}"], tensors[f"grad.{name}"] = parameter, parameter.grad
    save("unet", tensors, config)

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


if __name__ == "__main__":
    main()
