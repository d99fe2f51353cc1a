"""Writing a model folder."""

from __future__ import annotations

import json
from pathlib import Path

from . import safetensors_file
from .errors import usage
from .folders import Folder
from .models.model import Model


def save(model: Model, folder: Folder) -> None:
    """Writes a model without adapters as a folder that the program reads.

    Raises `PolyphonyError` for a model with parts of an adapter, which no model folder can hold.
    """
    if len(model.attachments):
        raise usage("a model with an adapter's parts has no folder of its own", remedy="save the base model")
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    tensors = {model.file_key(key): value.detach().cpu().numpy() for key, value in model.backbone().items()}
    safetensors_file.save(place / "model.safetensors", tensors, {"format": "pt"})
    (place / "config.json").write_text(json.dumps(model.config, indent=2, ensure_ascii=False) + "\n")
