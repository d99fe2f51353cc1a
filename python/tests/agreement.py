"""How far a loaded model is from the program."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch.utils.data import DataLoader

import polyphony
from polyphony import safetensors_file


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
