#!/usr/bin/env python3
"""Computes the reference numbers of Tests/PolyphonyEncodersTests/Fixtures with transformers.

    make encoder-fixtures

One folder an encoder: `config.json` and `model.safetensors` as transformers writes them, with small random weights, and
`reference.safetensors`: inputs, all hidden states, the last hidden state, and the gradients of
`sum(last * probe)` over real steps (`grad.` and the weight's published name). Seeded: the same versions give the same
numbers.
"""

import json
import pathlib
import shutil
import sys
import tempfile
import warnings

import torch
import transformers as hf
from safetensors.torch import load_file, save_file

warnings.filterwarnings("ignore")
hf.logging.set_verbosity_error()
hf.logging.disable_progress_bar()

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "Tests" / "PolyphonyEncodersTests" / "Fixtures"
SIZES = dict(hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24)


def randomise(model, seed):
    """Gives every parameter a value that matters: weights far from zero, norms away from 1 and 0."""
    generator = torch.Generator().manual_seed(seed)
    draw = lambda tensor: torch.randn(tensor.shape, generator=generator)
    for name, parameter in model.named_parameters():
        is_scale = parameter.dim() == 1 and name.endswith("weight") or "lambda" in name
        parameter.data = 1 + 0.2 * draw(parameter) if is_scale else 0.3 * draw(parameter)
    for name, buffer in model.named_buffers():
        if name.endswith("running_mean"):
            buffer.data = 0.3 * draw(buffer)
        elif name.endswith("running_var"):
            buffer.data = 0.5 + draw(buffer).abs()
    return model


def published(model, folder):
    """The weights' names and values as transformers saves them."""
    model.save_pretrained(folder)
    return load_file(pathlib.Path(folder) / "model.safetensors")


def save(name, model, tensors):
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    published(model, folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config, indent=1, sort_keys=True) + "\n")
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.zeros_like(parameter) if parameter.grad is None else parameter.grad)
    with tempfile.TemporaryDirectory() as scratch:
        gradients = published(model, scratch)
    for key, value in gradients.items():
        if value.is_floating_point() and "running_" not in key:
            tensors[f"grad.{key}"] = value
    save_file({k: v.detach().clone().contiguous() for k, v in tensors.items()}, folder / "reference.safetensors")


def record(name, model, inputs, mask=None, call=None, seed=0):
    """Runs a model and stores inputs, states and gradients. `mask` marks the real steps of the states."""
    model = randomise(model.eval(), seed)
    result = (call or model)(**inputs, output_hidden_states=True)
    last = result.last_hidden_state
    tensors = {f"input.{key}": value for key, value in inputs.items()}
    for place, state in enumerate(result.hidden_states):
        tensors[f"hidden.{place}"] = state
    tensors["last"] = last
    probe = torch.randn(last.shape, generator=torch.Generator().manual_seed(seed + 1))
    if mask is not None:
        probe = probe * mask.reshape(*mask.shape, *[1] * (last.dim() - mask.dim()))
        tensors["mask"] = mask
    tensors["probe"] = probe
    (last * probe).sum().backward()
    save(name, model, tensors)


def tokens(batch, length, words, pad, lengths, left=False):
    generator = torch.Generator().manual_seed(batch * length)
    ids = torch.randint(pad + 1, words, (batch, length), generator=generator)
    steps = torch.arange(length)
    real = torch.stack([steps >= length - n if left else steps < n for n in lengths])
    return torch.where(real, ids, torch.tensor(pad)), real.long()


def bert():
    config = hf.BertConfig(vocab_size=40, max_position_embeddings=20, type_vocab_size=3, **SIZES)
    ids, mask = tokens(3, 7, 40, 0, [7, 4, 1])
    types = torch.randint(0, 3, ids.shape, generator=torch.Generator().manual_seed(5))
    model = hf.BertModel(config)
    record("bert", model, dict(input_ids=ids, attention_mask=mask, token_type_ids=types), mask)
    # Padding on the left, without types, another activation.
    config = hf.BertConfig(vocab_size=40, max_position_embeddings=20, hidden_act="gelu_new", **SIZES)
    ids, mask = tokens(2, 5, 40, 0, [5, 3], left=True)
    model = hf.BertModel(config, add_pooling_layer=False)
    record("bert-left", model, dict(input_ids=ids, attention_mask=mask), mask, seed=2)


def roberta():
    sizes = dict(vocab_size=40, max_position_embeddings=20, type_vocab_size=1, **SIZES)
    ids, mask = tokens(3, 9, 40, 1, [5, 9, 2])
    model = hf.RobertaModel(hf.RobertaConfig(**sizes))
    record("roberta", model, dict(input_ids=ids, attention_mask=mask), mask)
    # With a head, so that names have a prefix.
    model = hf.XLMRobertaForMaskedLM(hf.XLMRobertaConfig(layer_norm_eps=1e-5, **sizes))
    record("xlm-roberta", model, dict(input_ids=ids, attention_mask=mask), mask, call=model.roberta, seed=3)


def distilbert():
    config = hf.DistilBertConfig(vocab_size=40, max_position_embeddings=20, dim=16, n_layers=2, n_heads=2, hidden_dim=24)
    ids, mask = tokens(3, 7, 40, 0, [7, 4, 1])
    model = hf.DistilBertModel(config)
    record("distilbert", model, dict(input_ids=ids, attention_mask=mask), mask)


def mpnet():
    # Long enough for every bucket of relative positions.
    config = hf.MPNetConfig(vocab_size=40, max_position_embeddings=160, **SIZES)
    ids, mask = tokens(2, 150, 40, 1, [150, 33])
    record("mpnet", hf.MPNetModel(config), dict(input_ids=ids, attention_mask=mask), mask)


FAMILIES = [bert, roberta, distilbert, mpnet]

if __name__ == "__main__":
    wanted = sys.argv[1:]
    for family in FAMILIES:
        if not wanted or family.__name__ in wanted:
            family()
