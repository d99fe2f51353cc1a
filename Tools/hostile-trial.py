#!/usr/bin/env python3
"""What a hostile user, file or disk does to the program, case by case.

    Tools/hostile-trial.py PROGRAM [OTHER …]     a table with a column for each program

Each case makes its own files in a temporary folder, runs the program and says in a few words what happened. The tests
hold the same cases; this script shows them, and compares two versions. Linux; some cases need root.
"""

import hashlib
import json
import os
import re
import shutil
import stat
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zlib

SMALL = ["--set", "training.epochs=2", "--set", "training.batch_size=16", "--set", "model={width: 8, heads: 2, layers: 1}"]
SECONDS = 60
CASES = []


def case(item, title):
    """Adds a function to the cases. It gets a `Trial` and returns a few words."""

    def add(function):
        CASES.append((item, title, function))
        return function

    return add


class Trial:
    """A folder with a data set `data` and a trained run `run`, and a program to run in it."""

    def __init__(self, program, folder):
        self.program, self.folder = os.path.abspath(program), folder
        self.environment = dict(os.environ, OMP_NUM_THREADS="1")

    def run(self, *arguments, output=subprocess.PIPE):
        start = time.time()
        try:
            result = subprocess.run(
                [self.program, *arguments], cwd=self.folder, env=self.environment, stdout=output,
                stderr=subprocess.PIPE, timeout=SECONDS)
            self.code = f"code {result.returncode}" if result.returncode >= 0 else f"killed by {-result.returncode}"
            self.output, self.errors = result.stdout or b"", result.stderr.decode(errors="replace")
        except subprocess.TimeoutExpired:
            self.code, self.output, self.errors = f"more than {SECONDS} s", b"", ""
        self.seconds = time.time() - start
        return self

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w") as file:
            file.write(text)

    def train(self, output, *more):
        return self.run("train", "--data", "data", "--output", output, *SMALL, *more)

    def predict(self, output):
        return self.run("predict", "--model", "run/model", "--data", "data", "--output", output)

    def words(self, key):
        """The line of the message that begins with a key."""
        lines = [line.split(":", 1)[1].strip() for line in self.errors.splitlines() if line.strip().startswith(key)]
        return lines[0][:60] if lines else ""

    def kept(self, name):
        return "kept" if os.path.exists(self.path(name)) else "LOST"


# Outputs


@case(1, "predict to a character device")
def _(trial):
    os.mknod(trial.path("nul"), stat.S_IFCHR | 0o666, os.makedev(1, 3))
    trial.predict("nul")
    return f"{trial.code}, {'still a device' if stat.S_ISCHR(os.stat(trial.path('nul')).st_mode) else 'REPLACED'}"


@case(1, "predict to a named pipe")
def _(trial):
    os.mkfifo(trial.path("pipe"))
    descriptor = os.open(trial.path("pipe"), os.O_RDWR)
    reader = threading.Thread(target=lambda: os.read(descriptor, 1 << 20), daemon=True)
    reader.start()
    trial.predict("pipe")
    is_pipe = stat.S_ISFIFO(os.stat(trial.path("pipe")).st_mode)
    os.write(descriptor, b"x")
    return f"{trial.code}, {'still a pipe' if is_pipe else 'REPLACED'}"


@case(1, "predict through a link")
def _(trial):
    trial.write("file", "old")
    os.symlink("file", trial.path("link"))
    trial.predict("link")
    return f"{trial.code}, {'still a link' if os.path.islink(trial.path('link')) else 'REPLACED'}"


@case(1, "predict onto its own data")
def _(trial):
    trial.predict("data/test.safetensors")
    code = trial.code
    return f"{code}, data {'sound' if trial.run('data', 'validate', 'data').code == 'code 0' else 'BROKEN'}"


@case(2, "synthesize into a folder of others")
def _(trial):
    trial.write("thesis/thesis.tex", "x")
    trial.run("data", "synthesize", "--output", "thesis", "--samples", "60")
    return f"{trial.code}, {trial.kept('thesis/thesis.tex')}"


@case(2, "corrupt into a folder of others")
def _(trial):
    trial.write("thesis/thesis.tex", "x")
    trial.run("data", "corrupt", "--data", "data", "--shift", "noise:1", "--output", "thesis")
    return f"{trial.code}, {trial.kept('thesis/thesis.tex')}"


@case(2, "train --overwrite over a foreign model/")
def _(trial):
    trial.write("other/model/thesis.tex", "x")
    trial.train("other", "--overwrite")
    return f"{trial.code}, {trial.kept('other/model/thesis.tex')}"


@case(3, "--json to a full disk")
def _(trial):
    with open("/dev/full", "w") as full:
        trial.run("evaluate", "--model", "run/model", "--data", "data", "--json", output=full)
    return trial.code


# Models and checkpoints


def configured(trial, **members):
    with open(trial.path("run/model/config.json")) as file:
        configuration = json.load(file)
    configuration.update(members)
    trial.write("run/model/config.json", json.dumps(configuration))
    trial.run("evaluate", "--model", "run/model", "--data", "data")
    return f"{trial.code} after {trial.seconds:.1f} s, {trial.words('key')}"


@case(4, "config.json with width 4096")
def _(trial):
    return configured(trial, width=4096)


@case(4, "config.json with 200,000,000 classes")
def _(trial):
    return configured(trial, task={"kind": "classification", "classes": 200_000_000})


def resumed(trial, *path_and_value):
    """Changes one value of state.json, and makes the list of hashes anew, so that only the check of values is left."""
    *path, key, value = path_and_value
    checkpoint = trial.path("run/checkpoint")
    with open(f"{checkpoint}/state.json") as file:
        state = json.load(file)
    place = state
    for name in path:
        place = place[name]
    place[key] = value
    trial.write("run/checkpoint/state.json", json.dumps(state))
    if os.path.exists(f"{checkpoint}/SHA256SUMS"):
        names = sorted(name for name in os.listdir(checkpoint) if name != "SHA256SUMS")
        digests = {name: hashlib.sha256(open(f"{checkpoint}/{name}", "rb").read()).hexdigest() for name in names}
        trial.write("run/checkpoint/SHA256SUMS", "".join(f"{digests[name]}  {name}\n" for name in names))
    os.remove(trial.path("run/results.json"))
    trial.train("run", "--resume", "--set", "training.epochs=3")
    return f"{trial.code}, {trial.words('key')}"


for value in [("epoch", -1), ("stepInEpoch", -1), ("step", 1 << 62), ("sampleCount", 7), ("schedule", "factor", -1)]:
    case(5, f"state.json with {' '.join(map(str, value))}")(lambda trial, value=value: resumed(trial, *value))


@case(6, "--resume after the data was replaced")
def _(trial):
    trial.run("data", "synthesize", "--output", "data", "--samples", "90", "--seed", "9")
    os.remove(trial.path("run/results.json"))
    trial.train("run", "--resume", "--set", "training.epochs=3")
    return f"{trial.code}, {trial.words('key')}"


@case(7, "a damaged optimizer.safetensors")
def _(trial):
    def weights(folder):
        with open(trial.path(folder, "checkpoint/model.safetensors"), "rb") as file:
            return file.read()

    shutil.copytree(trial.path("run"), trial.path("sound"))
    for folder, flips in [("sound", False), ("run", True)]:
        path = trial.path(folder, "checkpoint/optimizer.safetensors")
        data = bytearray(open(path, "rb").read())
        if flips:
            for place in range(4):
                data[len(data) * 3 // 4 + place] ^= 64
            open(path, "wb").write(data)
        os.remove(trial.path(folder, "results.json"))
        trial.train(folder, "--resume", "--set", "training.epochs=3")
    return f"{trial.code}, {'the same bits' if weights('sound') == weights('run') else 'ANOTHER MODEL'}"


@case(8, "run with changed scores")
def _(trial):
    trial.write("recipe.yaml", "data: data\nstages:\n  - train: {model: {width: 8, heads: 2, layers: 1}, training: {epochs: 1}}\n")
    first = trial.run("run", "recipe.yaml", "--output", "out").output
    for name in os.listdir(trial.path("out/scores")):
        if name.endswith(".json"):
            text = open(trial.path("out/scores", name)).read()
            trial.write(f"out/scores/{name}", re.sub(r'"values": \[[-0-9.e]+\]', '"values": [9.5]', text))
    second = trial.run("run", "recipe.yaml", "--output", "out").output
    return f"{trial.code}, scores {'made anew' if first == second else 'TAKEN OVER'}"


# Texts and other files


@case(9, "a data set whose name sets the terminal's title")
def _(trial):
    text = open(trial.path("data/dataset.json")).read().replace("synthetic-sentiment", "\\u001b]0;title\\u0007")
    trial.write("data/dataset.json", text)
    trial.run("data", "inspect", "data")
    return f"{trial.code}, {'RAW' if chr(27).encode() in trial.output else 'escaped'}"


@case(9, "a formula in table.csv")
def _(trial):
    metrics = {"mae": {"mean": -1.5, "std": 0, "values": [-1.5]}}
    row = {"name": "=cmd()", "seeds": [0], "metrics": metrics}
    trial.write("f/results.json", json.dumps({"command": "train", "version": "1", "results": [row]}))
    trial.run("report", "f", "--tables")
    return f"{trial.code}, {open(trial.path('f/table.csv')).read().splitlines()[-1].split(',')[0]}"


@case(10, "a replaced file of mode 0600")
def _(trial):
    trial.write("secret.safetensors", "x")
    os.chmod(trial.path("secret.safetensors"), 0o600)
    trial.predict("secret.safetensors")
    return f"{trial.code}, {stat.S_IMODE(os.stat(trial.path('secret.safetensors')).st_mode):o}"


@case(10, "--output below a file")
def _(trial):
    trial.write("file", "x")
    trial.train("file/run")
    return f"{trial.code}, {trial.words('found')}"


@case(10, "a split that is a link out of its folder")
def _(trial):
    os.rename(trial.path("data/train.safetensors"), trial.path("train.safetensors"))
    os.symlink("../train.safetensors", trial.path("data/train.safetensors"))
    trial.train("new")
    return f"{trial.code}, {trial.words('key')}"


@case(10, "an archive of 2 GB of zeros under a header of 4 bytes")
def _(trial):
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }".ljust(117) + b"\n"
    header = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header
    packer, block, size = zlib.compressobj(9, zlib.DEFLATED, -15), bytes(1 << 24), len(header) + (2 << 30)
    data, checksum = [packer.compress(header)], zlib.crc32(header)
    for _ in range(2 << 6):
        data.append(packer.compress(block))
        checksum = zlib.crc32(block, checksum)
    data = b"".join([*data, packer.flush()])
    name, sizes = b"x.npy", (checksum, len(data), size, 5)
    local = struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, 0, 8, 0, 0, *sizes, 0) + name
    entry = struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 20, 20, 0, 8, 0, 0, *sizes, 0, 0, 0, 0, 0, 0) + name
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 1, 1, len(entry), len(local) + len(data), 0)
    with open(trial.path("bomb.npz"), "wb") as file:
        file.write(local + data + entry + end)
    trial.run("data", "convert", "--input", "bomb.npz", "--output", "b")
    return f"{trial.code} after {trial.seconds:.1f} s"


@case(4, "an adapter of LoRA with rank 1,000,000")
def _(trial):
    trial.run("tune", "--model", "run/model", "--data", "data", "--method", "lora", "--output", "tuned", "--set", "training.epochs=1")
    with open(trial.path("tuned/adapter/adapter_config.json")) as file:
        configuration = json.load(file)
    # LoRA's description has the keys of PEFT; an earlier version had its own.
    if "r" in configuration:
        configuration["r"] = 1_000_000
    else:
        configuration["settings"]["rank"] = 1_000_000
    trial.write("tuned/adapter/adapter_config.json", json.dumps(configuration))
    trial.run("evaluate", "--model", "run/model", "--adapter", "tuned/adapter", "--data", "data")
    return f"{trial.code} after {trial.seconds:.1f} s, {trial.words('key')}"


@case(2, "report --tables --output into a folder with a table of others")
def _(trial):
    trial.write("thesis/table.csv", "name,age\n")
    trial.run("report", "run", "--tables", "--output", "thesis/page.html")
    kept = open(trial.path("thesis/table.csv")).read() == "name,age\n"
    return f"{trial.code}, {'kept' if kept else 'LOST'}"


@case(10, "an archive that says it holds 1 TB")
def _(trial):
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (274877906944,), }".ljust(117) + b"\n"
    header = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    data, size = packer.compress(header + bytes(1 << 20)) + packer.flush(), (1 << 40) + len(header)
    name, extra = b"x.npy", struct.pack("<HHQQ", 1, 16, size, len(data))
    rest = (0, 0xFFFFFFFF, 0xFFFFFFFF, len(name), len(extra))
    local = struct.pack("<IHHHHHIIIHH", 0x04034B50, 45, 0, 8, 0, 0, *rest) + name + extra
    entry = struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 45, 45, 0, 8, 0, 0, *rest, 0, 0, 0, 0, 0) + name + extra
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 1, 1, len(entry), len(local) + len(data), 0)
    with open(trial.path("bomb.npz"), "wb") as file:
        file.write(local + data + entry + end)
    trial.run("data", "convert", "--input", "bomb.npz", "--output", "b")
    return f"{trial.code} after {trial.seconds:.1f} s, {trial.words('found')}"


@case(10, "an HDF5 file of 4 MB that says it holds 4 TB")
def _(trial):
    import h5py

    with h5py.File(trial.path("bomb.h5"), "w") as file:
        file.create_dataset("text", (10**6, 10**6), "f4", chunks=(100, 1000), compression="gzip")[0, 0] = 1
        file["label"] = [float(row % 7) for row in range(10**6)]
    trial.run("data", "convert", "--input", "bomb.h5", "--output", "b")
    return f"{trial.code} after {trial.seconds:.1f} s, {trial.words('found')}"


# Kills, power and network file systems. `Tools/torture-kills.py` has the random ones.


def killed_everywhere(trial, words, *steps):
    """Kills a command before each of its steps of one kind, and repeats it. Counts the repetitions that succeed."""
    kills = good = 0
    for step in steps:
        for count in range(1, 9):
            shutil.rmtree(trial.path("out"), ignore_errors=True)
            trial.environment["POLYPHONY_KILL_AT"] = f"{step}:{count}"
            killed = trial.run(*words).code == "killed by 9"
            del trial.environment["POLYPHONY_KILL_AT"]
            if not killed:
                break
            kills += 1
            good += trial.run(*words).code == "code 0"
    return f"{good} of {kills} go on"


@case(11, "evaluate --output, killed before every rename and flush")
def _(trial):
    words = ["evaluate", "--model", "run/model", "--data", "data", "--missing", "sample:0.5", "--output", "out"]
    return killed_everywhere(trial, words, "rename", "syncFolder")


@case(11, "transfer, killed after its first run and resumed")
def _(trial):
    words = [
        "transfer", "--task", "corpus", "--modalities", "2", "--method", "head,bitfit", "--samples", "20", "--resume",
        "--set", "training.epochs=1", "--set", "pretraining.epochs=1", "--set", "rates=[0.001]", "--set",
        "model={width: 8, heads: 2, layers: 1}", "--output"]

    def answers(folder):
        with open(trial.path(folder, "results.json")) as file:
            return [row.get("answers") for row in json.load(file)["results"]]

    trial.run(*words, "whole")
    scores = trial.path("out/runs/20/head/rate-0.001/seed-0.json")
    process = subprocess.Popen(
        [trial.program, *words, "out"], cwd=trial.folder, env=trial.environment, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    while process.poll() is None and not os.path.exists(scores):
        time.sleep(0.001)
    process.kill()
    process.wait()
    trial.run(*words, "out")
    return f"{trial.code}, {'the same answers' if answers('out') == answers('whole') else 'OTHER ANSWERS'}"


def traced(trial, words, *options):
    """Runs the program under strace, which may also inject errors."""
    strace = shutil.which("strace")
    if not strace:
        raise OSError(0, "needs strace")
    program, trial.program = trial.program, strace
    try:
        return trial.run("-f", "-qq", "-y", "-o", "calls", *options, program, *words)
    finally:
        trial.program = program


for error in ["EIO", "ESTALE", "EXDEV"]:

    @case(11, f"a file system whose renames fail with {error}")
    def _(trial, error=error):
        """The third rename fails, and all after it. The run before must stay, and the repeated run succeeds."""
        words = ["train", "--data", "data", "--output", "run", "--resume", *SMALL, "--set", "training.epochs=4"]
        os.remove(trial.path("run/results.json"))
        before = open(trial.path("run/checkpoint/state.json")).read()
        traced(trial, words, "-e", "trace=rename,renameat2", "-e", f"inject=rename,renameat2:error={error}:when=1+")
        code, message = trial.code, trial.words("found")
        same = open(trial.path("run/checkpoint/state.json")).read() == before
        again = trial.run(*words).code
        return f"{code}, {message}, checkpoint {'kept' if same else 'LOST'}, then {again}"


@case(11, "what a loss of power may leave: flushed before renamed, and the folder after it")
def _(trial):
    traced(
        trial, ["train", "--data", "data", "--output", "new", *SMALL], "-e",
        "trace=write,pwrite64,fsync,rename,renameat2,mkdir")
    dirty, unflushed, late, renames = set(), 0, set(), 0
    for line in open(trial.path("calls"), errors="replace"):
        call = line.split(None, 1)[1]
        path = re.search(r"<([^>]*)>", call)
        quoted = [os.path.join(trial.folder, name) for name in re.findall(r'"([^"]*)"', call)]
        if call.startswith(("write", "pwrite")) and path and path[1].startswith(trial.folder):
            dirty.add(path[1])
        elif call.startswith("fsync") and path:
            dirty.discard(path[1])
            late = {name for name in late if os.path.dirname(name) != path[1]}
        elif call.startswith("rename") and " = 0" in call:
            renames += 1
            unflushed += any(name == quoted[0] or name.startswith(quoted[0] + "/") for name in dirty)
            late.add(os.path.normpath(quoted[1]))
        elif call.startswith("mkdir") and " = 0" in call and ".tmp-" not in quoted[0]:
            late.add(os.path.normpath(quoted[0]))
    return f"{renames} renames, {unflushed} of unflushed bytes, {len(late)} names never flushed"


@case(10, "a conversion killed before its temporary name goes")
def _(trial):
    trial.write("table.csv", "a,b,label\n" + "".join(f"{row % 7},{row % 5},{'xy'[row % 2]}\n" for row in range(60)))
    words = ["data", "convert", "--input", "table.csv", "--target", "label", "--output", "made"]

    def left():
        return sum("polyphony-scratch" in name for name in os.listdir(trial.folder))

    traced(trial, words, "-e", "trace=unlink", "-e", "inject=unlink:signal=SIGKILL:when=1")
    killed = left()
    trial.run(*words)
    return f"{killed} left by the kill, {trial.code}, then {left()}"


def outcomes(program):
    CASES.sort(key=lambda entry: entry[0])
    results = []
    with tempfile.TemporaryDirectory() as folder:
        start = Trial(program, folder)
        for step in (start.run("data", "synthesize", "--output", "data", "--samples", "90"), start.train("run")):
            if step.code != "code 0":
                sys.exit(f"{program} does not work: {step.errors}")
        for item, title, function in CASES:
            with tempfile.TemporaryDirectory() as place:
                copy = os.path.join(place, "case")
                shutil.copytree(folder, copy, symlinks=True)
                try:
                    results.append(function(Trial(program, copy)))
                except OSError as error:
                    results.append(f"not tried: {error.strerror}")
                except ImportError as error:
                    results.append(f"not tried: needs {error.name}")
            print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return results


def main():
    programs = sys.argv[1:]
    if not programs:
        sys.exit(__doc__)
    columns = [outcomes(program) for program in programs]
    print("| item | case | " + " | ".join(programs) + " |")
    print("|---|---|" + "---|" * len(programs))
    for place, (item, title, _) in enumerate(CASES):
        print(f"| {item} | {title} | " + " | ".join(column[place] for column in columns) + " |")


if __name__ == "__main__":
    main()
