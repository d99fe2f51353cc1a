"""Where many ranks end by the cost model, as tables: efficiency, and what a change of the method would win.

    Benchmarks/scaling.py --load timings.json
"""

from dataclasses import replace

import costs
import flops

RANKS = (8, 64, 512)
BATCH = 512  # of all ranks together, where they share a fixed batch
PART = 32  # of every rank, where the batch grows with the ranks
NETWORKS = (
    costs.Network("1 Gbit/s, 50 µs", 50e-6, 1e9 / 8),
    costs.Network("25 Gbit/s, 10 µs", 10e-6, 25e9 / 8),
    costs.Network("200 Gbit/s, 2 µs", 2e-6, 200e9 / 8),
)
# The shape of BERT-base: 12 layers of width 768, and 110 million parameters with the embeddings. Texts of 128 tokens.
PARAMETERS, LAYERS, WIDTH, TOKENS = 110e6, 12, 768, 128
# Adam reads the gradient, the weight and two moments, and writes three of them: 7 floats of 4 bytes.
ADAM = 28
# FLOP/s that a training step reaches, and bytes per second of memory.
DEVICES = {"1 TFLOP/s": (1e12, 100e9), "100 TFLOP/s": (100e12, 2e12)}


def encoders():
    """The encoder of 110M parameters on each device."""
    for device, (speed, memory) in DEVICES.items():
        seconds = flops.encoder(1, TOKENS, WIDTH, LAYERS).trained / speed
        update = ADAM * PARAMETERS / memory
        yield costs.Work(f"110M encoder, {device}", 4 * PARAMETERS, 0, seconds, update, data=4 * TOKENS)


def percent(value):
    return f"{100 * value:.0f} %" if value >= 0.0995 else f"{100 * value:.1f} %"


def duration(seconds):
    return f"{seconds:.2f} s" if seconds >= 1 else f"{1000 * seconds:.0f} ms"


def efficiency(works, networks):
    """Rows of the efficiency against one rank, and of a step of the middle number of ranks with batches of their own."""
    middle = RANKS[len(RANKS) // 2]
    heads = [f"{BATCH} on {ranks}" for ranks in RANKS] + [f"{PART} each on {ranks}" for ranks in RANKS]
    print("| model and device | network | " + " | ".join(heads) + f" | step of {middle}, {PART} each | of it sums |")
    print("|---|---|" + "---:|" * (len(heads) + 2))
    for work in works:
        for network in networks:
            cells = [percent(costs.strong(work, network, ranks, BATCH)) for ranks in RANKS]
            cells += [percent(costs.weak(work, network, ranks, PART)) for ranks in RANKS]
            whole = costs.step(work, network, middle, middle * PART)
            sums = costs.reduction(network, middle, work.reductions)
            cells += [duration(whole), percent(sums / whole)]
            print(f"| {work.title} | {network.title} | " + " | ".join(cells) + " |")
    print()


def changes(works, networks, software):
    """Rows of the part of a step that a change would save, with batches of their own for all ranks."""
    every = {
        **costs.CHANGES,
        "messages without their software": lambda work, network, *case: costs.step(
            work, replace(network, latency=network.latency - software), *case
        ),
    }
    own, processor, accelerator = works
    slow, middle, fast = networks
    chosen = [
        (own, slow, 64),
        (own, slow, 512),
        (processor, slow, 64),
        (accelerator, middle, 64),
        (accelerator, fast, 64),
        (accelerator, fast, 512),
    ]
    heads = [f"{work.title}; {network.title}; {ranks} ranks" for work, network, ranks in chosen]
    print("| change | " + " | ".join(heads) + " |\n|---|" + "---:|" * len(chosen))
    print("| *now* | " + " | ".join(duration(costs.step(*case, case[-1] * PART)) for case in chosen) + " |")
    for title, change in every.items():
        won = [1 - change(*case, case[-1] * PART) / costs.step(*case, case[-1] * PART) for case in chosen]
        print(f"| {title} | " + " | ".join(f"{100 * part + 0:.0f} %".replace("-0 %", "0 %") for part in won) + " |")
    print()


def report(measured, software):
    """Prints the tables for a work that was measured and for the encoder.

    - software: seconds that a message costs besides the network's latency.
    """
    works = [measured, *encoders()]
    networks = [replace(network, latency=network.latency + software) for network in NETWORKS]
    efficiency(works, networks)
    changes(works, networks, software)
    print(f"Data that {RANKS[-1]} ranks with batches of their own read in the fastest network:\n")
    for work in works:
        rate = RANKS[-1] * PART * work.data / costs.step(work, networks[-1], RANKS[-1], RANKS[-1] * PART)
        print(f"- {work.title}: {rate / 1e6:.0f} MB/s")
