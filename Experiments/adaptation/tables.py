#!/usr/bin/env python3
"""The tables of RESULTS.md from the documents that run.sh has left: python3 tables.py OUTPUT.

A cell is the mean over seeds; a gain is the difference to the source of the same seed, positive where the method is
better, with its standard error over seeds.
"""

import collections
import json
import math
import pathlib
import sys

LOWER = {"mae"}
METRIC = {"sentiment": "mae", "corpus": "mae", "mosi": "mae", "numerals": "accuracy"}
DRIFTS = {"drift": "accuracy", "speakers": "accuracy"}


def read(folder, mode):
    """{(shift, method): {seed: metrics}} of all documents of a mode."""
    table = collections.defaultdict(dict)
    for path in sorted(folder.glob(f"{mode}-*.json")):
        for row in json.loads(path.read_text())["results"]:
            shift = row.get("shift", folder.name)
            seed = int(path.stem.split("-")[1])
            table[shift, row["name"]][seed] = {
                name: values and values["mean"] for name, values in row["metrics"].items()
            }
    return table


def mean(values):
    return sum(values) / len(values)


def error(values):
    if len(values) < 2:
        return math.nan
    centre = mean(values)
    return math.sqrt(sum((value - centre) ** 2 for value in values) / (len(values) - 1) / len(values))


def gains(table, shift, method, metric):
    sign = -1 if metric in LOWER else 1
    rows, source = table[shift, method], table[shift, "source"]
    return [sign * (rows[seed][metric] - source[seed][metric]) for seed in rows]


def line(cells):
    print("| " + " | ".join(cells) + " |")


def show(table, metric, title):
    shifts = list(dict.fromkeys(shift for shift, _ in table if shift != "mean"))
    methods = list(dict.fromkeys(method for _, method in table))
    print(f"\n{title}, {metric}\n")
    line(["", *shifts, "gain on the mean", "worst gain"])
    line(["---"] + ["---:"] * (len(shifts) + 2))
    for method in methods:
        cells = [f"{mean([row[metric] for row in table[shift, method].values()]):.3f}" for shift in shifts]
        each = [gains(table, shift, method, metric) for shift in shifts]
        overall = [mean(values) for values in zip(*each)]
        worst = min(zip(map(mean, each), shifts))
        lowest = min(value for values in each for value in values)
        line([method, *cells, f"{mean(overall):+.4f} ± {error(overall):.4f}",
              f"{worst[0]:+.3f} ({worst[1]}; one seed {lowest:+.3f})"])


def labels(table, title):
    shifts = list(dict.fromkeys(shift for shift, _ in table if shift != "mean"))
    rows = {shift: table.get((shift, "casp"), {}) for shift in shifts}
    if not any("pseudo/stable" in metrics for row in rows.values() for metrics in row.values()):
        return
    print(f"\n{title}: error of the pseudo-labels of casp\n")
    line(["", "stable", "random", "unstable", "random − stable"])
    line(["---"] + ["---:"] * 4)
    everything = collections.defaultdict(list)
    for shift, row in rows.items():
        values = {name: [metrics[f"pseudo/{name}"] for metrics in row.values()]
                  for name in ("stable", "random", "unstable")}
        difference = [r - s for r, s in zip(values["random"], values["stable"])]
        for name in values:
            everything[name].append(values[name])
        everything["difference"].append(difference)
        line([shift, *(f"{mean(values[name]):.3f}" for name in values), f"{mean(difference):+.3f} ± {error(difference):.3f}"])
    overall = {name: [mean(seed) for seed in zip(*rows)] for name, rows in everything.items()}
    line(["mean", *(f"{mean(overall[name]):.3f}" for name in ("stable", "random", "unstable")),
          f"{mean(overall['difference']):+.3f} ± {error(overall['difference']):.3f}"])


def whole(output, mode):
    """The gain on the mean over all shifts of the regression, those within a corpus and those to another one."""
    table = read(output / "sentiment", mode)
    for folder in sorted((output / "corpus").glob("*/")):
        table.update(read(folder, mode))
    shifts = list(dict.fromkeys(shift for shift, _ in table if shift != "mean"))
    if not shifts:
        return
    print(f"\nregression, {mode}: gain on the mean over {len(shifts)} shifts, {', '.join(shifts)}\n")
    line(["", "gain", "standard errors", "worst shift"])
    line(["---"] + ["---:"] * 3)
    for method in dict.fromkeys(method for _, method in table):
        each = [gains(table, shift, method, "mae") for shift in shifts]
        overall = [mean(values) for values in zip(*each)]
        worst = min(zip(map(mean, each), shifts))
        ratio = mean(overall) / error(overall) if error(overall) > 0 else 0
        line([method, f"{mean(overall):+.4f} ± {error(overall):.4f}", f"{ratio:+.1f}", f"{worst[0]:+.3f} ({worst[1]})"])


def drifts(folder, metric):
    """Real drifts: a column a place, the mean over all but the one without shift, and its gain paired over seeds.

    Ceilings are means over both halves of a place's labels. They take no part in the regret.
    """
    table = collections.defaultdict(dict)
    places = set()
    for path in folder.glob("*.json"):
        place = path.stem.removesuffix("-aligned")
        places.add(place)
        for row in json.loads(path.read_text())["results"]:
            table[row["name"]][place] = row["metrics"][metric]["values"]
    for path in sorted((folder / "ceiling").glob("*-a.json")):
        halves = [json.loads(path.with_stem(path.stem[:-1] + half).read_text())["results"] for half in "ab"]
        for rows in zip(*halves):
            values = [row["metrics"][metric]["values"] for row in rows]
            table[rows[0]["name"]][path.stem[:-2]] = [mean(seeds) for seeds in zip(*values)]
    places = sorted(places, key=lambda place: (place == "none", place))
    shifted = [place for place in places if place != "none"]
    print(f"\n{folder.name}, {metric}\n")
    line(["", *places, "mean", "gain", "worst gain"])
    line(["---"] + ["---:"] * (len(places) + 3))
    methods = ["source", *(name for name in table if name != "source")]
    adapted = [name for name in methods if not name.startswith("ceiling:")]
    best = {place: max(mean(table[name][place]) for name in adapted if place in table[name]) for place in places}
    for name in methods:
        row, source = table[name], table["source"]
        cells = [f"{mean(row[place]):.3f}" if place in row else "" for place in places]
        means = [mean(seeds) for seeds in zip(*(row[place] for place in shifted))]
        before = [mean(seeds) for seeds in zip(*(source[place] for place in shifted))]
        gained = [now - then for now, then in zip(means, before)]
        worst = min((mean(row[place]) - mean(source[place]), place) for place in row)
        regret = mean([best[place] - mean(row[place]) for place in shifted])
        note = f"; regret {regret:.3f}" if name in adapted else ""
        line([name, *cells, f"{mean(means):.3f}", f"{mean(gained):+.3f} ± {error(gained):.3f}",
              f"{worst[0]:+.3f} ({worst[1]}){note}"])


def grid(folder):
    """What settings were chosen by: the gain of each on the mean over shifts of the validation split."""
    table = collections.defaultdict(dict)
    for path in sorted(folder.glob("*.json")):
        name, seed = path.name.removesuffix(".json").removesuffix(".far").rsplit("-", 1)
        for row in json.loads(path.read_text())["results"]:
            shift = "far" if path.name.endswith(".far.json") else row["shift"]
            table[shift, name, row["name"]][int(seed)] = {"mae": row["metrics"]["mae"]["mean"]}
    shifts = list(dict.fromkeys(shift for shift, _, _ in table if shift != "mean"))
    line(["settings", "method", *shifts, "mean", "standard errors"])
    line(["---"] * 2 + ["---:"] * (len(shifts) + 2))
    for name in dict.fromkeys(name for _, name, _ in table):
        for method in ("casp-contrast", "casp"):
            each = []
            for shift in shifts:
                rows, source = table[shift, name, method], table[shift, name, "source"]
                each.append([source[seed]["mae"] - rows[seed]["mae"] for seed in rows])
            overall = [mean(values) for values in zip(*each)]
            line([name, method, *(f"{mean(values):+.3f}" for values in each),
                  f"{mean(overall):+.4f} ± {error(overall):.4f}", f"{mean(overall) / error(overall):+.1f}"])


def main():
    output = pathlib.Path(sys.argv[1])
    if sys.argv[2:] == ["grid"]:
        return grid(output / "grid")
    for part, metric in DRIFTS.items():
        if (output / part).is_dir():
            drifts(output / part, metric)
    for part, metric in METRIC.items():
        inner = sorted((output / part).glob("*/"))
        # A folder of the corpora is one shift. Those of CMU-MOSI hold the same shifts, so each has its own table.
        groups = {part: inner if part == "corpus" else [output / part]}
        if part == "mosi":
            groups = {f"mosi, {folder.name}": [folder] for folder in inner if folder.name != "source"}
        for title, folders in groups.items():
            for mode in ("offline", "online"):
                table = {}
                for folder in folders:
                    table.update(read(folder, mode))
                if table:
                    show(table, metric, f"{title}, {mode}")
                    labels(table, f"{title}, {mode}")
    if (output / "corpus").exists():
        for mode in ("offline", "online"):
            whole(output, mode)


main()
