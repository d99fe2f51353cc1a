#!/usr/bin/env python3
"""The tables of RESULTS.md from the documents that run.sh has left: python3 tables.py OUTPUT [PART …].

«Over head» is the difference to training the head alone on the same seed, mean and standard error over seeds, positive where
it is better. «Front»: nothing scores better with as few or fewer trained parameters.
"""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from paired import gain  # noqa: E402

TITLES = {
    "numerals": "Numerals: digits 0–4 to 5–9, six modalities",
    "mosi-text": "CMU-MOSI: text alone to three modalities",
    "mosi-halves": "CMU-MOSI: one half of the recordings to the other",
    "aligned-200": "Encoders of single modalities to time-aligned products, 2 modalities",
    "aligned-1000": "Encoders of single modalities to time-aligned products, 2 modalities",
    "aligned-4000": "Encoders of single modalities to time-aligned products, 2 modalities",
    "aligned-encoder_fusion": "To time-aligned products with `encoder_fusion`",
    "aligned-mult": "To time-aligned products with `mult`",
    "relation-3": "To a corpus whose sentiment lies in how modalities combine, 3 modalities",
}


def part(folder):
    rows = json.loads((folder / "results.json").read_text())["results"]
    metric = "mae" if "mae" in rows[0]["metrics"] else "accuracy"
    sign = -1 if metric == "mae" else 1
    title = TITLES.get(folder.name, f"From one synthetic corpus to a shifted one, {folder.name.split('-')[-1]} modalities")
    print(f"## {title}: {'mean absolute error' if metric == 'mae' else 'accuracy'}\n")
    for amount in dict.fromkeys(row["samples"] for row in rows):
        here = [row for row in rows if row["samples"] == amount]
        head = next(row for row in here if row["name"] == "head")["metrics"][metric]["values"]
        print(f"{amount} samples{' a class' if metric == 'accuracy' else ''}:\n")
        print(f"| method | {metric} | over head | rate | trained | added | share | step, ms | front |")
        print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |")
        for row in here:
            score, parameters = row["metrics"][metric], row["parameters"]
            step = row.get("cost", {}).get("seconds_per_step")
            cells = [
                f"`{row['name']}`",
                f"{score['mean']:.3f} ± {score['std']:.3f}",
                "" if row["name"] == "head" else gain(score["values"], head, sign),
                str(row["rate"]),
                str(parameters["trainable"]),
                str(parameters.get("added", "")),
                f"{parameters['trainable'] / parameters['total']:.1%}",
                "" if step is None else f"{1000 * step:.1f}",
                row.get("front", ""),
            ]
            print("| " + " | ".join(cells) + " |")
        print()


def forms(folders):
    """One table of the forms of one method: a row for each, a column for each corpus and amount."""
    columns = {}
    for folder in folders:
        for row in json.loads((folder / "results.json").read_text())["results"]:
            title = f"{folder.name.split('-')[-1]} modalities, {row['samples']}"
            columns.setdefault(title, {})[row["name"]] = row["metrics"]["mae"]
    print("## Wander's forms: mean absolute error\n")
    print("| method | " + " | ".join(columns) + " |")
    print("| --- |" + " ---: |" * len(columns))
    for name in next(iter(columns.values())):
        cells = [f"{column[name]['mean']:.3f} ± {column[name]['std']:.3f}" for column in columns.values()]
        print(f"| `{name}` | " + " | ".join(cells) + " |")
    print()


def main():
    output = pathlib.Path(sys.argv[1])
    names = sys.argv[2:] or [
        "numerals", "mosi-halves", "mosi-text", "synthetic-2", "synthetic-3", "synthetic-5", "synthetic-7", "relation-3",
        *(f"aligned-{part}" for part in ("200", "1000", "4000", "encoder_fusion", "mult"))]
    for name in names:
        if (output / name / "results.json").exists():
            part(output / name)
    folders = [path.parent for path in sorted(output.glob("form-*/results.json"))]
    if folders and not sys.argv[2:]:
        forms(folders)


if __name__ == "__main__":
    main()
