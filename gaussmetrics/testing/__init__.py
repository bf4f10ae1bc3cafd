"""Assertions for the test suites of simulations, samplers and fitted models."""

from gaussmetrics.testing.close_laws import assert_laws_close
from gaussmetrics.testing.regression import LawRegression
from gaussmetrics.testing.same_law import assert_same_law

__all__ = ["LawRegression", "assert_laws_close", "assert_same_law"]
