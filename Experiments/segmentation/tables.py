#!/usr/bin/env python3
"""The tables of RESULTS.md from what run.sh has left: tables.py FOLDER.

Each cell is a mean over seeds ± the standard deviation. A gain is paired by seed, with its standard error.
"""

import json
import pathlib
import statistics
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from paired import gain  # noqa: E402

METRICS = ["dice_volume", "lesion_f1", "hd95", "volume_difference", "dice"]


def rows(file):
    return json.loads(file.read_text())["results"] if file.exists() else []


def cell(values):
    known = [value for value in values if value is not None]
    return f"{statistics.mean(known):.3f} ± {statistics.stdev(known):.3f}" if len(known) > 1 else f"{known[0]:.3f}"


def complete(folder):
    for row in rows(folder / "source" / "results.json"):
        print("\ncomplete, test\n\n| " + " | ".join(METRICS) + " |\n|" + " ---: |" * len(METRICS))
        print("| " + " | ".join(cell(row["metrics"][metric]["values"]) for metric in METRICS) + " |")


def by_condition(file, key, reference, title):
    """Methods by condition, with the gain over a reference on the same seeds."""
    scores = {}
    for row in rows(file):
        scores.setdefault(row["name"], {})[row.get(key) or "complete"] = row["metrics"]["dice_volume"]["values"]
    if not scores:
        return
    conditions = list(next(iter(scores.values())))
    print(f"\n{title}, dice_volume\n\n| method | " + " | ".join(f"`{it}`" for it in conditions) + " |")
    print("|---|" + " ---: |" * len(conditions))
    for name, cells in scores.items():
        parts = []
        for condition in conditions:
            text = cell(cells[condition])
            if name != reference and len(cells[condition]) > 1:
                text += ", " + gain(cells[condition], scores[reference][condition], 1)
            parts.append(text)
        print(f"| `{name}` | " + " | ".join(parts) + " |")


def main():
    folder = pathlib.Path(sys.argv[1])
    complete(folder)
    by_condition(folder / "shifts.json", "shift", "source", "another scanner")
    by_condition(folder / "runs" / "missing" / "results.json", "missing", "zero_fill", "missing contrasts")
    by_condition(folder / "runs" / "balancing" / "results.json", "missing", "joint", "balanced training")


if __name__ == "__main__":
    main()
