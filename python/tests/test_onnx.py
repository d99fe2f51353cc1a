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
from conftest import SMALL, patterns
from polyphony import PolyphonyError, safetensors_file

TOLERANCE = 1e-5
METHODS = {
    "late_fusion": ["wander", "prompts", "mean_fill", "prefix"],
    "early_fusion": ["prompt", "missing_aware_prompts"],
    "encoder_fusion": ["lmf", "reconstruction"],
    "mult": ["prompts", "compacter"],
    "prompted_mult": [],
}
NEED_EVERY_STEP = ("prompts", "mean_fill")
"""Methods with a value for each step of the model."""


def samples(count: int, steps: dict[str, int], features: dict[str, int]) -> dict[str, Any]:
    """Samples of random numbers, padding and patterns of missing modalities."""
    random = np.random.default_rng(count)
    given = {name: torch.tensor(random.normal(size=(count, steps[name], features[name]))) for name in steps}
    lengths = {f"{name}.length": torch.tensor(random.integers(1, steps[name] + 1, size=count)) for name in steps}
    return {**given, **lengths, "presence": dict(zip(steps, torch.tensor(patterns(count, len(steps)).T)))}


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


@pytest.mark.parametrize("architecture", list(METHODS))
def test_batches_and_lengths(architecture: str, sequences: Path, trained, place: Path) -> None:
    """One graph for every batch size and length, all patterns and padding in every modality."""
    model = trained(architecture, sequences)
    methods = METHODS[architecture]
    output = place / f"onnx-{architecture}"
    settings = {key: value for key, value in SMALL.items() if not key.startswith("model.")}
    settings |= {"tuning.length": 2, "tuning.placement": "every", "tuning.hidden": 3}
    for method in methods:
        own = {key: value for key, value in settings.items() if uses(method, key)}
        polyphony.tune(model, sequences, method, output / method, set=own, missing="sample:0.4")
    for method in [None, *methods]:
        adapter = None if method is None else output / method / "adapter"
        session = exported(model, adapter, place / "graph")
        loaded = polyphony.load(model, adapter)
        features = dict(zip(loaded.names, loaded.features))
        every = method in NEED_EVERY_STEP or architecture == "prompted_mult"
        own = dict(zip(loaded.names, loaded.steps))
        shorter = {name: length - index - 1 for index, (name, length) in enumerate(own.items())}
        longer = {name: length + 3 for name, length in own.items()}
        for count, steps in [(1, own), (3, shorter), (17, own if every else longer)]:
            given = samples(count, steps, features)
            expected = by_package(loaded, given, every)
            found = difference(run_graph(session, given), expected)
            assert found <= TOLERANCE, f"{method}, {count} samples of {steps}: {found:.1e}"
        if every:
            with pytest.raises(Exception, match="(?i)axis|broadcast|dimension"):
                run_graph(session, samples(2, longer, features))


def uses(method: str, key: str) -> bool:
    """True if a method has a setting."""
    own = {
        "tuning.length": ("prompts", "prompt", "prefix", "missing_aware_prompts"),
        "tuning.placement": ("wander", "lmf"),
        "tuning.hidden": ("prefix", "reconstruction"),
    }
    return method in own.get(key, (method,))


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
        **{f"{name}.length": ["batch"] for name in ("text", "audio", "vision")},
        "presence": ["batch", 3],
    }
    assert shapes(graph.output) == {"prediction": ["batch", 3], "representation": ["batch", 24]}
    weights = safetensors_file.load(model / "model.safetensors")[0]
    initializers = {entry.name: onnx.numpy_helper.to_array(entry) for entry in graph.initializer}
    for name, array in weights.items():
        assert np.array_equal(initializers[name], array), name


def test_published_names(sequences: Path, trained, place: Path) -> None:
    model = trained("prompted_mult", sequences)
    exported(model, None, place / "graph")
    graph = onnx.load(place / "graph" / "model.onnx").graph
    names = {entry.name for entry in graph.initializer}
    assert set(safetensors_file.load(model / "model.safetensors")[0]) <= names


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


def test_refused_name(tmp_path: Path) -> None:
    """A modality cannot have the name of another input or output."""
    random = np.random.default_rng(0)
    for split in ("train", "valid", "test"):
        polyphony.write_dataset(
            tmp_path / "data",
            name="names",
            task="regression",
            modalities={"presence": random.normal(size=(8, 3)), "b": random.normal(size=(8, 2))},
            target=random.normal(size=(8, 1)),
            split=split,
        )
    polyphony.train(tmp_path / "data", tmp_path / "run", architecture="late_fusion", set=SMALL)
    with pytest.raises(PolyphonyError, match="has a name that the ONNX graph needs") as caught:
        exported(tmp_path / "run" / "model", None, tmp_path / "graph")
    assert (caught.value.kind, caught.value.found) == ("usage", "presence")
    assert not (tmp_path / "graph").exists()
