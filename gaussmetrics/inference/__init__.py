"""From samples to statements: estimates of a metric with their errors, and tests of equality."""

from gaussmetrics.inference.equality import EqualityTest, equality_test
from gaussmetrics.inference.equivalence import EquivalenceTest, equivalence_test
from gaussmetrics.inference.estimate import estimate
from gaussmetrics.inference.intervals import Estimate
from gaussmetrics.inference.tables import PairwiseEstimates, estimate_pairwise

__all__ = [
    "EqualityTest",
    "EquivalenceTest",
    "Estimate",
    "PairwiseEstimates",
    "equality_test",
    "equivalence_test",
    "estimate",
    "estimate_pairwise",
]
