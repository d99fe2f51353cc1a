#!/usr/bin/env python3
"""Kills the program at random instants, and compares what repeated commands end with.

    Tools/torture-kills.py PROGRAM [--kills 100] [--seed 1] [--commands train,tune] [--case NUMBER]

A case is a command in a folder of its own. It is killed up to six times by `kill -9`, and then repeated to its end.
All its files must have the bytes of an undisturbed run. Only measured times may differ. No file may be half written
after a kill, no temporary name may be left at the end, and no input may be changed. An instant is one of three:

* a moment of the run, by the clock;
* just before the program writes, flushes or renames (`POLYPHONY_KILL_AT`);
* at any system call that changes a file, where there is `strace`.

The number of a case and the seed give the command and the instants. `--case` repeats one case, and keeps its folder.
"""

import argparse
import json
import os
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter

SMALL = ["--set", "training.batch_size=16"]
BATCH = ["--set", "adaptation.batch_size=10"]
MODEL = ["--set", "model={width: 8, heads: 2, layers: 1}"]
CASP = ["contrast_epochs=4", "snapshot_interval=2", "pseudo_epochs=2", "share=0.2"]
ONE = "train: {model: {width: 8, heads: 2, layers: 1}, training: {epochs: 2, batch_size: 16}}"
WANDER = "tune: {method: wander, tuning: {bottleneck: 4}, training: {epochs: 2, batch_size: 16}}"
RECIPES = {
    "run.yaml": f"""data: data
stages:
  - train: {{balance: cggm, model: {{width: 8, heads: 2, layers: 1}}, training: {{epochs: 3, batch_size: 16}}}}
  - {WANDER}
  - tune: {{method: prompts, missing: "sample:0.7", tuning: {{length: 4}}, training: {{epochs: 2, batch_size: 16}}}}
  - adapt: {{method: casp, split: test, corrupt: "noise:3", adaptation: {{contrast_epochs: 2, snapshot_interval: 2, pseudo_epochs: 1, batch_size: 16}}}}
evaluate: {{missing: ["sample:0.5"], shift: "noise:3"}}
""",
    "compare.yaml": f"data: data\nmetric: corr\nmethods:\n  plain: [{ONE}]\n  tuned: [{ONE}, {WANDER}]\n",
    "table.csv": "a,b,label\n" + "".join(f"{row % 7},{row % 5},{'xy'[row % 2]}\n" for row in range(60)),
}
# The share of the cases, and the words of each command. A command that can resume does so.
COMMANDS = {
    "train": (20, ["train", "--data", "data", "--balance", "cggm", "--resume", "--set", "training.epochs=3", *SMALL, *MODEL]),
    "train, segmentation": (2, [
        "train", "--data", "scenes", "--architecture", "deeplab_v3plus", "--resume", "--set", "training.epochs=2",
        "--set", "training.batch_size=4"]),
    "tune": (18, [
        "tune", "--model", "model", "--data", "data", "--method", "lora", "--missing", "sample:0.5", "--resume",
        "--set", "training.epochs=3", *SMALL]),
    "adapt": (13, [
        "adapt", "--model", "model", "--data", "data", "--method", "casp", "--resume", *BATCH,
        *[word for setting in CASP for word in ("--set", f"adaptation.{setting}")]]),
    "adapt, online": (13, [
        "adapt", "--model", "model", "--data", "data", "--method", "tent", "--online", "--split", "train", "--resume", *BATCH]),
    "run": (7, ["run", "run.yaml"]),
    "compare": (9, ["compare", "compare.yaml"]),
    "transfer": (4, [
        "transfer", "--task", "corpus", "--modalities", "2", "--method", "head", "--samples", "32", "--resume", "--set",
        "training.epochs=1", "--set", "pretraining.epochs=1", "--set", "rates=[0.001]", *MODEL]),
    "evaluate": (6, ["evaluate", "--model", "model", "--data", "data", "--missing", "sample:0.1,0.5"]),
    "evaluate, shifts": (4, [
        "evaluate", "--model", "model", "--data", "data", "--shift", "noise:1,drop:2", "--adapt", "source,tent"]),
    "predict": (2, ["predict", "--model", "model", "--data", "data"]),
    "data corrupt": (1, ["data", "corrupt", "--data", "data", "--shift", "noise:1"]),
    "data convert": (1, ["data", "convert", "--input", "table.csv", "--target", "label"]),
}
# The steps of `POLYPHONY_KILL_AT`, and the system call that is about as frequent.
STEPS = {
    "makeTemporary": "rename", "write": "rename", "syncFile": "fsync", "exchange": "renameat2", "rename": "rename",
    "syncFolder": "rename", "removeOld": "renameat2",
}
CALLS = ["openat", "write", "pwrite64", "fsync", "rename", "renameat2", "unlink", "unlinkat", "rmdir", "mkdir", "link",
         "linkat", "fchmod", "ftruncate", "flock", "close"]
TEMPORARY = re.compile(r"\.tmp-\d+-|\.old-polyphony$|polyphony-scratch")
MEASURED = {"seconds", "seconds_per_step", "latency", "base_latency", "peak_memory"}
STRACE = shutil.which("strace")


class Trial:
    """A program, and a folder with a data set, a model and recipes."""

    def __init__(self, program, folder):
        self.program, self.inputs = os.path.abspath(program), os.path.join(folder, "inputs")
        self.environment = dict(os.environ, OMP_NUM_THREADS="1")
        os.mkdir(self.inputs)
        for name, text in RECIPES.items():
            with open(os.path.join(self.inputs, name), "w") as file:
                file.write(text)
        for words in [
            ["data", "synthesize", "--output", "data", "--samples", "120"],
            ["data", "synthesize", "--kind", "segmentation", "--output", "scenes", "--samples", "20"],
            ["train", "--data", "data", "--output", "base", "--set", "training.epochs=2", *SMALL, *MODEL],
        ]:
            self.finish(words, self.inputs)
        shutil.move(os.path.join(self.inputs, "base", "model"), os.path.join(self.inputs, "model"))
        shutil.rmtree(os.path.join(self.inputs, "base"))
        self.folder, self.whole = folder, {}

    def start(self, words, place, before=(), **environment):
        return subprocess.Popen(
            [*before, self.program, *words], cwd=place, env=dict(self.environment, **environment),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def finish(self, words, place):
        process = self.start(words, place)
        errors = process.communicate()[1].decode(errors="replace")
        if process.returncode:
            raise Wrong(f"code {process.returncode}: {errors}")

    def copy(self, name):
        place = os.path.join(self.folder, name)
        shutil.copytree(self.inputs, place)
        return place

    def undisturbed(self, name, words):
        """The files, the seconds and the system calls of a run that nothing stops."""
        if name not in self.whole:
            place = self.copy("whole")
            start = time.time()
            self.finish(words, place)
            seconds, files = time.time() - start, outcome(place)
            shutil.rmtree(place)
            self.whole[name] = files, seconds, self.count(words)
        return self.whole[name]

    def count(self, words):
        """How often the thread that calls most makes each system call."""
        if not STRACE:
            return Counter({call: 24 for call in STEPS.values()})
        place, log = self.copy("whole"), os.path.join(self.folder, "calls")
        self.start(words, place, [*traced(CALLS), "-o", log]).communicate()
        with open(log, errors="replace") as file:
            found = Counter(tuple(line.split("(")[0].split()) for line in file if "(" in line)
        shutil.rmtree(place)
        os.remove(log)
        calls = Counter()
        for (_, *call), times in ((key, value) for key, value in found.items() if len(key) == 2):
            calls[call[0]] = max(calls[call[0]], times)
        return calls

    def kill(self, words, place, instant):
        """Kills a run at an instant. False if it ended before."""
        kind, value, times = instant
        if kind == "time":
            process = self.start(words, place)
            try:
                process.communicate(timeout=value)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
        elif kind == "step":
            process = self.start(words, place, POLYPHONY_KILL_AT=f"{value}:{times}")
        else:
            injection = f"inject={value}:signal=SIGKILL:when={times}"
            process = self.start(words, place, [*traced([value]), "-o", "/dev/null", "-e", injection])
        errors = process.communicate()[1].decode(errors="replace")
        if process.returncode == -signal.SIGKILL:
            return True
        if process.returncode:
            raise Wrong(f"code {process.returncode} instead of a kill at {instant}: {errors}")
        return False


class Wrong(Exception):
    """What a user would call a loss."""


def traced(calls):
    return [STRACE, "-f", "--seccomp-bpf", "-qq", "-e", f"trace={','.join('?' + call for call in calls)}"]


def instant(draw, seconds, calls):
    """An instant: by the clock, before a step of a writer, or at a system call."""
    kind = draw.choice(["time", "step", "call"] if STRACE else ["time", "step"])
    if kind == "time":
        return kind, round(draw.random() * seconds, 3), 1
    if kind == "step":
        step = draw.choice(list(STEPS))
        return kind, step, draw.randint(1, max(1, calls[STEPS[step]]))
    call = draw.choice([call for call in CALLS if calls[call]])
    return kind, call, draw.randint(1, calls[call])


# What a run leaves


def files(place):
    for folder, _, names in os.walk(place):
        for name in names:
            path = os.path.join(folder, name)
            yield os.path.relpath(path, place), path


def outcome(place):
    """The bytes of all files without measured times, and the events of each folder."""
    result, events = {}, {}
    for name, path in sorted(files(place)):
        # The seconds of a stage are written once a second, so that short stages have none.
        if os.path.basename(name) == "seconds":
            continue
        with open(path, "rb") as file:
            data = file.read()
        if "events.out.tfevents" in name:
            add_events(events.setdefault(os.path.dirname(name) + "/events", []), data)
        else:
            result[name] = without_times(os.path.basename(name), data)
    return {**result, **events}


def without_times(name, data):
    if name in ("results.json", "stage.json"):
        return json.dumps(without_measures(json.loads(data)))
    if name == "table.csv" and b"seconds" in data.split(b"\n")[0]:
        return [line.rpartition(b",")[0] for line in data.split(b"\n")]
    if name in ("report.html", "table.md", "table.tex"):
        text = re.sub(r"[\d.]+ (?:µs|ms|s|min)\b", "TIME", re.sub(r'("seconds" ?: ?)[\d.e-]+', "TIME", data.decode()))
        return re.sub(r'<svg[^>]*aria-label="[^"]* against time".*?</svg>', "DRAWING", text, flags=re.DOTALL)
    return data


def without_measures(value):
    if isinstance(value, dict):
        return {key: without_measures(item) for key, item in value.items() if key not in MEASURED}
    return [without_measures(item) for item in value] if isinstance(value, list) else value


def add_events(events, data):
    """Adds the events of a further file as TensorBoard takes them: a start of a session voids what came after its step."""
    place = 0
    while place + 12 <= len(data):
        length = struct.unpack_from("<Q", data, place)[0]
        event, place = data[place + 12 : place + 12 + length], place + 16 + length
        if len(event) < length:
            return
        fields = dict(protobuf(event))
        step = fields.get(2, 0)
        if 7 in fields:
            events[:] = [entry for entry in events if entry[0] < step]
        elif 5 in fields:
            events.append((step, fields[5]))


def protobuf(data):
    """The fields of a message: number and value."""

    def varint(place):
        value, shift = 0, 0
        while True:
            byte = data[place]
            value, shift, place = value | (byte & 127) << shift, shift + 7, place + 1
            if byte < 128:
                return value, place

    place = 0
    while place < len(data):
        key, place = varint(place)
        if key & 7 == 0:
            value, place = varint(place)
        elif key & 7 == 2:
            length, place = varint(place)
            value, place = data[place : place + length], place + length
        else:
            size = 8 if key & 7 == 1 else 4
            value, place = data[place : place + size], place + size
        yield key >> 3, value


def check_whole(place):
    """No file under its final name is half written."""
    for name, path in files(place):
        if TEMPORARY.search(name):
            continue
        with open(path, "rb") as file:
            data = file.read()
        try:
            if name.endswith(".json"):
                json.loads(data)
            elif name.endswith(".safetensors"):
                length = struct.unpack_from("<Q", data)[0]
                header = json.loads(data[8 : 8 + length])
                ends = [entry["data_offsets"][1] for key, entry in header.items() if key != "__metadata__"]
                if 8 + length + max(ends, default=0) != len(data):
                    raise ValueError(f"{len(data)} bytes")
            elif not data and not name.endswith("metrics.jsonl") and "events.out" not in name:
                raise ValueError("no bytes")
        except (ValueError, KeyError, struct.error) as error:
            raise Wrong(f"after a kill {name} is half written: {error}")


def play(trial, seed, number, commands, log, left):
    """Plays a case. Returns the command and its number of kills."""
    draw = random.Random(f"{seed}:{number}")
    name = draw.choices(commands, [COMMANDS[name][0] for name in commands])[0]
    output = {"predict": "out.csv"}.get(name, "out")
    words = COMMANDS[name][1] + ["--output", output]
    expected, seconds, calls = trial.undisturbed(name, words)
    place, kills = trial.copy(f"case-{number}"), 0
    try:
        for _ in range(draw.randint(1, 6)):
            moment = instant(draw, seconds, calls)
            log.append(moment)
            if kills == left or not trial.kill(words, place, moment):
                break
            kills += 1
            check_whole(place)
        trial.finish(words, place)
        found = outcome(place)
        scratch = [path for path in found if TEMPORARY.search(path)]
        if scratch:
            raise Wrong(f"temporary names are left: {', '.join(scratch)}")
        differing = sorted(path for path in {*expected, *found} if expected.get(path) != found.get(path))
        if differing:
            raise Wrong(f"other bits: {', '.join(differing)}")
    except Wrong as wrong:
        return name, kills, str(wrong)
    shutil.rmtree(place)
    return name, kills, None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--commands", default=",".join(COMMANDS), type=str)
    parser.add_argument("--case", type=int)
    options = parser.parse_args()
    # A name may have a comma.
    commands = [name for name in COMMANDS if name in options.commands]
    table = {name: Counter() for name in commands}
    folder = tempfile.mkdtemp(prefix="torture-kills-")
    trial = Trial(options.program, folder)
    failures, number, kills = 0, options.case or 0, 0
    while kills < options.kills:
        log = []
        name, count, wrong = play(trial, options.seed, number, commands, log, options.kills - kills)
        kills += count
        table[name].update(cases=1, kills=count, same=0 if wrong else count)
        if wrong:
            failures += 1
            print(f"case {number} of seed {options.seed}, {name}, killed at {log}: {wrong}", flush=True)
        if options.case is not None:
            print(f"{name}: {log}, {folder}")
            break
        number += 1
    print("| command | cases | kills | to the same bits |\n|---|---|---|---|")
    for name, counts in table.items():
        print(f"| {name} | {counts['cases']} | {counts['kills']} | {counts['same']} |")
    same = sum(counts["same"] for counts in table.values())
    print(f"{kills} kills, {same} to the same bits, {failures} failed cases, seed {options.seed}")
    if not failures and options.case is None:
        shutil.rmtree(folder)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
