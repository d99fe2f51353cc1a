"""Differences between two methods on the same seeds; what the tables of the experiments share."""

import math
import statistics


def paired(values, reference, scale=1):
    """The mean difference and its standard error, times a scale (−1 where less is better, 100 for points)."""
    differences = [scale * (a - b) for a, b in zip(values, reference)]
    return statistics.mean(differences), statistics.stdev(differences) / math.sqrt(len(differences))


def gain(values, reference, scale):
    """The same as a cell: +0.012 (0.003)."""
    difference, error = paired(values, reference, scale)
    return f"{difference:+.3f} ({error:.3f})"
