"""The program's commands as functions.

Every keyword is an option of the command: `seeds=3` is `--seeds 3`, `per_modality=True` is `--per-modality`, a list of
methods is joined by commas, and `set={"training.epochs": 2}` gives a `--set` for each entry. The result is a list of
rows, each a flat dictionary, that `pandas.DataFrame` takes.
"""

from __future__ import annotations

import csv
import json
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from . import safetensors_file
from .program import run

Place = str | os.PathLike[str]
Names = str | Sequence[str]
Row = dict[str, Any]

REPEATED = ("adapter", "input")
"""Options that the program takes several times."""


def train(
    data: Place, output: Place, *, architecture: str | None = None, balance: Names | None = None, **options: Any
) -> list[Row]:
    """Trains models, one for each strategy of `balance` and seed. One row for each strategy."""
    return _results("train", dict(data=data, output=output, architecture=architecture, balance=balance, **options))


def tune(model: Place, data: Place, method: Names, output: Place, **options: Any) -> list[Row]:
    """Tunes a model by one or several methods. One row for each method."""
    return _results("tune", dict(model=model, data=data, method=method, output=output, **options))


def adapt(model: Place, data: Place, method: Names, output: Place, **options: Any) -> list[Row]:
    """Adapts a model without labels. One row for each method, and one for the model as it was."""
    return _results("adapt", dict(model=model, data=data, method=method, output=output, **options))


def evaluate(model: Place, data: Place, *, adapter: Names | None = None, **options: Any) -> list[Row]:
    """Scores a model with its adapters. One row for each adapter and condition."""
    return _results("evaluate", dict(model=model, data=data, adapter=adapter, **options))


def compare(recipe: Place, output: Place, **options: Any) -> list[Row]:
    """Compares the methods of a recipe. One row for each data set, method and condition."""
    return _results("compare", dict(output=output, **options), [os.fspath(recipe)])


def predict(model: Place, data: Place, *, output: Place | None = None, **options: Any) -> list[Row]:
    """Predicts a split of a data set, or the samples of a file. One row for each sample.

    `output` keeps the program's file; its ending names the form. Segmentations need a `.safetensors` file.
    """
    program = options.pop("program", None)
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(output) if output is not None else Path(scratch) / "predictions.jsonl"
        run(["predict", *words(dict(model=model, data=data, output=file, **options))], program)
        return _samples(file)


def words(options: Mapping[str, Any]) -> list[str]:
    """The command line of some options. None and False leave an option out."""
    result: list[str] = []
    for name, value in options.items():
        flag = f"--{name.replace('_', '-')}"
        if value is None or value is False:
            continue
        if value is True:
            result.append(flag)
        elif isinstance(value, Mapping):
            result += [word for key, one in value.items() for word in (flag, f"{key}={_text(one)}")]
        elif isinstance(value, Iterable) and not isinstance(value, str):
            given = [_text(one) for one in value]
            result += [word for one in given for word in (flag, one)] if name in REPEATED else [flag, ",".join(given)]
        else:
            result += [flag, _text(value)]
    return result


def _text(value: Any) -> str:
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, (bool, list, dict)) or value is None:
        return json.dumps(value)
    return str(value)


def _results(command: str, options: dict[str, Any], arguments: Sequence[str] = ()) -> list[Row]:
    program = options.pop("program", None)
    document = json.loads(run([command, *arguments, *words(options), "--json"], program))
    return [flat(row) for row in document["results"]]


def flat(row: Mapping[str, Any]) -> Row:
    """A row of results without nesting: `accuracy` is the mean, with `accuracy.std` and `accuracy.values` beside it.

    An undefined metric is None.
    """
    result: Row = {}
    for name, value in row.items():
        if name == "metrics":
            for metric, figures in value.items():
                figures = figures or {"mean": None}
                result[metric] = figures["mean"]
                result.update({f"{metric}.{key}": figure for key, figure in figures.items() if key != "mean"})
        elif isinstance(value, Mapping):
            result.update({f"{name}.{key}": one for key, one in value.items()})
        else:
            result[name] = value
    return result


def _samples(file: Path) -> list[Row]:
    if file.suffix == ".jsonl":
        return [json.loads(line) for line in file.read_text().splitlines()]
    if file.suffix in (".csv", ".tsv"):
        with open(file, newline="") as lines:
            rows = csv.DictReader(lines, delimiter="\t" if file.suffix == ".tsv" else ",")
            return [{name: _number(cell) for name, cell in row.items()} for row in rows]
    arrays, _ = safetensors_file.load(file)
    count = len(arrays["prediction"])
    return [{name: array[index].tolist() for name, array in arrays.items()} for index in range(count)]


def _number(cell: str) -> Any:
    try:
        return json.loads(cell)
    except ValueError:
        return cell
