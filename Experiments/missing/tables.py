#!/usr/bin/env python3
"""The tables of RESULTS.md from the documents that run.sh has left: python3 tables.py OUTPUT.

The gain is the difference of the means over all rates to zero fill on the same seed, with its standard error over seeds.
«Complete» is the difference to the backbone where nothing is missing; both in points.
"""

import collections
import json
import pathlib
import statistics
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from paired import paired  # noqa: E402


def read(file, metric):
    """{method: {rate or pattern: values over seeds}}, {method: (trained, total)}."""
    table, parameters = collections.defaultdict(dict), {}
    for row in json.loads(file.read_text())["results"]:
        table[row["name"]][row["missing"]] = row["metrics"][metric]["values"]
        parameters[row["name"]] = row["parameters"]["trainable"], row["parameters"]["total"]
    return table, parameters


def line(cells):
    print("| " + " | ".join(cells) + " |")


def rates(file, metric):
    table, parameters = read(file, metric)
    chosen = [key for key in table["zero_fill"] if key.startswith("sample:") and int(key[-1]) % 2 == 0] + ["sample:0.9"]
    line([metric, *(key.removeprefix("sample:").removesuffix(".0") for key in chosen), "mean", "gain", "complete",
          "trained", "share"])
    line(["---"] + ["---:"] * (len(chosen) + 5))
    backbone = table["zero_fill"]["sample:0.0"]
    for name, cells in table.items():
        mean = cells["mean"]
        gain, error = paired(mean, table["zero_fill"]["mean"], 100)
        complete, _ = paired(cells["sample:0.0"], backbone, 100)
        trained, total = parameters[name]
        line([
            f"`{name}`",
            *(f"{statistics.mean(cells[key]):.3f}" for key in chosen),
            f"{statistics.mean(mean):.3f} ± {statistics.pstdev(mean):.3f}",
            "" if name == "zero_fill" else f"{gain:+.1f} ({error:.1f})",
            f"{complete:+.1f}",
            f"{trained}",
            f"{trained / total:.1%}",
        ])


def patterns(file, metric):
    """A row for each pattern; beyond three modalities for each number of missing ones, the mean over its patterns."""
    table, _ = read(file, metric)
    names = list(table)
    groups = collections.defaultdict(list)
    single = len(table[names[0]]) <= 10
    for key in table[names[0]]:
        missing = key.removeprefix("fixed:").split("+")
        many = f"{len(missing)} of the modalities" if key.startswith("fixed:") else key
        groups[", ".join(missing) if single else many].append(key)
    line(["missing", *(f"`{name}`" for name in names)])
    line(["---"] + ["---:"] * len(names))
    for title, keys in groups.items():
        cells = []
        for name in names:
            seeds = [statistics.mean(values) for values in zip(*(table[name][key] for key in keys))]
            cells.append(f"{statistics.mean(seeds):.3f} ± {statistics.pstdev(seeds):.3f}")
        line([{"complete": "nothing", "mean": "mean of all incomplete patterns"}.get(title, title), *cells])


def main():
    output = pathlib.Path(sys.argv[1])
    for part in ("mosi", "numerals"):
        for metric in ("accuracy", "balanced_accuracy"):
            file = output / part / f"rates-{metric}" / "results.json"
            if file.exists():
                print(f"\n{part}, {metric} by rate of incomplete samples\n")
                rates(file, metric)
        file = output / part / "patterns" / "results.json"
        if file.exists():
            print(f"\n{part}, accuracy by what is missing\n")
            patterns(file, "accuracy")


if __name__ == "__main__":
    main()
