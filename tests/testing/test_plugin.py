"""The pytest plugin, in projects of its own."""

import sys
from importlib.util import find_spec

import pytest

TEST = """
import numpy as np
import pytest

@pytest.mark.parametrize("steps", [3])
def test_walk(law_regression, steps):
    rng = np.random.default_rng({seed})
    law_regression.check({scale} * rng.normal(size=(300, 2, steps)).sum(axis=-1){name})
"""
STEM = "test_walk_3_"


@pytest.fixture
def project(pytester):
    """Run a test in a project of its own: rows of a seed, times a scale."""

    def run(*options, seed=0, scale=1.0, name=""):
        test = TEST.format(seed=seed, scale=scale, name=name)
        pytester.makepyfile(test_simulation=test)
        return pytester.runpytest_inprocess("-p", "pytest_gaussmetrics", "-W", "error", *options)

    return run


@pytest.fixture
def reference(pytester):
    return pytester.path / "test_simulation" / f"{STEM}.npz"


def test_the_first_run_writes_and_fails_and_others_compare(project, reference):
    first = project()
    first.assert_outcomes(failed=1)
    first.stdout.fnmatch_lines(["*no reference yet: the moments of 300 rows were written to *"])
    written = reference.read_bytes()
    project(seed=1).assert_outcomes(passed=1)
    changed = project(seed=2, scale=1.5)
    changed.assert_outcomes(failed=1)
    changed.stdout.fnmatch_lines(
        [
            "*x is not of the law of the reference: likelihood ratio = *",
            "*300 rows against 300 rows; kl_divergence *",
            "*standard deviation * standard errors)",
            "*If the change is meant, write *anew with --force-regen.",
            "*test_simulation.py:*: AssertionError",
        ]
    )
    assert reference.read_bytes() == written


def test_a_change_that_is_meant(project, reference):
    project()
    written = reference.read_bytes()
    project("--force-regen", seed=1).assert_outcomes(passed=1)
    assert reference.read_bytes() == written
    changed = project("--force-regen", seed=2, scale=1.5)
    changed.assert_outcomes(failed=1)
    changed.stdout.fnmatch_lines(["*was written anew."])
    project(seed=3, scale=1.5).assert_outcomes(passed=1)


def test_other_columns_are_a_change(project, pytester):
    project()
    pytester.makepyfile(
        test_simulation=TEST.format(seed=0, scale=1.0, name="").replace("300, 2", "300, 3")
    )
    options = "-p", "pytest_gaussmetrics"
    result = pytester.runpytest_inprocess(*options)
    result.stdout.fnmatch_lines(["*x has 3 columns, and had 2 when *"])
    pytester.runpytest_inprocess(*options, "--force-regen").assert_outcomes(failed=1)
    pytester.runpytest_inprocess(*options).assert_outcomes(passed=1)


def test_names_of_references(project, pytester):
    named = project(name=', name="far off"')
    named.stdout.fnmatch_lines(["*test_walk*_far_off.npz*"])
    twice = (
        TEST.format(seed=0, scale=1.0, name="")
        + "    law_regression.check(rng.normal(size=(9, 2)))"
    )
    pytester.makepyfile(test_simulation=twice)
    options = "-p", "pytest_gaussmetrics"
    pytester.runpytest_inprocess(*options)
    result = pytester.runpytest_inprocess(*options)
    result.stdout.fnmatch_lines(["*ValueError: two checks of one test have the reference *"])


def test_a_damaged_reference_says_so(project, reference):
    project()
    reference.write_bytes(reference.read_bytes()[:200])
    result = project()
    result.stdout.fnmatch_lines(["*ValueError: *is truncated, damaged or no .npz file*"])


def test_nothing_is_loaded_before_the_fixture_is_asked_for(pytester, monkeypatch):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # others load NumPy
    pytester.makepyfile(
        """
        import sys

        def test_of_someone_else():
            assert not {"numpy", "scipy", "gaussmetrics"} & set(sys.modules)
        """
    )
    result = pytester.run(sys.executable, "-m", "pytest", "-p", "pytest_gaussmetrics")
    result.assert_outcomes(passed=1)


@pytest.mark.skipif(find_spec("pytest_regressions") is not None, reason="its option is taken")
def test_the_option_is_explained(pytester):
    result = pytester.runpytest_inprocess("-p", "pytest_gaussmetrics", "--help")
    result.stdout.fnmatch_lines(["*--force-regen*write the references of law_regression anew*"])


CLASSES = """
import numpy as np

class TestShort:
    def test_walk(self, law_regression):
        law_regression.check(np.random.default_rng(0).normal(size=(300, 2)))

class TestLong(TestShort):
    def test_walk(self, law_regression):
        law_regression.check(9 * np.random.default_rng(1).normal(size=(300, 2)))
"""


def test_two_classes_may_have_tests_of_one_name(pytester):
    pytester.makepyfile(test_simulation=CLASSES)
    options = ("-p", "pytest_gaussmetrics", "-W", "error")
    pytester.runpytest_inprocess(*options).assert_outcomes(failed=2)
    pytester.runpytest_inprocess(*options).assert_outcomes(passed=2)
    written = sorted(path.name for path in (pytester.path / "test_simulation").iterdir())
    assert written == ["TestLong_test_walk.npz", "TestShort_test_walk.npz"]
