"""The models against the golden figures of the published implementations: predictions, losses and gradients."""

from __future__ import annotations

import json

import pytest
import torch
from torch.nn import functional as F

from conftest import ROOT
from polyphony import safetensors_file
from polyphony.models.architectures import build

GOLDEN = ROOT / "Tests" / "PolyphonyTests" / "Fixtures" / "golden"


def under(tensors: dict, prefix: str) -> dict[str, torch.Tensor]:
    return {name[len(prefix) :]: torch.from_numpy(value) for name, value in tensors.items() if name.startswith(prefix)}


@pytest.mark.parametrize("name", ["late_fusion", "early_fusion", "encoder_fusion", "mult", "prompted_mult"])
def test_golden(name: str) -> None:
    tensors, metadata = safetensors_file.load(GOLDEN / f"{name}.safetensors")
    config = json.loads(metadata["config"])
    model = build(config)
    model.load_tensors(under(tensors, "weights."))
    given: dict[str, object] = dict(under(tensors, "input."))
    if "presence" in tensors:
        given["presence"] = tensors["presence"]
    prediction, _ = model(given)
    target = torch.from_numpy(tensors["target"])
    loss = F.cross_entropy if config["task"]["kind"] == "classification" else F.l1_loss
    value = loss(prediction, target)
    value.backward()
    expected = under(tensors, "grad.")
    assert torch.allclose(prediction, torch.from_numpy(tensors["prediction"]), rtol=1e-5, atol=1e-5)
    assert torch.allclose(value, torch.from_numpy(tensors["loss"]).reshape(()), rtol=1e-5)
    scale = max(gradient.abs().max() for gradient in expected.values())
    found: dict[str, list[torch.Tensor]] = {}
    for key, parameter in model.named_parameters():
        own = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
        found.setdefault(model.published_name(key), []).append(own)
    assert set(found) == set(expected)
    largest = max(float((torch.cat(found[key]) - gradient).abs().max() / scale) for key, gradient in expected.items())
    print(f"{name}: largest difference of a gradient {largest:.1e}")
    assert largest <= 1e-4
