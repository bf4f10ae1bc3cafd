"""Work shared among the cores: the same answers, one thread of BLAS a core, nothing left behind."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from sklearn.datasets import load_digits
from threadpoolctl import ThreadpoolController

from gaussmetrics import AnalyticLogisticRegression
from gaussmetrics._array import cores


@pytest.fixture(autouse=True)
def two_cores(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")


def blas_threads():
    libraries = ThreadpoolController().select(user_api="blas").info()
    return [library["num_threads"] for library in libraries]


def share(function, parts):
    return list(cores.shared(function, parts, cores.WORTH_SHARING))


def share_products(function, parts):
    return cores.shared_products(function, parts, cores.WORTH_SHARING)


def test_parts_come_in_order_from_more_than_one_thread():
    both = threading.Barrier(2, timeout=60)  # passed by two threads at once, or never

    def of_part(part):
        both.wait()
        return part, threading.get_ident()

    parts, threads = zip(*share(of_part, range(6)), strict=True)
    assert parts == tuple(range(6))
    assert len(set(threads)) == 2


def test_little_work_stays_in_its_thread():
    here = threading.get_ident()
    found = cores.shared(lambda _: threading.get_ident(), range(6), cores.WORTH_SHARING - 1)
    assert set(found) == {here}


def test_blas_has_one_thread_a_core_and_gets_the_others_back():
    with ThreadpoolController().limit(limits=2, user_api="blas"):
        before = blas_threads()
        inside = share_products(lambda _: blas_threads(), range(2))
        assert set(before) == {2}
        assert inside == [[1] * len(before)] * 2
        assert blas_threads() == before


@pytest.mark.parametrize("sharing", [share, share_products])
def test_an_error_leaves_nothing_behind(sharing):
    def fails(part):
        raise ArithmeticError(str(part))

    before = blas_threads()
    with pytest.raises(ArithmeticError, match="0"):
        sharing(fails, range(4))
    assert blas_threads() == before
    assert not cores._SHARING.locked()


@pytest.mark.parametrize("sharing", [share, share_products])
def test_whoever_comes_meanwhile_has_one_core(sharing):
    def of_part(_):
        here = threading.get_ident()
        return set(sharing(lambda _: threading.get_ident(), range(3))) == {here}

    assert all(share(of_part, range(4)))


def test_a_classifier_is_the_same_on_one_core_and_on_two(monkeypatch):
    X, y = load_digits(return_X_y=True)
    X = np.tile(X, (3, 1)) + 0.1 * np.random.default_rng(0).standard_normal((3 * len(X), 64))
    two = AnalyticLogisticRegression().fit(X, np.tile(y, 3))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    one = AnalyticLogisticRegression().fit(X, np.tile(y, 3))
    np.testing.assert_allclose(one.coef_, two.coef_, rtol=1e-9, atol=1e-12)
