#!/usr/bin/env python3
"""Fits the cost model of data-parallel training to one and two ranks, checks it with four, and asks it about hundreds.

    sudo Benchmarks/scaling.py [--rounds 2] [--program PROGRAM] [--save timings.json]
    Benchmarks/scaling.py --load timings.json

The ranks of a measured run are hosts of their own in a slow network (`slow_network.py`). The time of a training is that
between the first two events that it writes for TensorBoard: its start, and the end of its epoch. Two trainings that
differ in steps alone give the time of a step. `costs.py` has the model. Linux only.
"""

import argparse
import contextlib
import json
import math
import os
import pathlib
import shutil
import signal
import statistics
import struct
import subprocess
import sys
import tempfile

import costs
import forecast
import processes
import slow_network

ROOT = pathlib.Path(__file__).resolve().parent.parent
BATCH = 32
RANKS = (1, 2, 4)
START = 4  # steps of the shorter run
PORT = 29530
SHORT = {"text": 24, "audio": 16, "vision": 8}
# Title: settings, features, length, steps that are measured without a slow network. The first two train in slow
# networks. Their sums take much longer than their computation, because the ranks share the cores of one machine.
MODELS = {
    "narrow": ({"width": 8, "layers": 1, "heads": 2}, SHORT, 10, 240),
    "wide": ({"width": 64, "layers": 2, "heads": 8}, SHORT, 10, 60),
    "late fusion": ({"width": 40, "layers": 5, "heads": 8}, processes.FEATURES, processes.LENGTH, 16),
}
IN_GROUPS = ("narrow", "wide")
FORECAST = "late fusion"
# Seconds of a message, bytes per second, steps that are measured of the models in groups.
NETWORKS = {
    "10 ms, 50 Mbit/s": (10e-3, 50e6 / 8, (48, 24)),
    "1 ms, 20 Mbit/s": (1e-3, 20e6 / 8, (160, 16)),
    "5 ms, 30 Mbit/s": (5e-3, 30e6 / 8, (80, 16)),
}
BAR = 0.15


class Bench:
    """Runs of the program, each with its own folder."""

    def __init__(self, program, folder):
        self.program, self.folder = program.resolve(), pathlib.Path(folder)

    def data(self, model, samples):
        place = self.folder / f"{model}-{samples}"
        if not place.exists():
            _, features, length, _ = MODELS[model]
            processes.write(place, samples, features, length)
        return place

    def command(self, model, part, steps, run):
        """A training of some steps with batches of `part` samples."""
        command = [self.program, "train", "--data", self.data(model, part * steps), "--architecture", "late_fusion"]
        command += ["--output", self.folder / f"run-{run}", "--threads", "1"]
        settings = {f"model.{key}": value for key, value in MODELS[model][0].items()}
        settings |= {"training.batch_size": part, "training.epochs": 1, "training.schedule": "constant"}
        for key, value in settings.items():
            command += ["--set", f"{key}={value}"]
        return [str(word) for word in command]

    def run(self, commands, variables=None):
        """Runs commands that begin together, until the last has ended."""
        common = {**os.environ, "OMP_NUM_THREADS": "1", "POLYPHONY_GROUP_TIMEOUT": "120"}
        variables = variables or [{}] * len(commands)
        for folder in self.folder.glob("run-*"):
            shutil.rmtree(folder)
        runs = []
        try:
            for number, (command, own) in enumerate(zip(commands, variables)):
                with open(self.folder / f"messages-{number}", "w") as file:
                    runs.append(subprocess.Popen(command, env={**common, **own}, stdout=file, stderr=file))
            codes = [run.wait(timeout=300) for run in runs]
            if any(codes):
                number = next(number for number, code in enumerate(codes) if code)
                text = (self.folder / f"messages-{number}").read_text()[-2000:]
                raise SystemExit(f"scaling: rank {number} ended with {codes[number]}\n{text}")
        finally:
            # `polyphony launch` passes this signal on; without it its ranks would go on.
            for run in runs:
                run.terminate()
            for run in runs:
                try:
                    run.wait(timeout=20)
                except subprocess.TimeoutExpired:
                    run.kill()
                    run.wait()

    def trained(self, run):
        """Seconds between the first two events of a run. A record has its length, a checksum, and the time in byte 1."""
        (file,) = (self.folder / f"run-{run}").glob("events.out.tfevents.*")
        content, place, times = file.read_bytes(), 0, []
        while place < len(content):
            times.append(struct.unpack_from("<d", content, place + 13)[0])
            place += 16 + struct.unpack_from("<Q", content, place)[0]
        return times[1] - times[0]

    def slope(self, steps, measure):
        """Seconds of a step: `measure` trains a number of steps and returns the seconds of all."""
        short = measure(START)
        return (measure(START + steps) - short) / steps

    def alone(self, model, part, copies):
        """Seconds of a step in one process without a group, while each of `copies` cores has such a process."""

        def measure(steps):
            self.run([self.command(model, part, steps, copy) for copy in range(copies)])
            return max(self.trained(copy) for copy in range(copies))

        return self.slope(MODELS[model][3], measure)

    def together(self, model, hosts, steps):
        """Seconds of a step of some ranks in a network."""
        place = {"WORLD_SIZE": str(len(hosts)), "MASTER_ADDR": hosts[0].address, "MASTER_PORT": str(PORT)}
        variables = [
            {**place, "RANK": str(rank), "GLOO_SOCKET_IFNAME": host.interface} for rank, host in enumerate(hosts)
        ]

        def measure(steps):
            commands = [host.command(*self.command(model, BATCH, steps, rank)) for rank, host in enumerate(hosts)]
            self.run(commands, variables)
            return self.trained(0)

        return self.slope(steps, measure)

    def launched(self, model, count):
        """Seconds of a step of some ranks on this machine, without a slow network."""
        launch = [str(self.program), "launch", "--processes", str(count), "--"]

        def measure(steps):
            self.run([launch + self.command(model, BATCH, steps, 0)[1:]])
            return self.trained(0)

        return self.slope(MODELS[model][3], measure)

    def gradients(self, model):
        """The bytes of the model's parameters, from the header of its file."""
        self.run([self.command(model, BATCH, START, 0)])
        with open(self.folder / "run-0" / "model" / "model.safetensors", "rb") as file:
            header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        return sum(end - begin for begin, end in (own["data_offsets"] for own in header.values() if "dtype" in own))


def measure(options):
    """All times, as a document: `alone`, `launched` and `together` have the seconds of a step, round by round."""
    if os.geteuid():
        raise SystemExit("scaling: measuring makes network namespaces, which needs root")
    cores = len(os.sched_getaffinity(0))
    found = {"cores": cores, "gradients": {}, "alone": {}, "launched": {}, "together": {}}

    def note(kind, key, seconds):
        found[kind].setdefault(key, []).append(seconds)
        print(f"{kind:9} {key:32} {1000 * seconds:9.2f} ms", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options.program, folder)
        for model in MODELS:
            found["gradients"][model] = bench.gradients(model)
        for _ in range(options.rounds):
            for model in MODELS:
                for ranks in RANKS:
                    note("alone", f"{model}, {ranks}", bench.alone(model, BATCH // ranks, min(ranks, cores)))
            for model in IN_GROUPS:
                note("launched", f"{model}, 2", bench.launched(model, 2))
            for title, (delay, bandwidth, steps) in NETWORKS.items():
                for ranks in RANKS[1:]:
                    with slow_network.hosts(ranks, delay, bandwidth) as hosts:
                        for model, count in zip(IN_GROUPS, steps):
                            note("together", f"{model}, {ranks}, {title}", bench.together(model, hosts, count))
    return found


class Check:
    """The model, fitted to the times of one and two ranks."""

    def __init__(self, found):
        self.found = found
        self.networks = {
            title: costs.fit(title, [self.reduced(model, f"{model}, 2, {title}") for model in IN_GROUPS])
            for title in NETWORKS
        }

    def median(self, kind, key):
        return statistics.median(self.found[kind][key])

    def sizes(self, model):
        return (self.found["gradients"][model], costs.OUTCOME)

    def computed(self, model, ranks):
        """Seconds in which p ranks compute their parts on c cores: p / c times those of c ranks."""
        return self.median("alone", f"{model}, {ranks}") * max(1, ranks / self.found["cores"])

    def reduced(self, model, key):
        return self.sizes(model), self.median("together", key) - self.computed(model, 2)

    def software(self):
        """Seconds that a message costs on this machine without a network, from the model whose sums are all latency."""
        model = IN_GROUPS[0]
        seconds = self.median("launched", f"{model}, 2") - self.computed(model, 2)
        return max(0, seconds) / costs.reduction(costs.Network("", 1, math.inf), 2, self.sizes(model))

    def predicted(self, model, ranks, network):
        return self.computed(model, ranks) + costs.reduction(network, ranks, self.sizes(model))

    def report(self):
        print("| network, as set | fitted: latency of a message | bandwidth |\n|---|---:|---:|")
        for title, network in self.networks.items():
            print(f"| {title} | {1000 * network.latency:.2f} ms | {network.bandwidth * 8 / 1e6:.1f} Mbit/s |")
        print(f"\nA message costs {1e6 * self.software():.0f} µs on this machine without a network.\n")
        print("| network | model | gradients | 2 ranks | 4 ranks computed | predicted | measured | off |")
        print("|---|---|---:|---:|---:|---:|---:|---:|")
        worst = 0
        for title, network in self.networks.items():
            for model in IN_GROUPS:
                two, four = (self.median("together", f"{model}, {ranks}, {title}") for ranks in (2, 4))
                predicted = self.predicted(model, 4, network)
                off = predicted / four - 1
                worst = max(worst, abs(off))
                size = f"{self.found['gradients'][model] / 1000:.0f} kB"
                times = [two, self.computed(model, 4), predicted, four]
                shown = " | ".join(f"{1000 * own:.0f} ms" for own in times)
                print(f"| {title} | {model} | {size} | {shown} | {100 * off:+.0f} % |")
        verdict = "within" if worst <= BAR else "NOT within"
        print(f"\nThe worst prediction is off by {100 * worst:.0f} %, {verdict} the bar of {100 * BAR:.0f} %.\n")

    def work(self):
        """The usual model as work of one core."""
        _, features, length, _ = MODELS[FORECAST]
        points = [(BATCH // ranks, self.median("alone", f"{FORECAST}, {ranks}")) for ranks in RANKS]
        fixed, sample = costs.line(points)
        data = 4 * length * sum(features.values())
        return costs.Work(f"{FORECAST}, one core", self.found["gradients"][FORECAST], fixed, sample, data=data)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / ".build" / "release" / "polyphony")
    parser.add_argument("--save", type=pathlib.Path, help="keeps the times in a file")
    parser.add_argument("--load", type=pathlib.Path, help="reads the times from a file, and measures nothing")
    options = parser.parse_args()
    # A stop must run what is in `finally`, also where a supervisor sends it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with contextlib.suppress(KeyboardInterrupt):
        found = json.loads(options.load.read_text()) if options.load else measure(options)
        if options.save:
            options.save.write_text(json.dumps(found, indent=1) + "\n")
        check = Check(found)
        check.report()
        forecast.report(check.work(), check.software())
        return
    sys.exit(130)


if __name__ == "__main__":
    main()
