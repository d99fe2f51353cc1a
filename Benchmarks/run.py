#!/usr/bin/env python3
"""Measures Polyphony against PyTorch, by turns in one run, and writes Benchmarks/RESULTS.md.

make bench                              everything (about half an hour)
make bench BENCH_FLAGS="--quick"        fewer rounds and points, eager PyTorch only
make bench BENCH_FLAGS="--only mult"    rows whose title holds a word, no curves
make bench BENCH_FLAGS="--only beside"  the row beside two busy processes alone
make bench BENCH_FLAGS="--only encoders --texts manifest.csv"  a pretrained encoder of texts, and nothing else
"""

import argparse
import os
import pathlib
import shlex
import sys

FOLDER = pathlib.Path(__file__).resolve().parent
ROOT = FOLDER.parent
sys.path.insert(0, str(ROOT / "python"))

import contest  # noqa: E402
import encoders  # noqa: E402
import machine  # noqa: E402
import report  # noqa: E402
from flops import flops  # noqa: E402
from workload import BALANCED, BESIDE, CURVES, ROWS  # noqa: E402


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds and points, eager PyTorch only")
    parser.add_argument("--only", metavar="WORD", help="rows whose title holds WORD; no curves, no start-up")
    parser.add_argument("--rounds", type=int, help="rounds of taking turns (3; quick 2)")
    parser.add_argument("--repeats", type=int, help="steps in a round (15; quick 3)")
    parser.add_argument("--threads", type=int, help="threads of both (default: libtorch's own choice)")
    parser.add_argument(
        "--texts", type=pathlib.Path, help="what encoders read: a text a line, or a .csv with a column transcript"
    )
    parser.add_argument("--gflops", type=float, help="the machine's speed, instead of measuring it")
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / ".build" / "release" / "polyphony")
    parser.add_argument("--output", type=pathlib.Path, default=FOLDER / "RESULTS.md")
    options = parser.parse_args()
    options.rounds = options.rounds or (2 if options.quick else 3)
    options.repeats = options.repeats or (3 if options.quick else 15)
    return options


def progress(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def describe(options, environment):
    text, _, _ = contest.run([sys.executable, str(contest.PEERS / "peak.py")], environment)
    peak = contest.figures(text)
    return {
        "processor": machine.processor(),
        "cores": os.cpu_count(),
        "threads": peak["threads"],
        "memory": machine.memory(),
        "system": machine.system(),
        "instructions": peak["instructions"],
        "GFLOP/s": round(options.gflops or peak["gflops"]),
        "PyTorch": peak["torch"],
        "Python": peak["python"],
        "Swift": machine.swift(),
        "Polyphony": machine.commit(ROOT),
    }


def measure_row(work, options, environment, gflops):
    arguments = work.arguments(options.repeats)
    contestants = [contest.program(options.program, environment), contest.peer(environment, work.form)]
    if not options.quick:
        contestants.append(contest.peer(environment, work.form, attention="fused"))
    measured = contest.alternate(contestants, arguments, options.rounds)
    if work.bar and work.form == "grouped" and not options.quick:
        if contest.compiler():
            measured.update(contest.alternate([contest.peer(environment, mode="compile")], arguments, 1))
        else:
            measured["compile"] = {"reason": "torch.compile needs a C++ compiler, and none was found"}
    return work, measured, flops(work) / gflops / 1e6


def measure_curve(name, points, options, environment, gflops):
    chosen = [points[0], points[-1]] if options.quick else points
    results = []
    for value, work in chosen:
        progress(f"{name} {value}")
        contestants = [contest.program(options.program, environment), contest.peer(environment)]
        measured = contest.alternate(contestants, work.arguments(min(options.repeats, 5)), 2)
        results.append((value, measured, flops(work) / gflops / 1e6))
    return name, results


def measure_threads(options, environment, cores):
    """Training steps with one thread and with all, by turns."""
    results = []
    for work in (row for row in ROWS if row.step == "train"):
        progress(f"threads, {work.title}")
        contestants = []
        for threads in (1, cores):
            fixed = dict(environment, OMP_NUM_THREADS=str(threads), MKL_NUM_THREADS=str(threads))
            ours, eager = contest.program(options.program, fixed), contest.peer(fixed)
            ours.name, eager.name = f"polyphony {threads}", f"eager {threads}"
            contestants += [ours, eager]
        results.append((work, contest.alternate(contestants, work.arguments(min(options.repeats, 5)), 2)))
    return results


def measure_beside(options, environment):
    """A training step while two other processes are busy, with two threads and with one, by turns."""
    progress(BESIDE.title)
    environments = [
        dict(environment, OMP_NUM_THREADS=str(threads), MKL_NUM_THREADS=str(threads)) for threads in (1, 2)
    ]
    one, two = (contest.program(options.program, each) for each in environments)
    eager = contest.peer(environments[1])
    one.name, two.name = "polyphony 1", "polyphony 2"
    with contest.busy(2):
        return contest.alternate([two, one, eager], BESIDE.arguments(min(options.repeats, 5)), options.rounds)


def measure_balance(options, environment):
    """What CGGM adds to joint training: steps without it, with it, and with it as published, by turns.

    A small difference of large times: it gets more rounds than the rest.
    """
    rounds, repeats = (2, 3) if options.quick else (max(7, options.rounds), max(15, options.repeats))
    joint = next(row for row in ROWS if row.architecture == "encoder_fusion" and row.step == "train")
    published = next(row for row in ROWS if row.step == "balance-published")
    forms = {
        "joint training": joint,
        "CGGM (classifiers of one layer)": BALANCED,
        "CGGM as published (of two layers)": published,
    }
    progress("CGGM's own cost")
    contestants = []
    for name, work in forms.items():
        contestant = contest.program(options.program, environment)
        contestant.name = name
        contestant.command += work.arguments(repeats)
        contestants.append(contestant)
    measured = contest.alternate(contestants, [], rounds)
    return [(name, measured[name], flops(work)) for name, work in forms.items()]


def main():
    options = parse()
    environment = dict(os.environ)
    if options.threads:
        environment.update(OMP_NUM_THREADS=str(options.threads), MKL_NUM_THREADS=str(options.threads))
    try:
        facts = describe(options, environment)
    except contest.Unavailable as reason:
        sys.exit(f"bench: PyTorch cannot be imported ({reason}); run it through `make bench`")

    chosen = [work for work in (*ROWS, BESIDE) if not options.only or options.only.lower() in work.title.lower()]
    wants_encoders = not options.only or options.only.lower() in "encoders"
    if not chosen and not wants_encoders:
        sys.exit(f"bench: no row's title holds «{options.only}»")
    rows = []
    for work in chosen:
        if work is BESIDE:
            continue
        progress(work.title)
        rows.append(measure_row(work, options, environment, facts["GFLOP/s"]))
    first, curves, threads, balance = None, [], [], []
    if not options.only:
        progress("start to first prediction")
        first = contest.start_up(options.program, environment, 3 if options.quick else 9)
        curves = [measure_curve(name, points, options, environment, facts["GFLOP/s"]) for name, points in CURVES]
        if facts["threads"] > 1:
            threads = measure_threads(options, environment, facts["threads"])
    if any(work.step == "balance-published" for work in chosen):
        balance = measure_balance(options, environment)
    beside = measure_beside(options, environment) if BESIDE in chosen else None
    encoded = encoders.measure(options, environment, encoders.cache(ROOT), progress) if wants_encoders else None

    flags = " ".join(map(shlex.quote, sys.argv[1:]))
    command = "make bench" + (f' BENCH_FLAGS="{flags}"' if flags else "")
    text = report.document(command, facts, rows, first, curves, threads, balance, beside, encoded, options.rounds)
    options.output.write_text(text)
    progress(f"wrote {os.path.relpath(options.output)}")


if __name__ == "__main__":
    main()
