"""Nearly equal laws in every form in which they can be given: the digits that conditioning leaves.

Stated: a relative error below 1e-13 + 100 ε κ, with the condition number κ of the covariance; of
gradients in norm, three times that.
"""

import numpy as np
import oracles
import pytest
import random_laws
from given_forms import PAIRS, Law, diagonal_matrix, near_pair, product
from oracles import mp
from table import COMPARISONS, METRICS

import gaussmetrics as gm

EPS = np.finfo(float).eps
Cov = gm.Covariance
# The oracles of these take a search or a quadrature.
SLOW = {"chernoff_information", "energy_distance"}
NEAR = [m for m in (*METRICS, *COMPARISONS) if m.oracle and m.name not in SLOW]
SIZES = (1e-3, 1e-7, 1e-12)
STRENGTHS = (1.0, 1e2, 1e4)
every_pair = pytest.mark.parametrize("forms", PAIRS, ids="-".join)


@pytest.fixture(autouse=True)
def unrounded(monkeypatch):
    plain = oracles.matrix
    monkeypatch.setattr(oracles, "matrix", lambda a: a if isinstance(a, mp.matrix) else plain(a))


def near_pairs(forms):
    for strength in STRENGTHS:
        for size in SIZES:
            p, q, exact_p, exact_q = near_pair(
                np.random.default_rng(3), forms, size, strength=strength
            )
            bound = 1e-13 + 100 * EPS * np.linalg.cond(p.cov)
            yield p, q, exact_p, exact_q, bound, (strength, size)


@pytest.mark.parametrize("metric", NEAR, ids=lambda m: m.name)
@every_pair
def test_distances(forms, metric):
    for p, q, exact_p, exact_q, bound, case in near_pairs(forms):
        truth = metric.oracle(exact_p, exact_q)
        assert oracles.relative_error(metric.function(p, q), truth) <= bound, case


@pytest.mark.parametrize("alpha", [1e-7, 0.3, 1 - 1e-7, 1.0001])
@every_pair
def test_renyi_divergences(forms, alpha):
    for p, q, exact_p, exact_q, bound, case in near_pairs(forms):
        truth = oracles.renyi_divergence(exact_p, exact_q, alpha)
        assert oracles.relative_error(gm.renyi_divergence(p, q, alpha=alpha), truth) <= bound, case


SPLIT = ("kl_divergence", "bhattacharyya_distance", "squared_wasserstein_distance")


@pytest.mark.parametrize("name", SPLIT)
@every_pair
def test_totals_of_explanations(forms, name):
    for p, q, exact_p, exact_q, bound, case in near_pairs(forms):
        truth = getattr(oracles, name)(exact_p, exact_q)
        total = gm.explain(getattr(gm, name), p, q).total
        assert oracles.relative_error(total, truth) <= bound, case


def mean_kernel_distance(p, q):
    """MMD for bandwidth 1."""
    eye = mp.eye(p.dim)

    def overlap(a, b):
        return 1 / mp.sqrt(mp.det(eye + a + b))

    return mp.sqrt(overlap(p.cov, p.cov) + overlap(q.cov, q.cov) - 2 * overlap(p.cov, q.cov))


@every_pair
def test_mean_discrepancies(forms):
    for p, q, exact_p, exact_q, bound, case in near_pairs(forms):
        value = gm.maximum_mean_discrepancy(p, q, bandwidth=1.0)
        truth = mean_kernel_distance(exact_p, exact_q)
        assert oracles.relative_error(value, truth) <= bound, case


# Gradients, from their formulas


def renyi_gradients(p, q, alpha):
    alpha = mp.mpf(alpha)
    inverse = mp.inverse((1 - alpha) * p + alpha * q)
    change = alpha * inverse * (p - q) / 2
    return change * mp.inverse(p), -change * mp.inverse(q)


def jeffreys_gradients(p, q):
    a, b = mp.inverse(p), mp.inverse(q)
    return (b - a * q * a) / 2, (a - b * p * b) / 2


def wasserstein_gradients(p, q):
    root = oracles.square_root(p)
    inverse = mp.inverse(root)
    transport = inverse * oracles.square_root(root * q * root) * inverse
    return mp.eye(p.rows) - transport, mp.eye(p.rows) - mp.inverse(transport)


GRADIENTS = {
    "kl": (gm.kl_divergence_gradient, lambda p, q: renyi_gradients(p, q, 1)),
    "jeffreys": (gm.jeffreys_divergence_gradient, jeffreys_gradients),
    "renyi": (
        lambda p, q: gm.renyi_divergence_gradient(p, q, alpha=0.3),
        lambda p, q: renyi_gradients(p, q, 0.3),
    ),
    "renyi beyond one": (
        lambda p, q: gm.renyi_divergence_gradient(p, q, alpha=1.0001),
        lambda p, q: renyi_gradients(p, q, 1.0001),
    ),
    "wasserstein": (gm.squared_wasserstein_distance_gradient, wasserstein_gradients),
}


def error_of(gradient, truth):
    """The norm of the error over that of the gradient; of variances, on the diagonal."""
    if gradient.ndim == 1:
        gradient, truth = np.diag(gradient), mp.diag([truth[i, i] for i in range(truth.rows)])
    return mp.mnorm(mp.matrix(gradient.tolist()) - truth, "f") / mp.mnorm(truth, "f")


@pytest.mark.parametrize("name", GRADIENTS)
@every_pair
def test_gradients(forms, name):
    gradient, formula = GRADIENTS[name]
    for p, q, exact_p, exact_q, bound, case in near_pairs(forms):
        result = gradient(p, q)
        for part, truth in zip(
            (result.p_cov, result.q_cov), formula(exact_p.cov, exact_q.cov), strict=True
        ):
            # Half an ulp of the entries moves some of these by 120 ε κ.
            assert error_of(part, truth) <= 3 * bound, case


# Factors have the square root of the matrix's condition number, and all digits that it leaves


def graded_lower(rng, size):
    """Triangular factors whose columns fall to 1e-4, as those of ill-conditioned matrices do."""
    columns = random_laws.orthogonal(rng, 5) * np.geomspace(1.0, 1e-4, 5)
    lower = np.linalg.qr(columns.T)[1].T
    moved = lower * (1 + size * rng.uniform(-1, 1, lower.shape))
    return [(Cov.from_cholesky(x), product(x)) for x in (lower, moved)]


def graded_columns(rng, size):
    """Two columns more than there are variables, in another basis of the latent normals."""
    columns = random_laws.orthogonal(rng, 7)[:5] * np.geomspace(1.0, 1e-4, 5)[:, None]
    columns = random_laws.orthogonal(rng, 5) @ columns
    moved = columns * (1 + size * rng.uniform(-1, 1, columns.shape))
    return [(Cov.from_factor(x), product(x)) for x in (columns, moved)]


def graded_eigenvalues(rng, size):
    vectors, w = random_laws.orthogonal(rng, 5), np.geomspace(1.0, 1e-8, 5)
    exact = oracles.matrix(vectors)
    both = w, w * (1 + size * rng.uniform(-1, 1, 5))
    return [
        (Cov.from_eigendecomposition(x, vectors), exact * diagonal_matrix(x) * exact.T)
        for x in both
    ]


GRADED = [graded_lower, graded_columns, graded_eigenvalues]


@pytest.mark.parametrize("size", [1e-2, 1e-6, 1e-10, 1e-13])
@pytest.mark.parametrize("form", GRADED, ids=lambda form: form.__name__)
def test_slopes_of_factors(form, size):
    for seed in range(5):
        (cov_p, exact_p), (cov_q, exact_q) = form(np.random.default_rng(seed), size)
        p, q = (gm.Gaussian(np.zeros(5), cov) for cov in (cov_p, cov_q))
        for gradient, formula in GRADIENTS.values():
            result, truth = gradient(p, q), formula(exact_p, exact_q)
            for part, right in zip((result.p_cov, result.q_cov), truth, strict=True):
                assert error_of(part, right) <= 100 * EPS * 1e4
        transport = mp.eye(5) - wasserstein_gradients(exact_p, exact_q)[0]
        assert error_of(gm.transport_map(p, q).matrix, transport) <= 100 * EPS * 1e4


def test_maps_of_more_latent_factors_than_variables_are_right_to_rounding():
    # The overlaps of the latent normals that are too many are nothing but rounding.
    rng = np.random.default_rng(0)
    for _ in range(50):
        f = random_laws.orthogonal(rng, 4)[:2]
        g = f * (1 + 1e-2 * rng.uniform(-1, 1, f.shape))
        transport = mp.eye(2) - wasserstein_gradients(product(f), product(g))[0]
        p, q = (gm.Gaussian(np.zeros(2), Cov.from_factor(x)) for x in (f, g))
        assert error_of(gm.transport_map(p, q).matrix, transport) <= 20 * EPS


# What was given stays with the law


@every_pair
def test_batches_and_members_keep_what_was_given(forms):
    p, q, exact_p, exact_q = near_pair(np.random.default_rng(3), forms, 1e-9)
    truth = oracles.kl_divergence(exact_p, exact_q)
    moved = oracles.squared_wasserstein_distance(exact_p, exact_q)
    many = [law.covariance.broadcast_to((4,)) for law in (p, q)]
    a, b = (gm.Gaussian(np.zeros((4, 3)), cov) for cov in many)
    stacks = [gm.Gaussian.stack([law, law]) for law in (p, q)]
    for first, second in [(a, b), (a[1], b[2]), (a[:, None], q), (p, b[[0, 3]]), stacks]:
        for value, right in (
            (gm.kl_divergence(first, second), truth),
            (gm.squared_wasserstein_distance(first, second), moved),
        ):
            assert oracles.relative_error(np.min(value), right) <= 1e-12
            assert oracles.relative_error(np.max(value), right) <= 1e-12


@every_pair
def test_marginals_keep_what_was_given(forms):
    if "precision" in forms:
        pytest.skip("no part of a precision is that of a marginal law")
    p, q, exact_p, exact_q = near_pair(np.random.default_rng(3), forms, 1e-9)
    chosen = [2, 0]
    value = gm.squared_wasserstein_distance(p.marginal(chosen), q.marginal(chosen))
    for exact in (exact_p, exact_q):
        exact.cov = mp.matrix([[exact.cov[i, j] for j in chosen] for i in chosen])
        exact.mean, exact.dim = np.zeros(2), 2
    truth = oracles.squared_wasserstein_distance(exact_p, exact_q)
    assert oracles.relative_error(value, truth) <= 1e-12


@every_pair
def test_coordinates_in_another_order_keep_what_was_given(forms):
    p, q, *_ = near_pair(np.random.default_rng(3), forms, 1e-9, strength=1e2)
    order = [2, 0, 1]
    for metric in (gm.kl_divergence, gm.gromov_wasserstein_distance):
        value = metric(p.marginal(order), q.marginal(order))
        assert value == pytest.approx(metric(p, q), rel=1e-9)


@pytest.mark.parametrize("scale", [1e-150, 1e150])
@pytest.mark.parametrize("size", [1e-4, 1e-10])
@every_pair
def test_extreme_scales(forms, size, scale):
    p, q, exact_p, exact_q = near_pair(np.random.default_rng(3), forms, size, scale=scale)
    for name in ("kl_divergence", "squared_wasserstein_distance"):
        truth = getattr(oracles, name)(exact_p, exact_q)
        assert oracles.relative_error(getattr(gm, name)(p, q), truth) <= 1e-12, name


@pytest.mark.parametrize("size", [1e-4, 1e-9])
@pytest.mark.parametrize(
    # In turned axes units are no units, but a condition number of 1e80.
    "forms",
    [forms for forms in PAIRS if not {"eigen", "isotropic"} & set(forms)],
    ids="-".join,
)
def test_variables_of_very_different_units(forms, size):
    units = np.array([1e-20, 1.0, 1e20])
    p, q, exact_p, exact_q = near_pair(np.random.default_rng(3), forms, size, units=units)
    truth = oracles.kl_divergence(exact_p, exact_q)
    assert oracles.relative_error(gm.kl_divergence(p, q), truth) <= 1e-12


# Special cases


@pytest.mark.parametrize("scale", [1e-268, 1.0, 1e150])
@pytest.mark.parametrize("size", [1e-6, 1e-9, 1e-12])
def test_explanations_of_independent_variables(size, scale):
    v = scale * np.array([2.0, 1.0, 0.5])
    w = v * (1 + size * np.array([1.0, -2.0, 0.5]))
    p, q = (gm.Gaussian(np.zeros(3), gm.Covariance.from_diagonal(x)) for x in (v, w))
    truth = [(mp.sqrt(a) - mp.sqrt(b)) ** 2 for a, b in zip(v.tolist(), w.tolist(), strict=True)]
    parts = gm.explain(gm.squared_wasserstein_distance, p, q)
    assert oracles.relative_error(parts.total, mp.fsum(truth)) <= 1e-15
    np.testing.assert_allclose(parts.scales, [float(x) for x in truth], rtol=1e-15)
    assert parts.orientation == 0.0


@pytest.mark.parametrize("noise", [1.0, 1e-2, 1e-4, 1e-6])
@pytest.mark.parametrize("alpha", [1e-9, 1e-6, 1e-3, 0.3, 0.9, 1 - 1e-3, 1 - 1e-6, 1 - 1e-9])
def test_renyi_orders_near_the_ends_between_unrelated_factors(alpha, noise):
    v = noise * np.array([1.0, 2.0])
    f, g = np.array([[1.0], [1.0]]), np.array([[1.0], [-1.0]])
    p, q = (gm.Gaussian(np.zeros(2), gm.Covariance.from_factor(x, v)) for x in (f, g))
    exact = [Law(product(x) + diagonal_matrix(v)) for x in (f, g)]
    truth = oracles.renyi_divergence(*exact, alpha)
    kappa = np.linalg.cond(p.cov)
    value = gm.renyi_divergence(p, q, alpha=alpha)
    assert oracles.relative_error(value, truth) <= 1e-14 + EPS * kappa


def entropic_cost(p, q, epsilon):
    a, b, epsilon = p.cov, q.cov, mp.mpf(epsilon)
    squares = [mp.re(x) for x in mp.eig(a * b, left=False, right=False)]
    terms = [1 + mp.sqrt(1 + 16 * x / epsilon**2) for x in squares]
    total = mp.fsum(m - mp.log(m) + mp.log(2) - 2 for m in terms)
    return oracles.trace(a) + oracles.trace(b) - epsilon / 2 * total


@pytest.mark.parametrize("epsilon", [1.0, 1e-8, 1e-12])
@every_pair
def test_entropic_costs_count_no_more_overlaps_than_variables(forms, epsilon):
    p, _, exact, _ = near_pair(np.random.default_rng(3), forms, 1e-9)
    truth = entropic_cost(exact, exact, epsilon)
    assert oracles.relative_error(gm.entropic_transport_cost(p, p, epsilon=epsilon), truth) <= 1e-12


@pytest.mark.parametrize("size", [1e-3, 1e-8, 1e-12])
@pytest.mark.parametrize("noise", [None, 0.7])
def test_gromov_wasserstein_where_many_eigenvalues_are_known(noise, size):
    # Several null directions of each law, or several in which only the noise varies.
    rng = np.random.default_rng(3)
    f = rng.standard_normal((6, 2))
    g = f * (1 + size * rng.standard_normal(f.shape))
    more = None if noise is None else noise * (1 + size)
    p, q = (
        gm.Gaussian(np.zeros(6), gm.Covariance.from_factor(x, v))
        for x, v in ((f, noise), (g, more))
    )
    spectra = []
    for x, v in ((f, noise), (g, more)):
        values = sorted(mp.eigsy(product(x.T), eigvals_only=True)) + [mp.mpf(0)] * 4
        spectra.append([value + mp.mpf(v or 0) for value in values])
    gaps = [a - b for a, b in zip(*spectra, strict=True)]
    truth = mp.sqrt(4 * mp.fsum(gaps) ** 2 + 8 * mp.fsum(x * x for x in gaps))
    assert oracles.relative_error(gm.gromov_wasserstein_distance(p, q), truth) <= 1e-13
