"""Missing modalities, training, saving, and what is refused, without the program."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
import torch

import polyphony
from polyphony import PolyphonyError
from polyphony.methods.settings import Settings
from polyphony.methods.table import install
from polyphony.models.architectures import ARCHITECTURES, OF_IMAGES, build

MODALITIES = [
    {"name": "text", "kind": "sequence", "features": 5, "length": 6},
    {"name": "type", "kind": "vector", "features": 3},
]


def config(architecture: str = "late_fusion", **changes: object) -> dict:
    own = {
        "architecture": architecture,
        "modalities": MODALITIES,
        "width": 8,
        "heads": 2,
        "layers": 1,
        "task": {"kind": "regression"},
    }
    return {**own, **changes}


def batch(count: int = 4) -> dict[str, torch.Tensor]:
    return {"text": torch.randn(count, 6, 5), "type": torch.randn(count, 3)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    polyphony.save(build(config()).eval(), tmp_path / "model")
    return tmp_path / "model"


def test_a_saved_model_loads_alike(folder: Path) -> None:
    one, given = polyphony.load(folder), batch()
    polyphony.save(one, folder.parent / "copy")
    assert torch.equal(one(given).prediction, polyphony.load(folder.parent / "copy")(given).prediction)
    assert torch.equal(one(given).prediction, copy.deepcopy(one)(**given).prediction)


def test_missing_modalities_in_every_form() -> None:
    model, given = build(config()).eval(), batch()
    install("zero_fill", model, Settings({}))
    expected = model({**given, "presence": torch.tensor([[True, False]] * 4)}).prediction
    for other in (
        model(text=given["text"]),
        model({"text": given["text"], "type": None}),
        model({**given, "presence": {"type": torch.zeros(4)}}),
    ):
        assert torch.equal(other.prediction, expected)


def test_a_config_may_hide_a_modality() -> None:
    given = batch()
    model = build(config(only=["text"])).eval()
    assert torch.equal(model(given).prediction, model(text=given["text"]).prediction)


def test_missing_cells_are_the_mean() -> None:
    statistics = {"type": {"mean": [1.0, 2.0, 3.0], "std": [2.0, 2.0, 2.0]}}
    modalities = [MODALITIES[0], {**MODALITIES[1], "missing_cells": "mean"}]
    model, given = build(config(modalities=modalities, normalization=statistics)).eval(), batch()
    given["type"][:, 1] = torch.nan
    filled = {**given, "type": given["type"].nan_to_num(2.0)}
    assert torch.equal(model(given).prediction, model(filled).prediction)


@pytest.mark.parametrize("method", ["lora", "wander", "prompts", "prefix"])
def test_methods_get_gradients(method: str) -> None:
    torch.manual_seed(0)
    settings = {
        "lora": {"rank": 2, "alpha": 4.0, "rank_stabilized": False, "targets": ["v_proj"]},
        "wander": dict(
            bottleneck=2, feature_rank=2, token_rank=2, steps=1, constant=True, placement="last", readout="mean"
        ),
        "prompts": dict(form="auto", length=2, grid=4, generative=True, signal=True, type=True),
        "prefix": {"length": 2, "hidden": 3},
    }
    model, given = build(config()), batch()
    part = install(method, model, Settings(settings[method]))
    assert part is not None
    for parameter in part.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    model.double().eval()
    named = dict(part.named_parameters())
    presence = torch.tensor([[1, 1], [0, 1], [1, 0], [1, 1]]).bool()
    model({**given, "presence": presence}).prediction.square().sum().backward()
    for name, parameter in named.items():
        assert parameter.grad is not None and bool(parameter.grad.abs().sum() > 0), name
        # A finite difference along the gradient.
        direction, step = parameter.grad / parameter.grad.norm(), 1e-5
        with torch.no_grad():
            values = []
            for sign in (1, -1):
                parameter.add_(direction, alpha=sign * step)
                values.append(model({**given, "presence": presence}).prediction.square().sum())
                parameter.sub_(direction, alpha=sign * step)
        slope = float(values[0] - values[1]) / (2 * step)
        assert slope == pytest.approx(float(parameter.grad.norm()), rel=1e-4), name


@pytest.mark.parametrize("architecture", [name for name in ARCHITECTURES if name not in OF_IMAGES])
def test_training_lowers_the_loss(architecture: str) -> None:
    torch.manual_seed(0)
    model, given, target = build(config(architecture)), batch(16), torch.randn(16, 1)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    losses = []
    for _ in range(8):
        loss = (model(given).prediction - target).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.9 * losses[0]


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({"text": torch.zeros(2, 6, 5)}, "type"),
        ({"txet": torch.zeros(2, 6, 5)}, "txet"),
        ({"text": torch.zeros(2, 5, 5), "type": torch.zeros(2, 3)}, "text"),
        ({"text": torch.zeros(2, 6, 5), "type": torch.zeros(3, 3)}, "type"),
        ({"text": torch.zeros(2, 6, 5), "type": torch.zeros(2, 3), "text.length": torch.ones(3)}, "text.length"),
        (
            {"text": torch.zeros(2, 6, 5), "type": torch.zeros(2, 3), "presence": {"tpye": torch.ones(2)}},
            "presence.tpye",
        ),
        ({"text": None}, None),
    ],
)
def test_refused_inputs(given: dict, key: str | None) -> None:
    with pytest.raises(PolyphonyError) as caught:
        build(config())(given)
    assert (caught.value.kind, caught.value.key) == ("usage", key)


def change(folder: Path, file: str, **changes: object) -> None:
    content = json.loads((folder / file).read_text())
    (folder / file).write_text(json.dumps({**content, **changes}))


def test_refused_models(folder: Path) -> None:
    cases = [
        ({"architecture": "gated_fusion"}, "usage", "architecture"),
        ({"modalities": [{**MODALITIES[0], "kind": "tokens"}]}, "usage", "modalities.text"),
        ({"layers": 2}, "data", "encoders.0.layers.1.self_attn.out_proj.weight"),
    ]
    for changes, kind, key in cases:
        before = (folder / "config.json").read_text()
        change(folder, "config.json", **changes)
        with pytest.raises(PolyphonyError) as caught:
            polyphony.load(folder)
        assert (caught.value.kind, caught.value.key) == (kind, key)
        (folder / "config.json").write_text(before)
    with pytest.raises(PolyphonyError, match="no model at this path"):
        polyphony.load(folder / "elsewhere")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    with pytest.raises(PolyphonyError, match="damaged"):
        polyphony.load(folder)


LORA = {"method": None, "peft_type": "LORA", "r": 2, "lora_alpha": 4, "target_modules": ["q_proj"]}
IA3 = {
    "method": None,
    "peft_type": "IA3",
    "target_modules": ["k_proj", "v_proj", "fc2"],
    "feedforward_modules": ["fc2"],
}


def test_refused_adapters(folder: Path, tmp_path: Path) -> None:
    import hashlib

    adapter = tmp_path / "adapter"
    adapter.mkdir()
    own = {
        "method": "gradient_magic",
        "base_sha256": hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest(),
        "modalities": ["text", "type"],
        "settings": {},
    }
    (adapter / "adapter_config.json").write_text(json.dumps(own))
    for changes, kind, key in [
        ({}, "usage", "method"),
        ({"base_sha256": "0"}, "usage", "base_sha256"),
        ({"modalities": ["text"]}, "usage", "modalities"),
        ({"method": "adapter"}, "data", "settings.bottleneck"),
        ({"beneath_sha256": "0"}, "data", "beneath_sha256"),
        ({"method": "lora"}, "data", "peft_type"),
        (LORA | {"peft_type": "LOHA"}, "data", "peft_type"),
        (LORA | {"r": None}, "data", "r"),
        (LORA | {"r": 10**12}, "data", "r"),
        (LORA | {"lora_alpha": 0}, "data", "lora_alpha"),
        (LORA | {"target_modules": ["query"]}, "data", "target_modules"),
        (LORA | {"target_modules": "q_.*"}, "data", "target_modules"),
        (LORA | {"bias": "all"}, "data", "bias"),
        (LORA | {"use_dora": True}, "data", "use_dora"),
        (LORA | {"rank_pattern": {"fc1": 2}}, "data", "rank_pattern"),
        (LORA | {"layers_to_transform": 0}, "data", "layers_to_transform"),
        (LORA | {"init_lora_weights": "pissa"}, "data", "init_lora_weights"),
        (IA3 | {"target_modules": ["k_proj", "fc2"]}, "data", "target_modules"),
        (IA3 | {"feedforward_modules": []}, "data", "feedforward_modules"),
    ]:
        before = (adapter / "adapter_config.json").read_text()
        change(adapter, "adapter_config.json", **changes)
        with pytest.raises(PolyphonyError) as caught:
            polyphony.load(folder, adapter)
        assert (caught.value.kind, caught.value.key) == (kind, key)
        (adapter / "adapter_config.json").write_text(before)
