"""Logistic and softmax regression without iterations, as a scikit-learn estimator."""

from __future__ import annotations

from collections.abc import Callable
from types import MethodType
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import log_expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from gaussmetrics._array.types import Array
from gaussmetrics.laws import sample_checks
from gaussmetrics.softmax import checks
from gaussmetrics.softmax.class_moments import ClassMoments
from gaussmetrics.softmax.leave_one_out import LeaveOneOut, choose, ledoit_wolf, oas
from gaussmetrics.softmax.regression import log_softmax, softmax_coefficients

FLOATS = [np.float64, np.float32]
RULES = ("loo", *sample_checks.SHRINKAGE_FORMULAS)


class _Model(NamedTuple):
    """Coefficients (K, d) and intercepts (K,) after division by the temperature."""

    coefficients: Array
    intercepts: Array
    shrinkage: float
    temperature: float


class _NotWithLeaveOneOut:
    """A method that is there only while nothing is to be chosen from all rows at once.

    Scikit-learn asks `hasattr(estimator, "partial_fit")` whether an estimator learns from a stream,
    and this one does for some of its parameters: then the method exists, else its access says why.
    """

    def __init__(self, method: Callable[..., Any]) -> None:
        self.method = method
        self.__doc__ = method.__doc__

    def __get__(self, estimator: Any, owner: type) -> Callable[..., Any]:
        if estimator is None:
            return self.method
        checks.streaming_parameters(owner.__name__, estimator.shrinkage, estimator.temperature)
        return MethodType(self.method, estimator)


class AnalyticLogisticRegression(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Logistic regression, for two classes or many, from class means and one covariance.

    p(k|x) ∝ exp[(wₖ·x + bₖ)/T] with wₖ = Σ⁻¹(μₖ − μ), bₖ = log pₖ − ½(μₖ − μ)ᵀΣ⁻¹(μₖ − μ) − wₖ·μ
    and Σ = (1 − γ) S + γ (tr S/d) I, where S is the covariance within the classes over n.
    ``shrinkage=0, temperature=1`` is the plain formula of the article. When rows are few against
    columns that is overconfident; the shrinkage γ repairs the ranking, the temperature T the
    probabilities, and by default both are chosen so that the exact leave-one-out log-loss is least.

    Parameters
    ----------
    shrinkage : float in [0, 1], "loo", "oas" or "ledoit-wolf"
        γ, how far the covariance is moved towards (tr S/d) I. That target presumes columns of
        comparable scale. "loo" searches the whole path from 0 to 1 by exact leave-one-out; "oas"
        and "ledoit-wolf" are formulas.
    temperature : positive float or "loo"
        T, by which all scores are divided; above 1 it makes probabilities less extreme. "loo" is
        the one scalar that minimises the leave-one-out log-loss, chosen together with the
        shrinkage if that is "loo" too.
    priors : (K,) array-like, optional
        Class probabilities in the order of `classes_`. They enter the intercepts, never the
        covariance. The default is the class frequencies.

    Attributes
    ----------
    classes_ : (K,) array
        Labels in sorted order. Labels of total weight 0 are not among them.
    coef_ : (K, d) array, or (1, d) for two classes
    intercept_ : (K,) array, or (1,) for two classes
        Scores are ``X @ coef_.T + intercept_``; for two classes it is the score of ``classes_[1]``.
    shrinkage_, temperature_ : float
        The γ and T in use.
    priors_ : (K,) array
    means_ : (K, d) array
        Class means; NaN for a class that `partial_fit` has not met yet.
    moments_ : ClassMoments
        All that is kept of the rows.
    n_features_in_ : int
    feature_names_in_ : (d,) array
        Only if X had column names.

    Notes
    -----
    The leave-one-out log-loss is smoothed, for n rows told apart without error do not show that
    errors never happen, and would have T = 0. One row in n + 2 (Laplace's rule of succession, and
    the targets of Platt) is taken for its nearest rival: with mⱼ the score of class j minus that of
    the row's own class y, both from the model fitted without the row, γ and T minimise the mean of

        log Σⱼ exp(mⱼ/T) − max_{j≠y} mⱼ / ((n + 2) T).

    A row of weight w counts as w equal rows, and one of them is left out at a time. No copy of X
    is made: rows are read in blocks of 8 MB.

    References
    ----------
    Su Jianlin, https://kexue.fm/archives/8578 (2021).

    Platt 1999, Probabilistic outputs for support vector machines and comparisons to regularized
    likelihood methods, in Advances in Large Margin Classifiers, MIT Press, section 2.2.

    Examples
    --------
    >>> import gaussmetrics as gm
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> model = gm.AnalyticLogisticRegression().fit(X, y)
    >>> round(model.score(X, y), 2)
    0.98
    """

    def __init__(
        self,
        *,
        shrinkage: float | str = "loo",
        temperature: float | str = "loo",
        priors: ArrayLike | None = None,
    ) -> None:
        self.shrinkage = shrinkage
        self.temperature = temperature
        self.priors = priors

    def fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> AnalyticLogisticRegression:
        """Fit the model.

        Parameters
        ----------
        X : (n, d)
        y : (n,)
            Labels.
        sample_weight : (n,), optional
            Weights that are not negative; weight 2 is the row given twice.

        Returns
        -------
        AnalyticLogisticRegression
            The estimator itself.

        Raises
        ------
        TypeError, ValueError
            If a parameter or the data cannot be used; the text says why and what to do.

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> model = gm.AnalyticLogisticRegression(shrinkage=0, temperature=1)
        >>> model = model.fit([[-1.0], [1.0], [2.0], [6.0]], ["no", "no", "yes", "yes"])
        >>> print(model.coef_, model.intercept_)
        [[1.6]] [-3.2]
        """
        rows, labels, weights = self._check(X, y, sample_weight, reset=True)
        self.classes_, codes = _encode(labels, weights)
        checks.several_classes(self.classes_)
        self.moments_ = ClassMoments.from_samples(rows, codes, len(self.classes_), weights=weights)
        self._model: _Model | None = self._choose_and_solve(rows, codes, weights)
        return self

    @_NotWithLeaveOneOut
    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> AnalyticLogisticRegression:
        """Add rows to a model of which only moments are kept.

        Any number of calls gives the model of one `fit` on all rows. A call may hold few rows or a
        single class: coefficients are solved for when they are first needed. `shrinkage` must be
        a number or "oas" and `temperature` a number, for the other choices look at all rows again.

        Parameters
        ----------
        X : (n, d)
        y : (n,)
            Labels, all of them among `classes`.
        classes : (K,), optional
            All labels there will be. The first call needs them. A class not met so far has
            probability 0.
        sample_weight : (n,), optional
            Weights that are not negative; weight 2 is the row given twice.

        Returns
        -------
        AnalyticLogisticRegression
            The estimator itself.

        Raises
        ------
        AttributeError
            If shrinkage or temperature is to be chosen from all rows at once.
        TypeError, ValueError
            If a parameter or the data cannot be used; the text says why and what to do.

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> model = gm.AnalyticLogisticRegression(shrinkage=0, temperature=1)
        >>> for X, y in ([[-1.0], [1.0]], ["no", "no"]), ([[2.0], [6.0]], ["yes", "yes"]):
        ...     model = model.partial_fit(X, y, classes=["no", "yes"])
        >>> print(model.coef_, model.intercept_)
        [[1.6]] [-3.2]
        """
        known = getattr(self, "classes_", None)
        labels_known = checks.streamed_classes(known, classes)
        rows, labels, weights = self._check(X, y, sample_weight, reset=known is None)
        codes = checks.known_labels(labels, labels_known)
        part = ClassMoments.from_samples(rows, codes, len(labels_known), weights=weights)
        self.moments_ = part if known is None else self.moments_ + part
        self.classes_ = labels_known
        self._model = None
        return self

    def decision_function(self, X: ArrayLike) -> Array:
        """Return the scores of the classes.

        Parameters
        ----------
        X : (n, d)

        Returns
        -------
        (n, K) array, or (n,) for two classes
            For two classes the log-odds of ``classes_[1]``.

        Raises
        ------
        NotFittedError, TypeError, ValueError
            If the model has not been fitted, or X does not have its columns.

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> model = gm.AnalyticLogisticRegression(shrinkage=0, temperature=1)
        >>> model = model.fit([[-1.0], [1.0], [2.0], [6.0]], ["no", "no", "yes", "yes"])
        >>> model.decision_function([[2.0], [3.0]]).round(12) + 0.0
        array([0. , 1.6])
        """
        check_is_fitted(self)
        rows = validate_data(self, X, dtype=FLOATS, reset=False)
        scores = rows @ self.coef_.T + self.intercept_
        return cast(Array, scores.ravel() if len(self.classes_) == 2 else scores)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the most probable label of each row.

        Parameters
        ----------
        X : (n, d)

        Returns
        -------
        (n,) array

        Raises
        ------
        NotFittedError, TypeError, ValueError
            If the model has not been fitted, or X does not have its columns.

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> model = gm.AnalyticLogisticRegression(shrinkage=0, temperature=1)
        >>> model = model.fit([[-1.0], [1.0], [2.0], [6.0]], ["no", "no", "yes", "yes"])
        >>> model.predict([[0.0], [3.0]]).tolist()
        ['no', 'yes']
        """
        scores = self.decision_function(X)
        codes = (scores > 0).astype(np.intp) if scores.ndim == 1 else scores.argmax(axis=1)
        return cast(NDArray[Any], self.classes_[codes])

    def predict_proba(self, X: ArrayLike) -> Array:
        """Return the probabilities of the classes.

        Parameters
        ----------
        X : (n, d)

        Returns
        -------
        (n, K) array
            Columns in the order of `classes_`.

        Raises
        ------
        NotFittedError, TypeError, ValueError
            If the model has not been fitted, or X does not have its columns.

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> model = gm.AnalyticLogisticRegression(shrinkage=0, temperature=1)
        >>> model = model.fit([[-1.0], [1.0], [2.0], [6.0]], ["no", "no", "yes", "yes"])
        >>> model.predict_proba([[2.0], [3.0]]).round(4)
        array([[0.5  , 0.5  ],
               [0.168, 0.832]])
        """
        return cast(Array, np.exp(self.predict_log_proba(X)))

    def predict_log_proba(self, X: ArrayLike) -> Array:
        """Return the logarithms of the probabilities, which do not end where `exp` underflows.

        Parameters
        ----------
        X : (n, d)

        Returns
        -------
        (n, K) array
            Columns in the order of `classes_`.

        Raises
        ------
        NotFittedError, TypeError, ValueError
            If the model has not been fitted, or X does not have its columns.

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> model = gm.AnalyticLogisticRegression(shrinkage=0, temperature=1)
        >>> model = model.fit([[-1.0], [1.0], [2.0], [6.0]], ["no", "no", "yes", "yes"])
        >>> model.predict_log_proba([[-1000.0]]).round(4) + 0.0
        array([[    0. , -1603.2]])
        """
        scores = self.decision_function(X)
        if scores.ndim == 1:
            return cast(Array, np.column_stack([log_expit(-scores), log_expit(scores)]))
        return log_softmax(scores)

    @property
    def coef_(self) -> Array:
        """Coefficients, (K, d), or (1, d) for two classes."""
        w = self._solved().coefficients
        return w[1:] - w[:1] if len(w) == 2 else w

    @property
    def intercept_(self) -> Array:
        """Intercepts, (K,), or (1,) for two classes."""
        b = self._solved().intercepts
        return b[1:] - b[:1] if len(b) == 2 else b

    @property
    def shrinkage_(self) -> float:
        """Shrinkage γ in use."""
        return self._solved().shrinkage

    @property
    def temperature_(self) -> float:
        """Temperature T in use."""
        return self._solved().temperature

    @property
    def priors_(self) -> Array:
        """Class probabilities in use."""
        check_is_fitted(self)
        given = self._priors()
        return self.moments_.counts / self.moments_.count if given is None else given

    @property
    def means_(self) -> Array:
        """Class means; NaN for a class not met yet."""
        check_is_fitted(self)
        return np.where(self.moments_.counts[:, None] > 0, self.moments_.means, np.nan)

    def _check(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None, *, reset: bool
    ) -> tuple[NDArray[Any], NDArray[Any], Array | None]:
        sample_checks.shrinkage("shrinkage", self.shrinkage, RULES)
        checks.temperature(self.temperature)
        rows, labels = validate_data(self, X, y, dtype=FLOATS, reset=reset)
        check_classification_targets(labels)
        if sample_weight is None:
            return rows, labels, None
        weights = _check_sample_weight(sample_weight, rows, dtype=np.float64)
        sample_checks.usable_weights("sample_weight", weights)
        return rows, labels, weights

    def _priors(self) -> Array | None:
        return None if self.priors is None else checks.priors(self.priors, len(self.classes_))

    def _choose_and_solve(
        self, X: NDArray[Any], codes: NDArray[Any], weights: Array | None
    ) -> _Model:
        """Choose what is to be chosen by leave-one-out; solve for the coefficients."""
        checks.spread_within(self.moments_.scatter)
        temperature = None if self.temperature == "loo" else float(self.temperature)
        if self.shrinkage == "loo":
            shrinkage = None
        elif self.shrinkage == "ledoit-wolf":
            shrinkage = ledoit_wolf(X, codes, self.moments_, weights)
        else:
            shrinkage = self._shrinkage_from_moments()
        if shrinkage is not None:
            plain = self._solve(shrinkage, temperature or 1.0)
            if temperature is not None:
                return plain
        loo = LeaveOneOut(X, codes, self.moments_, weights=weights, priors=self._priors())
        return self._solve(*choose(loo, shrinkage, temperature))

    def _shrinkage_from_moments(self) -> float:
        return oas(self.moments_) if self.shrinkage == "oas" else float(self.shrinkage)

    def _solve(self, shrinkage: float, temperature: float) -> _Model:
        w, b = softmax_coefficients(self.moments_, shrinkage=shrinkage, priors=self._priors())
        return _Model(w / temperature, b / temperature, shrinkage, temperature)

    def _solved(self) -> _Model:
        """Return the model, solved for now if rows have come in since it was last looked at."""
        check_is_fitted(self)
        if self._model is None:
            checks.spread_within(self.moments_.scatter)
            self._model = self._solve(self._shrinkage_from_moments(), float(self.temperature))
        return self._model


def _encode(labels: NDArray[Any], weights: Array | None) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the labels that have weight, and the place of each row's label among them."""
    classes, codes = np.unique(labels, return_inverse=True)
    if weights is None:
        return classes, codes
    present = np.bincount(codes, weights) > 0
    return classes[present], np.maximum(np.cumsum(present)[codes] - 1, 0)
