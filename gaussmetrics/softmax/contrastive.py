"""Contrastive losses of rows of scores: InfoNCE, FlatNCE, and the bound on mutual information.

Of the K scores of a row some are positives, with weights t that sum to 1 (one-hot, several, soft),
and the rest, of weight 0, are negatives. With the sums Z₊ = Σ₊ exp s and Z₋ = Σ₋ exp s,

    InfoNCE = −Σ t log softmax(s) = [log Z₊ − Σ t s] + log(1 + Z₋/Z₊),
    FlatNCE = log Z₋ − Σ t s,

in which nothing cancels when the positives lead. With one positive the bracket is zero and
Z₋/Z₊ is ξ = Σ₋ exp(sᵢ − s₊).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gaussmetrics._array.types import Array, Mask, Scalars
from gaussmetrics.softmax import score_checks
from gaussmetrics.softmax.log_ratios import log_sum_exp
from gaussmetrics.softmax.logits import Places, at, balanced, softmax, weighted, without


def info_nce_loss(
    scores: Any,
    positives: Any = None,
    *,
    excluded: Any = None,
    temperature: float = 1.0,
    both_directions: bool = False,
) -> Scalars:
    """Return the contrastive loss InfoNCE of each row of scores.

    L = −Σₖ tₖ log pₖ,  p = softmax(s / τ);  for one positive log(1 + ξ), ξ = Σ₋ exp((sₖ − s₊) / τ)

    Parameters
    ----------
    scores : (..., K)
        Scores of one item with K candidates a row; −inf is a candidate that is not compared.
    positives : (...) integers or (..., K) weights, optional
        The place of the positive, or weights that are not negative and are divided by their sum:
        one-hot, several positives, soft targets. Default: the diagonal of a similarity matrix,
        scores of shape (..., n, n).
    excluded : (..., K) bool, optional
        Where True, the candidate is not compared; np.eye(n, dtype=bool) leaves an item's
        similarity with itself out.
    temperature : float
        τ > 0, by which scores are divided.
    both_directions : bool
        Whether the mean of the losses of rows and columns of a similarity matrix is taken, both
        with the same positives.

    Returns
    -------
    float or (...) array
        In nats, one number a row; right to relative rounding of the scores' differences however
        far the positive leads. 0 where no negative is left, +inf where a positive has score −inf.

    Raises
    ------
    TypeError, ValueError
        If scores are no real numbers below +inf, positives or `excluded` do not fit them or point
        at nothing, or the temperature is not positive.

    See Also
    --------
    info_nce_loss_gradient, flat_nce_loss, mutual_information_bound

    References
    ----------
    van den Oord, Li & Vinyals 2018, arXiv:1807.03748; the loss by log1p: Su Jianlin,
    https://kexue.fm/archives/8586.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> print(f"{gm.info_nce_loss([17.0, 0.0, 0.0, 0.0, 0.0], 0):.4e}")
    1.6560e-07
    >>> print(gm.info_nce_loss([[5.0, 1.0], [0.0, 2.0]]).round(4))
    [0.0181 0.1269]
    """
    s, w, tau = score_checks.scored(scores, positives, excluded, temperature)
    if not score_checks.flag("both_directions", both_directions):
        return info_nce(Rows.of(s, w, tau))
    columns = Rows.of(*score_checks.transposed(s, w), tau)
    return 0.5 * (info_nce(Rows.of(s, w, tau)) + info_nce(columns))


def info_nce_loss_gradient(
    scores: Any,
    positives: Any = None,
    *,
    excluded: Any = None,
    temperature: float = 1.0,
    both_directions: bool = False,
) -> Array:
    """Return the gradient of InfoNCE in the scores, for each row's own loss.

    ∂L/∂s = (p − t) / τ: for one positive (1 − p₊)(q, −1) / τ with the law q of the negatives

    Parameters
    ----------
    scores, positives, excluded, temperature, both_directions
        As in `info_nce_loss`.

    Returns
    -------
    (..., K) array
        Each row sums to 0 and is right to relative rounding also where p is nearly t; with
        `both_directions`, the gradient of the sum of the losses of all rows. 0 where excluded.

    Raises
    ------
    TypeError, ValueError
        As `info_nce_loss`.

    See Also
    --------
    info_nce_loss, flat_nce_loss_gradient, contrastive_row_gradients

    References
    ----------
    van den Oord, Li & Vinyals 2018, arXiv:1807.03748; Su Jianlin, https://kexue.fm/archives/8586.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> print(gm.info_nce_loss_gradient([40.0, 0.0, 0.0], 0))
    [-8.49670851e-18  4.24835426e-18  4.24835426e-18]
    """
    s, w, tau = score_checks.scored(scores, positives, excluded, temperature)
    gradient = softmax_minus_targets(Rows.of(s, w, tau)) / tau
    if not score_checks.flag("both_directions", both_directions):
        return gradient
    columns = softmax_minus_targets(Rows.of(*score_checks.transposed(s, w), tau)) / tau
    return 0.5 * (gradient + np.swapaxes(columns, -1, -2))


def flat_nce_loss(
    scores: Any, positives: Any = None, *, excluded: Any = None, temperature: float = 1.0
) -> Scalars:
    """Return the contrastive loss FlatNCE of each row of scores, log ξ.

    L = log Σ₋ exp(sₖ / τ) − Σ₊ tₖ sₖ / τ;  for one positive log ξ, with ξ of `info_nce_loss`

    Parameters
    ----------
    scores, positives, excluded, temperature
        As in `info_nce_loss`.

    Returns
    -------
    float or (...) array
        In nats, any real number. −inf where no negative is left, +inf where a positive has score
        −inf. Papers that stop the gradient of a denominator write ξ / stop_gradient(ξ), whose value
        is 1 and whose gradient is this one's.

    Raises
    ------
    TypeError, ValueError
        As `info_nce_loss`.

    See Also
    --------
    flat_nce_loss_gradient, info_nce_loss, mutual_information_bound

    References
    ----------
    Chen et al. 2021, arXiv:2107.01152; Su Jianlin, https://kexue.fm/archives/8586.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> print(f"{gm.flat_nce_loss([17.0, 0.0, 0.0, 0.0, 0.0], 0):.4f}")
    -15.6137
    """
    rows = Rows.of(*score_checks.scored(scores, positives, excluded, temperature))
    return _margin(rows, rows.log_sum(rows.negative))


def flat_nce_loss_gradient(
    scores: Any, positives: Any = None, *, excluded: Any = None, temperature: float = 1.0
) -> Array:
    """Return the gradient of FlatNCE in the scores: InfoNCE's without the factor that vanishes.

    ∂L/∂s = (q, −t) / τ with the law q = softmax(s₋ / τ) of the negatives

    Parameters
    ----------
    scores, positives, excluded, temperature
        As in `info_nce_loss`.

    Returns
    -------
    (..., K) array
        Each row sums to 0; the negatives' entries sum to 1/τ however far the positive leads.

    Raises
    ------
    TypeError, ValueError
        As `info_nce_loss`, and if a row has no negative, where the loss is −inf.

    See Also
    --------
    flat_nce_loss, info_nce_loss_gradient, contrastive_row_gradients

    References
    ----------
    Chen et al. 2021, arXiv:2107.01152; Su Jianlin, https://kexue.fm/archives/8586.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> print(gm.flat_nce_loss_gradient([40.0, 0.0, 0.0], 0))
    [-1.   0.5  0.5]
    """
    s, w, tau = score_checks.scored(scores, positives, excluded, temperature)
    score_checks.some_negative((w == 0) & (s > -np.inf))
    rows = Rows.of(s, w, tau)
    return (rows.law(rows.negative) - rows.targets) / tau


class InformationBound(NamedTuple):
    """A lower bound on the mutual information of two sides of pairs, from scores.

    Attributes
    ----------
    value : float
        log K − mean InfoNCE, in nats.
    standard_error : float
        Its standard error over repeated draws of the pairs.
    ceiling : float
        log K, which the bound never exceeds, whatever the mutual information is.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> bound = gm.mutual_information_bound([[5.0, 1.0], [0.0, 2.0]], [0, 1])
    >>> print(f"{bound.value:.4f} of at most {bound.ceiling:.4f}")
    0.6206 of at most 0.6931
    """

    value: float
    standard_error: float
    ceiling: float


def mutual_information_bound(
    scores: Any, positives: Any = None, *, excluded: Any = None, temperature: float = 1.0
) -> InformationBound:
    """Return the lower bound log K − mean InfoNCE on the mutual information.

    I(x; y) ≥ log K − E[InfoNCE];  best with scores log p(y|x) / p(y), and never above log K

    Parameters
    ----------
    scores, positives, excluded, temperature
        As in `info_nce_loss`, of at least two rows (n, K). By default scores are the similarity
        matrix (n, n) of n pairs, and the other pairs' partners are the negatives.

    Returns
    -------
    InformationBound
        A named triple (value, standard_error, ceiling), in nats. The standard error of a
        similarity matrix is the jackknife's over pairs, since each candidate serves all rows; with
        positives given, rows count as independent. For Gaussians the truth is
        `mutual_information`. With candidates left out, K counts those compared, on average.

    Raises
    ------
    TypeError, ValueError
        As `info_nce_loss`, and if there are fewer than two rows (three pairs), a positive has score
        −inf, or the losses' sum is beyond the floats.

    See Also
    --------
    InformationBound, info_nce_loss, mutual_information

    References
    ----------
    van den Oord, Li & Vinyals 2018, arXiv:1807.03748; Poole et al. 2019, arXiv:1905.06922.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> law = gm.Gaussian([0, 0], [[1, 0.9], [0.9, 1]])
    >>> x, y = law.sample(500, rng).T
    >>> rows = np.stack(np.broadcast_arrays(x[:, None], y), axis=-1)
    >>> best = law.logpdf(rows) - gm.Gaussian([0], [[1]]).logpdf(y[:, None])
    >>> bound = gm.mutual_information_bound(best)
    >>> print(f"{bound.value:.2f} ± {bound.standard_error:.2f}")
    0.84 ± 0.04
    >>> print(f"{gm.mutual_information(law, 0, 1):.2f}")
    0.83
    """
    s, w, tau = score_checks.scored(scores, positives, excluded, temperature)
    score_checks.rows_of_pairs(s, least=2 if positives is not None else 3)
    rows = Rows.of(s, w, tau)
    ceilings = np.log((s > -np.inf).sum(axis=-1))
    losses = np.asarray(info_nce(rows))
    score_checks.summable_losses(losses)
    gains = ceilings - losses
    replicates = gains if positives is not None else _pseudo_values(rows, gains)
    error = _standard_error(replicates)
    return InformationBound(float(gains.mean()), error, float(ceilings.mean()))


def _standard_error(replicates: Array) -> float:
    """Return s / √n, also where squares are beyond the floats."""
    scale = max(np.abs(replicates).max(), TINY)
    return float(scale * ((replicates / scale).std(ddof=1) / np.sqrt(len(replicates))))


def _pseudo_values(rows: Rows, gains: Array) -> Array:
    """Return the jackknife's n f − (n − 1) fᵢ, fᵢ the bound without pair i.

    Without candidate i a row j ≠ i has one candidate less, and its loss changes by log(1 − pⱼᵢ).
    """
    n, law = len(gains), softmax(rows.scaled)
    others = np.where(np.arange(n) == law.top, -np.inf, law.log)
    rest = np.log1p(-np.where(np.arange(n) == law.top, 0.0, law.probabilities))
    np.put_along_axis(rest, law.top, log_sum_exp(others)[:, None], axis=-1)
    compared = law.possible
    shrinks = compared * np.log1p(-1.0 / np.maximum(compared.sum(axis=-1, keepdims=True), 2))
    changes = np.where(np.eye(n, dtype=bool), 0.0, shrinks - rest)
    without_each = (gains.sum() - gains + changes.sum(axis=0)) / (n - 1)
    return n * gains.mean() - (n - 1) * without_each


class Rows(NamedTuple):
    """Rows of scores less that of the best positive, over τ, and the positives' shares."""

    scaled: Array
    targets: Array
    best: Places

    @classmethod
    def of(cls, scores: Array, weights: Array, temperature: float) -> Rows:
        """Take differences before anything is rounded, and weights to sum to 1."""
        lowest = np.finfo(float).min  # above what is no positive, also if a positive has score −∞
        among = np.where(weights > 0, np.maximum(scores, lowest), -np.inf)
        place = among.argmax(axis=-1)[..., None]
        best = at(scores, place)
        with np.errstate(over="ignore"):
            scaled = (scores - np.where(best > -np.inf, best, 0.0)) / temperature
        scaled = np.minimum(scaled, np.finfo(float).max)
        shares = weights / weights.max(axis=-1, keepdims=True)
        return cls(scaled, shares / shares.sum(axis=-1, keepdims=True), place)

    @property
    def positive(self) -> Mask:
        """Where a weight is."""
        return self.targets > 0

    @property
    def negative(self) -> Mask:
        """Where no weight is."""
        return self.targets == 0

    def log_sum(self, chosen: Mask) -> Array:
        """Return log Σ exp s over some entries of each row."""
        return np.asarray(log_sum_exp(np.where(chosen, self.scaled, -np.inf)))

    def log_sum_of_positives(self) -> Array:
        """Return log Z₊, of which the best positive's term is 1."""
        others = without(np.exp(np.where(self.positive, self.scaled, -np.inf)), self.best)
        return np.log1p(others.sum(axis=-1))

    def law(self, chosen: Mask) -> Array:
        """Return the softmax over some entries of each row, 0 elsewhere."""
        weights, total, _ = self._sum(chosen)
        return weights / np.maximum(total, TINY)[..., None]

    def odds(self) -> Array:
        """Return ξ = Z₋/Z₊, where the sums have all their digits; +∞ beyond the floats."""
        _, positive, lead = self._sum(self.positive)
        _, negative, top = self._sum(self.negative)
        with np.errstate(over="ignore"):
            return np.exp(top - lead) * (negative / np.maximum(positive, TINY))

    def _sum(self, chosen: Mask) -> tuple[Array, Array, Array]:
        """Return exp(s − top) over some entries, its sum, and the top."""
        among = np.where(chosen, self.scaled, -np.inf)
        top = among.max(axis=-1)
        top = np.where(top > -np.inf, top, 0.0)
        weights = np.exp(among - top[..., None])
        return weights, weights.sum(axis=-1), top


TINY = np.finfo(float).tiny
"""Under a sum that may be empty."""


def info_nce(rows: Rows) -> Scalars:
    """Return [log Z₊ − Σ t s] + log(1 + Z₋/Z₊)."""
    positive, odds = rows.log_sum_of_positives(), rows.odds()
    with np.errstate(invalid="ignore"):
        far = rows.log_sum(rows.negative) - positive
    return _margin(rows, positive) + np.where(odds < np.inf, np.log1p(odds), far)


def softmax_minus_targets(rows: Rows) -> Array:
    """Return p − t: P₋ q on the negatives, (π − t) − P₋ π on the positives.

    q and π are the laws within the negatives and the positives, P₋ the negatives' probability. The
    best positive, where π and t may both be nearly 1, is minus the sum of the others.
    """
    share = probability(rows.odds())[..., None]
    within = rows.law(rows.positive)
    steps = share * rows.law(rows.negative) + ((within - rows.targets) - share * within)
    return balanced(steps, rows.best)


def probability(odds: Array) -> Array:
    """Return ξ / (1 + ξ)."""
    with np.errstate(divide="ignore", over="ignore"):
        return 1.0 / (1.0 + 1.0 / odds)


def _margin(rows: Rows, log_sum: Array) -> Scalars:
    """Return log Z − Σ t s, exactly 0 where Z is of one positive; +∞ if a positive has score −∞."""
    with np.errstate(invalid="ignore"):
        value = weighted(rows.targets, log_sum[..., None] - rows.scaled).sum(axis=-1)
    missed = (rows.positive & np.isneginf(rows.scaled)).any(axis=-1)
    return np.where(missed, np.inf, value)[()]
