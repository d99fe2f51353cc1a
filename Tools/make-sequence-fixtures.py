#!/usr/bin/env python3
"""Writes computational sequences (.csd) for the tests of «polyphony data convert», and their alignment. Wants NumPy and h5py.

The alignment is computed here by CMU-MultimodalSDK's rule, entry by entry: two intervals meet unless one ends more than
a tolerance before the other starts, and what they share is longer than the tolerance.

    python3 Tools/make-sequence-fixtures.py [--output Tests/PolyphonyTests/Fixtures/conversion]
"""

import argparse
import json
import pathlib

import h5py
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
TOLERANCE = 10e-6
VIDEOS = ["kXiqM5rLrpU", "03bSnISJMiM", "zhpQhgha_KU"]


def words(video):
    """Words one after another, with a pause, a gap and a word of no duration."""
    texts = [b"well", b"sp", b"this", b"film", b"", b"is", b"fun"]
    ends = np.array([0.41, 0.58, 1.07, 1.52, 1.52, 2.03, 2.96]) + 0.013 * video
    starts = np.concatenate([[0.1], ends[:-1]])
    starts[5] += 0.11
    return np.array(texts, "S8")[:, None], np.stack([starts, ends], 1)


def audio(video):
    """Frames of a tenth of a second, with none in the middle."""
    starts = np.concatenate([np.arange(0, 11), np.arange(21, 29)]) / 10
    rows = np.arange(len(starts) * 2).reshape(-1, 2)
    return (np.sin(rows * 0.7 + video) * 3).astype("f4"), np.stack([starts, starts + 0.1], 1)


def vision(video):
    """Frames of varying duration, some within others, in no order."""
    starts = np.array([0.9, 0.0, 0.3, 0.35, 2.2, 1.6])
    durations = np.array([0.2, 0.25, 1.4, 0.05, 0.5, 0.7])
    rows = np.arange(18).reshape(6, 3)
    return np.cos(rows + 2.0 * video), np.stack([starts, starts + durations], 1)


def labels(video):
    """Segments that cut a word, one of no duration, and one after everything."""
    intervals = np.array([[0.1, 1.07], [1.07, 1.07], [1.3, 2.96], [7.0, 8.0]])
    return np.array([[1.2], [0.0], [-2.4], [3.0]], "f4") + np.float32(video) / 10, intervals.astype("f4")


def write(path, name, entries):
    with h5py.File(path, "w") as file:
        for video, (features, intervals) in entries.items():
            group = file.create_group(f"{name}/data/{video}")
            group.create_dataset("features", data=features, compression="gzip")
            group["intervals"] = intervals
        file[f"{name}/metadata/root name"] = [json.dumps(name)]


def order(intervals):
    return sorted(range(len(intervals)), key=lambda row: intervals[row, 0])


def meeting(wanted, intervals):
    """The rows of the intervals that meet an interval, by their starts."""
    rows = []
    for row in order(intervals):
        start, end = intervals[row]
        if wanted[1] - start > -TOLERANCE and end - wanted[0] > -TOLERANCE:
            if abs(max(start, wanted[0]) - min(end, wanted[1])) > TOLERANCE:
                rows.append(row)
    return rows


def aligned(sequences, pivot):
    """The samples with the steps of each sequence. A step without an entry is null."""
    samples = []
    target = sequences["labels"]
    shared = set.intersection(*[set(entries) for entries in sequences.values()])
    for video in sorted(shared):
        values, segments = target[video]
        for place, segment in enumerate(segments):
            if abs(segment[0] - segment[1]) < TOLERANCE:
                continue
            sample = {"id": f"{video}[{place}]", "target": float(values[place, 0]), "steps": {}}
            for name, entries in sequences.items():
                features, intervals = entries[video]
                if name == "labels" or features.dtype.kind == "S":
                    continue
                if pivot == "labels":
                    steps = [features[row] for row in meeting(segment, intervals)]
                else:
                    times = sequences[pivot][video][1]
                    steps = []
                    for step in meeting(segment, times):
                        if abs(times[step, 0] - times[step, 1]) < TOLERANCE:
                            continue
                        rows = [step] if name == pivot else meeting(times[step], intervals)
                        steps.append(np.mean(features[rows].astype("f8"), axis=0) if rows else [None] * features.shape[1])
                sample["steps"][name] = [[None if x is None else float(np.float32(x)) for x in step] for step in steps]
            if any(sample["steps"].values()):
                samples.append(sample)
    return samples


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "Tests/PolyphonyTests/Fixtures/conversion")
    output = parser.parse_args().output
    sequences = {}
    for make in [words, audio, vision, labels]:
        sequences[make.__name__] = {video: make(place) for place, video in enumerate(VIDEOS)}
    del sequences["vision"][VIDEOS[2]]
    for name, entries in sequences.items():
        if name == "vision":
            # An aligned file has its entries in parts, which belong together.
            parts = {}
            for video, (features, intervals) in entries.items():
                parts[f"{video}[0]"] = (features[:2], intervals[:2])
                parts[f"{video}[1]"] = (features[2:], intervals[2:])
            entries = parts
        write(output / f"{name}.csd", f"{name} of a talk", entries)
    golden = {pivot: aligned(sequences, pivot) for pivot in ["words", "labels", "audio"]}
    (output / "sequences.json").write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()
