#!/usr/bin/env python3
"""Joins CMU-MOSI's transcripts and audio vectors into tables for `data convert`: prepare.py FOLDER OUTPUT.

FOLDER has manifest.csv (id, video, split, label, transcript) and a safetensors file for each split (id, audio). OUTPUT
gets whole.csv, and first.csv and second.csv with the training samples of the first and the second half of the videos.
"""

import csv
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "python"))

from polyphony import safetensors_file  # noqa: E402


def audio_vectors(folder):
    vectors = {}
    for split in ("train", "valid", "test"):
        tensors, _ = safetensors_file.load(folder / f"{split}.safetensors")
        vectors.update(zip(tensors["id"].tolist(), tensors["audio"].tolist()))
    return vectors


def write(path, rows, vectors):
    width = len(next(iter(vectors.values())))
    with open(path, "w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["id", "split", "label", "transcript", *(f"audio_{number}" for number in range(width))])
        for row in rows:
            table.writerow([row["id"], row["split"], row["label"], row["transcript"], *vectors[int(row["id"])]])


def main():
    folder, output = map(pathlib.Path, sys.argv[1:])
    vectors = audio_vectors(folder)
    with open(folder / "manifest.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    videos = list(dict.fromkeys(row["video"] for row in rows if row["split"] == "train"))
    first = set(videos[: len(videos) // 2])
    write(output / "whole.csv", rows, vectors)
    for name, half in (("first", first), ("second", set(videos) - first)):
        write(output / f"{name}.csv", [row for row in rows if row["split"] != "train" or row["video"] in half], vectors)


if __name__ == "__main__":
    main()
