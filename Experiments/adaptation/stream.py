#!/usr/bin/env python3
"""A stream through several data sets, and a picture of an adaptation to it.

    python3 stream.py make OUTPUT FOLDER...         joins the splits «test» of data sets, in their order
    python3 stream.py plot RUN... --data STREAM --parts FOLDER... --output FILE.svg

RUN is the folder of one seed of `polyphony adapt --online`. Its checkpoint holds the predictions of the stream, its
metrics.jsonl how far each modality has drifted. PYTHONPATH must name the folder `python` of this repository.
"""

import argparse
import json
import pathlib

import numpy as np
import polyphony
from polyphony.safetensors_file import load

WIDTH, HEIGHT, LEFT, GAP = 720, 190, 50, 40
COLOURS = ["#7a7a85", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00"]
WINDOW = 240


def make(output, folders):
    parts = [arrays(pathlib.Path(folder) / "test.safetensors") for folder in folders]
    description = json.loads((pathlib.Path(folders[0]) / "dataset.json").read_text())
    names = [modality["name"] for modality in description["modalities"]]
    polyphony.write_dataset(
        output,
        name=pathlib.Path(output).name,
        task=description["task"],
        modalities={name: np.concatenate([part[name] for part in parts]) for name in names},
        target=np.concatenate([part["target"] for part in parts]),
        split="test",
    )


def arrays(path):
    return load(path)[0]


def moving(values):
    """The mean over the latest WINDOW samples."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(0, ends - WINDOW)
    return (sums[ends] - sums[starts]) / (ends - starts)


def panel(top, title, lines, most, bounds):
    """One coordinate system with named lines over the samples of the stream."""
    height, width = HEIGHT - GAP, WIDTH - LEFT - 130
    count = bounds[-1]
    result = [f'<text x="{LEFT}" y="{top + 14}" font-weight="600">{title}</text>']
    base = top + 24

    def place(x, y):
        return f"{LEFT + x / count * width:.1f},{base + (1 - y / most) * (height - 24):.1f}"

    for step in range(3):
        y = base + step / 2 * (height - 24)
        result.append(f'<line x1="{LEFT}" x2="{LEFT + width}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
        result.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{most * (1 - step / 2):.1f}</text>')
    for bound in bounds[:-1]:
        x = LEFT + bound / count * width
        result.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{base}" y2="{base + height - 24}" stroke="#bbb" stroke-dasharray="3 3"/>')
    for index, (name, values) in enumerate(lines):
        colour = COLOURS[index % len(COLOURS)]
        points = " ".join(place(x, min(y, most)) for x, y in values)
        result.append(f'<polyline fill="none" stroke="{colour}" stroke-width="1.8" points="{points}"/>')
        result.append(f'<text x="{LEFT + width + 10}" y="{base + 12 + 16 * index}" fill="{colour}">{name}</text>')
    return result


def plot(runs, data, parts, output):
    target = arrays(pathlib.Path(data) / "test.safetensors")["target"]
    bounds = np.cumsum(parts)
    right = {"source": [], "adapted": []}
    drift = {}
    for run in runs:
        stream = arrays(pathlib.Path(run) / "checkpoint" / "stream.safetensors")
        for name, key in (("source", "source"), ("adapted", "before")):
            right[name].append(stream[key].argmax(1) == target)
        for line in (pathlib.Path(run) / "metrics.jsonl").read_text().splitlines():
            values = json.loads(line)
            for key, value in values.items():
                if key.startswith("input_drift/"):
                    drift.setdefault(key.split("/")[1], {}).setdefault(values["step"], []).append(value)
    for name, rows in right.items():
        by_part = [np.mean([row[end - size : end].mean() for row in rows]) for end, size in zip(bounds, parts)]
        print(f"{name:8}", " ".join(f"{value:.3f}" for value in by_part), f"mean {np.mean(by_part):.3f}")
    accuracy = [
        (name, [(x, y) for x, y in enumerate(np.mean([moving(row) for row in rows], 0)) if x % 20 == 0])
        for name, rows in right.items()
    ]
    size = len(target) / max(max(steps) for steps in drift.values())
    drifts = [
        (name, [(step * size, float(np.mean(values))) for step, values in sorted(steps.items()) if step % 2 == 0])
        for name, steps in sorted(drift.items())
    ]
    most = max(value for _, line in drifts for _, value in line)
    body = panel(4, f"accuracy, mean over the latest {WINDOW} samples and {len(runs)} seeds", accuracy, 1.0, bounds)
    body += panel(HEIGHT + 4, "drift of each modality, in standard deviations of the source", drifts, most, bounds)
    text = "\n".join(body)
    pathlib.Path(output).write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {2 * HEIGHT}" font-family="system-ui, sans-serif" '
        f'font-size="11">\n<rect width="100%" height="100%" fill="white"/>\n{text}\n</svg>\n'
    )


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
commands = parser.add_subparsers(dest="command", required=True)
making = commands.add_parser("make")
making.add_argument("output")
making.add_argument("folders", nargs="+")
plotting = commands.add_parser("plot")
plotting.add_argument("runs", nargs="+")
plotting.add_argument("--data", required=True)
plotting.add_argument("--parts", nargs="+", required=True)
plotting.add_argument("--output", required=True)
given = parser.parse_args()
if given.command == "make":
    make(given.output, given.folders)
else:
    sizes = [len(arrays(pathlib.Path(folder) / "test.safetensors")["target"]) for folder in given.parts]
    plot(given.runs, given.data, sizes, given.output)
