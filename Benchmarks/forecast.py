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
# Devices: FLOP/s that a training step reaches, and bytes per second of memory.
DEVICES = {"processor, 1 TFLOP/s": (1e12, 100e9), "accelerator, 100 TFLOP/s": (100e12, 2e12)}


def encoders():
    """The encoder of 110M parameters on each device."""
    for device, (speed, memory) in DEVICES.items():
        seconds = flops.encoder(1, TOKENS, WIDTH, LAYERS).trained / speed
        update = ADAM * PARAMETERS / memory
        yield costs.Work(f"110M encoder, {device}", 4 * PARAMETERS, 0, seconds, update, data=4 * TOKENS)


def percent(value):
    return f"{100 * value:.0f} %" if value >= 0.0995 or value < 0.0005 else f"{100 * value:.1f} %"


def efficiency(works, networks):
    """Rows of the efficiency against one rank."""
    columns = [f"{ranks}" for ranks in RANKS]
    print(f"| model and device | network | batch {BATCH}: " + " | ".join(columns), end="")
    print(f" | {PART} a rank: " + " | ".join(columns) + " | step of 64, of it sums |")
    print("|---|---|" + "---:|" * (2 * len(RANKS) + 1))
    for work in works:
        for network in networks:
            cells = [percent(costs.strong(work, network, ranks, BATCH)) for ranks in RANKS]
            cells += [percent(costs.weak(work, network, ranks, PART)) for ranks in RANKS]
            whole = costs.step(work, network, 64, 64 * PART)
            sums = costs.reduction(network, 64, work.reductions)
            cells.append(f"{1000 * whole:.3g} ms, {percent(sums / whole)}")
            print(f"| {work.title} | {network.title} | " + " | ".join(cells) + " |")
    print()


def changes(works, networks):
    """Rows of the part of a step that a change would save, at fixed batch per rank."""
    chosen = [
        (works[0], networks[0], 64),
        (works[0], networks[0], 512),
        (works[-2], networks[0], 64),
        (works[-1], networks[1], 64),
        (works[-1], networks[2], 64),
        (works[-1], networks[2], 512),
    ]
    heads = [f"{work.title.split(',')[0]}, {_device(work)}{network.title}, {ranks}" for work, network, ranks in chosen]
    print("| change | " + " | ".join(heads) + " |\n|---|" + "---:|" * len(chosen))
    for title, change in costs.CHANGES.items():
        cells = []
        for work, network, ranks in chosen:
            before = costs.step(work, network, ranks, PART * ranks)
            won = 1 - change(work, network, ranks, PART * ranks) / before
            cells.append(f"{100 * won:.0f} %")
        print(f"| {title} | " + " | ".join(cells) + " |")
    print()


def _device(work):
    return next((device.split(",")[0] + ", " for device in DEVICES if device in work.title), "")


def report(measured, software):
    """Prints the tables for works that were measured and for the encoder.

    - software: seconds that a message costs besides the network's latency.
    """
    works = [*measured, *encoders()]
    networks = [replace(network, latency=network.latency + software) for network in NETWORKS]
    efficiency(works, networks)
    changes(works, networks)
    print("Bytes that a shared store must serve for 512 ranks with batches of their own:\n")
    for work in works:
        rate = 512 * PART * work.data / costs.step(work, networks[-1], 512, 512 * PART)
        print(f"- {work.title}: {rate / 1e6:.0f} MB/s")
