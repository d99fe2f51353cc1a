"""Writes the measurements as Markdown."""

import statistics

from encoders import PEERS
from workload import BESIDE


def milliseconds(result):
    if not result or "median_ms" not in result:
        return "not available"
    value = result["median_ms"]
    text = f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 1 else f"{value:.3f}"
    return text + (f" ± {result['spread']:.0%}" if result.get("spread", 0) >= 0.05 else "")


def optional(result):
    return "—" if result is None else milliseconds(result)


def compiled(result):
    """The time of a compiled step, and what compiling cost before the first one."""
    return optional(result) + (f" (after {result['warmup_s']:.0f} s)" if result and "warmup_s" in result else "")


def megabytes(result):
    return f"{result['peak_rss_mb']:.0f}" if result and "peak_rss_mb" in result else "not available"


def ratio(slow, fast):
    if not slow or not fast or "median_ms" not in slow or "median_ms" not in fast:
        return None
    return slow["median_ms"] / fast["median_ms"]


def times(value):
    return "—" if value is None else f"{value:.1f} ×" if value < 10 else f"{value:.0f} ×"


def fastest(measured):
    """The fastest form of PyTorch in a row."""
    candidates = [result for name, result in measured.items() if name != "polyphony" and "median_ms" in result]
    return min(candidates, key=lambda result: result["median_ms"], default=None)


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def bar(work, speed):
    if not work.bar:
        return ""
    text = f"{work.bar[0]} ×, goal {work.bar[1]} ×"
    if speed is None:
        return text
    reached = "goal reached" if speed >= work.bar[1] else "reached" if speed >= work.bar[0] else "missed"
    return f"{text}: {reached}"


def reasons(measured):
    """One line for every contestant that could not run."""
    lines = []
    for title, results in measured:
        for name, result in results.items():
            if isinstance(result, dict) and "reason" in result:
                lines.append(f"* {title}, {name}: {result['reason']}")
    return ["Not available:", "", *lines, ""] if lines else []


def steps(rows):
    header = [
        "step",
        "Polyphony",
        "eager",
        "fused attention",
        "compile",
        "eager ÷ Polyphony",
        "fastest PyTorch ÷ Polyphony",
        "bar",
        "arithmetic",
        "Polyphony ÷ arithmetic",
    ]
    body = []
    for work, measured, floor in rows:
        ours, eager = measured["polyphony"], measured["eager"]
        speed = ratio(eager, ours)
        body.append(
            [
                f"{work.title}, batch {work.batch}",
                milliseconds(ours),
                milliseconds(eager),
                optional(measured.get("fused attention")),
                compiled(measured.get("compile")),
                times(speed),
                times(ratio(fastest(measured), ours)),
                bar(work, speed),
                f"{floor:.1f}",
                times(ratio(ours, {"median_ms": floor})),
            ]
        )
    return table(header, body)


def memory(rows):
    header = ["step", "Polyphony", "eager"]
    body = [
        [f"{work.title}, batch {work.batch}", megabytes(measured["polyphony"]), megabytes(measured["eager"])]
        for work, measured, _ in rows
    ]
    return table(header, body)


def start(measured):
    names = {"polyphony": "`polyphony predict`", "eager": "Python script"}
    body = [[names[key], milliseconds(measured[key]), megabytes(measured[key])] for key in names]
    text = table(["", "ms", "peak MB"], body)
    speed = ratio(measured["eager"], measured["polyphony"])
    if speed is not None:
        text += (
            f"\n\nPython ÷ Polyphony: {times(speed)}. The predictions differ by at most {measured['difference']:.1e}."
        )
    return text


def curve(name, points):
    header = [name, "Polyphony", "eager", "eager ÷ Polyphony", "arithmetic"]
    return table(
        header,
        [
            [
                str(value),
                milliseconds(measured["polyphony"]),
                milliseconds(measured["eager"]),
                times(ratio(measured["eager"], measured["polyphony"])),
                f"{floor:.1f}",
            ]
            for value, measured, floor in points
        ],
    )


def scaling(threads, cores):
    header = ["step", "Polyphony, 1 thread", f"{cores} threads", "scales by", "eager, 1 thread", f"{cores} threads",
              "scales by"]
    body = []
    for work, measured in threads:
        cells = [f"{work.title}, batch {work.batch}"]
        for name in ("polyphony", "eager"):
            one, all_ = measured[f"{name} 1"], measured[f"{name} {cores}"]
            cells += [milliseconds(one), milliseconds(all_), times(ratio(one, all_))]
        body.append(cells)
    return table(header, body)


def beside_others(work, measured):
    """A step beside busy processes, and what the second thread costs there."""
    header = ["step", "Polyphony, 2 threads", "1 thread", "2 threads ÷ 1 thread", "goal", "eager, 2 threads",
              "eager ÷ Polyphony"]
    one, two, eager = (measured[name] for name in ("polyphony 1", "polyphony 2", "eager"))
    share = ratio(two, one)
    goal = "at most 1.2" + ("" if share is None else ": reached" if share <= 1.2 else ": missed")
    row = [
        f"{work.title}, batch {work.batch}",
        milliseconds(two),
        milliseconds(one),
        "—" if share is None else f"{share:.2f}",
        goal,
        milliseconds(eager),
        times(ratio(eager, two)),
    ]
    return table(header, [row])


def online(rows):
    """Latency and throughput of the rows that predict a batch and adapt to it."""
    body = []
    for work, measured, _ in rows:
        if work.step != "online":
            continue
        for name, result in measured.items():
            if "median_ms" in result:
                rate = work.batch / result["median_ms"] * 1e3
                body.append([work.title, name, str(work.batch), milliseconds(result), f"{rate:.0f}"])
    return table(["step", "", "batch", "latency per batch, ms", "samples/s"], body) if body else ""


def balance_cost(forms):
    """Steps over joint training, in time (round by round: the median and the range) and in arithmetic."""
    (title, joint, joint_flops), *others = forms
    body = [[title, milliseconds(joint), "", ""]]
    for name, measured, flops in others:
        cost = "—"
        if "rounds_ms" in measured and "rounds_ms" in joint:
            shares = [own / other - 1 for own, other in zip(measured["rounds_ms"], joint["rounds_ms"])]
            cost = f"{statistics.median(shares):+.0%} ({min(shares):+.0%} to {max(shares):+.0%})"
        body.append([name, milliseconds(measured), cost, f"{flops / joint_flops - 1:+.0%}"])
    return table(["step", "ms", "over joint training", "its matrix products"], body)


def encoder_rows(encoded):
    """Rates and memory of a pretrained encoder, and the time to its first vector."""
    names = ["polyphony", *PEERS]
    header = ["", *names[1:], "Polyphony", "fastest in f32 ÷ Polyphony", "bar"]
    rates, peaks = [], []
    for title, measured, limits, samples in encoded["rows"]:
        ours = measured["polyphony"]
        exact = {name: result for name, result in measured.items() if "int8" not in name}
        speed = ratio(fastest(exact), ours)
        reached = "" if speed is None else ": reached" if speed >= limits[0] else ": missed"
        rates.append(
            [title]
            + [rate(measured.get(name), samples) for name in (*names[1:], "polyphony")]
            + [times_exactly(speed), f"{limits[0]} ×, goal {limits[1]} ×{reached}"]
        )
        peaks.append([title, *(megabytes(measured.get(name)) for name in names)])
    start_ = [[name, milliseconds(encoded["first"].get(name)), megabytes(encoded["first"].get(name))] for name in names]
    return [
        f"all-MiniLM-L6-v2, 384 features, 6 layers; {encoded['count']} texts in batches of 32, tokens included.",
        "",
        "Texts or samples a second:",
        "",
        table(header, rates),
        "",
        "Peak memory of the whole process, in MB:",
        "",
        table(["", *names], peaks),
        "",
        "From starting the process to the vector of one sentence:",
        "",
        table(["", "ms", "peak MB"], start_),
        "",
    ]


def rate(result, samples):
    if not result or "median_ms" not in result:
        return "—" if result is None else "not available"
    text = f"{samples / result['median_ms'] * 1e3:.0f}"
    return text + (f" ± {result['spread']:.0%}" if result.get("spread", 0) >= 0.05 else "")


def times_exactly(value):
    return "—" if value is None else f"{value:.2f} ×"


def document(command, machine, rows, first, curves, threads, balance, beside, encoded, rounds):
    measured = [(work.title, results) for work, results, _ in rows]
    measured += [(f"{name} {value}", results) for name, points in curves for value, results, _ in points]
    if first is not None:
        measured.append(("start to first prediction", {key: first[key] for key in ("polyphony", "eager")}))
    if beside is not None:
        measured.append((BESIDE.title, beside))
    if encoded is not None and "rows" in encoded:
        measured += [(title, results) for title, results, _, _ in encoded["rows"]]
        measured.append(("start to the first vector", encoded["first"]))
    elif encoded is not None:
        measured.append(("pretrained encoders", {"all": encoded}))
    parts = [
        "# Results",
        "",
        f"Written by `{command}`. Do not edit.",
        "",
        table(["", ""], [[key, str(value)] for key, value in machine.items()]),
        "",
        f"Times are medians in milliseconds over {rounds} rounds in which the contestants took turns, each round a "
        "process of its own with warm-up; ± is half the range over the rounds, where it is 5 % or more. A step is "
        "everything from inputs in memory to updated parameters (or to the prediction), dropout as published. The "
        "peers are plain PyTorch, the models of `python/polyphony`; «fused attention» is the same with "
        "`scaled_dot_product_attention`, «compile» with `torch.compile`. «arithmetic» is the time of the step's "
        f"matrix products at {machine['GFLOP/s']} GFLOP/s.",
        "",
    ]
    if rows:
        parts += ["## Steps", "", steps(rows), ""]
        parts += ["## Peak memory", "", "Of the whole process, in MB.", "", memory(rows), ""]
    if online(rows):
        parts += ["## Online adaptation", "", online(rows), ""]
    if balance:
        parts += ["## What CGGM adds", "", "Encoder fusion, batch 64, by turns.", "", balance_cost(balance), ""]
    if first is not None:
        parts += [
            "## Start to first prediction",
            "",
            "From starting the process to a file of 16 predictions (late fusion).",
            "",
            start(first),
            "",
        ]
    if curves:
        parts += ["## Curves", "", "Late fusion, training; everything else as in its row above.", ""]
        for name, points in curves:
            parts += [curve(name, points), ""]
    if threads:
        parts += ["## Threads", "", scaling(threads, machine["threads"]), ""]
    if beside is not None:
        parts += [
            "## Beside other work",
            "",
            "Two processes that do nothing but compute run beside these steps.",
            "",
            beside_others(BESIDE, beside),
            "",
        ]
    if encoded is not None and "rows" in encoded:
        parts += ["## Pretrained encoder of texts", "", *encoder_rows(encoded)]
    return "\n".join(parts + reasons(measured)).rstrip() + "\n"
