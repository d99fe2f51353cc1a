#!/usr/bin/env python3
"""Holds the PyTorch peers to the golden figures and prints the largest relative error of each.

make bench-check
"""

import json
import sys

import torch
from torch.nn import functional as F

import package
from balance import Classifiers, encode, fuse, head_gradient
from peers import build
from polyphony import safetensors_file
from polyphony.models.layers import joined_name
from steps import contrastive_loss, task_loss

GOLDEN = package.ROOT / "Tests" / "PolyphonyTests" / "Fixtures" / "golden"
TOLERANCE, GRADIENT_TOLERANCE = 1e-5, 1e-4


def error(actual, expected):
    """The largest difference, relative to the largest expected value."""
    expected = torch.as_tensor(expected)
    if actual.numel() != expected.numel():
        return float("inf")
    return (
        (actual.detach().reshape(expected.shape) - expected).abs().max() / expected.abs().max().clamp_min(1e-12)
    ).item()


def under(tensors, prefix):
    return {name[len(prefix) :]: torch.from_numpy(value) for name, value in tensors.items() if name.startswith(prefix)}


def gradients(module, expected):
    """The largest error over all parameters, relative to the largest gradient of all."""
    scale = max(value.abs().max() for value in expected.values())
    published = getattr(module, "published_name", joined_name)
    found = {}
    for name, parameter in module.named_parameters():
        own = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
        found.setdefault(published(name), []).append(own)
    if set(found) != set(expected):
        return float("inf")
    return max((torch.cat(found[name]) - value).abs().max() for name, value in expected.items()).item() / scale.item()


def adam(model, call, target, loss):
    optimizer, losses = torch.optim.Adam(model.parameters(), lr=1e-3), []
    for _ in range(5):
        optimizer.zero_grad()
        value = loss(call()[0], target)
        losses.append(value.detach())
        value.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 0.8)
        optimizer.step()
    return torch.stack(losses), call()[0]


def check_model(name, form="grouped", attention="plain"):
    tensors, metadata = safetensors_file.load(GOLDEN / f"{name}.safetensors")
    config = {**json.loads(metadata["config"]), "attention": attention}
    model = build(config, form)
    model.load_tensors(under(tensors, "weights."))
    inputs, target = under(tensors, "input."), torch.from_numpy(tensors["target"])
    given = {**inputs, **({"presence": tensors["presence"]} if "presence" in tensors else {})}
    loss = task_loss(config)

    prediction, representation = model(given)
    errors = {"prediction": error(prediction, tensors["prediction"])}
    if "representation" in tensors:
        errors["representation"] = error(representation, tensors["representation"])
    value = loss(prediction, target)
    value.backward()
    errors["loss"] = error(value, tensors["loss"])
    errors["gradient"] = gradients(model, under(tensors, "grad."))
    for modality, expected in under(tensors, "encoded.").items():
        encoded = dict(zip(model.names, encode(model, inputs)))
        errors["encoded"] = max(errors.get("encoded", 0), error(encoded[modality], expected))
    if "classifier.loss" in tensors:
        classifiers = Classifiers(config)
        classifiers.load_state_dict(under(tensors, "classifier.weights."))
        answers = classifiers([h.detach() for h in encode(model, inputs)])
        total = sum(loss(answer, target) for answer, _ in answers)
        total.backward()
        for modality, (answer, _) in zip(model.names, answers):
            found = error(answer, tensors[f"classifier.prediction.{modality}"])
            errors["classifier"] = max(errors.get("classifier", 0), found)
        errors["classifier gradient"] = gradients(classifiers, under(tensors, "classifier.grad."))
        errors.update(check_direction(model, inputs, answers, target))
    if "adam.losses" in tensors:
        losses, after = adam(model, lambda: model(given), target, loss)
        errors["adam losses"] = error(losses, tensors["adam.losses"])
        errors["adam prediction"] = error(after, tensors["adam.prediction"])
    return errors


def check_direction(model, inputs, answers, target):
    """The closed form of the heads' gradients against the published ones, and their cosines."""
    tensors, _ = safetensors_file.load(GOLDEN / "gradient_cosine.safetensors")
    prediction, last = fuse(model, encode(model, inputs))
    fused = head_gradient(prediction, last, target)
    own = [head_gradient(answer, inner, target) for answer, inner in answers]
    expected = [tensors[f"classifier_grad.{name}"] for name in model.names]
    cosine = torch.stack([F.cosine_similarity(fused.flatten(), g.flatten(), dim=0) for g in own])
    return {
        "head gradient": max([error(fused, tensors["fusion_grad"])] + [error(g, e) for g, e in zip(own, expected)]),
        "cosine": error(cosine, tensors["cosine"]),
    }


def check_contrast():
    tensors, _ = safetensors_file.load(GOLDEN / "contrastive_loss.safetensors")
    a, b = (torch.from_numpy(tensors[name]).requires_grad_() for name in "ab")
    value = contrastive_loss(a, b)
    value.backward()
    gradient = max(error(a.grad, tensors["grad_a"]), error(b.grad, tensors["grad_b"]))
    return {"loss": error(value, tensors["loss"]), "gradient": gradient}


def main():
    torch.set_num_threads(1)
    failed = 0
    rows = [
        (name, lambda name=name: check_model(name))
        for name in ("late_fusion", "early_fusion", "encoder_fusion", "mult")
    ]
    rows += [
        (f"prompted_mult, {form}", lambda form=form: check_model("prompted_mult", form)) for form in ("loop", "grouped")
    ]
    rows += [
        ("mult, fused attention", lambda: check_model("mult", attention="fused")),
        ("contrastive loss", check_contrast),
    ]
    for name, check in rows:
        for what, found in check().items():
            good = found <= (GRADIENT_TOLERANCE if "gradient" in what else TOLERANCE)
            failed += not good
            print(f"{name:24} {what:22} {found:.1e}{'' if good else '   too large'}")
    if failed:
        sys.exit(f"check: {failed} figures differ from the golden ones")


if __name__ == "__main__":
    main()
