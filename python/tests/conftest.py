"""Data and models that several tests share. The program is the one that POLYPHONY names, or the release build."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

import polyphony
from polyphony.safetensors_file import load

ROOT = Path(__file__).resolve().parents[2]
SMALL = {
    "training.epochs": 1,
    "training.learning_rate": 0.02,
    "training.batch_size": 8,
    "model.width": 8,
    "model.heads": 2,
    "model.layers": 1,
}
"""A model that trains in less than a second."""


def pytest_configure() -> None:
    if "POLYPHONY" not in os.environ:
        os.environ["POLYPHONY"] = str(ROOT / ".build" / "release" / "polyphony")


def patterns(samples: int, modalities: int) -> np.ndarray:
    """Every pattern of present modalities in turn, `[N, M]`."""
    return np.array([[code >> place & 1 for place in range(modalities)] for code in _codes(samples, modalities)])


def _codes(samples: int, modalities: int) -> list[int]:
    return [1 + row % (2**modalities - 1) for row in range(samples)]


def write(
    folder: Path, modalities: dict[str, tuple[int, ...]], lengths: tuple[str, ...], cells: str | None = None
) -> Path:
    """A data set of random numbers. Its test split has every pattern of missing modalities."""
    random = np.random.default_rng(0)
    for start, (split, count) in enumerate((("train", 24), ("valid", 14), ("test", 30))):
        values = {name: 2 + 3 * random.normal(size=(count, *shape)) for name, shape in modalities.items()}
        if cells is not None:
            values[cells][random.random(values[cells].shape) < 0.2] = np.nan
        here = patterns(count, len(modalities)) if split == "test" else None
        polyphony.write_dataset(
            folder,
            name="random",
            task={"kind": "classification", "classes": 3},
            modalities=values,
            lengths={name: random.integers(1, modalities[name][0] + 1, size=count) for name in lengths},
            presence=None if here is None else dict(zip(modalities, here.T)),
            target=random.integers(0, 3, size=count),
            ids=np.arange(count) + 100 * start,
            split=split,
        )
    return folder


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("polyphony")


@pytest.fixture(scope="session")
def sequences(place: Path) -> Path:
    """Three sequences under the published names, one of which has padding."""
    shapes = {"text": (6, 5), "audio": (5, 4), "vision": (4, 8)}
    return write(place / "sequences", shapes, lengths=("audio",))


@pytest.fixture(scope="session")
def mixed(place: Path) -> Path:
    """Four modalities of other names: two sequences with padding, two vectors, of which one has missing cells."""
    shapes: dict[str, tuple[int, ...]] = {"motion": (5, 3), "type": (4,), "force": (2,), "sound": (7, 3)}
    return write(place / "mixed", shapes, lengths=("motion", "sound"), cells="force")


@pytest.fixture(scope="session")
def images(place: Path) -> Path:
    """Segmentation of two images."""
    random = np.random.default_rng(1)
    folder = place / "images"
    for split, count in (("train", 6), ("valid", 3), ("test", 7)):
        here = patterns(count, 2)
        polyphony.write_dataset(
            folder,
            name="images",
            task={"kind": "segmentation", "classes": 3},
            modalities={"near": random.normal(size=(count, 2, 33, 34)), "far": random.normal(size=(count, 1, 33, 34))},
            presence={"near": here[:, 0], "far": here[:, 1]} if split == "test" else None,
            target=random.integers(0, 3, size=(count, 33, 34)),
            split=split,
        )
    return folder


@pytest.fixture(scope="session")
def trained(place: Path):
    """Trains a small model of an architecture once for all tests, and returns its folder."""
    made: dict[tuple[str, Path], Path] = {}

    def train(architecture: str, data: Path) -> Path:
        key = (architecture, data)
        if key not in made:
            output = place / f"{architecture}-{data.name}"
            settings = {**SMALL, **({"model.causal": True} if architecture == "mult" else {})}
            polyphony.train(data, output, architecture=architecture, set=settings)
            made[key] = output / "model"
        return made[key]

    return train


@pytest.fixture(scope="session")
def adapter(place: Path, sequences: Path, trained) -> Path:
    """An adapter with which samples may lack modalities."""
    settings = {"training.epochs": 1}
    polyphony.tune(trained("late_fusion", sequences), sequences, "zero_fill", place / "served", set=settings)
    return place / "served" / "adapter"


@pytest.fixture(scope="session")
def tensors(sequences: Path) -> dict[str, np.ndarray]:
    """The samples of the test split, which lack modalities in every pattern."""
    found = {name: array for name, array in load(sequences / "test.safetensors")[0].items()}
    found["presence"] = found["presence"].astype(bool)
    return {name: np.ascontiguousarray(found[name]) for name in found if name not in ("target", "id")}


@pytest.fixture(scope="session")
def expected(adapter: Path, sequences: Path, place: Path, trained) -> np.ndarray:
    """What `predict` says of them."""
    model = trained("late_fusion", sequences)
    polyphony.predict(model, sequences, adapter=adapter, output=place / "served.safetensors")
    return load(place / "served.safetensors")[0]["prediction"]
