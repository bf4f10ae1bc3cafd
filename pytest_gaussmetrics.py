"""The pytest plugin of gaussmetrics: the fixture `law_regression`.

It stands outside the package so that pytest, which loads plugins in every run, loads nothing of
NumPy or gaussmetrics before a test asks for the fixture.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from gaussmetrics.testing import LawRegression


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --force-regen, unless pytest-regressions is there and does."""
    if find_spec("pytest_regressions") is None:
        parser.getgroup("gaussmetrics").addoption(
            "--force-regen",
            action="store_true",
            default=False,
            help="write the references of law_regression anew where a test fails",
        )


@pytest.fixture
def law_regression(request: pytest.FixtureRequest) -> LawRegression:
    """Compare rows with the law that they had when the reference beside the test was written."""
    from gaussmetrics.testing import LawRegression

    folder = request.path.with_suffix("")
    # Also the class: two of them may have tests of one name.
    name = request.node.nodeid.partition("::")[2].replace("::", "_")
    return LawRegression(folder, name, force_regen=request.config.getoption("force_regen", False))
