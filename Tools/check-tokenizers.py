#!/usr/bin/env python3
"""Compares the program's tokens with those of the library `tokenizers`, string by string.

The tool trains small tokenizers of every kind that the program reads, makes strings of many scripts, emoji, marks and
control characters, and counts the strings whose tokens differ.

  Tools/check-tokenizers.py --program .build/release/polyphony [--count 12000] [--texts FILE] [--seed 1]
  Tools/check-tokenizers.py --fixture Tests/PolyphonyEncodersTests/Fixtures/tokenizers

`--texts` adds the lines of a file, and `--tokenizer FILE` a further tokenizer.json. `--speed` times both on one thread, by
turns. `--fixture` writes small tokenizers with strings and tokens for the tests.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

WORDS = """the a of and to in is it you that he was for on are with as his they be at one have this from or had by hot
word but what some we can out other were all there when up use your how said an each she which do their time if will way
about many then them write would like so these her long make thing see him two has look more day could go come did
number sound no most people my over know water than call first who may down side been now find movie film really
don't can't it's I'm they've we'll she'd naïve café Zürich señor façade coöperate Ångström straße ﬁne ½ x² İstanbul
ΑΒΓ ΣΊΣΥΦΟΣ привет мир ёлка нельзя 日本語 テスト ﾊﾝｶｸ 한국어 문장 你好 世界 العربية مرحبا עברית हिन्दी नमस्ते ไทย ภาษา
tiếng Việt ქართული ՀԱՅԵՐԵՆ ᏣᎳᎩ አማርኛ বাংলা தமிழ் ខ្មែរ""".split()
RANGES = [(0x20, 0x7E), (0xA0, 0x24F), (0x250, 0x2FF), (0x370, 0x3FF), (0x400, 0x52F), (0x530, 0x5FF), (0x600, 0x6FF),
          (0x900, 0xDFF), (0xE00, 0xFFF), (0x1000, 0x10FF), (0x1100, 0x11FF), (0x1200, 0x18AF), (0x1E00, 0x1FFF),
          (0x2000, 0x206F), (0x2070, 0x218F), (0x2190, 0x2BFF), (0x2C00, 0x2DFF), (0x2E00, 0x2E7F), (0x3000, 0x33FF),
          (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xA000, 0xABFF), (0xAC00, 0xD7A3), (0xE000, 0xE0FF), (0xF900, 0xFAFF),
          (0xFB00, 0xFFFF), (0x10000, 0x12FFF), (0x16000, 0x18FFF), (0x1B000, 0x1D7FF), (0x1E000, 0x1EFFF),
          (0x20000, 0x2A6DF), (0x2A700, 0x2FA1F), (0xE0000, 0xE01EF), (0x1, 0x10FFFF)]
EMOJI = ["😀", "👩‍👩‍👧", "👍🏽", "🇩🇪", "❤️", "🏴‍☠️", "1️⃣", "🤷‍♀️", "☃", "✈︎"]
MARKS = [0x300, 0x301, 0x303, 0x308, 0x30A, 0x323, 0x327, 0x328, 0x338, 0x345, 0x5B0, 0x64B, 0x93C, 0xF71, 0xF73, 0x3099,
         0x20DD, 0x20D0, 0x1AB0, 0x1DC0, 0x1D165, 0x302E, 0x8D4, 0x897]
SPACES = [" ", "  ", "\t", "\n", "\r\n", "\u00a0", "\u2003", "\u3000", "\u2028", "\u0085", "\u200b", "\x0b", "\x1f"]
SPECIAL = ["[MASK]", "[CLS]", "[SEP]", "[UNK]", "<mask>", "<s>", "</s>", "<unk>", "[mask]", "Gnu", "gnu", "foo bar",
           "▁", "##a", "Ġ", "<0x41>", "[", "]", "'s", "'LL", "I've"]


MAPPED = {"ﬁ": "fi", "½": "1/2", "\t": " ", "\n": " ", "\u00a0": " ", "\u3000": " ", "…": "...", "é": "e\u0301", "e\u0301": "é",
          "x²": "x2", "İ": "i", "\u200b": "", "\x1f": "", "ﾊﾟ": "パ", "™": "tm", "\u0323": ""}


def scalar(generator):
    while True:
        low, high = generator.choice(RANGES)
        value = generator.randint(low, high)
        if not 0xD800 <= value < 0xE000:
            return chr(value)


def words(generator, count):
    return "".join(generator.choice(WORDS) + generator.choice([" ", " ", " ", ", ", ". ", "-", "'", "  "]) for _ in range(count))


def text(generator):
    """A string of one of several kinds, or of pieces of all of them."""
    kind = generator.randrange(8)
    if kind <= 1:
        return words(generator, generator.randint(1, 30))
    if kind == 2:
        low, high = generator.choice(RANGES[:-1])
        pick = [v for v in (generator.randint(low, high) for _ in range(30)) if not 0xD800 <= v < 0xE000]
        return "".join(chr(v) + (" " if generator.random() < 0.15 else "") for v in pick)
    if kind == 3:
        return "".join(generator.choice("aeiouAEIOUncsgkzβ") + "".join(
            chr(generator.choice(MARKS)) for _ in range(generator.randint(0, 3))) for _ in range(generator.randint(1, 12)))
    if kind == 4:
        return str(generator.random() * 10 ** generator.randint(0, 9)) + generator.choice(["%", "€", "", "th", "½"])
    if kind == 5 and generator.random() < 0.1:
        return scalar(generator) * generator.randint(90, 220)
    pieces = []
    for _ in range(generator.randint(0, 12)):
        pieces.append(generator.choice([
            lambda: scalar(generator), lambda: generator.choice(EMOJI), lambda: generator.choice(SPACES),
            lambda: generator.choice(SPECIAL), lambda: generator.choice(WORDS), lambda: chr(generator.randint(1, 0xFF)),
            lambda: chr(generator.choice(MARKS)), lambda: generator.choice(["!", "...", "«", "»", "—", "/", "\\", "&"]),
        ])())
    return "".join(pieces)


def strings(count, seed):
    generator = random.Random(seed)
    return [text(generator) for _ in range(count)]


def trained(model, corpus, normalizer, pre_tokenizer, trainer):
    tokenizer = Tokenizer(model)
    if normalizer:
        tokenizer.normalizer = normalizer
    if pre_tokenizer:
        tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.train_from_iterator(corpus, trainer)
    return tokenizer


def template(tokenizer, first, last):
    return processors.TemplateProcessing(
        single=f"{first} $A {last}", special_tokens=[(t, tokenizer.token_to_id(t)) for t in (first, last)])


def make(corpus, size):
    """Trains one tokenizer of each kind. The names say what is special about each."""
    n, p = normalizers, pre_tokenizers
    special = ["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"]
    angles = ["<unk>", "<s>", "</s>", "<pad>", "<mask>"]
    generator = random.Random(2)
    plain = [words(generator, 12) for _ in corpus]
    made = {}

    def wordpiece(normalizer, pre_tokenizer=None):
        t = trained(models.WordPiece(unk_token="[UNK]"), corpus, normalizer, pre_tokenizer or p.BertPreTokenizer(),
                    trainers.WordPieceTrainer(vocab_size=size, special_tokens=special, show_progress=False))
        t.post_processor = template(t, "[CLS]", "[SEP]")
        return t

    def bpe(normalizer, pre_tokenizer, trainer={}, **options):
        return trained(models.BPE(**options), corpus, normalizer, pre_tokenizer, trainers.BpeTrainer(
            vocab_size=size, special_tokens=angles, show_progress=False, **trainer))

    def unigram(normalizer, pre_tokenizer):
        # A unigram vocabulary has every scalar that training saw.
        t = trained(models.Unigram(), plain, normalizer, pre_tokenizer, trainers.UnigramTrainer(
            vocab_size=size, special_tokens=angles, unk_token="<unk>", show_progress=False))
        t.post_processor = template(t, "<s>", "</s>")
        return t

    made["wordpiece-uncased"] = wordpiece(n.BertNormalizer())
    made["wordpiece-cased"] = wordpiece(n.BertNormalizer(lowercase=False))
    made["wordpiece-accents"] = wordpiece(n.BertNormalizer(strip_accents=False, clean_text=False, handle_chinese_chars=False))
    t = made["wordpiece-bert-processing"] = wordpiece(n.Sequence([n.NFKD(), n.StripAccents(), n.Lowercase(), n.Strip()]), p.Whitespace())
    t.post_processor = processors.BertProcessing(("[SEP]", t.token_to_id("[SEP]")), ("[CLS]", t.token_to_id("[CLS]")))
    t = made["wordpiece-added"] = wordpiece(n.BertNormalizer())
    t.add_special_tokens([AddedToken("<mask>", lstrip=True), AddedToken("[DAY]", rstrip=True)])
    t.add_tokens([AddedToken("Gnu", single_word=True), AddedToken("foo bar", normalized=False), AddedToken("Café", lstrip=True, rstrip=True)])
    t = made["wordpiece-truncated"] = wordpiece(n.BertNormalizer())
    t.enable_truncation(12)
    t = made["wordpiece-left"] = wordpiece(n.BertNormalizer())
    t.enable_truncation(7, direction="left")
    t = made["bpe-roberta"] = bpe(None, p.ByteLevel(add_prefix_space=True), {"initial_alphabet": p.ByteLevel.alphabet()})
    t.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 1))
    t.add_special_tokens([AddedToken("<mask>", lstrip=True)])
    llama = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
    t = made["bpe-split"] = bpe(n.NFC(), p.Sequence([p.Split(Regex(llama), "isolated"), p.ByteLevel(add_prefix_space=False, use_regex=False)]),
                                {"initial_alphabet": p.ByteLevel.alphabet()}, ignore_merges=True)
    t.post_processor = processors.Sequence([processors.ByteLevel(), template(t, "<s>", "</s>")])
    clip = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
    made["bpe-clip"] = bpe(n.Sequence([n.NFC(), n.Replace(Regex(r"\s+"), " "), n.Lowercase()]),
                           p.Sequence([p.Split(Regex(clip), "removed", invert=True), p.ByteLevel(add_prefix_space=False)]),
                           {"initial_alphabet": p.ByteLevel.alphabet(), "end_of_word_suffix": "</w>"}, unk_token="<unk>", end_of_word_suffix="</w>")
    made["bpe-fallback"] = bpe(n.Sequence([n.Prepend("▁"), n.Replace(" ", "▁")]), None,
                               {"initial_alphabet": ["▁"], "limit_alphabet": 60}, unk_token="<unk>", fuse_unk=True)
    made["bpe-prefix"] = bpe(n.NFKC(), p.WhitespaceSplit(), {"continuing_subword_prefix": "##", "limit_alphabet": 80},
                             unk_token="<unk>", continuing_subword_prefix="##")
    made["bpe-byte-normalizer"] = bpe(n.ByteLevel(), p.Split(" ", "merged_with_next"), {"initial_alphabet": p.ByteLevel.alphabet()})
    made["unigram-always"] = unigram(n.NFKC(), p.Metaspace())
    made["unigram-first"] = unigram(n.Sequence([n.Replace(Regex(" {2,}"), " "), n.Strip()]), p.Metaspace(prepend_scheme="first"))
    made["unigram-first"].add_special_tokens([AddedToken("<mask>", lstrip=True)])
    made["unigram-words"] = unigram(n.Sequence([n.Nmt(), n.NFD(), n.StripAccents()]), p.Sequence([p.WhitespaceSplit(), p.Metaspace()]))
    made["unigram-whole"] = unigram(None, p.Metaspace(prepend_scheme="never", split=False))
    fallback = json.loads(made["unigram-always"].to_str())
    fallback["model"]["byte_fallback"] = True
    fallback["model"]["vocab"] += [[f"<0x{byte:02X}>", -20.0] for byte in range(256)]
    made["unigram-fallback"] = Tokenizer.from_str(json.dumps(fallback))
    level = trainers.WordLevelTrainer(vocab_size=size, special_tokens=["[UNK]"], show_progress=False)
    for behavior in ("removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous"):
        made[f"wordlevel-{behavior.replace('_', '-')}"] = trained(
            models.WordLevel(unk_token="[UNK]"), corpus, n.Lowercase(),
            p.Sequence([p.WhitespaceSplit(), p.Punctuation(behavior), p.Digits(behavior == "isolated"),
                        p.Split(Regex("[aeiou]+"), behavior)]), level)
    made["wordlevel-delimiter"] = trained(models.WordLevel(unk_token="[UNK]"), corpus, None, p.CharDelimiterSplit("-"), level)
    return made


def with_character_map(corpus, folder, size, rules=None):
    """SentencePiece's own map of characters, or one of a file of rules, if its library is there."""
    try:
        import sentencepiece
    except ImportError:
        return {}
    import base64
    from sentencepiece import sentencepiece_model_pb2 as schema
    generator = random.Random(3)
    corpus = [words(generator, 12) for _ in corpus]
    lines = os.path.join(folder, "corpus.txt")
    with open(lines, "w", encoding="utf-8") as file:
        file.write("\n".join(" ".join(line.split()) for line in corpus if line.strip()))
    sentencepiece.SentencePieceTrainer.train(
        input=lines, model_prefix=os.path.join(folder, "sp"), vocab_size=size,
        **({"normalization_rule_tsv": rules} if rules else {"normalization_rule_name": "nmt_nfkc"}),
        character_coverage=1.0, hard_vocab_limit=False, minloglevel=2)
    proto = schema.ModelProto()
    proto.ParseFromString(open(os.path.join(folder, "sp.model"), "rb").read())
    tokenizer = Tokenizer(models.Unigram([(piece.piece, piece.score) for piece in proto.pieces], unk_id=0))
    text = json.loads(tokenizer.to_str())
    text["normalizer"] = {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(proto.normalizer_spec.precompiled_charsmap).decode()}
    text["pre_tokenizer"] = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": True}
    return {"unigram-character-map": Tokenizer.from_str(json.dumps(text))}


def program_tokens(program, path, texts):
    lines = "".join(json.dumps(text) + "\n" for text in texts)
    done = subprocess.run([*program, "encoders", "tokens", path], input=lines.encode(), stdout=subprocess.PIPE, check=True)
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


def compare(name, tokenizer, path, program, texts):
    tokenizer.no_padding()
    expected = [encoding.ids for encoding in tokenizer.encode_batch(texts)]
    found = program_tokens(program, path, texts)
    wrong = [i for i in range(len(texts)) if expected[i] != found[i]]
    print(f"{name:28} {len(texts):8} strings  {sum(map(len, expected)):9} tokens  {len(wrong):6} differ", flush=True)
    for i in wrong[:3]:
        print("   ", ascii(texts[i])[:200], "\n      expected", expected[i][:40], "\n      found   ", found[i][:40])
    return len(wrong)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--program", default=".build/release/polyphony")
    options.add_argument("--count", type=int, default=12000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--texts")
    options.add_argument("--tokenizer", action="append", default=[])
    options.add_argument("--only")
    options.add_argument("--fixture")
    options = options.parse_args()
    if options.fixture:
        return fixture(options.fixture)
    texts = strings(options.count, options.seed)
    further = open(options.texts, encoding="utf-8").read().splitlines() if options.texts else []
    wrong = total = 0
    with tempfile.TemporaryDirectory() as folder:
        corpus = strings(3000, 0) + further[:500]
        made = make(corpus, 1500)
        made.update(with_character_map(corpus, folder, 2000))
        made.update({path: Tokenizer.from_file(path) for path in options.tokenizer})
        for name, tokenizer in made.items():
            if options.only and options.only not in name:
                continue
            path = os.path.join(folder, "tokenizer.json")
            tokenizer.save(path)
            wrong += compare(name, tokenizer, path, [options.program], further + texts)
            total += len(further) + len(texts)
    print(f"{total} strings, {wrong} differ")
    return 1 if wrong else 0


def fixture(folder):
    """Small tokenizers, each with strings of its own and their tokens."""
    os.makedirs(folder, exist_ok=True)
    made = make(strings(150, 0), 260)
    with tempfile.TemporaryDirectory() as scratch:
        rules = os.path.join(scratch, "rules.tsv")
        with open(rules, "w", encoding="utf-8") as file:
            for found, replacement in MAPPED.items():
                file.write("\t".join(" ".join(f"{ord(c):X}" for c in text) for text in (found, replacement)) + "\n")
        made.update(with_character_map(strings(400, 0), scratch, 260, rules))
    for index, (name, tokenizer) in enumerate(made.items()):
        tokenizer.no_padding()
        document = json.loads(tokenizer.to_str())
        cases = [text for text in strings(60, 100 + index) if len(text) < 120][:40]
        cases = [[text, tokenizer.encode(text).ids] for text in cases]
        with open(os.path.join(folder, f"{name}.json"), "w", encoding="utf-8") as file:
            json.dump({"tokenizer": document, "cases": cases}, file, ensure_ascii=True, separators=(",", ":"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
