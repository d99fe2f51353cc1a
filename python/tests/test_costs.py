"""The cost model of data-parallel training, on cases with known answers."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import pytest

# At the end, because Python's own module «profile» has a namesake there.
sys.path.append(str(Path(__file__).resolve().parents[2] / "Benchmarks"))

import costs

NETWORK = costs.Network("test", latency=1e-3, bandwidth=1e6)
WORK = costs.Work("test", gradients=8e6, fixed=0.01, sample=0.002, update=0.04)


def test_one_rank_reduces_nothing() -> None:
    assert costs.reduction(NETWORK, 1, WORK.reductions) == 0
    assert costs.step(WORK, NETWORK, 1, 32) == WORK.compute(32) == pytest.approx(0.01 + 0.04 + 0.064)
    assert costs.strong(WORK, NETWORK, 1, 32) == costs.weak(WORK, NETWORK, 1, 32) == 1


def test_ring() -> None:
    delay = costs.Network("delay", latency=1, bandwidth=math.inf)
    # Two ranks: one passage of the sum, one of the result, each after an announcement.
    assert costs.call(delay, 2, 1000) == 4
    assert costs.call(delay, 4, 1000) == 12
    assert costs.call(delay, 4, costs.OUTCOME) == 6
    # 6 MB for two ranks are 3 segments in a chunk, of which two travel at a time.
    assert costs.call(delay, 2, 6 * costs.SEGMENT) == 8
    rate = costs.Network("rate", latency=0, bandwidth=1)
    for ranks in (2, 4, 8):
        assert costs.call(rate, ranks, 1000) == pytest.approx(costs.volume(ranks, 1000))
    assert costs.volume(4, 1000) == 1500


@pytest.mark.parametrize(("ranks", "size", "chunk"), [(3, 1000, 2), (8, 1000, 2), (2, 6 * costs.SEGMENT, 3)])
@pytest.mark.parametrize("waits", [0.2, 20])
def test_phase_is_its_own_recurrence(ranks: int, size: int, chunk: int, waits: float) -> None:
    """A segment starts when the link is free and its receiver, free since the last but one, has announced itself."""
    segment = size / (chunk * ranks) / 1e6
    latency = waits * segment
    arrived = [0.0, 0.0]
    for _ in range((ranks - 1) * chunk):
        arrived.append(max(arrived[-2] + 2 * latency, arrived[-1]) + segment)
    assert costs.call(costs.Network("", latency, 1e6), ranks, size) == pytest.approx(2 * arrived[-1])


def test_fit_recovers_a_network() -> None:
    cases = [(size, costs.OUTCOME) for size in (14_000, 1_400_000)]
    found = costs.fit("found", [(sizes, costs.reduction(NETWORK, 2, sizes)) for sizes in cases])
    assert found.latency == pytest.approx(NETWORK.latency)
    assert found.bandwidth == pytest.approx(NETWORK.bandwidth)


def test_fit_refuses_times_that_shrink() -> None:
    with pytest.raises(ValueError, match="bandwidth"):
        costs.fit("found", [((1000,), 2.0), ((1_000_000,), 1.0)])
    with pytest.raises(ValueError, match="other terms"):
        costs.fit("found", [((5 * costs.SEGMENT,), 2.0), ((1000,), 1.0)])


def test_line() -> None:
    assert costs.line([(8, 0.5 + 8 * 0.25), (16, 0.5 + 16 * 0.25), (32, 0.5 + 32 * 0.25)]) == pytest.approx((0.5, 0.25))
    # A fixed part below 0 is noise.
    assert costs.line([(8, 1.0), (16, 3.0)]) == pytest.approx((0, (1 / 8 + 3 / 16) / 2))


def test_changes() -> None:
    case = (WORK, NETWORK, 64, 64 * 32)
    now = costs.step(*case)
    seconds = {title: change(*case) for title, change in costs.CHANGES.items()}
    assert all(own <= now for own in seconds.values())
    # The update of 0.04 s is shared by 64 ranks.
    assert now - seconds["sharded optimiser"] == pytest.approx(0.04 * 63 / 64)
    assert now - seconds["8 local steps"] == pytest.approx(7 / 8 * costs.reduction(NETWORK, 64, WORK.reductions))
    # The second call has one chunk, and each of its passages one message.
    assert now - seconds["one call in place of two"] == pytest.approx(2 * 63 * 1e-3, rel=1e-3)
    # A long computation hides all but the smallest bucket, the last one.
    long = costs.Work("long", gradients=64e6, fixed=0, sample=1e6)
    rest = costs.overlapped(long, NETWORK, 2, 2) - long.compute(1)
    assert rest == pytest.approx(costs.reduction(NETWORK, 2, (1e6, costs.OUTCOME)), rel=1e-6)
