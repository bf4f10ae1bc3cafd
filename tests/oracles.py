"""Slow, literal formulas in 100-digit arithmetic, straight from the definitions."""

import mpmath as mp
import numpy as np

mp.mp.dps = 100


def matrix(array):
    """Numbers as mpmath takes them; what is exact already stays so."""
    return array if isinstance(array, mp.matrix) else mp.matrix(np.asarray(array).tolist())


def log_det(a):
    return mp.log(mp.det(a))


def trace(a):
    return mp.fsum(a[i, i] for i in range(a.rows))


def square_root(a):
    values, vectors = mp.eigsy(a)
    return vectors * mp.diag([mp.sqrt(v) for v in values]) * vectors.T


def parameters(p, q):
    return matrix(p.cov), matrix(q.cov), matrix(p.mean) - matrix(q.mean)


def quadratic(a, x):
    return (x.T * mp.lu_solve(a, x))[0]


def entropy(p):
    return (log_det(matrix(p.cov)) + p.dim * (1 + mp.log(2 * mp.pi))) / 2


def kl_divergence(p, q):
    a, b, shift = parameters(p, q)
    ratio = mp.inverse(b) * a
    return (quadratic(b, shift) + trace(ratio) - log_det(ratio) - p.dim) / 2


def cross_entropy(p, q):
    return entropy(p) + kl_divergence(p, q)


def bhattacharyya_distance(p, q):
    a, b, shift = parameters(p, q)
    middle = (a + b) / 2
    shape = log_det(middle) - (log_det(a) + log_det(b)) / 2
    return shape / 2 + quadratic(middle, shift) / 8


def bhattacharyya_coefficient(p, q):
    return mp.exp(-bhattacharyya_distance(p, q))


def hellinger_distance(p, q):
    return mp.sqrt(1 - bhattacharyya_coefficient(p, q))


def jeffreys_divergence(p, q):
    return kl_divergence(p, q) + kl_divergence(q, p)


def renyi_divergence(p, q, alpha):
    a, b, shift = parameters(p, q)
    alpha = mp.mpf(alpha)
    mixture = (1 - alpha) * a + alpha * b
    if not positive_definite(mixture):
        return mp.inf
    shape = log_det(mixture) - (1 - alpha) * log_det(a) - alpha * log_det(b)
    return shape / (1 - alpha) / 2 + alpha * quadratic(mixture, shift) / 2


def positive_definite(a):
    return all(mp.det(a[:k, :k]) > 0 for k in range(1, a.rows + 1))


def chi_squared_divergence(p, q):
    return mp.expm1(renyi_divergence(p, q, 2))


def chernoff_alpha(p, q):
    """Where the derivative of the exponent changes sign; in axes where both laws are diagonal."""
    a, b, shift = parameters(p, q)
    size = trace(b)  # mpmath compares pivots with a fixed number
    lower = mp.sqrt(size) * mp.cholesky(b / size)
    inverse = mp.inverse(lower)
    values, vectors = mp.eigsy(inverse * a * inverse.T)
    squares = [w * w for w in vectors.T * (inverse * shift)]

    def slope(x):
        alpha = 1 / (1 + mp.exp(-x))
        beta = 1 - alpha
        return mp.fsum(
            mp.log(v)
            - (v - 1) / (alpha + beta * v)
            + w
            * (beta * (alpha + beta * v) - alpha * (alpha + beta * v) + alpha * beta * (v - 1))
            / (alpha + beta * v) ** 2
            for v, w in zip(values, squares, strict=True)
        )

    low, high = mp.mpf(-1000), mp.mpf(1000)
    for _ in range(120):
        middle = (low + high) / 2
        low, high = (middle, high) if slope(middle) > 0 else (low, middle)
    return 1 / (1 + mp.exp(-low))


def chernoff_information(p, q):
    alpha = chernoff_alpha(p, q)
    return (1 - alpha) * renyi_divergence(p, q, alpha)


def cauchy_schwarz_divergence(p, q):
    a, b, shift = parameters(p, q)

    def log_product(first, second, shift):
        """log ∫ N(x; m, A) N(x; n, B) dx = log N(m − n; 0, A + B)."""
        total = first + second
        return -(log_det(total) + total.rows * mp.log(2 * mp.pi) + quadratic(total, shift)) / 2

    own = log_product(a, a, 0 * shift) + log_product(b, b, 0 * shift)
    return own / 2 - log_product(a, b, shift)


def geometric_jensen_shannon_divergence(p, q):
    """½ KL(p‖g) + ½ KL(q‖g) with the precision of g the mean of the precisions."""
    a, b, shift = parameters(p, q)
    precision_p, precision_q = mp.inverse(a), mp.inverse(b)
    precision = (precision_p + precision_q) / 2
    g = mp.inverse(precision)
    centre = g * precision_p * shift / 2  # the mean of g, where q has mean 0 and p the shift
    total = 0
    for cov, mean in ((a, shift), (b, 0 * shift)):
        ratio = precision * cov
        total += quadratic(g, mean - centre) + trace(ratio) - log_det(ratio) - cov.rows
    return total / 4


def jensen_shannon_bounds(p, q):
    upper = [-mp.log((1 + mp.exp(-kl)) / 2) for kl in (kl_divergence(p, q), kl_divergence(q, p))]
    return -mp.log((1 + bhattacharyya_coefficient(p, q)) / 2), sum(upper) / 2


def mutual_information(p, x, y):
    cov = matrix(p.cov)

    def block(index):
        return mp.matrix([[cov[i, j] for j in index] for i in index])

    return (log_det(block(x)) + log_det(block(y)) - log_det(block([*x, *y]))) / 2


def squared_wasserstein_distance(p, q):
    a, b, shift = parameters(p, q)
    root = square_root(a)
    inner = root * b * root
    overlap = mp.fsum(mp.sqrt(v) for v in mp.eigsy((inner + inner.T) / 2, eigvals_only=True))
    return mp.fsum(x * x for x in shift) + trace(a) + trace(b) - 2 * overlap


def wasserstein_distance(p, q):
    return mp.sqrt(squared_wasserstein_distance(p, q))


def relative_error(value, truth):
    if mp.isinf(truth) or truth > np.finfo(float).max:
        return 0.0 if value == np.inf else float("inf")
    return float(abs(mp.mpf(float(value)) - truth) / abs(truth)) if truth else float(abs(value))


def spectrum(a):
    return sorted(mp.eigsy(a, eigvals_only=True), reverse=True)


def overlaps(a, b):
    root = square_root(a)
    inner = root * b * root
    return [mp.sqrt(abs(v)) for v in mp.eigsy((inner + inner.T) / 2, eigvals_only=True)]


def entropic_transport_cost(p, q, epsilon):
    a, b, shift = parameters(p, q)
    e = mp.mpf(epsilon)
    roots = [1 + mp.sqrt(1 + 16 * s * s / e**2) for s in overlaps(a, b)]
    bias = mp.fsum(m - mp.log(m) + mp.log(2) - 2 for m in roots)
    return mp.fsum(x * x for x in shift) + trace(a) + trace(b) - e / 2 * bias


def sinkhorn_divergence(p, q, epsilon):
    own = entropic_transport_cost(p, p, epsilon) + entropic_transport_cost(q, q, epsilon)
    return entropic_transport_cost(p, q, epsilon) - own / 2


def mean_kernel(total, shift, u):
    """E exp(−u²‖Z‖²) for Z of mean `shift` and covariance `total`."""
    wide = mp.eye(total.rows) + 2 * u * u * total
    return mp.exp(-u * u * quadratic(wide, shift)) / mp.sqrt(mp.det(wide))


def maximum_mean_discrepancy(p, q, bandwidth):
    a, b, shift = parameters(p, q)
    u = 1 / (mp.sqrt(2) * bandwidth)
    own = mean_kernel(2 * a, 0 * shift, u) + mean_kernel(2 * b, 0 * shift, u)
    return mp.sqrt(own - 2 * mean_kernel(a + b, shift, u))


def energy_distance(p, q):
    """From ‖z‖ = π^−½ ∫ (1 − exp(−u²‖z‖²)) u⁻² du, by the trapezoidal rule in log u."""
    a, b, shift = parameters(p, q)
    step, total = mp.mpf("0.125"), mp.mpf(0)
    for k in range(-240, 281):
        u = mp.exp(k * step) / mp.sqrt(trace(a) + trace(b))
        own = mean_kernel(2 * a, 0 * shift, u) + mean_kernel(2 * b, 0 * shift, u)
        total += (own - 2 * mean_kernel(a + b, shift, u)) / u
    return mp.sqrt(step * total / mp.sqrt(mp.pi))


def gromov_wasserstein_distance(p, q):
    a, b = (spectrum(matrix(law.cov)) for law in (p, q))
    a, b = (s + [0] * (max(p.dim, q.dim) - len(s)) for s in (a, b))
    trace_gap = mp.fsum(a) - mp.fsum(b)
    gap = mp.fsum((x - y) ** 2 for x, y in zip(a, b, strict=True))
    return mp.sqrt(4 * trace_gap**2 + 8 * gap)
