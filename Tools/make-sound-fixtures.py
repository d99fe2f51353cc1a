#!/usr/bin/env python3
"""Computes the reference numbers of the sound front ends with NumPy, from the definitions that torchaudio publishes.

  python3 Tools/make-sound-fixtures.py > Tests/PolyphonyEncodersTests/Fixtures/sound.json

MelSpectrogram(16000, n_fft=400, hop_length=160, n_mels=80), MFCC(16000, n_mfcc=20, melkwargs=…) and
functional.resample(sound, 22050, 16000), in double precision. The sound is a formula that the test has too.
"""

import json
import math
import sys

import numpy as np


def sound(count, rate):
    i = np.arange(count)
    return (0.5 * np.sin(2 * np.pi * 440 * i / rate) + 0.25 * np.sin(2 * np.pi * 3000 * i / rate + 1)
            + 0.1 * ((i * 7919 % 1000) / 500 - 1))


def mel_spectrogram(x):
    padded = np.pad(x, 200, mode="reflect")
    window = np.hanning(401)[:-1]
    frames = np.stack([padded[s:s + 400] * window for s in range(0, len(x) + 1, 160)])
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2
    frequencies = np.linspace(0, 8000, 201)
    mels = np.linspace(0, 2595 * math.log10(1 + 8000 / 700), 82)
    points = 700 * (10 ** (mels / 2595) - 1)
    slopes = points[None, :] - frequencies[:, None]
    widths = np.diff(points)
    bank = np.maximum(0, np.minimum(-slopes[:, :-2] / widths[:-1], slopes[:, 2:] / widths[1:]))
    return power @ bank


def mfcc(x):
    decibels = 10 * np.log10(np.maximum(mel_spectrogram(x), 1e-10))
    decibels = np.maximum(decibels, decibels.max() - 80)
    n, k = np.arange(80), np.arange(20)[:, None]
    transform = np.cos(np.pi / 80 * (n + 0.5) * k)
    transform[0] *= 1 / math.sqrt(2)
    return decibels @ (transform * math.sqrt(2 / 80)).T


def resample(x, old, new):
    divisor = math.gcd(old, new)
    old, new = old // divisor, new // divisor
    base = min(old, new) * 0.99
    width = math.ceil(6 * old / base)
    index = np.arange(-width, width + old) / old
    kernels = []
    for phase in range(new):
        t = np.clip((index - phase / new) * base, -6, 6)
        window = np.cos(t * np.pi / 6 / 2) ** 2
        kernels.append(np.sinc(t) * window * base / old)
    padded = np.pad(x, (width, width + old))
    rows = [[padded[s:s + 2 * width + old] @ k for k in kernels] for s in range(0, len(padded) - 2 * width - old + 1, old)]
    return np.concatenate(rows)[:math.ceil(new * len(x) / old)]


x = sound(1234, 16000)
y = sound(700, 22050)
rounded = lambda a: [float(f"{v:.7g}") for v in a.ravel()]
json.dump({"logmel": rounded(np.log(np.maximum(mel_spectrogram(x), 1e-10))), "mfcc": rounded(mfcc(x)),
           "resampled": rounded(resample(y, 22050, 16000))}, sys.stdout)
