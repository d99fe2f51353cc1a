#!/usr/bin/env python3
"""The tables of RESULTS.md from what run.sh has left: tables.py FOLDER.

Mean: over the rates 0.1 to 0.9, seed by seed. Gain: the difference of these means to the paper's modality dropout on the
same seed, with its standard error over seeds; positive is better.
"""

import json
import pathlib
import statistics
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from paired import gain, paired  # noqa: E402

RATES = [f"sample:0.{number}" for number in range(1, 10)]
SHOWN = ["sample:0.1", "sample:0.3", "sample:0.5", "sample:0.7", "sample:0.9"]
# The sign that makes more better.
METRICS = {"mosi": ("mae", -1), "numerals": ("accuracy", 1)}


def read(file, metric):
    """{method: {condition: values over seeds}}, {method: (trained, total)}; the condition None is the split as it is."""
    scores, parameters = {}, {}
    for row in json.loads(file.read_text())["results"]:
        scores.setdefault(row["name"], {})[row.get("missing")] = row["metrics"][metric]["values"]
        parameters[row["name"]] = row["parameters"]["trainable"], row["parameters"]["total"]
    return scores, parameters


def mean(cells, keys):
    return [statistics.mean(values) for values in zip(*(cells[key] for key in keys))]


def table(part, file):
    metric, sign = METRICS[part]
    scores, parameters = read(file, metric)
    others = [key for key in scores["zero_fill"] if key and key not in RATES and key != "complete"]
    titles = ["complete", *(key.removeprefix("sample:") for key in SHOWN), "mean", "gain", "complete", *others, "trained"]
    print(f"\n{part}, {metric}\n")
    print("| method | " + " | ".join(titles) + " |")
    print("| --- |" + " ---: |" * len(titles))
    reference = scores["md_frozen"]
    for name, cells in scores.items():
        rates, (trained, total) = mean(cells, RATES), parameters[name]
        complete, error = paired(cells[None], reference[None], sign)
        line = [f"{statistics.mean(cells[key]):.3f}" for key in [None, *SHOWN]]
        line.append(f"{statistics.mean(rates):.3f} ± {statistics.pstdev(rates):.3f}")
        line.append("" if name == "md_frozen" else gain(rates, mean(reference, RATES), sign))
        line.append("" if name == "md_frozen" else f"{complete:+.3f} ({error:.3f})")
        line += [f"{statistics.mean(cells[key]):.3f}" for key in others]
        line.append(f"{trained} ({trained / total:.1%})")
        print(f"| `{name}` | " + " | ".join(line) + " |")


def main():
    folder = pathlib.Path(sys.argv[1])
    for part in METRICS:
        file = folder / part / "results.json"
        if file.exists():
            table(part, file)


if __name__ == "__main__":
    main()
