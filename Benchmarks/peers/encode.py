#!/usr/bin/env python3
"""What `polyphony encoders benchmark` does, with transformers or ONNX Runtime.

encode.py FOLDER --with eager|sdpa|onnx|onnx-int8 --step embed|first|train --texts FILE [--sorted] --json

ONNX Runtime reads `model.onnx` and `model-int8.onnx` of --onnx FOLDER, which `--step export` writes.
"""

import argparse
import json
import pathlib
import statistics
import time

import numpy as np


class Transformers:
    """Mean states of the last layer, by transformers' own model."""

    def __init__(self, folder, attention):
        import torch
        from transformers import AutoModel

        self.torch = torch
        self.model = AutoModel.from_pretrained(folder, attn_implementation=attention, dtype=torch.float32)
        self.model.eval()

    def embed(self, ids, mask):
        with self.torch.inference_mode():
            mask = self.torch.from_numpy(mask)
            states = self.model(self.torch.from_numpy(ids), attention_mask=mask).last_hidden_state
            weights = mask.unsqueeze(-1).float()
            return ((states * weights).sum(1) / weights.sum(1)).numpy()

    def training(self, batch, length):
        """A step of all weights towards random vectors, with dropout, and AdamW in its fused form."""
        torch, model = self.torch, self.model
        config = model.config
        ids = torch.randint(0, config.vocab_size, (batch, length))
        target = torch.randn(batch, config.hidden_size)
        model.train()
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5, weight_decay=0.01, fused=True)

        def step():
            optimizer.zero_grad()
            pooled = model(ids).last_hidden_state.mean(1)
            torch.nn.functional.mse_loss(pooled, target).backward()
            optimizer.step()

        return step


class Runtime:
    """The same by ONNX Runtime."""

    def __init__(self, file):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])

    def embed(self, ids, mask):
        (states,) = self.session.run(None, {"input_ids": ids, "attention_mask": mask})
        weights = mask[..., None].astype(np.float32)
        return (states * weights).sum(1) / weights.sum(1)


def export(folder, output):
    """Writes the model as ONNX in f32, and with int8 weights."""
    import torch
    from onnxruntime.quantization import QuantType, quantize_dynamic

    class States(torch.nn.Module):
        def __init__(self, model):
            super().__init__()
            self.model = model

        def forward(self, input_ids, attention_mask):
            return self.model(input_ids, attention_mask=attention_mask).last_hidden_state

    model = States(Transformers(folder, "eager").model)
    ids = torch.tensor([[101, 2009, 102], [101, 102, 0]])
    dynamic = {0: "batch", 1: "length"}
    torch.onnx.export(
        model,
        (ids, (ids > 0).long()),
        str(output / "model.onnx"),
        input_names=["input_ids", "attention_mask"],
        output_names=["states"],
        dynamic_axes={"input_ids": dynamic, "attention_mask": dynamic, "states": dynamic},
        opset_version=17,
        dynamo=False,
    )
    quantize_dynamic(str(output / "model.onnx"), str(output / "model-int8.onnx"), weight_type=QuantType.QInt8)


def contestant(options):
    if options.by in ("eager", "sdpa"):
        return Transformers(options.folder, options.by)
    return Runtime(options.onnx / ("model.onnx" if options.by == "onnx" else "model-int8.onnx"))


class Embedding:
    """All texts in batches: tokens, states, means."""

    def __init__(self, options, encoder):
        from tokenizers import Tokenizer

        self.options, self.encoder = options, encoder
        self.tokenizer = Tokenizer.from_file(str(options.folder / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(256)

    def __call__(self, texts):
        rows = [entry.ids for entry in self.tokenizer.encode_batch(texts)]
        if self.options.sorted:
            rows.sort(key=len, reverse=True)
        vectors = []
        for start in range(0, len(rows), self.options.batch):
            part = rows[start : start + self.options.batch]
            ids = np.zeros((len(part), max(map(len, part))), np.int64)
            mask = np.zeros_like(ids)
            for row, tokens in enumerate(part):
                ids[row, : len(tokens)] = tokens
                mask[row, : len(tokens)] = 1
            vectors.append(self.encoder.embed(ids, mask))
        return vectors


def seconds(body):
    started = time.perf_counter()
    body()
    return time.perf_counter() - started


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--with", dest="by", choices=["eager", "sdpa", "onnx", "onnx-int8"], default="eager")
    parser.add_argument("--step", choices=["embed", "first", "train", "export"], default="embed")
    parser.add_argument("--texts", type=pathlib.Path, help="a text a line")
    parser.add_argument("--sorted", action="store_true")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--length", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--onnx", type=pathlib.Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()

    if options.step == "export":
        return export(options.folder, options.onnx)
    encoder = contestant(options)
    if options.step == "train":
        step = encoder.training(options.batch, options.length)
        step()
        times, samples = [seconds(step) for _ in range(options.repeats)], options.batch
    else:
        texts = options.texts.read_text().splitlines()
        texts = texts[:1] if options.step == "first" else texts
        embedding, samples = Embedding(options, encoder), len(texts)
        if options.step == "embed":
            embedding(texts[: options.batch])
        times = [seconds(lambda: embedding(texts)) for _ in range(options.repeats if options.step == "embed" else 1)]

    median = statistics.median(times)
    result = {"median_ms": median * 1e3, "samples_per_s": samples / median}
    print(json.dumps(result) if options.json else f"{median * 1e3:.1f} ms, {samples / median:.0f} a second")


if __name__ == "__main__":
    main()
