#!/usr/bin/env python3
"""A training step of the U-Net in eager PyTorch, written as its users write it, in both layouts of memory.

    unet.py --batch 4 --image 88x104 --channels 1,1,1,1 --width 8 --layers 4 --layout channels_last --repeats 10

Prints the median of a step as JSON. Loss, optimiser and clipping are those of `polyphony benchmark --step train`.
"""

import argparse
import json
import statistics
import time

import torch
from torch import nn
from torch.nn import functional as F


def block(inputs, outputs, stride=1):
    layers = []
    for index, (before, step) in enumerate(((inputs, stride), (outputs, 1))):
        layers += [
            nn.Conv2d(before, outputs, 3, step, padding=1, bias=False),
            nn.InstanceNorm2d(outputs, affine=True),
            nn.LeakyReLU(0.01, inplace=True),
        ]
    return nn.Sequential(*layers)


class UNet(nn.Module):
    def __init__(self, channels, width, layers):
        super().__init__()
        widths = [width * 2**level for level in range(layers)]
        self.encoders = nn.ModuleList()
        for count in channels:
            before = [count, *widths]
            self.encoders.append(
                nn.ModuleList([block(before[i], widths[i], 1 if i == 0 else 2) for i in range(layers)])
            )
        self.fusion = nn.ModuleList([nn.Conv2d(len(channels) * it, it, 1, bias=False) for it in widths])
        self.raises = nn.ModuleList([nn.ConvTranspose2d(b, a, 2, 2) for a, b in zip(widths, widths[1:])])
        self.decoder = nn.ModuleList([block(2 * it, it) for it in widths[:-1]])
        self.head = nn.Conv2d(width, 2, 1)

    def forward(self, images):
        levels = [[] for _ in self.fusion]
        for x, encoder in zip(images, self.encoders):
            for level, layer in enumerate(encoder):
                x = layer(x)
                levels[level].append(x)
        maps = [join(torch.cat(parts, 1)) for join, parts in zip(self.fusion, levels)]
        x = maps[-1]
        for level in reversed(range(len(self.decoder))):
            x = self.decoder[level](torch.cat([self.raises[level](x), maps[level]], 1))
        return self.head(x)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--image", default="88x104")
    parser.add_argument("--channels", default="1,1,1,1")
    parser.add_argument("--width", type=int, default=8)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--layout", choices=["channels_last", "contiguous"], default="channels_last")
    parser.add_argument("--repeats", type=int, default=10)
    given = parser.parse_args()
    channels = [int(it) for it in given.channels.split(",")]
    height, width = (int(it) for it in given.image.split("x"))
    layout = torch.channels_last if given.layout == "channels_last" else torch.contiguous_format
    torch.manual_seed(0)
    model = UNet(channels, given.width, given.layers).to(memory_format=layout)
    images = [torch.randn(given.batch, it, height, width).contiguous(memory_format=layout) for it in channels]
    target = torch.randint(0, 2, (given.batch, height, width))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

    def step():
        logits = model(images)
        shares, truth = logits.softmax(1)[:, 1], (target == 1).float()
        dice = (2 * (shares * truth).sum()) / (shares.sum() + truth.sum() + 0.01)
        loss = 0.5 * F.cross_entropy(logits, target) + 0.5 * (1 - dice)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.8)
        optimizer.step()
        return loss.item()

    step(), step()
    times = []
    for _ in range(given.repeats):
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    print(json.dumps({"median_ms": 1e3 * statistics.median(times)}))


if __name__ == "__main__":
    main()
