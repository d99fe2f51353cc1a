"""A model of the time that a step of data-parallel training takes.

A step of p ranks is its computation, the reading of its samples, and the sums of its gradients. Gloo sums a tensor along a
ring. Each rank cuts the tensor into p chunks and exchanges p − 1 chunks with its neighbours, twice. With the latency α of
one message and the bandwidth β of a link in bytes per second, a call with b bytes takes

    messages(p, b) · α + 2 (p − 1) / p · b / β

Times are in seconds, sizes in bytes.
"""

import math
from dataclasses import dataclass, replace

import numpy

SEGMENT = 2**20  # Gloo's largest segment
OUTCOME = 16  # bytes of the second call of a step: the loss, and whether a rank was asked to stop
BUCKET = 25 * 2**20  # bytes of a call where reduction overlaps with the backward pass, as in DistributedDataParallel


@dataclass(frozen=True)
class Network:
    """What lies between the ranks."""

    title: str
    latency: float  # of one message, from a rank to its neighbour
    bandwidth: float  # of a rank's link, in each direction


@dataclass(frozen=True)
class Work:
    """What a model asks of one rank, on one device."""

    title: str
    gradients: float  # bytes
    fixed: float  # seconds of a step that do not depend on the number of samples
    sample: float  # seconds of a sample, forward and backward
    update: float = 0  # seconds of the optimiser, over all parameters
    data: float = 0  # bytes of a sample
    disk: float = 1e9  # bytes per second that a rank reads

    @property
    def reductions(self):
        """The sizes of a step's calls."""
        return (self.gradients, OUTCOME)

    def compute(self, samples):
        return self.fixed + self.update + samples * (self.sample + self.data / self.disk)


def messages(ranks, size):
    """The messages of a ring all-reduce that must follow one another.

    A chunk passes 2 (p − 1) times from rank to rank. A receiver announces itself before the sender sends, which makes two
    messages of each passage. A rank has two segments on the way at a time, so larger chunks need more turns. A tensor of
    two elements has one chunk, and ranks without a part have announced themselves long before.
    """
    if ranks == 1:
        return 0
    if size <= OUTCOME:
        return 2 * (ranks - 1)
    segments = max(2, math.ceil(math.ceil(size / SEGMENT) / ranks))
    return 4 * (ranks - 1) * math.ceil(segments / 2)


def volume(ranks, size):
    """The bytes that each rank sends."""
    return 2 * (ranks - 1) / ranks * size


def reduction(network, ranks, sizes):
    """Seconds of calls one after another."""
    count = sum(messages(ranks, size) for size in sizes)
    return count * network.latency + sum(volume(ranks, size) for size in sizes) / network.bandwidth


def step(work, network, ranks, batch):
    """Seconds of a step in which `ranks` devices share `batch` samples."""
    return work.compute(batch / ranks) + reduction(network, ranks, work.reductions)


def strong(work, network, ranks, batch):
    """The efficiency where all ranks share one batch: t(1) / (p · t(p))."""
    return work.compute(batch) / (ranks * step(work, network, ranks, batch))


def weak(work, network, ranks, part):
    """The efficiency where every rank has a batch of its own size: t(1) / t(p)."""
    return work.compute(part) / step(work, network, ranks, part * ranks)


def fit(title, ranks, observations):
    """The network that explains seconds of reduction.

    It minimises the sum of squared relative errors. Latency and bandwidth need two observations of different sizes.
    - observations: pairs of the sizes of a step's calls, and the seconds of these calls.
    """
    seconds = numpy.array([own for _, own in observations])
    terms = numpy.array(
        [
            [sum(messages(ranks, size) for size in sizes), sum(volume(ranks, size) for size in sizes)]
            for sizes, _ in observations
        ]
    )
    latency, inverse = numpy.linalg.lstsq(terms / seconds[:, None], numpy.ones(len(seconds)), rcond=None)[0]
    if inverse <= 0:
        raise ValueError(f"{title}: the times do not grow with the bytes, so no bandwidth explains them")
    return Network(title, float(latency), float(1 / inverse))


def line(points):
    """The fixed seconds and the seconds per sample that explain pairs of samples and seconds, neither below 0."""
    samples, seconds = (numpy.array(column, dtype=float) for column in zip(*points))
    terms = numpy.stack([1 / seconds, samples / seconds], axis=1)
    fixed, each = numpy.linalg.lstsq(terms, numpy.ones(len(seconds)), rcond=None)[0]
    if fixed < 0:
        return 0.0, float(numpy.mean(seconds / samples))
    return float(fixed), float(each)


# What would change the time of a step. Each function takes work, network, ranks and batch, and returns seconds.


def one_call(work, network, ranks, batch):
    """The loss and the wish to stop travel with the gradients."""
    return work.compute(batch / ranks) + reduction(network, ranks, (work.gradients + OUTCOME,))


def doubling(work, network, ranks, batch):
    """Halving and doubling in place of the ring: the same bytes in 2 log2 p passages, of two messages each."""
    bytes_sent = sum(volume(ranks, size) for size in work.reductions)
    count = len(work.reductions) * 2 * 2 * math.ceil(math.log2(ranks))
    return work.compute(batch / ranks) + count * network.latency + bytes_sent / network.bandwidth


def hierarchical(work, network, ranks, batch, local=8, inside=Network("inside", 1e-6, 10e9)):
    """Machines of `local` ranks sum inside first. Every rank then sums its own chunk with its fellows in other machines.

    The ranks of a machine share its link to the network.
    """
    if ranks <= local:
        return work.compute(batch / ranks) + reduction(inside, ranks, work.reductions)
    shared = replace(network, bandwidth=network.bandwidth / local)
    chunks = [max(OUTCOME, size / local) for size in work.reductions]
    return (
        work.compute(batch / ranks)
        + reduction(inside, local, work.reductions)
        + reduction(shared, ranks // local, chunks)
    )


def compressed(work, network, ranks, batch, ratio):
    """Gradients of fewer bytes. The seconds of compression itself are left out."""
    return step(replace(work, gradients=work.gradients / ratio), network, ranks, batch)


def local_steps(work, network, ranks, batch, steps):
    """The ranks train on their own, and average their weights after some steps."""
    return work.compute(batch / ranks) + reduction(network, ranks, work.reductions) / steps


def overlapped(work, network, ranks, batch):
    """Buckets of gradients travel while the backward pass, two thirds of the samples' time, goes on."""
    count = max(1, math.ceil(work.gradients / BUCKET))
    one = reduction(network, ranks, (work.gradients / count,))
    backward = 2 / 3 * work.sample * batch / ranks
    during = max(backward, (count - 1) * one)
    return work.compute(batch / ranks) - backward + during + one + reduction(network, ranks, (OUTCOME,))


def sharded(work, network, ranks, batch):
    """Each rank updates its share of the parameters. The sum by halves, and the weights in place of the second half."""
    return step(replace(work, update=work.update / ranks), network, ranks, batch)


CHANGES = {
    "one call in place of two": one_call,
    "halving and doubling in place of the ring": doubling,
    "hierarchical, 8 ranks in a machine": hierarchical,
    "gradients in bf16 (1:2)": lambda *case: compressed(*case, ratio=2),
    "compressed gradients (1:32)": lambda *case: compressed(*case, ratio=32),
    "8 local steps": lambda *case: local_steps(*case, steps=8),
    "overlap with the backward pass": overlapped,
    "sharded optimiser": sharded,
}
