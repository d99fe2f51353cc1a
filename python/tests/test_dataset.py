"""Data sets that Python writes and reads."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

import polyphony
from polyphony import PolyphonyError


def write(folder: Path, split: str = "train", **changes: object) -> None:
    own = dict(
        name="gestures",
        task="classification",
        modalities={"motion": np.ones((4, 5, 3)), "force": np.array([[1, np.nan], [1, 2], [3, 4], [5, 6]])},
        target=[0, 2, 1, 0],
        lengths={"motion": [5, 4, 3, 2]},
        presence={"force": [1, 1, 0, 1]},
        ids=range(4),
        split=split,
    )
    polyphony.write_dataset(folder, **{**own, **changes})  # type: ignore[arg-type]


def test_round_trip(tmp_path: Path) -> None:
    write(tmp_path)
    write(tmp_path, "test", target=[1, 1, 1, 1], ids=range(4, 8), source="made here")
    description = json.loads((tmp_path / "dataset.json").read_text())
    assert description["task"] == {"kind": "classification", "classes": 3}
    assert description["modalities"][1] == {"name": "force", "kind": "vector", "features": 2, "missing_cells": "mean"}
    assert set(description["splits"]) == {"train", "test"} and description["source"] == "made here"
    data = polyphony.Dataset(tmp_path, "train")
    assert len(data) == 4 and data.task["classes"] == 3
    batch = next(iter(DataLoader(data, batch_size=4)))
    assert batch["motion"].shape == (4, 5, 3) and batch["motion.length"].tolist() == [5, 4, 3, 2]
    assert batch["presence"]["force"].tolist() == [True, True, False, True]
    assert batch["target"].tolist() == [0, 2, 1, 0] and batch["id"].dtype == torch.int64


def test_regression_targets_are_columns(tmp_path: Path) -> None:
    write(tmp_path, task={"kind": "regression", "range": [0, 3]}, target=[0.5, 1, 2, 3])
    assert polyphony.Dataset(tmp_path, "train")[1]["target"].tolist() == [1.0]


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"modalities": {}}, "modalities"),
        ({"modalities": {"motion": np.ones(4)}, "lengths": None, "presence": None}, "motion"),
        ({"modalities": {"a.b": np.ones((4, 2))}, "lengths": None, "presence": None}, "a.b"),
        ({"task": "clustering"}, "task"),
        ({"target": None}, "task.classes"),
        ({"target": [0, 1]}, "target"),
        ({"lengths": {"sound": [1, 1, 1, 1]}}, "sound"),
    ],
)
def test_refused_arrays(tmp_path: Path, changes: dict, key: str) -> None:
    with pytest.raises(PolyphonyError) as caught:
        write(tmp_path / "new", **changes)
    assert (caught.value.kind, caught.value.key) == ("usage", key)
    assert not (tmp_path / "new").exists()


def test_refused_splits(tmp_path: Path) -> None:
    write(tmp_path)
    with pytest.raises(PolyphonyError, match="does not fit the data set"):
        write(tmp_path, "test", modalities={"motion": np.ones((4, 5, 3))}, presence=None)
    with pytest.raises(PolyphonyError, match="no such split"):
        polyphony.Dataset(tmp_path, "valid")
    with pytest.raises(PolyphonyError, match="no data set at this path"):
        polyphony.Dataset(tmp_path / "none")
    file = tmp_path / "train.safetensors"
    file.write_bytes(file.read_bytes() + b"\0")
    with pytest.raises(PolyphonyError, match="not the one that dataset.json describes"):
        polyphony.Dataset(tmp_path, "train")
