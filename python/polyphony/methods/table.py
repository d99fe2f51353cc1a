"""The methods by the name in `adapter_config.json`, and how each is put on a model."""

from __future__ import annotations

from collections.abc import Callable

from ..errors import usage
from ..models.cross_modal import PromptedMult
from ..models.model import Model
from ..models.stages import Method
from .fills import MeanFill, MissingAwarePrompts, Reconstruction, ZeroFill
from .fusion import concat, cross_attention, lmf, moka, wander
from .inputs import InputMap
from .layers import Compacter, bottlenecks, ia3, lora, prefix
from .maps import MapPrompts, SharedSpecific
from .prompt import PromptTuning
from .prompts import MissingModalityPrompts, form_of
from .retrieval import Retrieval
from .settings import SavedSettings

WITHOUT_PARTS = (
    *("full", "head", "bitfit"),
    *("source", "ssa", "norm", "tent", "eata", "sar", "read", "mean-teacher"),
    *("casp", "casp-contrast", "casp-pseudo", "casp-random"),
)
"""Methods of tuning and adaptation that change tensors of the base and add none."""


def prompts_of(model: Model, settings: SavedSettings) -> Method:
    """Prompts for missing modalities, in the form for images or for sequences."""
    if model.config["task"]["kind"] == "segmentation":
        return MapPrompts(model, settings)
    return MissingModalityPrompts(model, form_of(model, settings), settings)


METHODS: dict[str, Callable[[Model, SavedSettings], Method]] = {
    "lora": lora,
    "ia3": ia3,
    "adapter": bottlenecks,
    "compacter": Compacter,
    "prefix": prefix,
    "prompt": PromptTuning,
    "wander": wander,
    "lmf": lmf,
    "concat": concat,
    "cross_attention": cross_attention,
    "moka": moka,
    "prompts": prompts_of,
    "zero_fill": lambda model, settings: ZeroFill(),
    "mean_fill": lambda model, settings: MeanFill(model),
    "modality_dropout": lambda model, settings: ZeroFill(),
    "frozen_modality_dropout": lambda model, settings: ZeroFill(),
    "missing_aware_prompts": MissingAwarePrompts,
    "reconstruction": Reconstruction,
    "shared_specific": lambda model, settings: SharedSpecific(model),
    "retrieval": Retrieval,
    "inputs": lambda model, settings: InputMap(model),
}
"""Methods that add parts."""


def install(name: str, model: Model, settings: SavedSettings) -> Method | None:
    """Puts a method's part on a model, and returns it; None for a method without a part.

    Raises `PolyphonyError` for a method that has no form in Python.
    """
    # A ceiling is what an adaptation changes, trained with labels.
    name = name.removeprefix("ceiling:")
    if name in WITHOUT_PARTS or (name == "prompts" and isinstance(model, PromptedMult)):
        return None
    if name not in METHODS:
        raise usage(
            "this method has no form in Python",
            file=settings.file,
            key="method",
            found=name,
            expected=", ".join([*METHODS, *WITHOUT_PARTS]),
        )
    method = METHODS[name](model, settings).train(model.training).to(next(model.parameters()))
    model.attachments.append(method)
    return method
