"""The reference numbers of the significance tests: SciPy's paired t-tests and incomplete beta functions, and the tails
of Student's t to 40 digits, of which doubles are kept.

    pip install scipy mpmath && python3 Tools/make-significance-fixtures.py
"""

import json
from pathlib import Path

import mpmath
import numpy
from scipy import special, stats

mpmath.mp.dps = 40
random = numpy.random.default_rng(7)
SMALLEST = 1e-300


def two_sided(freedom, t):
    exact_freedom, exact_t = mpmath.mpf(freedom), mpmath.mpf(t)
    x = exact_freedom / (exact_freedom + exact_t**2)
    return float(mpmath.betainc(exact_freedom / 2, mpmath.mpf(1) / 2, 0, x, regularized=True))


student = [
    [freedom, t, two_sided(freedom, t)]
    for freedom in [1, 2, 3, 4, 7, 9, 19, 50, 199, 1000, 1e6]
    for t in [1e-8, 1e-3, 0.1, 0.7, 1, 2.1, 4.6, 12, 60, 1e3]
]
beta = [
    [a, b, x, float(special.betainc(a, b, x))]
    for a in [0.5, 1, 2.5, 10, 80, 3000]
    for b in [0.5, 1, 3, 25, 700]
    for x in [1e-6, 0.01, 0.2, 0.5, 0.8, 0.99]
]
paired = []
for count in [2, 3, 5, 10]:
    for spread in [0.001, 0.1]:
        reference = numpy.round(random.normal(0.8, 0.02, count), 6)
        values = numpy.round(reference + random.normal(0.01, spread, count), 6)
        test = stats.ttest_rel(values, reference)
        difference = values - reference
        paired.append({
            "reference": reference.tolist(), "values": values.tolist(), "difference": float(difference.mean()),
            "error": float(difference.std(ddof=1) / numpy.sqrt(count)), "t": float(test.statistic),
            "p": float(test.pvalue),
        })

fixtures = {
    "student": [row for row in student if row[-1] > SMALLEST],
    "beta": [row for row in beta if row[-1] > SMALLEST],
    "paired": paired,
}
target = Path(__file__).parent.parent / "Tests/PolyphonyTests/Fixtures/significance.json"
target.write_text(json.dumps(fixtures, separators=(",", ":")) + "\n")
