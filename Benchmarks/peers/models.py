"""The backbones, under the tensor names of the published implementations.

Each model maps a dictionary of inputs `{modality: [B, L, features]}` to `(prediction, representation)`.
"""

import torch
from torch import nn
from torch.nn import functional as F

from encoder import Encoder

NO_DROPOUT = {"attention": 0.0, "relu": 0.0, "residual": 0.0, "embedding": 0.0, "output": 0.0}
SHORT = {"text": "l", "audio": "a", "vision": "v"}


def outputs(config):
    return config["task"].get("classes", 1)


def encoder(config, width, layers, causal=False):
    dropout = {**NO_DROPOUT, **config.get("dropout", {})}
    return Encoder(width, config["heads"], layers, dropout, causal, config.get("attention") == "fused")


class Backbone(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.names = [modality["name"] for modality in config["modalities"]]
        self.features = [modality["features"] for modality in config["modalities"]]
        self.width = config["width"]
        self.output_dropout = {**NO_DROPOUT, **config.get("dropout", {})}["output"]

    def projections(self):
        return nn.ModuleList([nn.Conv1d(features, self.width, 1) for features in self.features])

    def project(self, inputs):
        return [proj(inputs[name].transpose(1, 2)).transpose(1, 2) for name, proj in zip(self.names, self.proj)]

    def residual(self, x, first, second):
        return x + second(F.dropout(F.relu(first(x)), self.output_dropout, self.training))


class LateFusion(Backbone):
    def __init__(self, config):
        super().__init__(config)
        width, count = self.width, len(self.names)
        self.proj = self.projections()
        self.encoders = nn.ModuleList([encoder(config, width, config["layers"]) for _ in range(count)])
        self.out_layer_proj0 = nn.Linear(count * width, width)
        self.out_layer_proj1 = nn.Linear(width, width)
        self.out_layer_proj2 = nn.Linear(width, width)
        self.out_layer = nn.Linear(width, outputs(config))

    def encode(self, inputs):
        return [encode(x) for encode, x in zip(self.encoders, self.project(inputs))]

    def head(self, representation):
        x = F.relu(self.out_layer_proj0(representation))
        return self.out_layer(self.residual(x, self.out_layer_proj1, self.out_layer_proj2))

    def forward(self, inputs):
        representation = torch.cat([h[:, 0] for h in self.encode(inputs)], dim=-1)
        return self.head(representation), representation


class EarlyFusion(Backbone):
    def __init__(self, config):
        super().__init__(config)
        width = self.width
        self.proj = self.projections()
        self.fusion = encoder(config, width, config["layers"])
        self.out_layer_proj1 = nn.Linear(width, width)
        self.out_layer_proj2 = nn.Linear(width, width)
        self.out_layer = nn.Linear(width, outputs(config))

    def forward(self, inputs):
        representation = self.fusion(torch.cat(self.project(inputs), dim=1))[:, 0]
        return self.out_layer(self.residual(representation, self.out_layer_proj1, self.out_layer_proj2)), representation


class EncoderFusion(Backbone):
    def __init__(self, config):
        super().__init__(config)
        width = self.width
        self.proj = self.projections()
        self.encoders = nn.ModuleList([encoder(config, width, config["layers"]) for _ in self.names])
        self.fusion = encoder(config, width, config["layers"] - 2)
        self.proj1 = nn.Linear(width, width)
        self.proj2 = nn.Linear(width, width)
        self.out_layer = nn.Linear(width, outputs(config))

    def encode(self, inputs):
        return [encode(x) for encode, x in zip(self.encoders, self.project(inputs))]

    def fuse(self, encoded):
        """Returns the prediction and what the last linear layer reads."""
        representation = self.fusion(torch.cat(encoded, dim=1))[:, 0]
        last = self.residual(representation, self.proj1, self.proj2)
        return self.out_layer(last), last

    def forward(self, inputs):
        return self.fuse(self.encode(inputs))


class Mult(Backbone):
    """Cross-modal encoders for every ordered pair, a memory encoder for every modality."""

    def __init__(self, config):
        super().__init__(config)
        width, layers, causal = self.width, config["layers"], config.get("causal", True)
        self.short = [SHORT.get(name, name) for name in self.names]
        combined = (len(self.names) - 1) * width
        for short, features in zip(self.short, self.features):
            setattr(self, f"proj_{short}", nn.Conv1d(features, width, 1, bias=False))
        for one in self.short:
            for other in self.others(one):
                setattr(self, f"trans_{one}_with_{other}", encoder(config, width, layers, causal))
            memory_layers = config.get("memory_layers", max(layers, 3))
            setattr(self, f"trans_{one}_mem", encoder(config, combined, memory_layers, causal))
        combined *= len(self.names)
        self.proj1 = nn.Linear(combined, combined)
        self.proj2 = nn.Linear(combined, combined)
        self.out_layer = nn.Linear(combined, outputs(config))

    def others(self, one):
        return [other for other in self.short if other != one]

    def embed(self, inputs):
        embedded = {}
        for short, x in self.dropped_text(inputs).items():
            proj = getattr(self, f"proj_{short}")
            embedded[short] = x if x.shape[-1] == self.width else proj(x.transpose(1, 2)).transpose(1, 2)
        return embedded

    def dropped_text(self, inputs):
        """The inputs by short name; the first modality's features pass through the embedding dropout, as published."""
        x = {short: inputs[name] for short, name in zip(self.short, self.names)}
        first = self.short[0]
        probability = getattr(self, f"trans_{first}_mem").dropout
        return {**x, first: F.dropout(x[first], probability, self.training)}

    def fuse(self, embedded, appended=None):
        """Reads out the last step of every memory encoder; `appended[m]` follows the sequence of m."""
        last = []
        for one in self.short:
            crossed = [
                getattr(self, f"trans_{one}_with_{other}")(embedded[one], embedded[other]) for other in self.others(one)
            ]
            sequence = torch.cat(crossed, dim=-1)
            if appended is not None:
                sequence = torch.cat([sequence, appended[one]], dim=1)
            last.append(getattr(self, f"trans_{one}_mem")(sequence)[:, -1])
        representation = torch.cat(last, dim=-1)
        return self.out_layer(self.residual(representation, self.proj1, self.proj2)), representation

    def forward(self, inputs):
        return self.fuse(self.embed(inputs))


def build(config, form="grouped"):
    from prompts import PromptedMult

    if config["architecture"] == "prompted_mult":
        return PromptedMult(config, form)
    kinds = {"late_fusion": LateFusion, "early_fusion": EarlyFusion, "encoder_fusion": EncoderFusion, "mult": Mult}
    return kinds[config["architecture"]](config)
