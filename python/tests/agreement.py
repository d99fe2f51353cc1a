"""How far a loaded model, and an exported graph, are from the program."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from torch.utils.data import DataLoader

import polyphony
from polyphony import program, safetensors_file


def predicted(model: torch.nn.Module, data: Path, batch: int = 7) -> dict[str, np.ndarray]:
    """Predictions and representations of the test split, in batches."""
    with torch.inference_mode():
        outputs = [model(samples) for samples in DataLoader(polyphony.Dataset(data, "test"), batch_size=batch)]
    return {
        "prediction": torch.cat([output.prediction for output in outputs]).numpy(),
        "representation": torch.cat([output.representation for output in outputs]).numpy(),
    }


def by_program(model: Path, data: Path, adapter: Path | None, file: Path) -> dict[str, np.ndarray]:
    """What `polyphony predict` writes."""
    polyphony.predict(model, data, adapter=adapter, output=file)
    return safetensors_file.load(file)[0]


def difference(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> float:
    """The largest difference of predictions and representations, relative to the largest number above 1."""
    assert all(one[key].shape == other[key].shape for key in ("prediction", "representation"))
    return max(
        float(np.abs(one[key] - other[key]).max() / max(1.0, float(np.abs(other[key]).max())))
        for key in ("prediction", "representation")
    )


def by_graph(model: Path, data: Path, adapter: Path | None, folder: Path, batch: int = 7) -> dict[str, np.ndarray]:
    """What ONNX Runtime computes for the test split with the graph of `polyphony export --format onnx`, in batches."""
    session = exported(model, adapter, folder)
    batches = [run_graph(session, samples) for samples in DataLoader(polyphony.Dataset(data, "test"), batch_size=batch)]
    return {key: np.concatenate([one[key] for one in batches]) for key in batches[0]}


def exported(model: Path, adapter: Path | None, folder: Path) -> onnxruntime.InferenceSession:
    """Exports a graph, lets ONNX check it, and opens it."""
    words = ["export", "--model", str(model), "--format", "onnx", "--output", str(folder)]
    program.run([*words, "--adapter", str(adapter)] if adapter else words)
    file = folder / "model.onnx"
    onnx.checker.check_model(str(file), full_check=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])


def run_graph(session: onnxruntime.InferenceSession, samples: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Runs a graph. Where the samples have no lengths or no presence, every step and modality is there."""
    inputs = [entry.name for entry in session.get_inputs()]
    names = [name for name in inputs if name != "presence" and not name.endswith(".length")]
    given = {name: samples[name].numpy().astype(np.float32) for name in names}
    count = len(given[names[0]])
    for name in names:
        if f"{name}.length" in inputs:
            length = samples.get(f"{name}.length", torch.full([count], given[name].shape[1]))
            given[f"{name}.length"] = length.numpy()
    presence = samples.get("presence", {name: torch.ones(count) for name in names})
    given["presence"] = np.stack([presence[name].numpy() for name in names], axis=1).astype(np.float32)
    outputs = [entry.name for entry in session.get_outputs()]
    return dict(zip(outputs, session.run(outputs, given)))
