"""The steps that are measured, each a function without arguments that returns the loss or the prediction."""

import random

import torch
from torch.nn import functional as F

from balance import BalancedStep, encode, fuse
from peers import build, with_wander


def task_loss(config):
    return F.cross_entropy if config["task"]["kind"] == "classification" else F.l1_loss


def contrastive_loss(first, second, temperature=0.5):
    """NT-Xent over 2N views."""
    views = F.normalize(torch.cat([first, second]), dim=-1)
    similarity = views @ views.T / temperature
    similarity = similarity.masked_fill(torch.eye(len(views), dtype=torch.bool, device=views.device), float("-inf"))
    partner = torch.arange(len(views), device=views.device).roll(len(first))
    return F.cross_entropy(similarity, partner)


def synthetic(config, batch):
    """Inputs and targets of the measurement."""
    generator = torch.Generator().manual_seed(0)
    inputs = {
        modality["name"]: torch.randn(batch, modality["length"], modality["features"], generator=generator)
        for modality in config["modalities"]
    }
    if config["task"]["kind"] == "classification":
        return inputs, torch.randint(config["task"]["classes"], (batch,), generator=generator)
    return inputs, torch.randn(batch, 1, generator=generator)


def mixed_presence(batch, modalities):
    """Every pattern with something present in turn, the complete one included, in a seeded order."""
    patterns = [[bits >> m & 1 for m in range(modalities)] for bits in range(1, 2**modalities)]
    rows = [patterns[row % len(patterns)] for row in range(batch)]
    random.Random(0).shuffle(rows)
    return torch.tensor(rows, dtype=torch.uint8)


def supervised(model, parameters, loss, call, target):
    parameters = [parameter for parameter in parameters if parameter.requires_grad]
    optimizer = torch.optim.Adam(parameters, lr=1e-3)

    def step():
        optimizer.zero_grad()
        value = loss(call()[0], target)
        value.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 0.8)
        optimizer.step()
        return value.detach()

    return step


def contrast(model, inputs, batch):
    """One step of contrastive adaptation: only the layers' LayerNorms are trained."""
    parameters = []
    for name, parameter in model.named_parameters():
        parameter.requires_grad_("layer_norms" in name)
        if parameter.requires_grad:
            parameters.append(parameter)
    optimizer = torch.optim.Adam(parameters, lr=1e-3)

    def step():
        dropped = torch.randint(len(inputs), (batch, 1, 1))
        second = {name: x * (dropped != index) for index, (name, x) in enumerate(inputs.items())}
        optimizer.zero_grad()
        value = contrastive_loss(model(inputs)[1], model(second)[1])
        value.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 0.8)
        optimizer.step()
        return value.detach()

    return step


def make_step(config, step, batch, mode="eager", form="grouped"):
    """Returns the step function. `mode` is eager or compile (the model through torch.compile)."""
    torch.manual_seed(0)
    inputs, target = synthetic(config, batch)
    prompted = config["architecture"] == "prompted_mult"
    model = with_wander(config) if step == "tune" else build(config, form)
    presence = mixed_presence(batch, len(inputs)) if prompted else None
    model.train(step != "infer")
    forward = torch.compile(model) if mode == "compile" else model

    def call():
        return forward(inputs, presence=presence) if prompted else forward(inputs)

    if step == "infer":

        def infer():
            with torch.inference_mode():
                return call()[0]

        return infer
    if step == "contrast":
        return contrast(forward, inputs, batch)
    if step == "online":
        adapt = contrast(forward, inputs, batch)

        def predict_and_adapt():
            model.eval()
            with torch.no_grad():
                call()
            model.train()
            return adapt()

        return predict_and_adapt
    if step == "balance-published":
        forms = {"encode": torch.compile(encode), "fuse": torch.compile(fuse)} if mode == "compile" else {}
        balanced = BalancedStep(model, config, task_loss(config), **forms)
        return lambda: balanced(inputs, target)
    if step == "prompt":
        trained = ("prompts.", "proj.", "out_layer.")
        chosen = [parameter for name, parameter in model.named_parameters() if name.startswith(trained)]
        kept = set(map(id, chosen))
        for parameter in model.parameters():
            parameter.requires_grad_(id(parameter) in kept)
        return supervised(model, chosen, task_loss(config), call, target)
    return supervised(model, model.parameters(), task_loss(config), call, target)
