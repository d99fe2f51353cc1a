#!/usr/bin/env python3
"""Computes the reference numbers of Tests/TorchTests/Fixtures with PyTorch.

    make fixtures

One safetensors file a subject. Tensors are named `case.tensor`; gradients are `case.grad.tensor`, those of
`sum(output * probe)` where the case has a `probe`, of the loss itself otherwise. The metadata entry `cases` is a JSON
object with the options of each case. Seeded: the same PyTorch gives the same bytes.
"""

import json
import math
import pathlib
import sys

import torch
from torch import nn
from torch.nn import functional as F

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "python"))

from polyphony import safetensors_file  # noqa: E402

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "Tests" / "TorchTests" / "Fixtures"


class Subject:
    """The tensors and options of one file."""

    def __init__(self, name):
        self.name, self.tensors, self.cases = name, {}, {}
        torch.manual_seed(len(name) + sum(map(ord, name)))

    def add(self, case, options=None, **tensors):
        self.cases.setdefault(case, {}).update(options or {})
        for name, tensor in tensors.items():
            self.tensors[f"{case}.{name}"] = tensor.detach().clone().contiguous().numpy()

    def run(self, case, function, options=None, fixed=None, **leaves):
        """Records `output = function(**leaves, **fixed)` and the gradients of `leaves`."""
        leaves = {name: tensor.clone().requires_grad_() for name, tensor in leaves.items()}
        output = function(**leaves, **(fixed or {}))
        self.add(case, options, output=output, **leaves, **(fixed or {}))
        if output.dim() == 0:
            output.backward()
        else:
            probe = torch.randn_like(output)
            self.add(case, probe=probe)
            output.backward(probe)
        for name, tensor in leaves.items():
            self.tensors[f"{case}.grad.{name}"] = tensor.grad.numpy()

    def write(self):
        safetensors_file.save(
            FOLDER / f"{self.name}.safetensors", self.tensors, {"cases": json.dumps(self.cases, sort_keys=True)}
        )


def linear():
    subject = Subject("linear")
    subject.run("bias", F.linear, input=torch.randn(2, 3, 5), weight=torch.randn(4, 5), bias=torch.randn(4))
    subject.run("plain", F.linear, input=torch.randn(3, 5), weight=torch.randn(4, 5))
    return subject


def convolution():
    subject = Subject("convolution")

    def case(name, dimensions, input, weight, bias=True, **options):
        function = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}[dimensions]
        leaves = {"input": torch.randn(input), "weight": torch.randn(weight)}
        if bias:
            leaves["bias"] = torch.randn(weight[0])
        subject.run(
            name, lambda **inputs: function(**inputs, **options), {"dimensions": dimensions, **options}, **leaves
        )

    case("conv1d.kernel1", 1, (2, 5, 7), (4, 5, 1))
    case("conv1d.kernel1.plain", 1, (2, 5, 7), (4, 5, 1), bias=False)
    case("conv1d.kernel3", 1, (2, 5, 9), (4, 5, 3))
    case("conv1d.stride2.padding1", 1, (2, 3, 9), (4, 3, 3), stride=2, padding=1)
    case("conv2d.kernel3", 2, (2, 3, 6, 7), (4, 3, 3, 3), padding=1)
    case("conv2d.stride2", 2, (2, 3, 7, 8), (4, 3, 3, 3), stride=2, padding=1)
    case("conv2d.dilation2", 2, (1, 3, 9, 8), (2, 3, 3, 3), dilation=2, padding=2, bias=False)
    case("conv2d.groups2", 2, (2, 4, 5, 6), (6, 2, 3, 3), groups=2, padding=1)
    subject.run(
        "transposed2d.kernel2",
        lambda input, weight, bias: F.conv_transpose2d(input, weight, bias, stride=2),
        {"kernel": 2},
        input=torch.randn(2, 3, 4, 5),
        weight=torch.randn(3, 4, 2, 2),
        bias=torch.randn(4),
    )
    case("conv3d.kernel3", 3, (2, 2, 3, 5, 4), (3, 2, 3, 3, 3), padding=1)
    case("conv3d.stride2", 3, (1, 2, 5, 4, 6), (3, 2, 3, 3, 3), stride=2, padding=1, bias=False)
    case("conv3d.kernel1", 3, (2, 4, 2, 3, 3), (3, 4, 1, 1, 1))
    subject.run(
        "transposed3d.kernel2",
        lambda input, weight, bias: F.conv_transpose3d(input, weight, bias, stride=2),
        {"kernel": 2},
        input=torch.randn(2, 3, 2, 3, 2),
        weight=torch.randn(3, 4, 2, 2, 2),
        bias=torch.randn(4),
    )
    return subject


def normalization():
    subject = Subject("normalization")
    subject.run(
        "layer_norm",
        lambda input, weight, bias: F.layer_norm(input, (6,), weight, bias),
        {"eps": 1e-5},
        input=torch.randn(2, 3, 6) * 3 + 1,
        weight=torch.randn(6),
        bias=torch.randn(6),
    )
    subject.run(
        "layer_norm.two_axes",
        lambda input, weight, bias: F.layer_norm(input, (3, 6), weight, bias),
        {"eps": 1e-5},
        input=torch.randn(2, 3, 6),
        weight=torch.randn(3, 6),
        bias=torch.randn(3, 6),
    )

    # Batch norm: two training steps from given statistics, then evaluation with the result.
    layer = nn.BatchNorm2d(3)
    with torch.no_grad():
        layer.weight.copy_(torch.randn(3)), layer.bias.copy_(torch.randn(3))
        layer.running_mean.copy_(torch.randn(3)), layer.running_var.copy_(torch.rand(3) + 0.5)
    for step in range(3):
        case = f"batch_norm2d.{'eval' if step == 2 else f'train{step}'}"
        layer.train(step < 2)
        before = {"before.running_mean": layer.running_mean, "before.running_var": layer.running_var}
        subject.add(
            case, {"eps": layer.eps, "momentum": layer.momentum}, **before, weight=layer.weight, bias=layer.bias
        )
        input = (torch.randn(4, 3, 3, 2) * 2 + 1).requires_grad_()
        output = layer(input)
        probe = torch.randn_like(output)
        layer.zero_grad()
        output.backward(probe)
        subject.add(case, input=input, output=output, probe=probe)
        after = {"after.running_mean": layer.running_mean, "after.running_var": layer.running_var}
        subject.add(
            case, **after, **{"grad.input": input.grad, "grad.weight": layer.weight.grad, "grad.bias": layer.bias.grad}
        )
    subject.run(
        "instance_norm2d",
        lambda input, weight, bias: F.instance_norm(input, weight=weight, bias=bias),
        {"eps": 1e-5},
        input=torch.randn(2, 3, 5, 4) * 3 + 1,
        weight=torch.randn(3),
        bias=torch.randn(3),
    )
    return subject


def attention():
    """nn.MultiheadAttention with [B, L, d] inputs; `padding` is True where a key is to be ignored."""
    subject = Subject("attention")
    width, heads = 8, 2

    def case(name, queries, keys, padding=None, mask=None):
        layer = nn.MultiheadAttention(width, heads, batch_first=True)
        nn.init.normal_(layer.in_proj_bias), nn.init.normal_(layer.out_proj.bias)
        query = torch.randn(3, queries, width, requires_grad=True)
        inputs = {"query": query}
        if keys is None:
            key = value = query
        else:
            key = torch.randn(3, keys, width, requires_grad=True)
            value = torch.randn(3, keys, width, requires_grad=True)
            inputs.update(key=key, value=value)
        output, weights = layer(query, key, value, key_padding_mask=padding, attn_mask=mask)
        probe = torch.randn_like(output)
        output.backward(probe)
        leaves = {**inputs, **dict(layer.named_parameters())}
        subject.add(name, {"heads": heads}, output=output, probe=probe, weights=weights, **leaves)
        subject.add(name, **{f"grad.{key}": leaf.grad for key, leaf in leaves.items()})
        if padding is not None:
            subject.add(name, padding=padding)
        if mask is not None:
            subject.add(name, mask=mask)

    def causal(queries, keys):
        # Key j is hidden from query i where j >= i + 1 + |L_q - L_k|.
        return torch.full((queries, keys), -math.inf).triu(1 + abs(queries - keys))

    lengths = torch.tensor([5, 2, 4])
    case("self", 5, None)
    case("self.padding", 5, None, padding=torch.arange(5)[None] >= lengths[:, None])
    case("self.causal", 5, None, mask=causal(5, 5))
    case("cross", 4, 6)
    case("cross.padding", 4, 5, padding=torch.arange(5)[None] >= lengths[:, None])
    case("cross.causal.long_keys", 3, 5, mask=causal(3, 5))
    case("cross.causal.long_queries", 5, 3, mask=causal(5, 3))
    return subject


def activation():
    subject = Subject("activation")
    values = torch.cat([torch.linspace(-4, 4, 13), torch.tensor([0.0, 1e-4, -1e-4, 20.0, -20.0])]).reshape(2, 9)
    for name, function in {
        "relu": F.relu,
        "gelu": F.gelu,
        "gelu.tanh": lambda input: F.gelu(input, approximate="tanh"),
        "sigmoid": torch.sigmoid,
        "tanh": torch.tanh,
        "softmax": lambda input: F.softmax(input, -1),
        "softmax.axis0": lambda input: F.softmax(input, 0),
        "log_softmax": lambda input: F.log_softmax(input, -1),
    }.items():
        subject.run(name, function, input=values)
    return subject


def loss():
    subject = Subject("loss")
    target = torch.tensor([0, 3, 1, 1, 2, 3])
    weight = torch.tensor([0.5, 1.0, 2.0, 0.25])
    subject.run("cross_entropy", F.cross_entropy, input=torch.randn(6, 4) * 3, fixed={"target": target})
    subject.run(
        "cross_entropy.weights", F.cross_entropy, input=torch.randn(6, 4), fixed={"target": target, "weight": weight}
    )
    subject.run(
        "cross_entropy.image",
        F.cross_entropy,
        input=torch.randn(2, 4, 3, 5),
        fixed={"target": torch.randint(4, (2, 3, 5)), "weight": weight},
    )
    for name, function, options in [
        ("l1", F.l1_loss, {}),
        ("mse", F.mse_loss, {}),
        ("smooth_l1", F.smooth_l1_loss, {"beta": 1.0}),
        ("smooth_l1.beta", F.smooth_l1_loss, {"beta": 0.3}),
    ]:
        subject.run(
            name,
            lambda input, target, function=function, options=options: function(input, target, **options),
            options,
            input=torch.randn(7, 1),
            fixed={"target": torch.randn(7, 1)},
        )
    return subject


def position():
    """Sinusoidal positions: row p of the table is [sin(p·f) | cos(p·f)], f_i = exp(-i·ln(10000)/(d/2 - 1)).

    The first real step is position 1; row 0 is padding, all zero. An odd width ends in a column of zeros.
    """
    subject = Subject("position")
    for width in (6, 7, 20):
        half = width // 2
        frequency = torch.exp(torch.arange(half, dtype=torch.float32) * -(math.log(10000) / (half - 1)))
        angle = torch.arange(41, dtype=torch.float32)[:, None] * frequency[None]
        table = torch.cat([angle.sin(), angle.cos(), torch.zeros(41, width % 2)], dim=1)
        table[0] = 0
        subject.add(f"width{width}", {"width": width}, table=table)
    return subject


def image():
    subject = Subject("image")
    for corners in (False, True):
        for size in ((8, 10), (7, 3)):
            subject.run(
                f"bilinear.{size[0]}x{size[1]}{'.corners' if corners else ''}",
                lambda input: F.interpolate(input, size=size, mode="bilinear", align_corners=corners),
                {"size": size, "align_corners": corners},
                input=torch.randn(2, 2, 4, 5),
            )
    subject.run(
        "max_pool2d",
        lambda input: F.max_pool2d(input, 3, 2, 1),
        {"kernel": 3, "stride": 2, "padding": 1},
        input=torch.randn(2, 2, 7, 6),
    )
    subject.run(
        "adaptive_avg_pool2d", lambda input: F.adaptive_avg_pool2d(input, 1), {"size": 1}, input=torch.randn(2, 2, 3, 5)
    )
    maps = torch.tensor([[[0.9, -0.3, 0.1], [0.4, 1.1, -0.2]], [[-1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]])
    for mode in ("bilinear", "nearest"):
        subject.run(
            f"affine.{mode}",
            lambda input, maps: F.grid_sample(
                input, F.affine_grid(maps, list(input.shape), align_corners=False), mode=mode, align_corners=False
            ),
            {"mode": mode},
            fixed={"maps": maps},
            input=torch.randn(2, 2, 5, 6),
        )
    for size in ((4, 6, 10), (5, 3, 4)):
        subject.run(
            f"trilinear.{size[0]}x{size[1]}x{size[2]}",
            lambda input: F.interpolate(input, size=size, mode="trilinear", align_corners=False),
            {"size": size},
            input=torch.randn(1, 2, 2, 3, 5),
        )
    return subject


def optimizer():
    """Six steps on f = ½ Σ c (p - t)²; row n of `path.*` holds the parameters after n steps."""
    subject = Subject("optimizer")
    start = {"a": torch.randn(3), "b": torch.randn(2, 2)}
    goal = {name: torch.randn_like(value) for name, value in start.items()}
    curvature = {name: torch.rand_like(value) * 3 + 0.1 for name, value in start.items()}
    for name in start:
        subject.add(
            "problem",
            **{f"start.{name}": start[name], f"goal.{name}": goal[name], f"curvature.{name}": curvature[name]},
        )
    for case, kind, options in [
        ("adam", torch.optim.Adam, {"lr": 0.1}),
        ("adam.betas.decay", torch.optim.Adam, {"lr": 0.05, "betas": (0.8, 0.95), "eps": 1e-6, "weight_decay": 0.1}),
        ("adamw", torch.optim.AdamW, {"lr": 0.1, "weight_decay": 0.1}),
        ("sgd", torch.optim.SGD, {"lr": 0.1}),
        ("sgd.momentum", torch.optim.SGD, {"lr": 0.1, "momentum": 0.9}),
        ("sgd.momentum.decay", torch.optim.SGD, {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.1}),
        ("sgd.nesterov.decay", torch.optim.SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    ]:
        parameters = {name: value.clone().requires_grad_() for name, value in start.items()}
        steps = kind(parameters.values(), **options)
        path = {name: [value.detach().clone()] for name, value in parameters.items()}
        for _ in range(6):
            steps.zero_grad()
            sum((curvature[name] * (parameters[name] - goal[name]) ** 2).sum() / 2 for name in start).backward()
            steps.step()
            for name in path:
                path[name].append(parameters[name].detach().clone())
        subject.add(case, options, **{f"path.{name}": torch.stack(rows) for name, rows in path.items()})
    return subject


def schedule():
    """Learning rates: element e is the rate in epoch (or step) e, counted from 0."""
    subject = Subject("schedule")

    def follow(case, make, options, losses=None, count=None, base=0.1):
        steps = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=base)
        scheduler = make(steps)
        rates = []
        for epoch in range(count or len(losses)):
            rates.append(steps.param_groups[0]["lr"])
            steps.step()
            scheduler.step(losses[epoch]) if losses else scheduler.step()
        rates.append(steps.param_groups[0]["lr"])
        subject.add(case, {"lr": base, **options}, rates=torch.tensor(rates, dtype=torch.float64))
        if losses:
            subject.add(case, losses=torch.tensor(losses, dtype=torch.float64))

    schedulers = torch.optim.lr_scheduler
    falling = [1.0, 0.9, 0.9, 0.91, 0.89995, 0.8, 0.85, 0.85, 0.85, 0.85, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7]
    for case, options in {
        "plateau": {"factor": 0.1, "patience": 2},
        "plateau.cooldown": {"factor": 0.5, "patience": 1, "cooldown": 2, "min_lr": 0.02},
        "plateau.absolute": {"factor": 0.5, "patience": 1, "threshold": 0.05, "threshold_mode": "abs"},
    }.items():
        follow(case, lambda steps: schedulers.ReduceLROnPlateau(steps, **options), options, falling)
    rising = [0.5, 0.6, 0.6, 0.55, 0.6, 0.6, 0.7, 0.7, 0.69, 0.7, 0.7, 0.7]
    options = {"mode": "max", "factor": 0.1, "patience": 2}
    follow("plateau.max", lambda steps: schedulers.ReduceLROnPlateau(steps, **options), options, rising)
    options = {"step_size": 3, "gamma": 0.5}
    follow("step", lambda steps: schedulers.StepLR(steps, **options), options, count=10)

    # Linear warm-up over W steps, then a cosine to `minimum` at step T:
    #   rate(t) = lr · (t + 1) / W                                               for t < W
    #   rate(t) = minimum + (lr - minimum) · ½ (1 + cos(π (t - W) / (T - W)))    for W <= t <= T, and minimum after T
    for case, warmup, total, minimum in [
        ("cosine", 0, 10, 0.0),
        ("cosine.warmup", 4, 12, 0.0),
        ("cosine.minimum", 3, 9, 0.01),
    ]:

        def rate(t, warmup=warmup, total=total, minimum=minimum, base=0.1):
            if t < warmup:
                return (t + 1) / warmup
            progress = min((t - warmup) / (total - warmup), 1)
            return (minimum + (base - minimum) * (1 + math.cos(math.pi * progress)) / 2) / base

        follow(
            case,
            lambda steps: schedulers.LambdaLR(steps, rate),
            {"warmup": warmup, "total": total, "minimum": minimum},
            count=14,
        )
    return subject


def clip():
    subject = Subject("clip")
    for case, scale in [("above", 3.0), ("below", 0.01)]:
        parameters = [torch.zeros(4, requires_grad=True), torch.zeros(2, 3, requires_grad=True)]
        for index, parameter in enumerate(parameters):
            parameter.grad = torch.randn_like(parameter) * scale
            subject.add(case, **{f"before.{index}": parameter.grad})
        norm = nn.utils.clip_grad_norm_(parameters, 0.8)
        subject.add(case, {"max_norm": 0.8}, norm=norm)
        for index, parameter in enumerate(parameters):
            subject.add(case, **{f"after.{index}": parameter.grad})
    return subject


def main():
    torch.set_num_threads(1)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for make in (
        linear,
        convolution,
        normalization,
        attention,
        activation,
        loss,
        position,
        image,
        optimizer,
        schedule,
        clip,
    ):
        make().write()


if __name__ == "__main__":
    main()
