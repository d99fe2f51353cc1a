"""Data set folders: reading a split for a `DataLoader`, and writing one from arrays."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from . import safetensors_file
from .errors import PolyphonyError, bad_data, usage
from .models.inputs import sample_shape

Folder = str | os.PathLike[str]
KINDS = {
    2: ("vector", ("features",)),
    3: ("sequence", ("length", "features")),
    4: ("image", ("channels", "height", "width")),
}


class Dataset(torch.utils.data.Dataset[dict[str, Any]]):
    """One split of a data set folder.

    A sample is a dictionary: each modality by its name, `<modality>.length` where the split has it, `presence` as a
    dictionary where something is missing, `target` and `id` where the split has them. A model takes batches of a
    `DataLoader` as they are.

    Raises `PolyphonyError` for a folder, a split or a file that is missing or damaged.
    """

    def __init__(self, folder: Folder, split: str = "train"):
        self.folder, self.split = Path(folder), split
        self.description = _description(self.folder)
        if self.description is None:
            raise PolyphonyError("there is no data set at this path", exit_code=66, file=self.folder / "dataset.json")
        self.modalities: list[dict[str, Any]] = self.description["modalities"]
        splits = self.description["splits"]
        if split not in splits:
            raise usage("the data set has no such split", file=self.folder, found=split, expected=", ".join(splits))
        file = self.folder / splits[split]["file"]
        if not file.exists():
            raise PolyphonyError("the file of a split is missing", exit_code=66, file=file)
        expected = splits[split].get("sha256")
        if expected and hashlib.sha256(file.read_bytes()).hexdigest() != expected.lower():
            raise bad_data("the file is not the one that dataset.json describes", file=file, expected=expected)
        tensors = {name: torch.from_numpy(array) for name, array in safetensors_file.load(file)[0].items()}
        self.presence = tensors.pop("presence", None)
        for modality in self.modalities:
            name, shape = modality["name"], sample_shape(modality)
            if name not in tensors or list(tensors[name].shape[1:]) != shape:
                found = list(tensors[name].shape) if name in tensors else "no such tensor"
                raise bad_data(
                    "a modality has not the form of dataset.json", file=file, key=name, found=found, expected=shape
                )
            tensors[name] = tensors[name].float()
        self.tensors: dict[str, Tensor] = tensors
        if "target" in tensors and self.description["task"]["kind"] == "regression":
            tensors["target"] = tensors["target"].float().reshape(len(tensors["target"]), -1)

    @property
    def task(self) -> dict[str, Any]:
        """The task as in `dataset.json`."""
        assert self.description is not None
        return self.description["task"]

    def __len__(self) -> int:
        return len(self.tensors[self.modalities[0]["name"]])

    def __getitem__(self, index: int) -> dict[str, Any]:
        sample: dict[str, Any] = {name: values[index] for name, values in self.tensors.items()}
        if self.presence is not None:
            row = self.presence[index].bool()
            sample["presence"] = {modality["name"]: row[place] for place, modality in enumerate(self.modalities)}
        return sample

    def __fspath__(self) -> str:
        return str(self.folder)


def write_dataset(
    folder: Folder,
    *,
    name: str,
    task: str | Mapping[str, Any],
    modalities: Mapping[str, Any],
    target: Any = None,
    split: str = "train",
    lengths: Mapping[str, Any] | None = None,
    presence: Mapping[str, Any] | None = None,
    ids: Any = None,
    source: str | None = None,
) -> None:
    """Writes one split of a data set; the first call makes the folder, and others add their splits to it.

    `modalities` has arrays by name: `[N, length, features]` is a sequence, `[N, features]` a vector, and
    `[N, channels, height, width]` an image. NaN marks a missing cell. `task` is `regression`, `classification` or
    `segmentation`, or a dictionary as in `dataset.json`; without `classes` these are counted in the target. `lengths`
    has real steps `[N]` by name. `presence` has `[N]` by name, false where a sample lacks the modality.

    Raises `PolyphonyError` for arrays that do not fit each other, and for a split that does not fit the folder.
    """
    place = Path(folder)
    arrays = {key: np.asarray(value, dtype=np.float32) for key, value in modalities.items()}
    if not arrays:
        raise usage("a data set needs one modality at least", key="modalities")
    own = [_modality(key, array) for key, array in arrays.items()]
    count = len(next(iter(arrays.values())))
    known = _description(place)
    form = _task(task, target, known)
    description = known or {"name": name, "task": form, "modalities": own, "splits": {}}
    for one, other in zip(own, description["modalities"]):
        if "missing_cells" in one:
            other["missing_cells"] = one["missing_cells"]
    if [_bare(one) for one in own] != [_bare(one) for one in description["modalities"]] or form != description["task"]:
        raise usage(
            "the split does not fit the data set that is there",
            file=place / "dataset.json",
            found=f"{form}, {own}",
            expected=f"{description['task']}, {description['modalities']}",
            remedy="give all splits the same task and modalities, or another folder",
        )
    if source is not None:
        description["source"] = source
    tensors: dict[str, np.ndarray] = dict(arrays)
    if target is not None:
        tensors["target"] = np.asarray(target, dtype=np.float32 if form["kind"] == "regression" else np.int64)
    if ids is not None:
        tensors["id"] = np.asarray(ids, dtype=np.int64)
    for key, length in (lengths or {}).items():
        tensors[f"{key}.length"] = np.asarray(length, dtype=np.int64)
    if presence is not None:
        columns = [np.asarray(presence.get(key, np.ones(count)), dtype=np.uint8) for key in arrays]
        tensors["presence"] = np.stack(columns, axis=1)
    for key, array in tensors.items():
        if len(array) != count:
            raise usage("an array has another number of samples", key=key, found=len(array), expected=count)
    if unknown := sorted({*(lengths or {}), *(presence or {})} - set(arrays)):
        raise usage("there is no such modality", key=unknown[0], expected=", ".join(arrays))
    place.mkdir(parents=True, exist_ok=True)
    file = place / f"{split}.safetensors"
    safetensors_file.save(partial := place / f".{file.name}.partial", tensors)
    os.replace(partial, file)
    description["splits"][split] = {"file": file.name, "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
    (partial := place / ".dataset.json.partial").write_text(
        json.dumps(description, indent=2, ensure_ascii=False) + "\n"
    )
    os.replace(partial, place / "dataset.json")


def _description(folder: Path) -> dict[str, Any] | None:
    file = folder / "dataset.json"
    if not file.exists():
        return None
    try:
        content = json.loads(file.read_text())
        _ = content["modalities"], content["splits"], content["task"]["kind"]
        return content
    except (ValueError, KeyError, TypeError) as error:
        raise bad_data("the data set's description cannot be read", file=file, found=error) from error


def _modality(name: str, array: np.ndarray) -> dict[str, Any]:
    if array.ndim not in KINDS:
        raise usage("an array has no form of a modality", key=name, found=list(array.shape), expected="2, 3 or 4 axes")
    if "." in name or name in ("target", "presence", "id", ""):
        raise usage(
            "a modality cannot have this name",
            key=name,
            expected="a name without dots that is not target, presence or id",
        )
    kind, keys = KINDS[array.ndim]
    cells = {"missing_cells": "mean"} if np.isnan(array).any() else {}
    return {"name": name, "kind": kind, **dict(zip(keys, array.shape[1:])), **cells}


def _bare(modality: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in modality.items() if key != "missing_cells"}


def _task(task: str | Mapping[str, Any], target: Any, known: Mapping[str, Any] | None) -> dict[str, Any]:
    form = {"kind": task} if isinstance(task, str) else dict(task)
    if form.get("kind") not in ("regression", "classification", "segmentation"):
        raise usage(
            "there is no such task",
            key="task",
            found=form.get("kind"),
            expected="regression, classification or segmentation",
        )
    if form["kind"] == "regression" or "classes" in form:
        return form
    if known is not None and known["task"]["kind"] == form["kind"]:
        return {**known["task"], **form}
    if target is None:
        raise usage(
            "the number of classes is not known",
            key="task.classes",
            remedy="give a target, or the task with its classes",
        )
    return {**form, "classes": int(np.max(target)) + 1}
