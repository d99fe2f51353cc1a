"""Methods that act inside encoder layers: LoRA, (IA)³, bottleneck adapters, Compacter and prefixes."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..models.layers import LayerAdapter, Linear
from ..models.model import Model
from ..models.modules import find, place
from ..models.segmentation import ResidualBlock
from ..models.stages import Method
from ..models.unet import UNetBlock
from .peft import LAYER_TARGETS
from .settings import Settings


class LayerMethod(Method):
    """A method with one adapter for each encoder layer, under `name` and the layer's key."""

    def __init__(self, model: Model, name: str, make: Callable[[int], LayerAdapter]):
        super().__init__()
        for key, layer in model.layers():
            adapter = make(layer.fc2.out_features)
            place(self, f"{name}.{key}", adapter)
            layer.adapters.append(adapter)


class PeftMethod(LayerMethod):
    """A method of PEFT. Its tensors have the names of PEFT, below the layers' keys."""

    def __init__(self, model: Model, make: Callable[[int], LayerAdapter]):
        super().__init__(model, "modules", make)

    def key(self, name: str) -> str:
        return name.removeprefix("modules.")


class LowRankUpdate(nn.Module):
    """(α/r)·B A x for one matrix."""

    def __init__(self, inputs: int, outputs: int, rank: int, scale: float):
        super().__init__()
        self.lora_A, self.lora_B = nn.Linear(inputs, rank, bias=False), nn.Linear(rank, outputs, bias=False)
        self.scale = scale
        nn.init.zeros_(self.lora_B.weight)

    def forward(self, x: Tensor) -> Tensor:
        return self.lora_B(self.lora_A(x)) * self.scale


class LayerLoRA(LayerAdapter):
    """The updates of one layer, W x + (α/r)·B A x (Hu et al. 2022)."""

    def __init__(self, width: int, settings: Settings):
        super().__init__()
        rank, scale = settings["rank"], scale_of(settings)
        sizes = {"fc1": (width, 4 * width), "fc2": (4 * width, width)}
        self.targets = [LAYER_TARGETS[target] for target in settings["targets"]]
        for target in self.targets:
            place(self, target, LowRankUpdate(*sizes.get(target, (width, width)), rank, scale))

    def linear(self, name: str, x: Tensor, compute: Linear) -> Tensor:
        return compute(x) + find(self, name)(x) if name in self.targets else compute(x)


class Scale(nn.Module):
    """One scale of (IA)³, with the shape that PEFT gives it."""

    def __init__(self, *shape: int):
        super().__init__()
        self.ia3_l = nn.Parameter(torch.ones(shape))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.ia3_l.flatten()


class LayerScales(LayerAdapter):
    """(IA)³: scales of keys, values and hidden units (Liu et al. 2022)."""

    def __init__(self, width: int):
        super().__init__()
        place(self, "self_attn.k_proj", Scale(width, 1))
        place(self, "self_attn.v_proj", Scale(width, 1))
        self.fc2 = Scale(1, 4 * width)

    def linear(self, name: str, x: Tensor, compute: Linear) -> Tensor:
        if name == "fc2":
            return compute(self.fc2(x))
        return find(self, name)(compute(x)) if name in ("self_attn.k_proj", "self_attn.v_proj") else compute(x)


class LayerBottlenecks(LayerAdapter):
    """y + W↑ GELU(W↓ y + b↓) + b↑ after the feed-forward part, and after attention (`houlsby`)."""

    def __init__(self, variant: str, make: Callable[[], nn.Module]):
        super().__init__()
        parts = {"attention": make()} if variant == "houlsby" else {}
        self.parts = nn.ModuleDict({**parts, "feed_forward": make()})

    def attention(self, output: Tensor) -> Tensor:
        return self.parts["attention"](output) if "attention" in self.parts else output

    def feed_forward(self, output: Tensor) -> Tensor:
        return self.parts["feed_forward"](output)


class Bottleneck(nn.Module):
    def __init__(self, down: nn.Module, up: nn.Module):
        super().__init__()
        self.down, self.up = down, up

    def forward(self, x: Tensor) -> Tensor:
        return x + self.up(F.gelu(self.down(x)))


class KroneckerLinear(nn.Module):
    """x·Σ_i A_i ⊗ (s_i t_iᵀ) + b, with an A that the method owns (Karimi Mahabadi et al. 2021)."""

    def __init__(self, inputs: int, outputs: int, blocks: int, rank: int, shared: Callable[[], Tensor]):
        super().__init__()
        self.s = nn.Parameter(torch.randn(blocks, inputs // blocks, rank) * 0.1)
        self.t = nn.Parameter(torch.randn(blocks, rank, outputs // blocks) * 0.1)
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.shared = shared

    def forward(self, x: Tensor) -> Tensor:
        small = self.s @ self.t
        weight = torch.einsum("iab,icd->acbd", self.shared(), small)
        return x @ weight.flatten(2, 3).flatten(0, 1) + self.bias


class Compacter(Method):
    """Bottleneck adapters of Kronecker products. All of them share the matrices A."""

    def __init__(self, model: Model, settings: Settings):
        super().__init__()
        blocks, size = settings["blocks"], settings["bottleneck"]
        self.shared = nn.Parameter(torch.randn(blocks, blocks, blocks) / blocks**0.5)
        for key, layer in model.layers():
            width = layer.fc2.out_features

            def make(width: int = width) -> nn.Module:
                down = KroneckerLinear(width, size, blocks, settings["rank"], self.matrices)
                return Bottleneck(down, KroneckerLinear(size, width, blocks, settings["rank"], self.matrices))

            adapter = LayerBottlenecks(settings["variant"], make)
            place(self, f"layers.{key}", adapter)
            layer.adapters.append(adapter)

    def matrices(self) -> Tensor:
        """The matrices A, `[n, n, n]`."""
        return self.shared


class DirectPrefix(LayerAdapter):
    """Keys and values `[P, width]` that are parameters."""

    def __init__(self, width: int, length: int):
        super().__init__()
        self.keys = nn.Parameter(torch.randn(length, width) * 0.02)
        self.values = nn.Parameter(torch.randn(length, width) * 0.02)

    def prefix(self) -> tuple[Tensor, Tensor]:
        return self.keys, self.values


class EmbeddedPrefix(LayerAdapter):
    """Keys and values from a small network on an embedding."""

    def __init__(self, width: int, length: int, hidden: int):
        super().__init__()
        self.embedding = nn.Parameter(torch.randn(length, width))
        self.down, self.up = nn.Linear(width, hidden), nn.Linear(hidden, 2 * width)

    def prefix(self) -> tuple[Tensor, Tensor]:
        keys, values = self.up(self.down(self.embedding).tanh()).chunk(2, dim=1)
        return keys, values


class ConvolutionUpdate(nn.Module):
    """(α/r)·B∘A for one convolution, added to what it gives."""

    def __init__(self, convolution: nn.Conv2d, rank: int, scale: float):
        super().__init__()
        self.lora_A = nn.Conv2d(
            convolution.in_channels,
            rank,
            cast(tuple[int, int], convolution.kernel_size),
            cast(tuple[int, int], convolution.stride),
            cast(tuple[int, int], convolution.padding),
            cast(tuple[int, int], convolution.dilation),
            bias=False,
        )
        self.lora_B = nn.Conv2d(rank, convolution.out_channels, 1, bias=False)
        self.scale = scale
        nn.init.zeros_(self.lora_B.weight)

    def added(self, convolution: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        return output + self.lora_B(self.lora_A(inputs[0])) * self.scale


class ConvolutionLoRA(Method):
    """The updates of all 3 × 3 convolutions of a model without encoder layers."""

    def __init__(self, convolutions: dict[str, nn.Conv2d], settings: Settings):
        super().__init__()
        for key, convolution in convolutions.items():
            update = ConvolutionUpdate(convolution, settings["rank"], scale_of(settings))
            place(self, f"modules.{key}", update)
            convolution.register_forward_hook(update.added)

    def key(self, name: str) -> str:
        return name.removeprefix("modules.")


class BlockBottlenecks(Method):
    """x + W↑ GELU(W↓ x + b↓) + b↑ at each place of the map of every block of convolutions."""

    def __init__(self, blocks: dict[str, nn.Module], size: int):
        super().__init__()
        for key, block in blocks.items():
            width = [part for part in block.children() if isinstance(part, nn.Conv2d)][-1].out_channels
            adapter = Bottleneck(nn.Linear(width, size), nn.Linear(size, width))
            place(self, f"layers.{key}", adapter)
            block.register_forward_hook(lambda block, inputs, output, adapter=adapter: at_each_place(adapter, output))


def at_each_place(module: nn.Module, x: Tensor) -> Tensor:
    """A module over the channels of a map, at each place."""
    return cast(Tensor, module(x.movedim(1, -1)).movedim(-1, 1))


def scale_of(settings: Settings) -> float:
    rank: int = settings["rank"]
    return float(settings["alpha"] / (rank**0.5 if settings["rank_stabilized"] else rank))


def lora(model: Model, settings: Settings) -> Method:
    convolutions = {
        key: module
        for key, module in model.named_modules()
        if isinstance(module, nn.Conv2d) and module.kernel_size == (3, 3)
    }
    if convolutions and not list(model.layers()):
        return ConvolutionLoRA(convolutions, settings)
    return PeftMethod(model, lambda width: LayerLoRA(width, settings))


def ia3(model: Model, settings: Settings) -> Method:
    return PeftMethod(model, LayerScales)


def bottlenecks(model: Model, settings: Settings) -> Method:
    size = settings["bottleneck"]
    blocks = {key: part for key, part in model.named_modules() if isinstance(part, (UNetBlock, ResidualBlock))}
    if blocks and not list(model.layers()):
        return BlockBottlenecks(blocks, size)

    def make(width: int) -> LayerAdapter:
        return LayerBottlenecks(settings["variant"], lambda: Bottleneck(nn.Linear(width, size), nn.Linear(size, width)))

    return LayerMethod(model, "layers", make)


def prefix(model: Model, settings: Settings) -> Method:
    length, hidden = settings["length"], settings["hidden"]
    return LayerMethod(
        model, "layers", lambda width: EmbeddedPrefix(width, length, hidden) if hidden else DirectPrefix(width, length)
    )
