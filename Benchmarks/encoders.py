"""Measures a pretrained encoder of texts: vectors of sentences, and training steps, beside transformers and ONNX Runtime."""

import csv
import pathlib
import random
import statistics
import subprocess
import sys

import contest

ENCODER = "all-minilm-l6-v2"
PEER = contest.PEERS / "encode.py"
PEERS = {
    "transformers, eager": "eager",
    "transformers, SDPA": "sdpa",
    "ONNX Runtime, f32": "onnx",
    "ONNX Runtime, int8": "onnx-int8",
}
WORDS = (
    "the a of and to in it was is that this for on with as but they i you he she we not really very so just like good "
    "bad great boring funny movie film story acting plot scene character director ending music think know feel see "
    "want make get go watch expected disappointed interesting predictable because when if about would could should"
).split()
# Title, arguments, contestants, bar and goal over the fastest peer in f32.
ROWS = [
    ("vectors, texts as they come", ["--step", "embed"], list(PEERS), (2.0, 2.8)),
    ("vectors, sorted by length", ["--step", "embed", "--sorted"], list(PEERS), (1.1, 1.5)),
    ("training step of all weights, batch 32, length 32", ["--step", "train"], list(PEERS)[:2], (1.3, 1.6)),
]


def texts(source, target):
    """Writes a text a line: those of a file, of a manifest's column `transcript`, or made-up ones of such lengths."""
    if source is None:
        generator = random.Random(0)
        lengths = [max(1, min(100, round(generator.lognormvariate(2.2, 0.75)))) for _ in range(2199)]
        lines = [" ".join(generator.choices(WORDS, k=length)) for length in lengths]
    elif source.suffix == ".csv":
        with open(source, newline="") as file:
            lines = [row["transcript"].strip() for row in csv.DictReader(file)]
    else:
        lines = source.read_text().splitlines()
    lines = [line for line in lines if line]
    target.write_text("\n".join(lines) + "\n")
    return len(lines)


def prepare(options, environment, folder):
    """Fetches the encoder and exports it, once. Returns the number of texts."""
    folder.mkdir(parents=True, exist_ok=True)
    encoder = folder / ENCODER
    if not encoder.exists():
        contest.run([str(options.program), "encoders", "fetch", ENCODER, "--output", str(encoder)], environment)
    if not (folder / "model-int8.onnx").exists():
        # A peer that cannot be exported is missing from the rows, with its own reason.
        command = [sys.executable, str(PEER), str(encoder), "--step", "export", "--onnx", str(folder)]
        subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return texts(options.texts, folder / "texts.txt")


def contestants(options, environment, folder, names):
    encoder = str(folder / ENCODER)
    ours = contest.Contestant("polyphony", [str(options.program), "encoders", "benchmark", encoder], environment)
    peers = [
        contest.Contestant(
            name, [sys.executable, str(PEER), encoder, "--with", PEERS[name], "--onnx", str(folder)], environment
        )
        for name in names
    ]
    return [ours, *peers]


def measure(options, environment, folder, progress):
    """The rows, and the wall time from nothing to the vector of one sentence; or the reason why there are none."""
    try:
        count = prepare(options, environment, folder)
    except contest.Unavailable as reason:
        return {"reason": f"the encoder {ENCODER} is not there: {reason}"}
    shared = ["--texts", str(folder / "texts.txt"), "--json"]
    rows = []
    for title, arguments, names, bar in ROWS:
        progress(f"encoder, {title}")
        repeats = 1 if arguments[1] == "embed" else min(options.repeats, 7)
        arguments = [*arguments, *shared, "--repeats", str(repeats)]
        measured = contest.alternate(contestants(options, environment, folder, names), arguments, options.rounds)
        rows.append((title, measured, bar, count if "embed" in arguments else 32))
    progress("encoder, start to the first vector")
    return {"count": count, "rows": rows, "first": first(options, environment, folder, shared)}


def first(options, environment, folder, shared):
    """Wall times of processes that encode one sentence, by turns. The first round warms the file cache."""
    times, reasons = {}, {}
    for round_ in range(options.rounds + 1):
        for each in contestants(options, environment, folder, list(PEERS)):
            if each.name in reasons:
                continue
            try:
                _, wall, peak = contest.run([*each.command, "--step", "first", *shared], environment)
            except contest.Unavailable as reason:
                reasons[each.name] = {"reason": str(reason)}
                continue
            if round_ > 0:
                times.setdefault(each.name, []).append((wall * 1e3, peak))
    return reasons | {
        name: {
            "median_ms": statistics.median(wall for wall, _ in measured),
            "peak_rss_mb": statistics.median(peak for _, peak in measured),
        }
        for name, measured in times.items()
        if name not in reasons
    }


def cache(root):
    return pathlib.Path(root) / ".build" / "benchmark"
