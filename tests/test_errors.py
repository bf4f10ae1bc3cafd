"""Every wrong input and the text that answers it."""

import re

import numpy as np
import pytest
from table import METRICS, OVERLAPS

import gaussmetrics as gm

EYE = np.eye(2)
ZERO = np.zeros(2)
NAN = float("nan")


def refused(error, text):
    return pytest.raises(error, match=re.escape(text))


@pytest.mark.parametrize(
    ("mean", "cov", "error", "text"),
    [
        (1.0, EYE, ValueError, "got (). Of one variable the mean is [0.0] and cov [[1.0]], say."),
        ([], EYE, ValueError, "mean must have at least one coordinate, got shape (0,)"),
        (ZERO, np.zeros((0, 0)), ValueError, "cov must have shape (..., d, d), got (0, 0)"),
        (ZERO, 1.0, ValueError, "cov must have shape (..., d, d), got ()"),
        (ZERO, [1.0, 1.0], ValueError, "got (2,). For variances alone, use Covariance.from_diag"),
        (ZERO, np.ones((2, 3)), ValueError, "cov must have shape (..., d, d), got (2, 3)"),
        (np.zeros(3), EYE, ValueError, "mean with 3 coordinates and cov of shape (..., 2, 2)"),
        ([0.0, NAN], EYE, ValueError, "mean must be finite, but mean[1] is nan"),
        (ZERO, [[np.inf, 0], [0, 1]], ValueError, "cov must be finite, but cov[0, 0] is inf"),
        (ZERO, EYE + 1j, TypeError, "cov must hold real numbers, got complex ones"),
        (["a", "b"], EYE, TypeError, "mean must hold real numbers, got dtype <U1"),
        ([None, 1], EYE, TypeError, "mean must hold real numbers, got dtype object"),
        (None, EYE, TypeError, "mean must hold real numbers, got dtype object"),
        ([[1, 2], [3]], EYE, ValueError, "mean is not a rectangular array of numbers"),
        (ZERO, [[1, 0.5], [0.4, 1]], ValueError, "cov must be symmetric, but cov[0, 1] = 0.5"),
        (ZERO, [[1, 2], [2, 1]], ValueError, "cov must be positive definite, but its smallest eig"),
        (ZERO, -EYE, ValueError, "smallest eigenvalue is -1 (largest -1)"),
        (ZERO, [[1, 1], [1, 1]], ValueError, "cov is singular"),
        (ZERO, np.zeros((2, 2)), ValueError, "cov is zero: every column is constant. Give"),
        (ZERO, [[1, 1], [1, 1 + 1e-15]], ValueError, "allow_singular=True"),
        (np.zeros((3, 2)), np.array([EYE] * 4), ValueError, "the batch shapes of mean and cov"),
        (np.ma.masked_invalid([0.0, NAN]), EYE, TypeError, "mean has masked entries"),
    ],
)
def test_construction(mean, cov, error, text):
    with refused(error, text):
        gm.Gaussian(mean, cov)


def test_a_sparse_matrix_is_refused():
    from scipy.sparse import eye_array

    with refused(TypeError, "cov is a sparse matrix. Pass cov.toarray()"):
        gm.Gaussian(ZERO, eye_array(2))


@pytest.mark.parametrize(
    ("bad", "text"),
    [
        ([[1, 2], [2, 1]], "cov[1, 2] must be positive definite"),
        ([[1, 1], [1, 1]], "cov[1, 2] is singular"),
        ([[1, 0.5], [0, 1]], "cov[1, 2, 0, 1] = 0.5"),
        ([[NAN, 0], [0, 1]], "cov[1, 2, 0, 0] is nan"),
    ],
)
def test_the_first_bad_matrix_of_a_batch_is_named(bad, text):
    cov = np.tile(EYE, (3, 4, 1, 1))
    cov[1, 2] = cov[2, 0] = bad
    with refused(ValueError, text):
        gm.Gaussian(ZERO, cov)


@pytest.mark.parametrize(
    "metric", [m.function for m in METRICS + OVERLAPS], ids=lambda f: f.__name__
)
class TestMetric:
    def test_arrays_are_refused_with_the_constructor_call(self, metric):
        p = gm.Gaussian.standard(2)
        with refused(
            TypeError, f"{metric.__name__} takes Gaussian objects, but p is of type ndarr"
        ):
            metric(ZERO, p)
        with refused(TypeError, "q = gaussmetrics.Gaussian(mean, cov)"):
            metric(p, EYE)

    def test_dimensions_must_agree(self, metric):
        text = f"{metric.__name__} needs p and q of the same dimension, got p.dim = 2 and q.dim = 3"
        with refused(ValueError, text):
            metric(gm.Gaussian.standard(2), gm.Gaussian.standard(3))

    def test_batches_must_broadcast(self, metric):
        p, q = gm.Gaussian(np.zeros((3, 2)), EYE), gm.Gaussian(np.zeros((4, 2)), EYE)
        with refused(ValueError, "the batch shapes of p and q must broadcast, got (3,) and (4,)"):
            metric(p, q)

    def test_operands_are_positional_and_nothing_else_is_taken(self, metric):
        p = gm.Gaussian.standard(2)
        with pytest.raises(TypeError):
            metric(p, p, p)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (gm.wasserstein_barycenter, "ps"),
        (lambda laws: gm.pairwise(gm.kl_divergence, laws), "ps"),
        (lambda laws: gm.kl_divergence(laws, laws), "p"),
    ],
)
@pytest.mark.parametrize("kind", [list, tuple])
def test_a_list_of_laws_is_to_be_stacked(call, name, kind):
    laws = kind([gm.Gaussian.standard(2)] * 2)
    text = f"Stack it first: {name} = gaussmetrics.Gaussian.stack({name})."
    with refused(TypeError, text):
        call(laws)


P = gm.Gaussian.standard(2)


@pytest.mark.parametrize(
    ("laws", "error", "text"),
    [
        ([], ValueError, "Gaussian.stack needs at least one law, got none."),
        ([P, EYE], TypeError, "Gaussian.stack takes Gaussian objects, but laws[1] is of type ndar"),
        ([P, gm.Gaussian.standard(3)], ValueError, "needs laws of one dimension, got [2, 3]"),
        ([P, gm.Gaussian([ZERO], EYE)], ValueError, "laws must have one batch_shape, got [(), (1,"),
        (
            [gm.Gaussian(ZERO, EYE, names=list(names)) for names in ("ab", "ba")],
            ValueError,
            "Gaussian.stack needs laws of the same variables in one order, got names ('a', 'b')",
        ),
    ],
)
def test_stack(laws, error, text):
    with refused(error, text):
        gm.Gaussian.stack(laws)


def test_entropy_of_an_array():
    with refused(TypeError, "entropy takes Gaussian objects, but p is of type list"):
        gm.entropy([1.0])


@pytest.mark.parametrize(
    ("x", "keywords", "error", "text"),
    [
        ([1.0, 2.0], {}, ValueError, "got (2,). One column of numbers is X[:, None]."),
        (np.zeros((0, 2)), {}, ValueError, "X must have at least one row, got shape (0, 2)"),
        (
            np.zeros((5, 0)),
            {},
            ValueError,
            "X must have shape (..., n, d) with at least one column, got (5, 0)",
        ),
        ([[NAN, 1.0], [0, 1], [1, 1]], {}, ValueError, "X must be finite, but X[0, 0] is nan"),
        ([["a", "b"]], {}, TypeError, "X must hold real numbers"),
        (np.ones((1, 2)), {}, ValueError, "samples, got 1"),
        (np.ones((9, 2)), {}, ValueError, "cov is zero: every column is constant."),
        (np.eye(9)[:, [0, 0]], {}, ValueError, "cov is singular"),
        (np.eye(3), {"weights": [1, 1]}, ValueError, "weights must have"),
        (np.eye(3), {"weights": [1, -1, 1]}, ValueError, "weights must not be negative"),
        (np.eye(3), {"weights": [0, 0, 0]}, ValueError, "weights must not all be zero"),
        (np.eye(3), {"weights": [1, NAN, 1]}, ValueError, "weights must be finite"),
        (np.eye(3), {"weights": ["a", "b", "c"]}, TypeError, "weights must hold real numbers"),
    ],
)
def test_from_samples(x, keywords, error, text):
    with refused(error, text):
        gm.Gaussian.from_samples(x, **keywords)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda p: p.logpdf([1.0, 2.0, 3.0]), ValueError, "x must have shape (..., 2), got (3,)"),
        (lambda p: p.logpdf(1.0), ValueError, "x must have shape (..., 2), got ()"),
        (lambda p: p.logpdf([NAN, 0]), ValueError, "x must be finite, but x[0] is nan"),
        (lambda p: p.sample(-1), ValueError, "size must not be negative, got -1"),
        (lambda p: p.sample(1.5), TypeError, "size must be an integer or a tuple of integers"),
        (lambda p: p.sample("a"), TypeError, "size must be an integer or a tuple of integers"),
        (lambda p: p.sample(3, "seed"), TypeError, "rng must be a numpy.random.Generator"),
        (lambda p: p.sample(3, -1), TypeError, "rng must be a numpy.random.Generator"),
        (lambda p: p.marginal(2), ValueError, "indices must name coordinates from 0 to 1"),
        (lambda p: p.marginal([]), ValueError, "indices must name at least one coordinate"),
        (lambda p: p.marginal([0, 0]), ValueError, "indices must name each coordinate once"),
        (lambda p: p.marginal([0.5]), ValueError, "indices must name coordinates from 0 to 1"),
        (lambda p: p.marginal("a"), ValueError, "indices must name coordinates from 0 to 1"),
        (lambda p: p.marginal([[0], [1]]), ValueError, "in a flat list"),
        (lambda p: p.marginal([True]), ValueError, "indices must name coordinates from 0 to 1"),
        (lambda p: p.conditional([0, 1]), ValueError, "given names all 2 coordinates"),
        (lambda p: p.conditional([0])([1.0, 2.0]), ValueError, "x must have shape (..., 1)"),
        (lambda p: p[0], TypeError, "no batch dimensions"),
        (len, TypeError, "no batch dimensions"),
        (list, TypeError, "no batch dimensions"),
        (lambda _: gm.Gaussian.standard(0), ValueError, "dim must be at least 1, got 0"),
        (lambda _: gm.Gaussian.standard(2.5), TypeError, "dim must be an integer, got 2.5"),
        (lambda _: gm.Gaussian.standard(True), TypeError, "dim must be an integer, got True"),
    ],
)
def test_methods(call, error, text):
    with refused(error, text):
        call(gm.Gaussian.standard(2))


def test_points_must_broadcast_with_the_batch():
    p = gm.Gaussian(np.zeros((3, 2)), EYE)
    with refused(ValueError, "the batch shapes of x and the Gaussian must broadcast"):
        p.logpdf(np.zeros((4, 2)))


def test_an_index_out_of_range_is_an_index_error():
    with pytest.raises(IndexError):
        gm.Gaussian(np.zeros((3, 2)), EYE)[3]
