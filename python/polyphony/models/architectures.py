"""The backbones by name."""

from __future__ import annotations

from typing import Any

from ..errors import usage
from .cross_modal import Mult, PromptedMult
from .fusion import EarlyFusion, EncoderFusion, LateFusion
from .model import Model
from .segmentation import DeepLabV3Plus
from .unet import UNet

ARCHITECTURES: dict[str, type[Model]] = {
    "late_fusion": LateFusion,
    "early_fusion": EarlyFusion,
    "encoder_fusion": EncoderFusion,
    "mult": Mult,
    "prompted_mult": PromptedMult,
    "deeplab_v3plus": DeepLabV3Plus,
    "unet": UNet,
}


OF_IMAGES = ("deeplab_v3plus", "unet")
"""The architectures that make maps from images."""


def build(config: dict[str, Any], file: object = None) -> Model:
    """The backbone that a `config.json` describes, with random starting values."""
    name = config.get("architecture")
    if name not in ARCHITECTURES:
        raise usage(
            "this architecture has no form in Python",
            file=file,
            key="architecture",
            found=name,
            expected=", ".join(ARCHITECTURES),
        )
    kinds = ("image",) if name in OF_IMAGES else ("sequence", "vector")
    for modality in config["modalities"]:
        if modality["kind"] not in kinds:
            raise usage(
                "this kind of modality has no form in Python",
                file=file,
                key=f"modalities.{modality['name']}",
                found=modality["kind"],
                expected=" or ".join(kinds),
            )
    if config.get("encoders"):
        raise usage(
            "a pretrained encoder inside a model has no form in Python",
            file=file,
            key="encoders",
            found=", ".join(config["encoders"]),
            expected="a model of features",
        )
    return ARCHITECTURES[name](config)
