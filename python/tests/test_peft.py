"""LoRA and (IA)³ with Hugging Face's PEFT: it loads what the program trains, and the program loads what it trains."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

os.environ["HF_HUB_OFFLINE"] = "1"
peft = pytest.importorskip("peft")

import polyphony  # noqa: E402
from agreement import by_program, difference, predicted  # noqa: E402
from conftest import SMALL  # noqa: E402
from polyphony import PolyphonyError  # noqa: E402

TOLERANCE = 1e-5
TARGETS = ["q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2"]
ARCHITECTURES = ["late_fusion", "mult"]
"""Encoders of one modality, and encoders between two."""


@pytest.mark.filterwarnings("ignore:Unexpected keyword arguments")
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_adapters_of_the_program(architecture: str, sequences: Path, trained, place: Path) -> None:
    model, output = trained(architecture, sequences), place / f"for-peft-{architecture}"
    settings = {key: value for key, value in SMALL.items() if not key.startswith("model.")}
    settings |= {"tuning.rank": 3, "tuning.alpha": 5, "tuning.targets": ["q", "k", "v", "out", "fc1", "fc2"]}
    settings |= {"tuning.rank_stabilized": True}
    polyphony.tune(model, sequences, ["lora", "ia3"], output, set=settings, missing="sample:0.4")
    base = predicted(polyphony.load(model), sequences)
    for method in ("lora", "ia3"):
        adapter = output / method / "adapter"
        config = peft.PeftConfig.from_pretrained(str(adapter))
        if method == "lora":
            assert (config.r, config.lora_alpha, config.use_rslora, config.lora_dropout) == (3, 5, True, 0)
            assert config.target_modules == set(TARGETS)
        else:
            assert config.target_modules == {"k_proj", "v_proj", "fc2"} and config.feedforward_modules == {"fc2"}
        assert config.base_model_name_or_path == str(model)
        loaded = predicted(peft.PeftModel.from_pretrained(polyphony.load(model), str(adapter)), sequences)
        found = difference(loaded, by_program(model, sequences, adapter, place / "predictions.safetensors"))
        print(f"{architecture} {method}, trained by the program: {found:.1e}")
        assert found <= TOLERANCE
        assert difference(loaded, base) > 1e-4, "the adapter changes nothing"


@pytest.mark.filterwarnings("ignore:Unexpected keyword arguments")
def test_convolutions(images: Path, trained, place: Path) -> None:
    """PEFT's updates of convolutions."""
    model, output = trained("unet", images), place / "for-peft-unet"
    settings = {"training.epochs": 1, "training.learning_rate": 0.02, "tuning.rank": 3, "tuning.alpha": 5}
    polyphony.tune(model, images, "lora", output, set=settings, missing="sample:0.4")
    tuned = peft.PeftModel.from_pretrained(polyphony.load(model), str(output / "adapter"))
    loaded = predicted(tuned, images)
    assert difference(loaded, by_program(model, images, output / "adapter", place / "masks.safetensors")) <= TOLERANCE
    assert difference(loaded, predicted(polyphony.load(model), images)) > 1e-4, "the adapter changes nothing"


CONFIGS = {
    "lora": dict(r=3, lora_alpha=5, lora_dropout=0.1, target_modules=TARGETS, modules_to_save=["out_layer"]),
    "lora without the head": dict(r=2, lora_alpha=3, use_rslora=True, target_modules=["v_proj", "fc1"]),
    "ia3": dict(target_modules=["k_proj", "v_proj", "fc2"], feedforward_modules=["fc2"], modules_to_save=["out_layer"]),
}


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("name", CONFIGS)
def test_adapters_of_peft(
    name: str, architecture: str, sequences: Path, trained, place: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    torch.manual_seed(0)
    model, adapter = trained(architecture, sequences), place / f"by-peft-{architecture}-{name}"
    config = (peft.IA3Config if name == "ia3" else peft.LoraConfig)(**CONFIGS[name])
    tuned = peft.get_peft_model(polyphony.load(model), config).train()
    optimizer = torch.optim.Adam([it for it in tuned.parameters() if it.requires_grad], lr=0.05)
    for batch in torch.utils.data.DataLoader(polyphony.Dataset(sequences, "train"), batch_size=8):
        optimizer.zero_grad()
        F.cross_entropy(tuned(batch).prediction, batch["target"]).backward()
        optimizer.step()
    tuned.eval().save_pretrained(str(adapter))
    expected = predicted(tuned, sequences)
    assert difference(expected, predicted(polyphony.load(model), sequences)) > 1e-3, "the training changes nothing"
    loaded = polyphony.load(model, adapter)
    trainable = sum(it.numel() for it in loaded.parameters() if it.requires_grad)
    assert trainable == sum(it.numel() for it in tuned.parameters() if it.requires_grad)
    capfd.readouterr()
    by_the_program = by_program(model, sequences, adapter, place / "predictions.safetensors")
    assert "does not say on which base" in capfd.readouterr().err
    merged = tuned.merge_and_unload()
    polyphony.save(merged, place / f"merged-{architecture}-{name}")
    for place_of, found in {
        "in the program": by_the_program,
        "in Python": predicted(loaded, sequences),
        "merged": predicted(polyphony.load(place / f"merged-{architecture}-{name}"), sequences),
    }.items():
        largest = difference(found, expected)
        print(f"{architecture} {name}, trained by PEFT, {place_of}: {largest:.1e}")
        assert largest <= TOLERANCE, place_of


def test_refused_forms(sequences: Path, trained, place: Path) -> None:
    """What Polyphony lacks is refused by its key, in Python and by the program."""
    model = trained("late_fusion", sequences)
    forms = {
        "use_dora": peft.LoraConfig(use_dora=True, target_modules=["q_proj"]),
        "rank_pattern": peft.LoraConfig(rank_pattern={"fc1": 2}, target_modules=["q_proj", "fc1"]),
        "peft_type": peft.LoHaConfig(target_modules=["q_proj"]),
        "target_modules": peft.LoraConfig(target_modules=["out_layer"]),
    }
    for key, config in forms.items():
        adapter = place / f"refused-{key}"
        peft.get_peft_model(polyphony.load(model), config).save_pretrained(str(adapter))
        for load in (polyphony.load, lambda model, adapter: polyphony.predict(model, sequences, adapter=adapter)):
            with pytest.raises(PolyphonyError) as caught:
                load(model, adapter)
            assert caught.value.kind == "data" and caught.value.key.partition(".")[0] == key


def test_others_are_no_adapters_of_peft(sequences: Path, trained, place: Path) -> None:
    model, output = trained("late_fusion", sequences), place / "not-for-peft"
    polyphony.tune(model, sequences, "bitfit", output, set={"training.epochs": 1})
    with pytest.raises(TypeError, match="peft_type"):
        peft.PeftConfig.from_pretrained(str(output / "adapter"))
