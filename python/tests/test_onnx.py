"""ONNX graphs: names, free sizes, and the results at batch sizes and lengths other than those of the data.

`test_load.py` compares the graph of every architecture and adapter with the program.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch

import polyphony
from agreement import difference, exported, run_graph
from conftest import SMALL
from polyphony import safetensors_file
from polyphony.models.architectures import build

TOLERANCE = 1e-5
METHODS = {
    "late_fusion": {"wander": {"placement": "every"}, "mean_fill": {}},
    "early_fusion": {"prompt": {"length": 2}},
    "encoder_fusion": {"prompts": {"length": 2}},
    "mult": {"wander": {}},
}
"""Methods that count steps."""
NEED_EVERY_STEP = ("prompts", "mean_fill")
"""Methods with a value for each step of the model."""
NAMES = ("text", "audio", "vision")


def sequence(name: str, features: int, length: int) -> dict[str, Any]:
    return {"name": name, "kind": "sequence", "features": features, "length": length}


FORMS: dict[str, dict[str, Any]] = {
    "late_fusion of one modality": {"architecture": "late_fusion", "modalities": [sequence("text", 5, 6)]},
    "early_fusion of one modality": {"architecture": "early_fusion", "modalities": [sequence("text", 5, 6)]},
    "mult of one modality": {"architecture": "mult", "modalities": [sequence("text", 5, 6)], "memory_layers": 1},
    "odd width": {"architecture": "encoder_fusion", "width": 9, "heads": 3},
    "width of one": {"architecture": "late_fusion", "width": 1, "heads": 1},
    "causal": {"architecture": "mult", "causal": True, "memory_layers": 2},
    "hidden modalities": {"architecture": "early_fusion", "only": ["audio"]},
    "prompts of its own": {"architecture": "prompted_mult", "prompt_length": 3},
}
"""Configurations other than those that the program trains for these tests."""


def samples(count: int, steps: dict[str, int], features: dict[str, int]) -> dict[str, Any]:
    """Random numbers, padding in every modality, and every pattern of what is missing, all of it included."""
    random = np.random.default_rng(count)
    given = {name: torch.tensor(random.normal(size=(count, steps[name], features[name]))) for name in steps}
    lengths = {f"{name}.length": torch.tensor(random.integers(1, steps[name] + 1, size=count)) for name in steps}
    codes = torch.arange(count).flip(0)
    presence = {name: codes >> place & 1 == 1 for place, name in enumerate(steps)}
    return {**given, **lengths, "presence": presence}


def by_package(model: torch.nn.Module, given: dict[str, Any], needs_every_step: bool) -> dict[str, np.ndarray]:
    """What the package computes, whose model takes the given lengths in place of its own where it can."""
    own = [modality["length"] for modality in model.modalities]
    if needs_every_step:
        padded = {
            name: torch.nn.functional.pad(given[name], [0, 0, 0, length - given[name].shape[1]])
            for name, length in zip(model.names, own)
        }
        given = {**given, **padded}
    else:
        for modality in model.modalities:
            modality["length"] = given[modality["name"]].shape[1]
    with torch.inference_mode():
        output = model(given)
    for modality, length in zip(model.modalities, own):
        modality["length"] = length
    return {"prediction": output.prediction.numpy(), "representation": output.representation.numpy()}


def check(model: Path, adapter: Path | None, needs_every_step: bool, place: Path) -> None:
    """Compares one graph with the package: several batch sizes and lengths, all patterns, padding everywhere."""
    session = exported(model, adapter, place / "graph")
    loaded = polyphony.load(model, adapter)
    features = dict(zip(loaded.names, loaded.features))
    own = dict(zip(loaded.names, loaded.steps))
    shorter = {name: length - index - 1 for index, (name, length) in enumerate(own.items())}
    longer = {name: length + 3 for name, length in own.items()}
    for count, steps in [(1, own), (3, shorter), (17, own if needs_every_step else longer)]:
        given = samples(count, steps, features)
        found = difference(run_graph(session, given), by_package(loaded, given, needs_every_step))
        assert found <= TOLERANCE, f"{count} samples of {steps}: {found:.1e}"
    if needs_every_step:
        with pytest.raises(Exception, match="(?i)axis|broadcast|dimension"):
            run_graph(session, samples(2, longer, features))


@pytest.mark.parametrize("architecture", list(METHODS))
def test_batches_and_lengths(architecture: str, sequences: Path, trained, place: Path) -> None:
    model = trained(architecture, sequences)
    settings = {key: value for key, value in SMALL.items() if not key.startswith("model.")}
    check(model, None, False, place)
    for method, changes in METHODS[architecture].items():
        output = place / f"onnx-{architecture}-{method}"
        own = settings | {f"tuning.{key}": value for key, value in changes.items()}
        polyphony.tune(model, sequences, method, output, set=own, missing="sample:0.4")
        check(model, output / "adapter", method in NEED_EVERY_STEP, place)


@pytest.mark.parametrize("form", list(FORMS))
def test_forms(form: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    modalities = [sequence("text", 5, 6), sequence("audio", 4, 5), sequence("vision", 8, 4)]
    statistics = {"text": {"mean": [0.5] * 5, "std": [2.0] * 5}}
    shared = {"modalities": modalities, "width": 8, "heads": 2, "layers": 1, "task": {"kind": "regression"}}
    model = build({**shared, "normalization": statistics, **FORMS[form]}).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    polyphony.save(model, tmp_path / "model")
    check(tmp_path / "model", None, FORMS[form]["architecture"] == "prompted_mult", tmp_path)


def test_names_and_sizes(sequences: Path, trained, place: Path) -> None:
    """Inputs, outputs and initialisers have the names of the data and of model.safetensors."""
    model = trained("late_fusion", sequences)
    exported(model, None, place / "graph")
    graph = onnx.load(place / "graph" / "model.onnx").graph

    def shapes(entries) -> dict[str, list[object]]:
        return {
            entry.name: [axis.dim_param or axis.dim_value for axis in entry.type.tensor_type.shape.dim]
            for entry in entries
        }

    assert shapes(graph.input) == {
        "text": ["batch", "text.steps", 5],
        "audio": ["batch", "audio.steps", 4],
        "vision": ["batch", "vision.steps", 8],
        **{f"{name}.length": ["batch"] for name in NAMES},
        "presence": ["batch", 3],
    }
    assert shapes(graph.output) == {"prediction": ["batch", 3], "representation": ["batch", 24]}
    weights = safetensors_file.load(model / "model.safetensors")[0]
    initializers = {entry.name: onnx.numpy_helper.to_array(entry) for entry in graph.initializer}
    for name, array in weights.items():
        assert np.array_equal(initializers[name], array), name


def test_published_names(tmp_path: Path) -> None:
    modalities = [sequence(name, 4, 5) for name in NAMES]
    own = {"architecture": "prompted_mult", "modalities": modalities, "width": 8, "heads": 2, "layers": 1}
    model = tmp_path / "model"
    polyphony.save(build({**own, "task": {"kind": "regression"}}), model)
    exported(model, None, tmp_path / "graph")
    graph = onnx.load(tmp_path / "graph" / "model.onnx").graph
    names = {entry.name for entry in graph.initializer}
    weights = set(safetensors_file.load(model / "model.safetensors")[0])
    assert "trans_l_with_a.layers.0.fc1.weight" in weights and weights <= names


def test_merged_adapter(sequences: Path, trained, place: Path) -> None:
    """LoRA leaves no part of its own in the graph: the base's initialisers have the changed values."""
    model = trained("late_fusion", sequences)
    settings = {"training.epochs": 1, "training.learning_rate": 0.05}
    polyphony.tune(model, sequences, "lora", place / "onnx-merged", set=settings)
    exported(model, place / "onnx-merged" / "adapter", place / "graph")
    merged = onnx.load(place / "graph" / "model.onnx").graph
    exported(model, None, place / "graph")
    base = onnx.load(place / "graph" / "model.onnx").graph
    assert [node.op_type for node in merged.node] == [node.op_type for node in base.node]
    assert [entry.name for entry in merged.initializer] == [entry.name for entry in base.initializer]
    name = "encoders.0.layers.0.self_attn.in_proj_weight"
    arrays = [
        next(onnx.numpy_helper.to_array(entry) for entry in graph.initializer if entry.name == name)
        for graph in (merged, base)
    ]
    assert not np.array_equal(*arrays)


def test_a_missing_modality_is_not_read(sequences: Path, trained, place: Path) -> None:
    """Values of a missing modality, even those that are no numbers, change nothing."""
    session = exported(trained("mult", sequences), None, place / "graph")
    given = samples(7, {"text": 6, "audio": 5, "vision": 4}, {"text": 5, "audio": 4, "vision": 8})
    other = copy.deepcopy(given)
    for name, present in given["presence"].items():
        other[name][present == 0] = torch.nan
    one, two = run_graph(session, given), run_graph(session, other)
    assert all(np.array_equal(one[key], two[key]) for key in one)
