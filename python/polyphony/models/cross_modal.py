"""`mult` (Tsai et al. 2019) and `prompted_mult` (arXiv 2407.05374)."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor, nn

from ..methods.prompts import MissingModalityPrompts
from .layers import Encoder, encoder
from .model import Model
from .modules import find, place
from .stages import Hook, Inputs, Method, Tokens

LETTERS = {"text": "l", "audio": "a", "vision": "v"}


class Mult(Model):
    """Cross-modal encoders for every ordered pair, a memory encoder for every modality; newest steps side by side."""

    prompt_stage = "encoded"
    always_projects = False

    def __init__(self, config: dict[str, Any]):
        super().__init__(config)
        width, layers, causal = self.width, config["layers"], bool(config.get("causal"))
        self.readouts = len(self.names)
        for name, features in zip(self.names, self.features):
            if self.always_projects or features != width:
                place(self, f"proj.{name}", nn.Conv1d(features, width, 1, bias=False))
        for one in self.names:
            for other in self.others(one):
                place(self, f"cross.{one}.{other}", encoder(config, causal=causal))
            memory_layers = config.get("memory_layers") or max(layers, 3)
            place(self, f"memory.{one}", encoder(config, self.encoded_width, memory_layers, causal))
        combined = self.encoded_width * len(self.names)
        self.proj1 = nn.Linear(combined, combined)
        self.proj2 = nn.Linear(combined, combined)
        self.out_layer = nn.Linear(combined, self.outputs)

    def others(self, one: str) -> list[str]:
        return [other for other in self.names if other != one]

    @property
    def encoded_width(self) -> int:
        return max(1, len(self.names) - 1) * self.width

    def embed(self, inputs: Inputs) -> list[Tokens]:
        projections = self._modules.get("proj", nn.Module())
        return self.projected(inputs, [cast(nn.Module, projections)._modules.get(name) for name in self.names])

    def encode(self, tokens: list[Tokens], after: Hook | None = None) -> list[Tokens]:
        if len(self.names) == 1:
            return tokens
        by_name = dict(zip(self.names, tokens))
        encoded = []
        for one, own in by_name.items():
            crossed = [
                cast(Encoder, find(self, f"cross.{one}.{other}"))(
                    own.values, by_name[other].values, own.mask, by_name[other].mask
                )
                for other in self.others(one)
            ]
            encoded.append(Tokens(torch.cat(crossed, dim=-1), own.mask))
        return encoded

    def fuse(self, tokens: list[Tokens], after: Hook | None = None) -> list[Tokens]:
        memories = [find(self, f"memory.{name}") for name in self.names]
        return [Tokens(memory(part.values, mask=part.mask), part.mask) for memory, part in zip(memories, tokens)]

    def represent(self, fused: list[Tokens]) -> Tensor:
        orders = [modality.get("order") for modality in self.modalities]
        steps = [
            tokens.values[:, 0] if order == "newest_first" else tokens.last() for order, tokens in zip(orders, fused)
        ]
        return torch.cat(steps, dim=-1)

    def head_features(self, representation: Tensor) -> Tensor:
        return self.residual(representation, self.proj1, self.proj2)

    def file_key(self, key: str) -> str:
        """The published names for text, audio and vision: `proj_l`, `trans_l_with_a`, `trans_l_mem`."""
        part, *rest = key.split(".")
        if self.names != list(LETTERS):
            return key
        if part == "proj":
            return f"proj_{LETTERS[rest[0]]}.{'.'.join(rest[1:])}"
        if part == "cross":
            return f"trans_{LETTERS[rest[0]]}_with_{LETTERS[rest[1]]}.{'.'.join(rest[2:])}"
        if part == "memory":
            return f"trans_{LETTERS[rest[0]]}_mem.{'.'.join(rest[1:])}"
        return key


class PromptedMult(Mult):
    """`mult` with prompts for missing modalities of its own, in the published form."""

    always_projects = True

    def __init__(self, config: dict[str, Any]):
        super().__init__(config)
        settings = {"length": config.get("prompt_length") or 16, "generative": True, "signal": True, "type": True}
        self.prompts = MissingModalityPrompts(self, "published", settings)

    def own_methods(self) -> list[Method]:
        return [self.prompts]

    def key(self, name: str) -> str:
        return self.prompts.key(name.removeprefix("prompts."))

    def file_key(self, key: str) -> str:
        return super().file_key(key) if self.names != list(LETTERS) else published_prompt(key) or super().file_key(key)


def published_prompt(key: str) -> str | None:
    """The published name of a prompt's key, for text (l), audio (a) and vision (v); None for other keys."""
    parts = key.split(".")
    match parts:
        case ["generative_prompt"]:
            return "generative_prompt"
        case ["type_prompt"]:
            return "missing_type_prompt"
        case ["features", source, target, last]:
            return f"{LETTERS[source]}2{LETTERS[target]}.conv.{last}"
        case ["time", target, present, last]:
            letters = "".join(sorted(LETTERS[name] for name in present.split("+")))
            return f"{LETTERS[target]}_{letters}p.conv.{last}"
        case ["signal", name, state]:
            return f"prompt{LETTERS[name]}_{'m' if state == 'missing' else 'nm'}"
        case ["coupling", name, "weight"]:
            return f"m_{LETTERS[name]}"
    return None
