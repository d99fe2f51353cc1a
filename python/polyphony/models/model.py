"""A multimodal model as a chain of stages: embed → encode → fuse → represent → head."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..errors import bad_data, usage
from .inputs import Normalization, gather
from .layers import NO_DROPOUT, Encoder, Layer
from .stages import Context, Hook, Inputs, Method, Tokens


class Output(NamedTuple):
    """What a model gives."""

    prediction: Tensor
    """`[B, outputs]`: values, or logits; `[B, classes, height, width]` for segmentation."""
    representation: Tensor
    """`[B, width']`: what the head reads; the mean over the places of an image's map."""


class Model(nn.Module):
    """A backbone with the methods of its adapters.

    The stages are functions between which a `Method` may act. The state dict of a model without adapters has the names
    of Polyphony's library; `file_key` gives the published names.
    """

    encoder_layers = 0
    """How often a hook after the layers of the modalities' encoders is called."""
    fusion_layers = 0
    """How often a hook after the layers of an encoder over all modalities is called."""
    joins = False
    """True if `fuse` gives one sequence of all modalities."""
    readouts = 1
    """How many steps the representation holds, side by side."""
    prompt_stage = "embedded"
    """The stage after which type prompts are appended: `embedded` or `encoded`."""

    out_layer: nn.Linear

    def __init__(self, config: dict[str, Any]):
        super().__init__()
        self.config = config
        self.modalities: list[dict[str, Any]] = config["modalities"]
        self.names: list[str] = [modality["name"] for modality in self.modalities]
        self.features: list[int] = [modality.get("features", 0) for modality in self.modalities]
        self.steps: list[int] = [
            modality["length"] if modality["kind"] == "sequence" else 1 for modality in self.modalities
        ]
        self.width: int = config["width"]
        task: dict[str, Any] = config["task"]
        self.outputs: int = task.get("classes") or len(task.get("targets") or []) or 1
        self.output_dropout = {**NO_DROPOUT, **config.get("dropout", {})}["output"]
        self.normalization = Normalization(config)
        self.attachments = nn.ModuleList()

    # Stages

    def embed(self, inputs: Inputs) -> list[Tokens]:
        raise NotImplementedError

    def encode(self, tokens: list[Tokens], after: Hook | None = None) -> list[Tokens]:
        raise NotImplementedError

    def fuse(self, tokens: list[Tokens], after: Hook | None = None) -> list[Tokens]:
        raise NotImplementedError

    def represent(self, fused: list[Tokens]) -> Tensor:
        raise NotImplementedError

    def head_features(self, representation: Tensor) -> Tensor:
        raise NotImplementedError

    def predict(self, features: Tensor) -> Tensor:
        return self.out_layer(features)

    # What methods ask

    @property
    def encoded_width(self) -> int:
        """Features per step after encoding."""
        return self.width

    def own_methods(self) -> list[Method]:
        """The methods that belong to the architecture itself."""
        return []

    def methods(self) -> list[Method]:
        return [*self.own_methods(), *self.attachments]

    def layers(self) -> list[tuple[str, Layer]]:
        """The encoder layers with their keys."""
        return [(key, module) for key, module in self.named_modules() if isinstance(module, Layer)]

    def backbone(self) -> dict[str, Tensor]:
        """The tensors of the backbone by their key, the buffers included."""
        state = self.state_dict(keep_vars=True)
        return {self.key(name): value for name, value in state.items() if not name.startswith("attachments.")}

    def key(self, name: str) -> str:
        """The key in Polyphony's library of one of this module's tensors."""
        return name

    def file_key(self, key: str) -> str:
        """The name in a file of the tensor with a key, where the published implementations use another one."""
        return key

    @property
    def handles_missing(self) -> bool:
        """True if one of the methods serves samples that lack modalities."""
        return any(method.handles_missing for method in self.methods())

    def published_name(self, name: str) -> str:
        """The name in a file of one of this module's tensors."""
        return self.file_key(self.key(name))

    def load_tensors(self, tensors: Mapping[str, Tensor], file: object = None) -> None:
        """Copies the tensors of a model file, which may have either form of names.

        Raises `PolyphonyError` for a tensor that is missing, has no place or has another shape.
        """
        own = self.backbone()
        published = any(self.file_key(key) in tensors and self.file_key(key) != key for key in own)
        copy_tensors({self.file_key(key) if published else key: value for key, value in own.items()}, tensors, file)

    # The pass

    def gather(self, given: Mapping[str, Any]) -> Inputs:
        """The inputs in the model's order, with zeros for what is missing."""
        inputs, absent = gather(self.modalities, given, next(self.parameters()))
        visible = self.config.get("only")
        needed = [name for name in absent if visible is None or name in visible]
        if needed and not self.handles_missing:
            raise usage(
                "a modality is left out, and the model cannot do without it",
                key=needed[0],
                expected=", ".join(self.names),
                remedy="load it with an adapter for missing modalities, such as prompts or zero_fill",
            )
        return inputs

    def forward(self, inputs: Mapping[str, Any] | None = None, /, **named: Any) -> Output:
        """Predicts samples that are given by the modalities' names, in a dictionary or as keywords.

        A modality that is None or left out is missing. Further keys are `<modality>.length` `[B]` and `presence`,
        either `[B, M]` in the order of `names` or a dictionary of `[B]`. `target` and `id` are passed over.
        """
        given = self.normalization(self.gather({**(inputs or {}), **named}))
        methods = self.methods()
        for method in methods:
            given = method.prepare(given)
        context = Context(given)
        tokens = self.embed(given)
        for method in methods:
            tokens = method.embedded(tokens, context)
        context.completed = any(method.makes_up_missing for method in methods)
        seen = [(method, context.seen_by(method)) for method in methods]

        def after_encoder_layer(layer: int, tokens: list[Tokens]) -> list[Tokens]:
            for method, own in seen:
                tokens = method.encoder_layer(layer, tokens, own)
            return tokens

        def after_fusion_layer(layer: int, tokens: list[Tokens]) -> list[Tokens]:
            for method, own in seen:
                tokens = method.fusion_layer(layer, tokens, own)
            return tokens

        tokens = self.encode(tokens, after_encoder_layer if methods else None)
        for method, own in seen:
            tokens = method.encoded(tokens, own)
        for _, own in seen:
            own.encoded = tokens
        fused = self.fuse(tokens, after_fusion_layer if methods else None)
        for method, own in seen:
            fused = method.fused(fused, own)
        for _, own in seen:
            own.fused = fused
        representation = self.represent(fused)
        for method, own in seen:
            representation = method.represented(representation, own)
        prediction = self.predict(self.head_features(representation))
        return Output(prediction, representation.mean((2, 3)) if representation.dim() > 2 else representation)

    # Parts of backbones

    def projected(self, inputs: Inputs, projections: list[nn.Module | None]) -> list[Tokens]:
        """Every modality at the model's width; a vector becomes one step."""
        tokens = []
        for index, projection in enumerate(projections):
            x = inputs.values[index]
            x = x.unsqueeze(1) if x.dim() == 2 else x
            values = x if projection is None else projection(x.transpose(1, 2)).transpose(1, 2)
            tokens.append(Tokens(values, inputs.mask(index)))
        return tokens

    def residual(self, x: Tensor, first: nn.Module, second: nn.Module) -> Tensor:
        return x + second(F.dropout(F.relu(first(x)), self.output_dropout, self.training))


def encode_each(tokens: list[Tokens], modules: nn.ModuleList, after: Hook | None) -> list[Tokens]:
    """Encodes each modality by its own encoder, all of them layer by layer."""
    encoders = [cast(Encoder, module) for module in modules]
    forbidden = [one.forbidden(part.values, part.values, part.mask, part.mask) for one, part in zip(encoders, tokens)]
    states = [Tokens(one.embed(part.values, part.mask), part.mask) for one, part in zip(encoders, tokens)]
    for index in range(len(encoders[0].layers)):
        states = [
            Tokens(one.layers[index](state.values, None, mask), state.mask)
            for one, state, mask in zip(encoders, states, forbidden)
        ]
        states = states if after is None else after(index, states)
    return [Tokens(one.layer_norm(state.values), state.mask) for one, state in zip(encoders, states)]


def encode_joined(whole: Tokens, lengths: list[int], fusion: Encoder, after: Hook | None) -> list[Tokens]:
    """Encodes the joined modalities; after each layer they are cut into parts again for `after`."""
    forbidden = fusion.forbidden(whole.values, whole.values, whole.mask, whole.mask)
    values = fusion.embed(whole.values, whole.mask)
    for index, layer in enumerate(fusion.layers):
        values = layer(values, None, forbidden)
        if after is not None:
            parts = after(index, Tokens(values, whole.mask).split(lengths))
            values = torch.cat([part.values for part in parts], dim=1)
    return [Tokens(fusion.layer_norm(values), whole.mask)]


def copy_tensors(own: Mapping[str, Tensor], saved: Mapping[str, Tensor], file: object = None) -> None:
    """Copies saved tensors into those of the same names; both must have the same names and shapes."""
    for key, value in own.items():
        if key not in saved:
            raise bad_data("the file lacks a tensor", file=file, key=key, expected=list(value.shape))
        if saved[key].shape != value.shape:
            raise bad_data(
                "a tensor has another shape",
                file=file,
                key=key,
                found=list(saved[key].shape),
                expected=list(value.shape),
            )
    if extra := sorted(set(saved) - set(own)):
        raise bad_data("the file holds a tensor that has no place here", file=file, key=extra[0])
    with torch.no_grad():
        for key, value in own.items():
            value.copy_(saved[key])
