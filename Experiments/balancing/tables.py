#!/usr/bin/env python3
"""The tables of RESULTS.md from the documents that run.sh has left: python3 tables.py OUTPUT [PART …].

The gain is the difference to joint training on the same seed, mean and standard error over seeds; positive is better.
"""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from paired import gain  # noqa: E402


def part(output, name):
    rows = json.loads((output / name / "results.json").read_text())["results"]
    titles = {
        "light": "{}, one layer",
        "taught": "teaching alone",
        "undropped": "{}, no drop, teaching 1",
        "dropped": "{}, fixed drop 0.3",
        "stage1": "{}, stage 1",
    }
    for folder, title in titles.items():
        more = output / folder / name / "results.json"
        if more.exists():
            rows += [{**row, "name": title.format(row["name"])} for row in json.loads(more.read_text())["results"]]
    metrics = rows[0]["metrics"]
    metric = next(key for key in ("mae", "accuracy", "dice") if key in metrics)
    sign = -1 if metric == "mae" else 1
    joint = next(row for row in rows if row["name"] == "joint")["metrics"]
    # There is no linear probe of maps.
    probes = [key for key in metrics if key.endswith("/probe")]
    columns = probes or [key for key in metrics if key.endswith("/alone")]
    print(f"## {name}\n")
    print(f"| strategy | {metric} | gain on joint | " + " | ".join(key.replace("/", " ") for key in columns) + " |")
    print("|---|" + "---|" * (2 + len(columns)))
    for row in rows:
        values = row["metrics"]
        cells = [f"`{row['name']}`", f"{values[metric]['mean']:.3f} ± {values[metric]['std']:.3f}"]
        own = row["name"] == "joint"
        cells.append("" if own else gain(values[metric]["values"], joint[metric]["values"], sign))
        for key in columns:
            if own or key not in values:
                cells.append(f"{joint[key]['mean']:.3f} ± {joint[key]['std']:.3f}" if own else "")
            else:
                cells.append(gain(values[key]["values"], joint[key]["values"], sign))
        print("| " + " | ".join(cells) + " |")
    print()


PARTS = ["classes", "sentiment", "ciphered", "starved", "starved-sgd", "numerals", "phantoms", "mosi"]
PARTS += [f"standard/{name}" for name in PARTS]


def main():
    output = pathlib.Path(sys.argv[1])
    for name in sys.argv[2:] or PARTS:
        if (output / name / "results.json").exists():
            part(output, name)


if __name__ == "__main__":
    main()
