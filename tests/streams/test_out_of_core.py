"""The example of rows that no memory holds, in small, as a user runs it."""

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import gaussmetrics as gm

pytest.importorskip("distributed")
pytest.importorskip("pyarrow")
pytest.importorskip("resource")

SCRIPT = Path(__file__).parents[2] / "examples" / "out_of_core" / "groups.py"


def truth():
    """The laws that the script draws from."""
    return runpy.run_path(str(SCRIPT))["truth"]()


def test_groups(tmp_path):
    command = [sys.executable, str(SCRIPT), "--gigabytes", "0.02", "--folder", str(tmp_path)]
    done = subprocess.run(
        command, capture_output=True, encoding="utf8", timeout=400, check=False,
        env={**os.environ, "PYTHONIOENCODING": "utf8"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert re.search(r"Dashboard: http://\S+:\d+/status", done.stdout)
    (rows,) = map(int, re.findall(r"(\d+) rows of 32 columns", done.stdout))
    assert rows > 50_000
    # A law fitted to n rows diverges by about (d + d (d + 1)/2) / 2n: χ² with so many degrees.
    freedom = 32 + 32 * 33 / 2
    values = np.array(re.findall(r"^  \w+ +(\d\.\d+e-\d+)$", done.stdout, re.M), float)
    z = (2 * values * rows / 3 - freedom) / np.sqrt(2 * freedom)
    assert values.shape == (3,)
    assert np.abs(z).max() < 5
    table = re.findall(r"^  \w+ +(\d\.\d+) (\d\.\d+) (\d\.\d+)$", done.stdout, re.M)
    distances = np.array(table, float)
    np.testing.assert_array_equal(np.diag(distances), 0.0)
    np.testing.assert_array_equal(distances, distances.T)
    value, error = re.search(r"control and treated: (\S+) ± (\S+)\n", done.stdout).groups()
    true = gm.hellinger_distance(*truth()[:2])
    assert abs(float(value) - true) < 4 * float(error) < 0.02
    unequal, equal = re.findall(r"one law\? EqualityTest\(.*, p = (\S+), null", done.stdout)
    assert float(unequal) == 0.001
    assert float(equal) > 0.01
    temperature = float(re.search(r"shrinkage \S+, temperature (\S+)", done.stdout)[1])
    assert temperature == pytest.approx(1.0, abs=0.05)
    # Calibrated to the frequencies of the sample, a third each.
    shares = np.array(re.findall(r"^  \w+: (\d\.\d+)$", done.stdout, re.M), float)
    np.testing.assert_allclose(shares, 1 / 3, atol=2e-3)
    assert float(re.search(r"Peak memory of a worker: (\d+) MB", done.stdout)[1]) < 1000
