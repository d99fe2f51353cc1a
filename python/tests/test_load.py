"""A table of architectures and adapters: the largest difference from the program over all patterns of what is missing.

Its columns are the Python package and ONNX Runtime, with the graph of `polyphony export --format onnx`.
POLYPHONY_TABLE=full computes every cell. Without it each architecture has the methods that act differently on it.
"""

from __future__ import annotations

import functools
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

import polyphony
from agreement import by_graph, by_program, difference, predicted
from conftest import SMALL

TOLERANCE = 1e-5
TUNING = "full,head,bitfit,lora,ia3,adapter,compacter,prefix,prompt,wander,lmf,concat,cross_attention,moka".split(",")
FILLS = "zero_fill,mean_fill,modality_dropout,frozen_modality_dropout".split(",")
MISSING = ["prompts", *FILLS, "missing_aware_prompts", "reconstruction", "retrieval"]
FEW = {
    "late_fusion": [name for name in TUNING + MISSING if name not in ("full", "head", "lmf", *FILLS[2:])],
    "early_fusion": "prompt,wander,missing_aware_prompts".split(","),
    "encoder_fusion": "prompt,lmf,moka,prompts".split(","),
    "mult": "full,lora,prefix,prompt,wander,prompts".split(","),
    "prompted_mult": ["prompts", "lora"],
}
SEQUENCES = list(FEW)
SETTINGS = {
    "lora": {"rank": 2, "targets": ["q", "k", "v", "out", "fc1", "fc2"]},
    "adapter": {"variant": "houlsby", "bottleneck": 4},
    "compacter": {"rank": 2},
    "prefix": {"hidden": 3, "length": 3},
    "prompt": {"length": 3},
    "prompts": {"type": True},
}
"""Settings other than the defaults; methods of one run share keys of one name."""
ROWS: list[str] = []


@pytest.fixture(scope="module", autouse=True)
def table():
    yield
    print("\n" + "\n".join([f"{'largest difference from the program':78} {'python':>7} {'onnx':>7}", *ROWS]))


@functools.cache
def of_base(model: Path, data: Path) -> dict[str, np.ndarray]:
    """What a model without adapters predicts."""
    return predicted(polyphony.load(model), data)


def check(name: str, model: Path, data: Path, adapter: Path | None, place: Path) -> float:
    """Compares one cell, and returns how far the adapter's predictions are from the base's."""
    loaded = polyphony.load(model, adapter)
    own = predicted(loaded, data)
    program = by_program(model, data, adapter, place / "predictions.safetensors")
    found = difference(own, program), difference(by_graph(model, data, adapter, place / "graph"), program)
    ROWS.append(f"{name:78} {found[0]:.1e} {found[1]:.1e}")
    assert max(found) <= TOLERANCE, ROWS[-1]
    if adapter is None:
        return 0.0
    counts = json.loads((adapter / "adapter_config.json").read_text())["parameters"]
    sizes = [(parameter.numel(), parameter.requires_grad) for parameter in loaded.parameters()]
    assert sum(size for size, _ in sizes) == counts["total"], name
    assert sum(size for size, trained in sizes if trained) == counts["trainable"], name
    return difference(own, of_base(model, data))


@pytest.mark.parametrize("architecture", SEQUENCES)
def test_sequences(architecture: str, sequences: Path, trained, place: Path) -> None:
    model = trained(architecture, sequences)
    check(architecture, model, sequences, None, place)
    full = os.environ.get("POLYPHONY_TABLE") == "full"
    methods = [*TUNING, *MISSING] if full else FEW[architecture]
    if architecture == "prompted_mult" and full:
        # The methods that count steps, which its own prompts append, are not of this table.
        methods = [
            name for name in methods if name not in ("prompt", "wander", "lmf", "concat", "cross_attention", "moka", "missing_aware_prompts")
        ]
    output = place / f"tuned-{architecture}"
    settings = {key: value for key, value in SMALL.items() if not key.startswith("model.")}
    for method in methods:
        settings |= {f"tuning.{key}": value for key, value in SETTINGS.get(method, {}).items()}
    polyphony.tune(model, sequences, methods, output, set=settings, missing="sample:0.4")
    for method in methods:
        change = check(f"{architecture} {method}", model, sequences, output / method / "adapter", place)
        assert change > 1e-4 or method in ("zero_fill", "mean_fill"), f"{method} changes nothing"


@pytest.mark.parametrize("architecture", ["late_fusion", "early_fusion", "encoder_fusion", "mult"])
def test_other_forms(architecture: str, mixed: Path, trained, place: Path) -> None:
    """Vectors, missing cells, four modalities, and the other forms of fusions and prompts."""
    model = trained(architecture, mixed)
    check(f"{architecture}, 4 modalities", model, mixed, None, place)
    forms: list[dict[str, dict[str, object]]] = [
        {
            "wander": {"placement": "every", "constant": False, "steps": 3},
            "prompts": {"form": "light", "grid": 3, "length": 2},
        }
    ]
    if architecture == "late_fusion":
        forms = [
            {
                "wander": {"readout": "first", "steps": 3},
                "prompts": {"form": "published", "length": 2, "signal": False},
                "adapter": {"variant": "pfeiffer"},
                "lora": {"rank_stabilized": True, "rank": 3},
            },
            {"lmf": {"placement": "every"}, "prompts": {"generative": False}},
            {"prompts": {"type": False, "form": "shared"}},
        ]
    for number, methods in enumerate(forms):
        output = place / f"forms-{architecture}-{number}"
        own = {key: value for key, value in SMALL.items() if not key.startswith("model.")}
        own |= {f"tuning.{key}": value for settings in methods.values() for key, value in settings.items()}
        polyphony.tune(model, mixed, list(methods), output, set=own, missing="sample:0.4")
        for method, settings in methods.items():
            adapter = output / method / "adapter" if len(methods) > 1 else output / "adapter"
            told = ", ".join(f"{key} {value}" for key, value in settings.items())
            check(f"{architecture}, 4 modalities, {method}: {told}", model, mixed, adapter, place)


def test_newest_first(sequences: Path, place: Path) -> None:
    """`mult` reads the first step of a sequence that is newest first."""
    folder, output = place / "newest", place / "mult-newest"
    shutil.copytree(sequences, folder)
    description = json.loads((folder / "dataset.json").read_text())
    for modality in description["modalities"][:2]:
        modality["order"] = "newest_first"
    (folder / "dataset.json").write_text(json.dumps(description))
    polyphony.train(folder, output, architecture="mult", set=SMALL)
    check("mult, newest first", output / "model", folder, None, place)


def test_images(images: Path, trained, place: Path) -> None:
    model = trained("deeplab_v3plus", images)
    check("deeplab_v3plus", model, images, None, place)
    settings = {"training.epochs": 1, "training.learning_rate": 0.02}
    methods = ["mean_fill", "bitfit", "adapter"]
    polyphony.tune(model, images, methods, place / "tuned-images", set=settings, missing="sample:0.4")
    for method in methods:
        check(f"deeplab_v3plus {method}", model, images, place / "tuned-images" / method / "adapter", place)
    polyphony.adapt(model, images, "norm", place / "adapted-images")
    unet = trained("unet", images)
    check("unet", unet, images, None, place)
    methods = ["lora", "adapter", "prompts", "shared_specific"]
    polyphony.tune(unet, images, methods, place / "tuned-unet", set=settings, missing="sample:0.4")
    for method in methods:
        assert check(f"unet {method}", unet, images, place / "tuned-unet" / method / "adapter", place) > 1e-4
    change = check("deeplab_v3plus norm", model, images, place / "adapted-images" / "adapter", place)
    assert change > 1e-4


def test_adapted(sequences: Path, trained, place: Path) -> None:
    model = trained("late_fusion", sequences)
    methods = ["casp", "read", "inputs"]
    settings = {"adaptation.learning_rate": 0.05}
    polyphony.adapt(model, sequences, methods, place / "adapted", set=settings)
    for method in methods:
        check(f"late_fusion {method}", model, sequences, place / "adapted" / method / "adapter", place)


def test_stack(sequences: Path, trained, place: Path) -> None:
    """An adapter on an adapter on an adapter."""
    model = trained("late_fusion", sequences)
    adapter = None
    for method in ("lora", "ia3", "prompts", "wander"):
        output = place / f"stack-{method}"
        settings = {"training.epochs": 1, "training.learning_rate": 0.02}
        polyphony.tune(model, sequences, method, output, adapter=adapter, set=settings, missing="sample:0.4")
        adapter = output / "adapter"
    check("late_fusion lora, ia3, prompts, wander", model, sequences, adapter, place)


def test_several_targets(place: Path) -> None:
    """A regression with two targets has two outputs."""
    random, data = np.random.default_rng(3), place / "targets"
    for split, count in (("train", 16), ("valid", 8), ("test", 8)):
        polyphony.write_dataset(
            data,
            name="targets",
            task={"kind": "regression", "targets": ["joy", "fear"]},
            modalities={"force": random.normal(size=(count, 2))},
            target=random.normal(size=(count, 2)),
            split=split,
        )
    assert polyphony.Dataset(data, "test")[0]["target"].shape == (2,)
    polyphony.train(data, place / "of-targets", architecture="late_fusion", set=SMALL)
    model = place / "of-targets" / "model"
    expected = by_program(model, data, None, place / "predictions.safetensors")
    assert expected["prediction"].shape == (8, 2)
    assert difference(predicted(polyphony.load(model), data), expected) <= TOLERANCE
