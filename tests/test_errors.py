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


HUGE = [10**400, 10**5000]


@pytest.mark.parametrize("number", HUGE, ids=["400 digits", "5000 digits"])
@pytest.mark.parametrize(
    ("call", "text"),
    [
        (
            lambda x: gm.renyi_divergence(P, P, alpha=x),
            "alpha must be positive and finite, got inf",
        ),
        (lambda x: gm.sinkhorn_divergence(P, P, epsilon=x), "epsilon must be positive and finite"),
        (lambda x: gm.maximum_mean_discrepancy(P, P, bandwidth=-x), "bandwidth must be positive"),
        (lambda x: gm.bayes_error(P, P, prior=x), "prior must lie between 0 and 1, got inf"),
        (lambda x: gm.Gaussian([0, x], EYE), "mean must be finite, but mean[1] is inf"),
        (lambda x: gm.Gaussian(ZERO, [[x, 0], [0, 1]]), "cov must be finite, but cov[0, 0] is inf"),
        (lambda x: gm.Covariance.from_factor([[1.0]], x), "diagonal must be finite, but diagonal"),
        (lambda x: gm.Gaussian.from_samples([[1, x], [2, 3]]), "X must be finite, but X[0, 1] is"),
        (lambda x: gm.Gaussian.from_samples(np.eye(3), ddof=x), "ddof must be finite, got inf"),
        (lambda x: gm.Gaussian.from_samples(np.eye(3), ddof=-x), "ddof must be finite, got -inf"),
        (lambda x: gm.Gaussian.from_samples(EYE, shrinkage=x), "shrinkage must lie between 0 and"),
        (lambda x: P.logpdf([x, 0]), "x must be finite, but x[0] is inf"),
        (P.sample, "size is longer than any array can be, got "),
        (lambda x: P.sample(-x), "size must not be negative, got "),
        (lambda x: P.marginal([0, x]), "indices must name coordinates from 0 to 1"),
        (gm.Gaussian.standard, "dim is longer than any array can be, got "),
        (lambda x: gm.pairwise(gm.kl_divergence, PS, n_jobs=x), "n_jobs must be a number of work"),
    ],
)
def test_integers_beyond_the_floats(call, text, number):
    with refused(ValueError, text) as caught:
        call(number)
    assert len(str(caught.value)) < 500


PS = gm.Gaussian(np.zeros((3, 2)), EYE)


def test_numbers_of_any_kind_are_read():
    from fractions import Fraction

    p = gm.Gaussian([Fraction(1, 2), 10**30], EYE)
    np.testing.assert_array_equal(p.mean, [0.5, 1e30])
    assert gm.renyi_divergence(P, P, alpha=Fraction(1, 3)) == 0.0


@pytest.mark.parametrize("jobs", ["many", 1.5, [2], True])
def test_the_number_of_workers_is_an_integer(jobs):
    with refused(TypeError, "n_jobs must be an integer or None, got"):
        gm.pairwise(gm.kl_divergence, PS, n_jobs=jobs)


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
@pytest.mark.parametrize("nested", [False, True])
def test_a_matrix_is_no_seed(nested):
    seed = np.matrix([[1, 2]])
    with refused(TypeError, "rng must be a numpy.random.Generator or a non-negative integer seed"):
        P.sample(2, rng=[seed] if nested else seed)
    np.testing.assert_array_equal(P.sample(2, rng=[1, 2]), P.sample(2, rng=np.array([1, 2])))


class Tensor:
    """Stands for a tensor of PyTorch that NumPy cannot read."""

    def __init__(self, kind, layout, error):
        self.dtype, self.device, self.layout, self.error = f"torch.{kind}", "cuda:0", layout, error

    def detach(self):
        raise AssertionError

    def __array__(self, *_, **__):
        raise self.error


@pytest.mark.parametrize("layout", ["strided", "sparse_coo"])
@pytest.mark.parametrize("error", [TypeError("Got unsupported ScalarType"), RuntimeError("grad")])
def test_tensors_that_numpy_cannot_read(layout, error):
    tensor = Tensor("bfloat16", f"torch.{layout}", error)
    dense = ".to_dense()" if layout == "sparse_coo" else ""
    text = f"Pass x.detach(){dense}.cpu().double().numpy()."
    with refused(TypeError, "x holds a tensor of PyTorch (bfloat16 on cuda:0) that NumPy cannot"):
        P.logpdf(tensor)
    with refused(TypeError, text):
        P.logpdf(tensor)


def test_tensors_of_every_kind():
    torch = pytest.importorskip("torch")
    zeros = torch.zeros(2)
    for tensor in (
        zeros.to(torch.bfloat16), zeros.to(torch.float8_e5m2), zeros.clone().requires_grad_(),
        zeros.to("meta"), zeros.to_sparse(), torch.zeros(2, dtype=torch.complex64).conj(),
    ):  # fmt: skip
        remedy = "Pass mean.detach() for" if tensor.requires_grad else ".cpu().double().numpy()."
        with refused(TypeError, remedy):
            gm.Gaussian(tensor, EYE)
        with refused(TypeError, "mean holds a tensor of PyTorch"):
            gm.Gaussian([tensor[0], tensor[1]] if tensor.layout == torch.strided else tensor, EYE)
    for kind in (torch.float16, torch.float32, torch.float64, torch.int8):
        assert gm.Gaussian(zeros.to(kind), EYE).dim == 2
    with refused(ValueError, "indices must name coordinates"):
        P.marginal([zeros[0].clone().requires_grad_()])


def test_shards_and_images():
    x = np.random.default_rng(0).standard_normal((20, 6, 1, 1))
    with refused(ValueError, "X of shape (20, 6, 1, 1) is read as a batch (20, 6) of samples"):
        gm.Gaussian.from_samples(x)
    with refused(ValueError, "pass X.reshape(len(X), -1)"):
        gm.Gaussian.from_samples(x)
    shards = [x[:10, :, 0, 0], x[10:, :, 0, 0]]
    with refused(TypeError, "X is a list of 2 arrays of shape (10, 6). For one sample of all"):
        gm.Gaussian.from_samples(shards)
    with refused(TypeError, "X is a list of 2 arrays"):
        gm.Moments.from_samples(tuple(shards))
    with refused(ValueError, "For one sample of all rows pass np.concatenate(X)."):
        gm.Gaussian.from_samples([shards[0], shards[1][:7]])
    assert gm.Gaussian.from_samples(np.stack(shards)).batch_shape == (2,)


@pytest.mark.parametrize("cov", [np.cov([1.0, 2.0, 4.0]), 2.0, np.float64(2.0)])
def test_the_covariance_of_one_variable(cov):
    with refused(ValueError, "Of one variable the covariance is [[v]], such as np.atleast_2d(np.c"):
        gm.Gaussian([2.0], cov)


def test_a_mixture_is_no_law():
    mixture = gm.Mixture(np.ones(3) / 3, PS)
    for call in (lambda m: gm.kl_divergence(m, P), lambda m: gm.kl_divergence(P, m), gm.entropy):
        with refused(TypeError, "is a Mixture. Take its laws, "):
            call(mixture)
    with refused(TypeError, "compare mixtures with gaussmetrics.mixture_kl_divergence."):
        gm.kl_divergence(mixture, mixture)
    with refused(TypeError, "gaussmetrics.mixture_kl_divergence or mixture_wasserstein_distance."):
        gm.jensen_shannon_divergence(mixture, mixture)


def test_a_table_of_laws_of_different_dimensions():
    wide = gm.Gaussian(np.zeros((2, 3)), np.eye(3))
    table = gm.pairwise(gm.gromov_wasserstein_distance, PS, wide)
    np.testing.assert_allclose(table, gm.gromov_wasserstein_distance(PS[:, None], wide))
    with refused(ValueError, "kl_divergence needs p and q of the same dimension"):
        gm.pairwise(gm.kl_divergence, PS, wide)
