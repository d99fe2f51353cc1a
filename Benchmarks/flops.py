"""The arithmetic of a step: the multiply-adds of its matrix products as the model is written, two FLOPs each.

Divided by the machine's speed in large matrix products it gives a time to hold measurements against: elementwise work,
memory traffic and call overhead come on top.
"""

from dataclasses import dataclass


@dataclass
class Products:
    """FLOPs of the forward pass: input projections, products with weights, products within attention."""

    projection: float = 0
    weight: float = 0
    attention: float = 0

    def __add__(self, other):
        return Products(
            self.projection + other.projection, self.weight + other.weight, self.attention + other.attention
        )

    @property
    def forward(self):
        return self.projection + self.weight + self.attention

    @property
    def trained(self):
        """Forward, and backward for everything; nobody asks for the gradient of the model's input."""
        return 2 * self.projection + 3 * self.weight + 3 * self.attention

    @property
    def frozen(self):
        """Forward, and backward for activations only."""
        return self.projection + 2 * self.weight + 3 * self.attention


def encoder(batch, queries, width, layers, keys=None):
    context = queries if keys is None else keys
    weight = 2 * batch * (queries * width * width * (1 + 1 + 8) + context * width * width * 2)
    return Products(0, layers * weight, layers * 4 * batch * queries * context * width)


def products(work):
    """The forward pass of the architecture."""
    batch, length, count = work.batch, work.length, len(work.features)
    width, layers = work.settings["width"], work.settings["layers"]
    total = Products(2 * batch * length * sum(work.features) * width)
    if work.architecture == "late_fusion":
        for _ in range(count):
            total += encoder(batch, length, width, layers)
    elif work.architecture == "early_fusion":
        total += encoder(batch, count * length, width, layers)
    elif work.architecture == "encoder_fusion":
        for _ in range(count):
            total += encoder(batch, length, width, layers)
        total += encoder(batch, count * length, width, layers - 2)
    else:
        appended = work.settings["prompt_length"] if work.architecture == "prompted_mult" else 0
        for _ in range(count):
            for _ in range(count - 1):
                total += encoder(batch, length, width, layers, keys=length)
            total += encoder(batch, length + appended, (count - 1) * width, work.settings["memory_layers"])
    return total


def classifiers(work, layers):
    total = Products()
    for _ in work.features:
        total += encoder(work.batch, work.length, work.settings["width"], layers)
    return total


def adapter(work, bottleneck=16, feature_rank=8, token_rank=12, steps=16):
    batch, length, width = work.batch, work.length, work.settings["width"]
    one = length * width * bottleneck + token_rank * steps * length * bottleneck
    one += token_rank * feature_rank * steps * bottleneck * width
    return Products(0, 2 * batch * len(work.features) * one)


def flops(work):
    """FLOPs of one step."""
    forward = products(work)
    if work.step == "infer":
        return forward.forward
    if work.step == "contrast":
        return 2 * forward.frozen
    if work.step == "online":
        return forward.forward + 2 * forward.frozen
    if work.step == "prompt":
        return forward.frozen + forward.projection
    if work.step in ("balance", "balance-published"):
        return forward.trained + classifiers(work, 1 if work.step == "balance" else 2).trained
    if work.step == "tune":
        return forward.forward + adapter(work).trained
    return forward.trained
