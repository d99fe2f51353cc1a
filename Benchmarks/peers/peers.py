"""The models that are measured: those of the package, and the published form of one."""

import package  # noqa: F401
from polyphony.methods.settings import Settings
from polyphony.methods.table import install
from polyphony.models.architectures import build as build_model
from prompts import LoopedMult

PUBLISHED_WANDER = {
    "bottleneck": 16,
    "feature_rank": 8,
    "token_rank": 12,
    "steps": 16,
    "constant": False,
    "placement": "last",
    "readout": "first",
}


def build(config, form="grouped"):
    """A model; `form` is of `prompted_mult`: loop or grouped."""
    return LoopedMult(config) if form == "loop" else build_model(config)


def with_wander(config):
    """A frozen model with Wander at its published sizes, of which the head is trained too."""
    model = build_model(config)
    model.requires_grad_(False)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name.startswith("out_layer"))
    install("wander", model, Settings(PUBLISHED_WANDER))
    return model
