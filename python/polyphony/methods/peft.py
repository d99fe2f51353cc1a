"""`adapter_config.json` as Hugging Face's PEFT has it, for the methods that PEFT knows: LoRA and (IA)³."""

from __future__ import annotations

from typing import Any

from ..errors import PolyphonyError, bad_data

PEFT_METHODS = {"LORA": "lora", "IA3": "ia3"}
"""The methods by the name in `peft_type`."""

PEFT_PREFIX = "base_model.model."
"""What stands before the name of a module in a file of PEFT."""

LAYER_TARGETS = {
    "q_proj": "self_attn.q_proj",
    "k_proj": "self_attn.k_proj",
    "v_proj": "self_attn.v_proj",
    "out_proj": "self_attn.out_proj",
    "fc1": "fc1",
    "fc2": "fc2",
}
"""The linear modules of an encoder layer by the last part of their names."""

LORA_RANKS = range(1, 4097)
LORA_STARTS = (True, False, None, "gaussian", "eva", "orthogonal")
"""Starting values of LoRA with which the base stays as it is."""
NEUTRAL = ("inference_mode", "auto_mapping", "modules_to_save", "init_ia3_weights", "modalities", "parameters")
"""Switches, lists and sections that change no prediction, or that the file of weights confirms."""


def read_peft(description: dict[str, Any], file: object) -> tuple[str, dict[str, Any]]:
    """The method that a description of PEFT names, and its settings.

    Raises `PolyphonyError` for a method of PEFT that Polyphony lacks, and for a form of LoRA or (IA)³ that it lacks.
    """
    keys = PeftKeys(description, file)
    if keys.get("peft_type") not in list(PEFT_METHODS):
        raise keys.fault("peft_type", ", ".join(PEFT_METHODS))
    if description["peft_type"] == "IA3":
        keys.refuse_other_forms("target_modules", "feedforward_modules")
        keys.targets("target_modules", {"k_proj", "v_proj", "fc2"})
        keys.targets("feedforward_modules", {"fc2"})
        return "ia3", {}
    keys.refuse_other_forms("target_modules", "use_rslora", "init_lora_weights")
    rank, alpha = keys.get("r"), keys.get("lora_alpha")
    if type(rank) is not int or rank not in LORA_RANKS:
        raise keys.fault("r", f"an integer, {LORA_RANKS[0]} to {LORA_RANKS[-1]}")
    if type(alpha) not in (int, float) or not alpha > 0:
        raise keys.fault("lora_alpha", "a number above 0")
    if keys.get("bias") not in (None, "none"):
        raise keys.fault("bias", "none")
    if keys.get("init_lora_weights") not in LORA_STARTS:
        raise keys.fault("init_lora_weights", "starting values with which the base stays as it is")
    settings = {"rank": rank, "alpha": alpha, "rank_stabilized": keys.get("use_rslora") is True}
    modules = keys.get("target_modules")
    # The names of convolutions are those of the model, and its tensors confirm them.
    if not isinstance(modules, list) or not all(str(name).split(".")[-1].startswith("conv") for name in modules):
        settings["targets"] = keys.targets("target_modules")
    return "lora", settings


class PeftKeys:
    """The keys of a description, each of which may be refused."""

    def __init__(self, description: dict[str, Any], file: object):
        self.description, self.file = description, file

    def get(self, key: str) -> Any:
        return self.description.get(key)

    def fault(self, key: str, expected: str) -> PolyphonyError:
        return bad_data(
            "Polyphony has no such adapter of PEFT",
            file=self.file,
            key=key,
            found=self.description.get(key, "no such key"),
            expected=expected,
            remedy="tune again" if key not in self.description else None,
        )

    def refuse_other_forms(self, *known: str) -> None:
        """Refuses what is switched on or given and is not known, since it may change predictions."""
        for key, value in self.description.items():
            is_set = value is True or (isinstance(value, (list, dict)) and len(value) > 0)
            if key in ("exclude_modules", "layers_to_transform") and value is not None:
                is_set = True
            if is_set and key not in (*known, *NEUTRAL):
                raise self.fault(key, "an adapter of all layers, without this")

    def targets(self, key: str, expected: set[str] | None = None) -> list[str]:
        """The modules under a key, by the last part of their names."""
        given = self.get(key)
        names = given if isinstance(given, list) else []
        short = [name.removeprefix("self_attn.") if isinstance(name, str) else "" for name in names]
        if not short or any(name not in LAYER_TARGETS for name in short) or expected not in (None, set(short)):
            raise self.fault(key, ", ".join(sorted(expected or LAYER_TARGETS)))
        return short
