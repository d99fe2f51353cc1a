#!/usr/bin/env python3
"""Computes the reference numbers of the detectors: Tests/PolyphonyEncodersTests/Fixtures/detectors.json.

  pip install --no-deps facenet-pytorch==2.6.0; pip download --no-deps silero-vad==6.2.3
  python3 Tools/make-detector-fixtures.py silero_vad_16k.safetensors

MTCNN's numbers are those of facenet-pytorch, which needs torchvision. Silero's network is written here with PyTorch's
layers. On the clip of the documents it gives ONNX Runtime's probabilities to 1e-6, with the weights of the package's
silero_vad_16k_op15.onnx. Small weights, sound and pictures are formulas that the tests have too.
"""

import json
import math
import pathlib
import sys

import numpy as np
import torch
from facenet_pytorch import MTCNN
from facenet_pytorch.models.mtcnn import ONet, PNet, RNet
from PIL import Image
from safetensors.torch import load_file
from torch.nn import functional as F

PLACE = pathlib.Path(__file__).resolve().parent.parent / "Tests/PolyphonyEncodersTests/Fixtures/detectors.json"
torch.set_num_threads(1)
VOICE = {
    "stft_conv.weight": [258, 1, 256], "conv1.weight": [128, 129, 3], "conv1.bias": [128], "conv2.weight": [64, 128, 3],
    "conv2.bias": [64], "conv3.weight": [64, 64, 3], "conv3.bias": [64], "conv4.weight": [128, 64, 3],
    "conv4.bias": [128], "lstm_cell.weight_ih": [512, 128], "lstm_cell.weight_hh": [512, 128],
    "lstm_cell.bias_ih": [512], "lstm_cell.bias_hh": [512], "final_conv.weight": [1, 128, 1], "final_conv.bias": [1],
}


def weight(name, shape):
    """Numbers that look random, within 1.7 / √inputs for matrices and within 0.3 for vectors."""
    seed = sum(name.encode())
    values = (np.arange(math.prod(shape)) * 7919 + seed * 104729) % 1009 / 504 - 1
    scale = 1.7 / math.sqrt(math.prod(shape[1:])) if len(shape) > 1 else 0.3
    return torch.tensor(values * scale, dtype=torch.float32).reshape(shape)


def voice(count):
    """Pulses of a gliding pitch through three formants, four syllables a second."""
    i = np.arange(count) / 16000
    phase = 2 * np.pi * 220 * i + 8.8 * (1 - np.cos(2 * np.pi * 2.5 * i))
    sound = np.zeros(count)
    for k in range(1, 30):
        formants = sum(a / (1 + ((220 * k - c) / b) ** 2) for c, b, a in [(700, 90, 1), (1220, 110, 0.5), (2600, 160, 0.25)])
        sound += formants / math.sqrt(k) * np.sin(k * phase)
    return (0.3 * sound * (0.5 - 0.5 * np.cos(8 * np.pi * i))).astype(np.float32)


def probabilities(weights, sound):
    padded = torch.cat([torch.zeros(64), torch.tensor(sound), torch.zeros(-len(sound) % 512)])
    cell = torch.nn.LSTMCell(128, 128)
    cell.load_state_dict({k.split(".")[1]: v for k, v in weights.items() if k.startswith("lstm_cell.")})
    state, result = None, []
    for start in range(0, len(padded) - 64, 512):
        block = F.pad(padded[None, None, start:start + 576], (0, 64), "reflect")
        waves = F.conv1d(block, weights["stft_conv.weight"], stride=128)
        x = (waves[:, :129] ** 2 + waves[:, 129:] ** 2).sqrt()
        for number, stride in (1, 1), (2, 2), (3, 2), (4, 1):
            x = F.relu(F.conv1d(x, weights[f"conv{number}.weight"], weights[f"conv{number}.bias"], stride, 1))
        state = cell(x[:, :, 0], state)
        x = F.conv1d(F.relu(state[0])[:, :, None], weights["final_conv.weight"], weights["final_conv.bias"])
        result.append(torch.sigmoid(x).item())
    return result


def drawing(width, height, centres):
    """Drawn faces: soft ellipses of (x, y, half width, half height, softness, opacity, colour) in units of the radius."""
    parts = [
        (0, -0.25, 0.95, 1.2, 0.15, 1, (50, 35, 25)), (0, 0, 0.8, 1.1, 0.15, 1, (215, 170, 140)),
        (-0.33, -0.33, 0.2, 0.05, 0.15, 1, (70, 45, 30)), (0.33, -0.33, 0.2, 0.05, 0.15, 1, (70, 45, 30)),
        (-0.33, -0.17, 0.16, 0.08, 0.15, 1, (240, 240, 240)), (0.33, -0.17, 0.16, 0.08, 0.15, 1, (240, 240, 240)),
        (-0.33, -0.17, 0.08, 0.08, 0.15, 1, (40, 30, 30)), (0.33, -0.17, 0.08, 0.08, 0.15, 1, (40, 30, 30)),
        (0, 0.1, 0.07, 0.25, 0.5, 0.4, (150, 100, 80)), (0, 0.22, 0.14, 0.06, 0.5, 0.6, (150, 95, 80)),
        (0, 0.5, 0.3, 0.09, 0.15, 1, (170, 80, 80)),
    ]
    y, x = np.mgrid[0:height, 0:width].astype(float)
    picture = np.zeros((height, width, 3)) + (90, 120, 150)
    for left, top, radius in centres:
        for px, py, a, b, softness, opacity, colour in parts:
            distance = ((x - left - px * radius) / (a * radius)) ** 2 + ((y - top - py * radius) / (b * radius)) ** 2
            mask = (opacity / (1 + np.exp(np.minimum((distance - 1) / softness, 500))))[..., None]
            picture = picture * (1 - mask) + mask * np.array(colour)
    return Image.fromarray(np.floor(picture + 0.5).astype(np.uint8))


def boxes(finder, picture):
    found, rates = finder.detect(picture)
    return [] if found is None else [[*map(float, box), float(rate)] for box, rate in zip(found, rates)]


def numbers(tensor):
    return [float(f"{value:.8g}") for value in tensor.flatten().tolist()]


sound = voice(8000)
result = {
    "voice": probabilities({k: weight(k, s) for k, s in VOICE.items()}, sound[:2300]),
    "silero": probabilities(load_file(sys.argv[1]), sound),
}
finder = MTCNN()
pictures = {"one": (120, 100, [(55, 50, 30)]), "two": (200, 160, [(60, 60, 30), (140, 90, 44)]), "none": (64, 64, [])}
result["mtcnn"] = {name: boxes(finder, drawing(*form)) for name, form in pictures.items()}
small = MTCNN(min_face_size=16, thresholds=[0.5, 0.5, 0.5], factor=0.6)
for part, network in ("pnet", small.pnet), ("rnet", small.rnet), ("onet", small.onet):
    network.load_state_dict({k: weight(f"{part}.{k}", list(v.shape)) for k, v in network.state_dict().items()})
with torch.no_grad():
    picture = torch.tensor(np.array(drawing(60, 48, [(30, 24, 18)]))).permute(2, 0, 1)[None].float()
    for part, network, size in ("pnet", small.pnet, (21, 18)), ("rnet", small.rnet, (24, 24)), ("onet", small.onet, (48, 48)):
        pixels = (F.interpolate(picture, size=size, mode="area") - 127.5) * 0.0078125
        answer = network(pixels)
        result[part] = {"probabilities": numbers(answer[-1][:, 1]), "offsets": numbers(answer[0])}
result["small"] = boxes(small, drawing(60, 48, [(30, 24, 18)]))
PLACE.write_text(json.dumps(result) + "\n")
for key, value in result.items():
    print(key, str(value)[:700])
