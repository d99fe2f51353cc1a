"""Runs the program and its PyTorch peer by turns, each in a process of its own."""

import contextlib
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

PEERS = pathlib.Path(__file__).resolve().parent / "peers"


class Unavailable(Exception):
    """A contestant that could not run; the message is the reason."""


def run(command, environment, limit=900):
    """Runs one process and returns its standard output, its wall time and its peak memory in MB."""
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        started = time.perf_counter()
        try:
            process = subprocess.Popen(command, stdout=output, stderr=errors, env=environment)
        except OSError as error:
            raise Unavailable(f"{error.strerror}: {os.path.basename(command[0])}") from None
        killer = threading.Timer(limit, process.kill)
        killer.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        killer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        if wall > limit:
            raise Unavailable(f"took longer than {limit} s")
        output.seek(0)
        errors.seek(0)
        if process.returncode != 0:
            lines = [line.strip() for line in errors.read().splitlines() if line.strip()]
            reason = next((line for line in lines if line.lower().startswith("error")), lines[-1] if lines else "")
            raise Unavailable(f"exit {process.returncode}" + (f": {reason}" if reason else ""))
        peak = usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
        return output.read(), wall, peak


def figures(text):
    """The measurement in a document of `--json`, bare or as the first of `results`."""
    try:
        document = json.loads(text)
        return document.get("results", [document])[0]
    except (ValueError, AttributeError, IndexError, KeyError):
        raise Unavailable("printed no JSON") from None


class Contestant:
    def __init__(self, name, command, environment):
        self.name, self.command, self.environment = name, command, environment

    def measure(self, arguments):
        text, _, peak = run([*self.command, *arguments], self.environment)
        result = figures(text)
        if "median_ms" not in result:
            raise Unavailable("printed no median_ms")
        result.setdefault("peak_rss_mb", peak)
        return result


def program(path, environment):
    return Contestant("polyphony", [str(path), "benchmark"], environment)


def peer(environment, form="grouped", attention="plain", mode="eager"):
    command = [sys.executable, str(PEERS / "bench.py"), "--form", form, "--attention", attention, "--mode", mode]
    return Contestant(mode if attention == "plain" else "fused attention", command, environment)


# Ends by itself where its parent was killed and could not end it.
BUSY = """
import os
parent = os.getppid()
while os.getppid() == parent:
    for _ in range(1_000_000):
        pass
"""


@contextlib.contextmanager
def busy(count):
    """Keeps processes running that do nothing but compute."""
    processes = []
    try:
        for _ in range(count):
            processes.append(subprocess.Popen([sys.executable, "-c", BUSY]))
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def compiler():
    """The C++ compiler that torch.compile would use, or nothing."""
    return shutil.which(os.environ.get("CXX", "c++")) or shutil.which("g++") or shutil.which("clang++")


def alternate(contestants, arguments, rounds):
    """A B A B …: returns for each contestant its medians over the rounds, or the reason why it has none."""
    results = {contestant.name: [] for contestant in contestants}
    reasons = {}
    for _ in range(rounds):
        for contestant in contestants:
            if contestant.name in reasons:
                continue
            try:
                results[contestant.name].append(contestant.measure(arguments))
            except Unavailable as reason:
                reasons[contestant.name] = str(reason)
    summary = {}
    for name, measured in results.items():
        if name in reasons:
            summary[name] = {"reason": reasons[name]}
        else:
            summary[name] = {
                key: statistics.median(result[key] for result in measured)
                for key in ("median_ms", "peak_rss_mb", "warmup_s")
                if all(key in result for result in measured)
            }
            medians = [result["median_ms"] for result in measured]
            summary[name]["rounds_ms"] = medians
            summary[name]["spread"] = (max(medians) - min(medians)) / 2 / summary[name]["median_ms"]
    return summary


def start_up(program_path, environment, rounds):
    """Wall time from nothing to a file of predictions, and how far the two files are apart."""
    from polyphony import safetensors_file

    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        run([sys.executable, str(PEERS / "export.py"), "--output", name], environment)
        shared = ["--model", str(folder / "model"), "--data", str(folder / "data.safetensors"), "--output"]
        commands = {
            "polyphony": [str(program_path), "predict", *shared, str(folder / "program.safetensors")],
            "eager": [sys.executable, str(PEERS / "predict.py"), *shared, str(folder / "peer.safetensors")],
        }
        times, peaks, reasons = {key: [] for key in commands}, {key: [] for key in commands}, {}
        for round_ in range(rounds + 1):
            for key, command in commands.items():
                if key in reasons:
                    continue
                try:
                    _, wall, peak = run(command, environment)
                except Unavailable as reason:
                    reasons[key] = str(reason)
                    continue
                if round_ > 0:  # the first round warms the file cache
                    times[key].append(wall * 1e3)
                    peaks[key].append(peak)
        summary = {
            key: {"reason": reasons[key]}
            if key in reasons
            else {"median_ms": statistics.median(times[key]), "peak_rss_mb": statistics.median(peaks[key])}
            for key in commands
        }
        if not reasons:
            ours, theirs = (safetensors_file.load(folder / f"{key}.safetensors")[0] for key in ("program", "peer"))
            summary["difference"] = float(abs(ours["prediction"] - theirs["prediction"]).max())
        return summary
