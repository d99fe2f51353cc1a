"""`polyphony export`: the bundled code predicts as the program, without this package and without NumPy."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

import polyphony
from agreement import by_program, difference, predicted
from conftest import ROOT, SMALL
from polyphony.program import run
from test_documents import few_numerals, python_blocks

ARTICLE = ROOT / "Sources" / "Polyphony" / "Polyphony.docc" / "Export.md"
TOLERANCE = 1e-5
SETTINGS = {"training.epochs": 1, "training.learning_rate": 0.02}


def export(model: Path, form: str, output: Path, adapter: Path | None = None) -> Path:
    """Runs the command."""
    more = [] if adapter is None else ["--adapter", str(adapter)]
    run(["export", "--model", str(model), "--format", form, "--output", str(output), *more])
    return output


def bundle(folder: Path) -> ModuleType:
    """Imports the code of an exported folder."""
    name = f"modeling_of_{folder.name.replace('-', '_')}"
    spec = importlib.util.spec_from_file_location(name, folder / "modeling_polyphony.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("architecture", "method"),
    [("late_fusion", "prompts"), ("early_fusion", None), ("mult", "wander")],
)
def test_sequences(architecture: str, method: str | None, sequences: Path, trained, place: Path) -> None:
    model, adapter = trained(architecture, sequences), None
    if method is not None:
        output = place / f"for-export-{architecture}"
        polyphony.tune(model, sequences, method, output, set=SETTINGS, missing="sample:0.4")
        adapter = output / "adapter"
    folder = export(model, "pytorch", place / f"exported-{architecture}", adapter)
    loaded = bundle(folder).load(folder)
    assert type(loaded).__module__ != polyphony.load(model).__class__.__module__
    expected = by_program(model, sequences, adapter, place / "predictions.safetensors")
    assert difference(predicted(loaded, sequences), expected) <= TOLERANCE
    # The package reads such a folder too, with its adapter.
    assert difference(predicted(polyphony.load(folder), sequences), expected) <= TOLERANCE
    loaded.train()
    loaded({name: torch.randn(2, *shape) for name, shape in shapes(loaded).items()}).prediction.sum().backward()
    trainable = [value for value in loaded.parameters() if value.requires_grad]
    assert any(value.grad is not None and value.grad.abs().sum() > 0 for value in trainable)


def shapes(model: torch.nn.Module) -> dict[str, tuple[int, int]]:
    """The shape of a sample of each modality."""
    return {modality["name"]: (modality["length"], modality["features"]) for modality in model.modalities}  # type: ignore


@pytest.mark.parametrize("architecture", ["deeplab_v3plus", "unet"])
def test_images(architecture: str, images: Path, trained, place: Path) -> None:
    model, output = trained(architecture, images), place / f"for-export-{architecture}"
    polyphony.tune(model, images, "mean_fill", output, set=SETTINGS, missing="sample:0.4")
    adapter = output / "adapter"
    folder = export(model, "pytorch", place / f"exported-{architecture}", adapter)
    expected = by_program(model, images, adapter, place / "predictions.safetensors")
    assert difference(predicted(bundle(folder).load(folder), images), expected) <= TOLERANCE


ALONE = """
import sys, json
sys.modules["numpy"] = sys.modules["polyphony"] = sys.modules["safetensors"] = None
from modeling_polyphony import Path, _read_tensors, load
model = load(".")
split = _read_tensors(Path(sys.argv[1]))
presence = split.pop("presence")
print(json.dumps(model(split, presence=presence).prediction.tolist()))
"""


def test_torch_alone(sequences: Path, trained, place: Path) -> None:
    """A stack of two adapters, in a process that can import neither NumPy nor this package."""
    model, adapter = trained("late_fusion", sequences), None
    for method in ("lora", "zero_fill"):
        output = place / f"for-export-stack-{method}"
        polyphony.tune(model, sequences, method, output, adapter=adapter, set=SETTINGS, missing="sample:0.4")
        adapter = output / "adapter"
    folder = export(model, "pytorch", place / "exported-alone", adapter)
    split = sequences / "test.safetensors"
    variables = {**os.environ, "PYTHONPATH": str(Path(torch.__file__).parents[1])}
    told = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ALONE, str(split)],
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
    )
    assert told.returncode == 0, told.stderr
    expected = by_program(model, sequences, adapter, place / "predictions.safetensors")["prediction"]
    assert np.abs(np.array(json.loads(told.stdout)) - expected).max() <= TOLERANCE


def test_model_card(sequences: Path, trained, place: Path) -> None:
    """The hub's own reader finds the figures of the run."""
    hub = pytest.importorskip("huggingface_hub", reason="huggingface_hub is not installed")
    model = trained("late_fusion", sequences)
    folder = export(model, "huggingface", place / "exported-hub")
    data = hub.ModelCard.load(folder / "README.md").data
    row = json.loads((model.parent / "results.json").read_text())["results"][0]
    assert (data.library_name, data.datasets) == ("polyphony", ["random"])
    assert data.metrics == list(row["metrics"])
    found = {result.metric_type: result.metric_value for result in data.eval_results}
    assert found == {name: figures["mean"] for name, figures in row["metrics"].items() if figures}
    assert {(result.dataset_name, result.dataset_split) for result in data.eval_results} == {("random", "test")}


def test_article(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Python of the article runs in an exported folder."""
    monkeypatch.setenv("POLYPHONY", os.path.abspath(os.environ["POLYPHONY"]))
    few_numerals(tmp_path / "data")
    base = tmp_path / "base"
    polyphony.train(tmp_path / "data", base, architecture="late_fusion", set=SMALL)
    polyphony.tune(base / "model", tmp_path / "data", "prompts", tmp_path / "prompted", set=SETTINGS, missing="sample:0.7")
    folder = export(base, "pytorch", tmp_path / "exported", tmp_path / "prompted")
    export(base, "onnx", folder / "graph", tmp_path / "prompted")
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(folder))
    names: dict[str, object] = {}
    exec(compile(python_blocks(ARTICLE), ARTICLE.name, "exec"), names)
    sys.modules.pop("modeling_polyphony")
    assert names["prediction"].shape == (4, 10)  # type: ignore[attr-defined]
