"""A model of the time that a step of data-parallel training takes.

A step of p ranks is its computation, the reading of its samples, and the sums of its gradients. Gloo sums a tensor
along a ring. Each rank cuts the tensor into p chunks and passes p − 1 chunks to its neighbour, twice: once to sum, and
once to spread the result. A chunk has two segments or more. With k segments in a chunk, one phase passes
n = (p − 1) k segments.

Let α be the seconds of one message, and s those of a segment on a link. The receiver announces itself before the sender
sends, so the first segment arrives after 2α + s. Two segments travel at a time, and the announcement of the next one
overlaps with the segment before it. So a phase takes the larger of

    2α + n s                            where the link is busy all the time
    ⌈n / 2⌉ 2α + (⌊n / 2⌋ + 1) s        where it waits for announcements

For two ranks and k = 2 a call takes 4α + b / β, where b has the bytes of the tensor and β those of a link in a second.
With many small segments it takes 4 (p − 1) α, and with large ones about 2 (p − 1) / p · b / β.

Times are in seconds, sizes in bytes.
"""

import math
from dataclasses import dataclass, replace

import numpy

SEGMENT = 2**20  # Gloo's largest segment
OUTCOME = 16  # bytes of the second call of a step: the loss, and whether a rank was asked to stop


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


def segments(ranks, size):
    """The segments of a chunk."""
    return max(2, math.ceil(math.ceil(size / SEGMENT) / ranks))


def call(network, ranks, size):
    """Seconds of a ring all-reduce.

    A tensor of two elements has one chunk alone. The ranks have announced themselves for it before, so each of its
    2 (p − 1) passages is one message.
    """
    if ranks == 1:
        return 0.0
    if size <= OUTCOME:
        return 2 * (ranks - 1) * network.latency
    count = segments(ranks, size)
    segment = size / (ranks * count) / network.bandwidth
    passed, announced = (ranks - 1) * count, 2 * network.latency
    busy = announced + passed * segment
    waiting = math.ceil(passed / 2) * announced + (passed // 2 + 1) * segment
    return 2 * max(busy, waiting)


def volume(ranks, size):
    """The bytes that each rank sends in a call."""
    return 2 * (ranks - 1) / ranks * size


def reduction(network, ranks, sizes):
    """Seconds of calls one after another."""
    return sum(call(network, ranks, size) for size in sizes)


def step(work, network, ranks, batch):
    """Seconds of a step in which `ranks` devices share `batch` samples."""
    return work.compute(batch / ranks) + reduction(network, ranks, work.reductions)


def strong(work, network, ranks, batch):
    """The efficiency where all ranks share one batch: t(1) / (p · t(p))."""
    return work.compute(batch) / (ranks * step(work, network, ranks, batch))


def weak(work, network, ranks, part):
    """The efficiency where every rank has a batch of its own size: t(1) / t(p)."""
    return work.compute(part) / step(work, network, ranks, part * ranks)


def fit(title, observations):
    """The network that explains the seconds of reductions between two ranks, where latency and bandwidth stand apart.

    It minimises the sum of squared relative errors. It needs two observations of different sizes.
    - observations: pairs of the sizes of a step's calls, and the seconds of these calls.
    """
    if any(segments(2, size) > 2 for sizes, _ in observations for size in sizes):
        raise ValueError(f"{title}: a tensor of more than {4 * SEGMENT} bytes has other terms")
    seconds = numpy.array([own for _, own in observations])
    latency = [reduction(Network("", 1, math.inf), 2, sizes) for sizes, _ in observations]
    bandwidth = [reduction(Network("", 0, 1), 2, sizes) for sizes, _ in observations]
    terms = numpy.stack([latency, bandwidth], axis=1) / seconds[:, None]
    alpha, inverse = numpy.linalg.lstsq(terms, numpy.ones(len(seconds)), rcond=None)[0]
    if inverse <= 0:
        raise ValueError(f"{title}: the times do not grow with the bytes, so no bandwidth explains them")
    return Network(title, float(alpha), float(1 / inverse))


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
    """Halving and doubling in place of the ring: the same bytes in 2 log₂ p passages, of two messages each."""
    bytes_sent = sum(volume(ranks, size) for size in work.reductions)
    count = len(work.reductions) * 2 * 2 * math.ceil(math.log2(ranks))
    return work.compute(batch / ranks) + count * network.latency + bytes_sent / network.bandwidth


def hierarchical(work, network, ranks, batch, local=8, inside=100e9):
    """Machines of `local` ranks sum inside first. Every rank then sums its own chunk with its fellows elsewhere.

    The ranks of a machine share its link to the network. Inside, a message has the same latency, and `inside` bytes
    pass in a second.
    """
    machine = replace(network, bandwidth=inside)
    if ranks <= local:
        return work.compute(batch / ranks) + reduction(machine, ranks, work.reductions)
    shared = replace(network, bandwidth=network.bandwidth / local)
    chunks = [max(OUTCOME, size / local) for size in work.reductions]
    return (
        work.compute(batch / ranks)
        + reduction(machine, local, work.reductions)
        + reduction(shared, ranks // local, chunks)
    )


def compressed(work, network, ranks, batch, ratio):
    """Gradients of fewer bytes. The seconds of compression itself are left out."""
    return step(replace(work, gradients=work.gradients / ratio), network, ranks, batch)


def local_steps(work, network, ranks, batch, steps):
    """The ranks train on their own, and average their weights after some steps."""
    return work.compute(batch / ranks) + reduction(network, ranks, work.reductions) / steps


def overlapped(work, network, ranks, batch):
    """Buckets of gradients travel while the backward pass, two thirds of the samples' time, goes on.

    The last bucket has nothing left to overlap with. The number of buckets is the best power of two up to 64.
    """
    backward = 2 / 3 * work.sample * batch / ranks
    rest = work.compute(batch / ranks) - backward + reduction(network, ranks, (OUTCOME,))

    def seconds(buckets):
        one = reduction(network, ranks, (work.gradients / buckets,))
        return rest + max(backward, (buckets - 1) * one) + one

    return min(seconds(2**power) for power in range(7))


def sharded(work, network, ranks, batch):
    """Each rank updates its share of the parameters, and spreads the new weights in the second half of the sum."""
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
