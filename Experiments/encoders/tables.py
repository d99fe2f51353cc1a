#!/usr/bin/env python3
"""The tables of RESULTS.md from what run.sh has left: tables.py FOLDER."""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from paired import gain  # noqa: E402

METRICS = ["mae", "corr", "acc2_non0", "acc2_has0", "acc7"]


def cell(values):
    return f"{values['mean']:.3f} ± {values['std']:.3f}"


def rows(path):
    return json.loads((path / "results.json").read_text())["results"]


def features(folder):
    print("| features | architecture | MAE | correlation | Acc-2, non-zero | Acc-2, with zero | Acc-7 | trained |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for name in ("sentences", "tokens", "inside"):
        if not (folder / name / "results.json").exists():
            continue
        for row in rows(folder / name):
            scores = " | ".join(cell(row["metrics"][metric]) for metric in METRICS)
            print(f"| {name} | {row['name']} | {scores} | {row['parameters']['trainable']} |")


def tuning(folder):
    measured = rows(folder / "tuning")
    head = next(row for row in measured if row["name"] == "head")["metrics"]["mae"]["values"]
    print("\n| method | MAE | over head | correlation | Acc-7 | trained | share |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for row in measured:
        scores, count = row["metrics"], row["parameters"]
        over = "" if row["name"] in ("head", "base") else gain(scores["mae"]["values"], head, -1)
        trained = "" if row["name"] == "base" else f"{count['trainable']} | {count['trainable'] / count['total']:.1%}"
        print(
            f"| `{row['name']}` | {cell(scores['mae'])} | {over} | {cell(scores['corr'])} | {cell(scores['acc7'])} "
            f"| {trained or ' | '} |"
        )


def main():
    folder = pathlib.Path(sys.argv[1])
    features(folder)
    if (folder / "tuning" / "results.json").exists():
        tuning(folder)


if __name__ == "__main__":
    main()
