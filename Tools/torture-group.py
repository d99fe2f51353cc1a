#!/usr/bin/env python3
"""Kills processes of a group at random instants, and compares what the restarted group ends with.

    Tools/torture-group.py PROGRAM [--kills 50] [--seed 1] [--launcher torchrun|launch] [--processes 2] [--commands train,tune]
                           [--case NUMBER]

A case is a command in a folder of its own, which several processes share. One of them, of a random rank, is killed by
`kill -9` up to four times. The launcher then starts all of them again, and they go on from the last checkpoint. All files
must have the bytes of an undisturbed run; only measured times may differ. No file may be half written after a kill.
torchrun comes from the PyTorch that Python finds. The number of a case and the seed give the command and the instants.
"""

import argparse
import collections
import importlib.util
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

_spec = importlib.util.spec_from_file_location("kills", pathlib.Path(__file__).with_name("torture-kills.py"))
kills = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(kills)

# The commands that go on after a restart, as `torture-kills.py` has them, with more epochs to be killed in.
COMMANDS = {
    "train": [*kills.COMMANDS["train"][1], "--set", "training.epochs=12"],
    "tune": [*kills.COMMANDS["tune"][1], "--set", "training.epochs=12"],
    "adapt": [*kills.COMMANDS["adapt"][1], "--set", "adaptation.contrast_epochs=8"],
}
# The most seconds of a run with all its restarts.
LIMIT = 300


def launcher(options):
    if options.launcher == "launch":
        return [options.program, "launch", "--processes", str(options.processes), "--restarts", "9", "--"]
    return [
        *[sys.executable, "-m", "torch.distributed.run", "--no-python", "--nproc-per-node", str(options.processes)],
        *["--max-restarts", "9", "--rdzv-backend", "c10d", "--rdzv-endpoint", "localhost:0", options.program],
    ]


def ranks(root):
    """The processes below the launcher that have a rank, by rank."""
    found, open_ids = {}, [root]
    while open_ids:
        process = open_ids.pop()
        try:
            for task in os.listdir(f"/proc/{process}/task"):
                with open(f"/proc/{process}/task/{task}/children") as file:
                    open_ids += map(int, file.read().split())
            with open(f"/proc/{process}/environ", "rb") as file:
                variables = dict(entry.split(b"=", 1) for entry in file.read().split(b"\0") if b"=" in entry)
        except OSError:
            continue
        if process != root and b"RANK" in variables:
            found[int(variables[b"RANK"])] = process
    return found


class Group:
    """A running launcher with its processes."""

    def __init__(self, trial, options, words, place):
        self.size, self.known, self.end = options.processes, set(), time.time() + LIMIT
        self.launcher = subprocess.Popen(
            [*launcher(options), *words], cwd=place, env=trial.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)

    def appeared(self):
        """Waits for processes of all ranks that were not there before. Empty after the end of the launcher."""
        while self.launcher.poll() is None and time.time() < self.end:
            group = ranks(self.launcher.pid)
            if len(group) == self.size and not self.known & set(group.values()):
                self.known |= set(group.values())
                return group
            time.sleep(0.01)
        return {}

    def kill(self, rank, pause):
        """Kills a rank some seconds after it has appeared. False if the command ended before."""
        group = self.appeared()
        time.sleep(pause)
        if rank not in group or self.launcher.poll() is not None:
            return False
        try:
            os.kill(group[rank], signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True

    def finish(self):
        """Waits for a clean end."""
        try:
            errors = self.launcher.communicate(timeout=max(1, self.end - time.time()))[1].decode(errors="replace")
        except subprocess.TimeoutExpired:
            raise kills.Wrong(f"no end within {LIMIT} seconds")
        finally:
            if self.launcher.poll() is None:
                os.killpg(self.launcher.pid, signal.SIGKILL)
                self.launcher.communicate()
        if self.launcher.returncode:
            raise kills.Wrong(f"code {self.launcher.returncode}: {errors}")


def undisturbed(trial, options, name, known):
    """The files of a run that nothing stops, and the seconds that its processes live."""
    if name not in known:
        place = trial.copy("whole")
        group = Group(trial, options, [*COMMANDS[name], "--output", "out"], place)
        group.appeared()
        begin = time.time()
        while ranks(group.launcher.pid):
            time.sleep(0.01)
        seconds = time.time() - begin
        group.finish()
        known[name] = kills.outcome(place), seconds
        shutil.rmtree(place)
    return known[name]


def play(trial, options, number, known):
    """Plays a case. Returns the command, its number of kills, and what went wrong."""
    draw = random.Random(f"{options.seed}:{number}")
    name = draw.choice(options.commands)
    expected, seconds = undisturbed(trial, options, name, known)
    instants = [(draw.randrange(options.processes), draw.random() * seconds) for _ in range(draw.randint(1, 4))]
    place, count = trial.copy(f"case-{number}"), 0
    try:
        group = Group(trial, options, [*COMMANDS[name], "--output", "out"], place)
        for rank, pause in instants:
            if not group.kill(rank, pause):
                break
            count += 1
            kills.check_whole(place)
        group.finish()
        found = kills.outcome(place)
        scratch = [path for path in found if kills.TEMPORARY.search(path)]
        if scratch:
            raise kills.Wrong(f"temporary names are left: {', '.join(scratch)}")
        differing = sorted(path for path in {*expected, *found} if expected.get(path) != found.get(path))
        if differing:
            raise kills.Wrong(f"other bits: {', '.join(differing)}")
    except kills.Wrong as wrong:
        return name, count, f"ranks and seconds {instants}: {wrong}"
    shutil.rmtree(place)
    return name, count, None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=os.path.abspath)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--launcher", choices=["torchrun", "launch"], default="torchrun")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--commands", default=",".join(COMMANDS))
    parser.add_argument("--case", type=int)
    options = parser.parse_args()
    options.commands = [name for name in COMMANDS if name in options.commands.split(",")]
    folder = tempfile.mkdtemp(prefix="torture-group-")
    trial, known = kills.Trial(options.program, folder), {}
    table = {name: collections.Counter() for name in options.commands}
    number, total, failures = options.case or 0, 0, 0
    while total < options.kills:
        name, count, wrong = play(trial, options, number, known)
        total += count
        table[name].update(cases=1, kills=count, same=0 if wrong else count)
        if wrong:
            failures += 1
            print(f"case {number} of seed {options.seed}, {name}, {wrong}", flush=True)
        if options.case is not None:
            break
        number += 1
    print("| command | cases | kills | to the same bits |\n|---|---|---|---|")
    for name, counts in table.items():
        print(f"| {name} | {counts['cases']} | {counts['kills']} | {counts['same']} |")
    print(f"{total} kills under {options.launcher}, {failures} failed cases, seed {options.seed}")
    if not failures:
        shutil.rmtree(folder)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
