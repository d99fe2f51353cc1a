#!/usr/bin/env python3
"""Computes the reference numbers of Tests/PolyphonyEncodersTests/Fixtures with transformers.

    make encoder-fixtures

One folder an encoder: `config.json` and `model.safetensors` as transformers writes them, with small random weights, and
`reference.safetensors`: inputs, all hidden states, the last hidden state, and the gradients of
`sum(last * probe)` over real steps, plus the sum of the embedding in families that have one (`grad.` and the weight's
published name). Seeded: the same versions give the same
numbers.
"""

import json
import os
import pathlib
import shutil
import struct
import sys
import tempfile
import warnings
import zlib

import numpy as np
import torch
import transformers as hf
from PIL import Image
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
    embedding = getattr(result, "embedding", None)
    if embedding is None and name.startswith("clip"):
        embedding = result.pooler_output
    if embedding is not None:
        tensors["embedding"] = embedding
    probe = torch.randn(last.shape, generator=torch.Generator().manual_seed(seed + 1))
    if mask is not None:
        probe = probe * mask.reshape(*mask.shape, *[1] * (last.dim() - mask.dim()))
        tensors["mask"] = mask
    tensors["probe"] = probe
    scalar = (last * probe).sum()
    if embedding is not None:
        scalar = scalar + embedding.sum()
    scalar.backward()
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
    config = hf.MPNetConfig(vocab_size=40, max_position_embeddings=142, **{**SIZES, "hidden_size": 8})
    ids, mask = tokens(2, 140, 40, 1, [140, 33])
    record("mpnet", hf.MPNetModel(config), dict(input_ids=ids, attention_mask=mask), mask)


def pixels(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape)))


def vit():
    model = hf.ViTModel(hf.ViTConfig(image_size=8, patch_size=4, **SIZES))
    record("vit", model, dict(pixel_values=pixels(2, 3, 8, 8)))
    # Without biases of attention, behind a head, with pictures of another size.
    model = hf.ViTForImageClassification(hf.ViTConfig(image_size=8, patch_size=4, qkv_bias=False, **SIZES))
    call = lambda **inputs: model.vit(**inputs, interpolate_pos_encoding=True)
    record("vit-resized", model, dict(pixel_values=pixels(2, 3, 12, 9)), call=call, seed=4)
    model = hf.DeiTModel(hf.DeiTConfig(image_size=8, patch_size=4, **SIZES))
    record("deit", model, dict(pixel_values=pixels(2, 3, 8, 8)))


def dinov2():
    config = hf.Dinov2Config(image_size=8, patch_size=4, mlp_ratio=2, **{k: v for k, v in SIZES.items() if k != "intermediate_size"})
    record("dinov2", hf.Dinov2Model(config), dict(pixel_values=pixels(2, 3, 8, 14)))
    config.use_swiglu_ffn = True
    record("dinov2-gated", hf.Dinov2Model(config), dict(pixel_values=pixels(1, 3, 8, 8)), seed=6)


def clip():
    """Both encoders, each in a file of its own, because each has its own scalar."""
    config = dict(
        text_config=dict(vocab_size=40, max_position_embeddings=12, eos_token_id=39, bos_token_id=38, **SIZES),
        vision_config=dict(image_size=8, patch_size=4, **{**SIZES, "hidden_size": 8}),
        projection_dim=6,
    )
    ids, mask = tokens(3, 7, 39, 1, [7, 4, 2])
    ids[torch.arange(3), mask.sum(1) - 1] = 39
    model = hf.CLIPModel(hf.CLIPConfig(**config))
    record("clip-text", model, dict(input_ids=ids, attention_mask=mask), mask, call=model.get_text_features)
    model = hf.CLIPModel(hf.CLIPConfig(**config))
    record("clip-picture", model, dict(pixel_values=pixels(2, 3, 8, 8)), call=model.get_image_features)


def sound():
    small = dict(
        conv_dim=(8, 8, 8), conv_kernel=(10, 3, 2), conv_stride=(5, 2, 2), num_feat_extract_layers=3,
        num_conv_pos_embedding_groups=4, vocab_size=8, **SIZES,
    )
    wave = torch.randn(3, 431, generator=torch.Generator().manual_seed(9))
    real = torch.arange(431) < torch.tensor([[431], [200], [77]])
    inputs = dict(input_values=wave * real, attention_mask=real)

    def run(name, model, seed):
        steps = model._get_feat_extract_output_lengths(real.sum(1))
        mask = torch.arange(int(steps.max()))[None] < steps[:, None]
        record(name, model, inputs, mask.long(), seed=seed)

    # Norms over time with an even kernel of positions; norms over channels, norm first, with an odd one.
    group = dict(num_conv_pos_embeddings=4, **small)
    stable = dict(
        num_conv_pos_embeddings=5, do_stable_layer_norm=True, feat_extract_norm="layer", conv_bias=True, **small
    )
    run("wav2vec2", hf.Wav2Vec2Model(hf.Wav2Vec2Config(**group)), 0)
    run("wav2vec2-stable", hf.Wav2Vec2Model(hf.Wav2Vec2Config(**stable)), 1)
    run("hubert", hf.HubertModel(hf.HubertConfig(**group)), 2)
    run("hubert-unnormed", hf.HubertModel(hf.HubertConfig(feat_proj_layer_norm=False, **stable)), 3)
    buckets = dict(num_buckets=16, max_bucket_distance=16)
    run("wavlm", hf.WavLMModel(hf.WavLMConfig(**group, **buckets)), 4)
    run("wavlm-stable", hf.WavLMModel(hf.WavLMConfig(**stable, **buckets)), 5)


class Clamp(torch.nn.Module):
    """ReLU6. PyTorch 2.13's own has wrong gradients where the gradient behind it is not contiguous."""

    def forward(self, x):
        return torch.clamp(x, 0, 6)


def convolutions():
    def sequence(result, first=()):
        """States as sequences of places."""
        flat = lambda x: x.flatten(2).transpose(1, 2)
        result.embedding = result.pooler_output.flatten(1)
        result.hidden_states = [flat(x) for x in (*first, *result.hidden_states)]
        result.last_hidden_state = flat(result.last_hidden_state)
        return result

    sizes = dict(embedding_size=8, hidden_sizes=[8, 12], depths=[1, 2])
    for form, seed in (("basic", 0), ("bottleneck", 1)):
        model = hf.ResNetModel(hf.ResNetConfig(layer_type=form, **sizes))
        record(f"resnet-{form}", model, dict(pixel_values=pixels(2, 3, 21, 26)),
               call=lambda **inputs: sequence(model(**inputs)), seed=seed)
    for name, settings in (
        ("mobilenet-same", dict(depth_multiplier=0.05, depth_divisible_by=2, min_depth=2)),
        ("mobilenet-dilated", dict(depth_multiplier=0.05, depth_divisible_by=2, min_depth=2, output_stride=8,
                                   tf_padding=False, first_layer_is_expansion=False)),
    ):
        model = hf.MobileNetV2Model(hf.MobileNetV2Config(expand_ratio=2, finegrained_output=False, **settings))
        for part in model.modules():
            if isinstance(getattr(part, "activation", None), torch.nn.ReLU6):
                part.activation = Clamp()
        call = lambda **inputs: sequence(model(**inputs), [model.conv_stem(inputs["pixel_values"])])
        record(name, model, dict(pixel_values=pixels(1, 3, 33, 40)), call=call)


def png(rows, depth, colour, palette=None, interlaced=False):
    """A PNG file of samples `[height, width, channels]`, each row with another filter. Pillow writes no Adam7."""
    height, width, channels = rows.shape
    bits = depth * channels
    chunk = lambda name, data: struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    def packed(row):
        if depth == 16:
            return row.astype(">u2").tobytes()
        return np.packbits(np.unpackbits(row.astype(np.uint8).reshape(-1, 1), axis=1)[:, 8 - depth :]).tobytes()

    def filtered(part):
        data, before = b"", bytes((part.shape[1] * bits + 7) // 8)
        size = max(1, bits // 8)
        for y, row in enumerate(part):
            row = packed(row)
            left, corner = bytes(size) + row, bytes(size) + before
            paeth = lambda a, b, c: min((abs(b - c), 0, a), (abs(a - c), 1, b), (abs(a + b - 2 * c), 2, c))[2]
            guess = [
                lambda i: 0, lambda i: left[i], lambda i: before[i], lambda i: (left[i] + before[i]) // 2,
                lambda i: paeth(left[i], before[i], corner[i]),
            ][y % 5]
            data += bytes([y % 5]) + bytes((x - guess(i)) % 256 for i, x in enumerate(row))
            before = row
        return data

    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    parts = [rows[y::dy, x::dx] for x, y, dx, dy in passes] if interlaced else [rows]
    data = zlib.compress(b"".join(filtered(part) for part in parts if part.size))
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))
    middle = chunk(b"PLTE", palette.astype(np.uint8).tobytes()) if palette is not None else b""
    # The data in two chunks, as programs write it.
    cut = len(data) // 2
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + middle + chunk(b"IDAT", data[:cut])
        + chunk(b"IDAT", data[cut:]) + chunk(b"IEND", b"")
    )


def pictures():
    """Picture files in every form with their pixels, and what transformers' processors on Pillow make of two of them."""
    folder = FOLDER / "pictures"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    random = np.random.default_rng(3)
    y, x = np.mgrid[0:29, 0:37]
    smooth = np.stack([x * 6 % 256, y * 8 % 256, (x * y) % 256], 2) + random.integers(0, 9, (29, 37, 3))
    colours = np.clip(smooth, 0, 255).astype(np.uint8)
    grey = colours[:13, :11, :1]
    palette = random.integers(0, 256, (16, 3))
    indices = random.integers(0, 16, (13, 11, 1))
    alpha = random.integers(0, 256, (13, 11, 1))
    wide = random.integers(0, 65536, (9, 7, 3))
    small = colours[:13, :11]
    files = {
        "rgb.png": (png(colours, 8, 2), None),
        "rgb-interlaced.png": (png(small, 8, 2, interlaced=True), None),
        "rgba.png": (png(np.concatenate([small, alpha], 2), 8, 6), small),
        "rgb16.png": (png(wide, 16, 2), wide >> 8),
        "grey.png": (png(grey, 8, 0), None),
        "grey-alpha.png": (png(np.concatenate([grey, alpha], 2), 8, 4), np.repeat(grey, 3, 2)),
        "grey16.png": (png(wide[:, :, :1], 16, 0), np.repeat(wide[:, :, :1] >> 8, 3, 2)),
        "grey1-interlaced.png": (png(grey >> 7, 1, 0, interlaced=True), None),
        "grey2.png": (png(grey >> 6, 2, 0), None),
        "palette4.png": (png(indices, 4, 3, palette), None),
        "palette8.png": (png(indices, 8, 3, palette), None),
        "rgb.ppm": (b"P6\n# a comment\n11 13\n255\n" + small.tobytes(), None),
        "grey.pgm": (b"P5 11 13 255\n" + grey.tobytes(), None),
        "grey16.pgm": (b"P5 7 9 65535\n" + wide[:, :, :1].astype(">u2").tobytes(),
                       np.repeat((wide[:, :, :1] * 255 + 32767) // 65535, 3, 2)),
    }
    tensors = {}
    for name, (content, expected) in files.items():
        (folder / name).write_bytes(content)
        read = np.array(Image.open(folder / name).convert("RGB")) if expected is None else expected
        tensors[name] = torch.from_numpy(np.ascontiguousarray(read.astype(np.uint8)))
    Image.fromarray(colours).save(folder / "photo.jpg", quality=95, subsampling=0)
    tensors["photo.jpg"] = torch.from_numpy(np.array(Image.open(folder / "photo.jpg")))
    sides = lambda height, width: dict(height=height, width=width)
    processors = {
        "vit": ("ViT", dict(size=sides(16, 12))),
        "deit": ("DeiT", dict(size=sides(18, 18), crop_size=sides(14, 14))),
        "clip": ("CLIP", dict(size=dict(shortest_edge=15), crop_size=sides(12, 12))),
        "clip-old": ("CLIP", dict(size=15, crop_size=12)),
        "bit": ("Bit", dict(size=dict(shortest_edge=20), crop_size=sides(25, 27))),
        "convnext": ("ConvNext", dict(size=dict(shortest_edge=14))),
        "mobilenet": ("MobileNetV2", dict(size=dict(shortest_edge=19), crop_size=sides(16, 16))),
        "lanczos": ("ViT", dict(size=sides(40, 45), resample=1)),
        "box": ("ViT", dict(size=sides(9, 50), resample=4)),
        "hamming": ("ViT", dict(size=sides(11, 8), resample=5)),
        "raw": ("DeiT", dict(do_resize=False, do_rescale=False, do_normalize=False, crop_size=sides(10, 10))),
    }
    picture = Image.open(folder / "rgb.png")
    for name, (kind, settings) in processors.items():
        processor = getattr(hf, f"{kind}ImageProcessorPil")(**settings)
        (folder / name).mkdir()
        document = json.loads(processor.to_json_string())
        if name == "clip-old":
            document = dict(feature_extractor_type="CLIPFeatureExtractor", do_resize=True, resample=3, **settings)
        (folder / name / "preprocessor_config.json").write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")
        tensors[f"{name}.pixels"] = processor(picture, return_tensors="pt")["pixel_values"][0].float()
    wave = torch.randn(50, generator=torch.Generator().manual_seed(1)) * 0.1 + 0.03
    tensors["wave"] = wave
    tensors["wave.normalised"] = hf.Wav2Vec2FeatureExtractor()(wave.numpy(), sampling_rate=16000, return_tensors="pt")[
        "input_values"
    ][0]
    save_file({key: value.contiguous() for key, value in tensors.items()}, folder / "reference.safetensors")


def pickled():
    """The weights of `bert` in forms that old files have, and a file with more than weights in it."""
    weights = load_file(FOLDER / "bert" / "model.safetensors")
    old = {
        "bert." + name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): value
        for name, value in weights.items()
    }
    transposed = "bert.encoder.layer.0.intermediate.dense.weight"
    old[transposed] = torch.nn.Parameter(old[transposed].t().contiguous().t())
    both = torch.cat([old["bert.pooler.dense.bias"], old["bert.encoder.layer.1.output.dense.bias"]])
    old["bert.pooler.dense.bias"], old["bert.encoder.layer.1.output.dense.bias"] = both[:16], both[16:]
    old["bert.embeddings.position_ids"] = torch.arange(20)[None]
    old["cls.predictions.bias"] = torch.zeros(40, dtype=torch.float16)
    for name, content in (("pickled", old), ("hostile", {"weights": pathlib.PurePosixPath("/")})):
        (FOLDER / name).mkdir(exist_ok=True)
        shutil.copy(FOLDER / "bert" / "config.json", FOLDER / name)
        torch.save(content, FOLDER / name / "pytorch_model.bin")


def minilm():
    """Sentence vectors of the published MiniLM, whose folder POLYPHONY_MINILM names."""
    folder = os.environ.get("POLYPHONY_MINILM")
    if not folder:
        return
    # «I loved it», «The film was far too long, but the music is wonderful.», «no»
    texts = [[1045, 3866, 2009], [1996, 2143, 2001, 2521, 2205, 2146, 1010, 2021, 1996, 2189, 2003, 6919, 1012], [2053]]
    ids = torch.zeros(3, 15, dtype=torch.long)
    for row, text in enumerate(texts):
        ids[row, : len(text) + 2] = torch.tensor([101, *text, 102])
    mask = (ids > 0).long()
    with torch.no_grad():
        last = hf.AutoModel.from_pretrained(folder).eval()(input_ids=ids, attention_mask=mask).last_hidden_state
    mean = (last * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
    save_file({"tokens": ids, "mean": mean, "last": last[1, 3].contiguous()}, FOLDER / "minilm.safetensors")


FAMILIES = [
    bert, roberta, distilbert, mpnet, vit, dinov2, clip, sound, convolutions, pictures, pickled, minilm
]

if __name__ == "__main__":
    wanted = sys.argv[1:]
    for family in FAMILIES:
        if not wanted or family.__name__ in wanted:
            family()
