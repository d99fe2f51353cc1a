"""Models and adapters on disk."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .errors import PolyphonyError, bad_data, usage
from .methods.peft import PEFT_METHODS, PEFT_PREFIX, read_peft
from .methods.settings import SavedSettings
from .methods.table import install
from .models.architectures import build
from .models.model import Model, check_tensors
from .models.stages import Method
from .safetensors_reader import read_safetensors

Folder = str | os.PathLike[str]
TENSOR_TYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}


def load(folder: Folder, adapter: Folder | None = None) -> Model:
    """A model that the program has trained, with an adapter if one is named, in evaluation mode.

    The module standardises its inputs as the program does, and takes missing modalities as `Model.forward` says.
    Without an adapter all its parameters get gradients; with one, those that the adapter's method trains. A folder that
    `polyphony export` made may have an adapter of its own in `adapter`, which is then the one.

    An adapter may also be one of LoRA or (IA)³ that Hugging Face's PEFT has trained on this module and saved. It does
    not say what its base was, so only names and shapes are compared.

    Raises `PolyphonyError` for a folder that is missing or damaged, for an adapter of another base, and for an
    architecture or a method that has no form in Python.
    """
    place = Path(folder)
    config = _read_json(place / "config.json", "there is no model at this path", "name OUTPUT/model of a training run")
    model = build(config, place / "config.json")
    model.name_or_path = str(folder)
    weights = place / "model.safetensors"
    model.load_tensors(_read_tensors(weights), weights)
    model.eval()
    if adapter is None and (place / "adapter").is_dir():
        adapter = place / "adapter"
    if adapter is not None:
        _install(Path(adapter), model, place, _sha256(weights))
    return model


def _install(folder: Path, model: Model, base: Path, fingerprint: str) -> None:
    """Puts an adapter on a model, after all those beneath it."""
    file = folder / "adapter_config.json"
    description = _read_json(file, "there is no adapter at this path", "name OUTPUT/adapter of a tuning run")
    if description.get("method") is not None:
        _check_base(description, folder, model, base, fingerprint)
    if "beneath_sha256" in description:
        lower = folder / "beneath"
        weights = lower / "adapter_model.safetensors"
        found = _sha256(weights) if weights.exists() else None
        if found != description["beneath_sha256"]:
            raise bad_data(
                "what the adapter stands on is another adapter, or is not there",
                file=lower,
                key="beneath_sha256",
                found=found or "no adapter",
                expected=description["beneath_sha256"],
                remedy="copy the whole adapter folder, as the run has left it",
            )
        _install(lower, model, base, fingerprint)
    name, settings, prefixes = description.get("method"), description.get("settings"), ("attachment.0.", "")
    if name is None or name in PEFT_METHODS.values():
        name, settings = read_peft(description, file)
        prefixes = (PEFT_PREFIX, PEFT_PREFIX)
    method = install(name, model, SavedSettings(settings or {}, file))
    _load_adapter(folder / "adapter_model.safetensors", model, method, *prefixes)


def _check_base(description: dict[str, Any], folder: Path, model: Model, base: Path, fingerprint: str) -> None:
    """Refuses an adapter of another base."""
    for key in ("base_sha256", "modalities"):
        if key not in description:
            raise bad_data("the adapter's description lacks a key", file=folder / "adapter_config.json", key=key)
    if description["base_sha256"] != fingerprint:
        raise usage(
            "the adapter was made for another base model",
            file=folder,
            key="base_sha256",
            found=f"{base} with {fingerprint}",
            expected=description["base_sha256"],
            remedy="name the base model that the adapter was tuned on",
        )
    if description["modalities"] != model.names:
        raise usage(
            "the adapter was made for other modalities",
            file=folder,
            key="modalities",
            found=", ".join(description["modalities"]),
            expected=", ".join(model.names),
        )


def _load_adapter(file: Path, model: Model, method: Method | None, own: str, base: str) -> None:
    """Copies an adapter's tensors, and lets those that its method trains get gradients.

    An adapter holds all tensors of the method's own part, with names that begin with `own`. Of the backbone it holds
    those that the method trains, and the buffers, with names that begin with `base`.
    """
    saved = _read_tensors(file)
    part = {}
    if method is not None:
        part = {own + method.key(name): value for name, value in method.state_dict(keep_vars=True).items()}
    chosen = {key: value for key, value in model.backbone().items() if base + key in saved}
    check_tensors({**part, **{base + key: value for key, value in chosen.items()}}, saved, file)
    model.restore({key: saved[base + key] for key in chosen})
    model.requires_grad_(False)
    with torch.no_grad():
        for name, value in part.items():
            value.copy_(saved[name])
            value.requires_grad_(isinstance(value, torch.nn.Parameter))
    for key, parameter in model.backbone_parameters():
        parameter.requires_grad_(key in chosen)


def _read_json(file: Path, problem: str, remedy: str) -> dict[str, Any]:
    if not file.exists():
        raise PolyphonyError(problem, exit_code=66, file=file, remedy=remedy)
    try:
        content = json.loads(file.read_text())
    except ValueError as error:
        raise bad_data("the file is no JSON", file=file, found=error) from error
    if not isinstance(content, dict):
        raise bad_data("the file holds no JSON object", file=file)
    return content


def _read_tensors(file: Path) -> dict[str, Tensor]:
    if not file.exists():
        raise PolyphonyError("a file of weights is missing", exit_code=66, file=file)
    return read_safetensors(file, _tensor)[0]


def _tensor(data: bytes, dtype: str, shape: list[int]) -> Tensor:
    if not data:
        return torch.zeros(shape, dtype=TENSOR_TYPES[dtype])
    # A buffer that can be written to, since PyTorch warns of others.
    return torch.frombuffer(bytearray(data), dtype=TENSOR_TYPES[dtype]).reshape(shape)


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
