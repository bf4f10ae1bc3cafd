"""Logistic and softmax regression without iterations, as a scikit-learn estimator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import replace
from types import MethodType
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import log_expit
from sklearn import get_config
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from gaussmetrics._array.types import Array
from gaussmetrics.laws import sample_checks
from gaussmetrics.softmax import checks
from gaussmetrics.softmax.block_rows import RowsInBlocks
from gaussmetrics.softmax.calibration import Calibration
from gaussmetrics.softmax.class_moments import ClassMoments
from gaussmetrics.softmax.class_passes import Census, gathered
from gaussmetrics.softmax.few_rows import SpannedSpace
from gaussmetrics.softmax.fitting import Fitted, Settings, fit_moments, fit_rows
from gaussmetrics.softmax.regression import log_softmax, shrunk_covariance
from gaussmetrics.softmax.rows import Rows, RowsInMemory
from gaussmetrics.softmax.sample import Sample
from gaussmetrics.streams import is_collection, labelled_passes, mapped

FLOATS = [np.float64, np.float32]
RULES = ("loo", *sample_checks.SHRINKAGE_FORMULAS)
CLASSES = 300
"""Up to so many classes are calibrated one by one without being asked."""
WIDE = 2048
"""With more columns than rows and more than this, no d × d matrix is kept."""


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
        if looking := _looking_at_rows(estimator):
            always = {name: getattr(estimator, name) for name in ("shrinkage", "temperature")}
            shown = always | looking
            checks.refuse_streaming(owner.__name__, shown)
        return MethodType(self.method, estimator)


def _looking_at_rows(estimator: Any) -> dict[str, str]:
    """Return the parameters whose values take a second look at all rows."""
    by_rows = {
        "shrinkage": {"loo", "ledoit-wolf"},
        "temperature": {"loo"},
        "calibration": {"class"},
        "refine": {"auto"},
        "class_weight": {"balanced"},
    }
    options = {name: getattr(estimator, name) for name in by_rows}
    return {
        name: value
        for name, value in options.items()
        if isinstance(value, str) and value in by_rows[name]
    }


class AnalyticLogisticRegression(
    ClassNamePrefixFeaturesOutMixin,  # type: ignore[misc]
    TransformerMixin,  # type: ignore[misc]
    ClassifierMixin,  # type: ignore[misc]
    BaseEstimator,  # type: ignore[misc]
):
    """Logistic regression, for two classes or many, from class means and one covariance.

    p(k|x) ∝ exp[(wₖ·x + bₖ)/T] with wₖ = Σ⁻¹(μₖ − μ), bₖ = log pₖ − ½(μₖ − μ)ᵀΣ⁻¹(μₖ − μ) − wₖ·μ
    and Σ = (1 − γ) S + γ (tr S/d) I, where S is the covariance within the classes over n.
    ``shrinkage=0, temperature=1`` is the plain formula of the article. When rows are few against
    columns that is overconfident; the shrinkage γ repairs the ranking, the temperature T the
    probabilities, and by default both are chosen so that the exact leave-one-out log-loss is least.
    Then a slope and an intercept for each class are fitted to the scores of the rows left out.

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
    calibration : "auto", "class", "temperature" or None
        How scores become probabilities. "class": after the temperature, by a slope and an
        intercept a class, fitted to the leave-one-out scores by Newton's method in 2K numbers, ten
        steps at most. "temperature": by that alone. None: not at all; scores are divided by
        `temperature` if it is a number. "auto" is "class" for up to 300 classes where
        `temperature` is "loo", and leaves a temperature that is given as it is.
    refine : False or "auto"
        "auto" adds a bounded second stage that does iterate: eleven steps against the log-loss at
        most, from the leave-one-out scores. How many, or none, is decided by rows held out. With
        many rows it costs about as much as the rest of the fit (20 times XᵀX at 6000 × 512 and 45
        classes), below 1000 rows, with four folds, five times as much; and copies of the rows.
    priors : (K,) array-like, mapping, labelled Series or "uniform", optional
        Class probabilities in use, in the order of `classes_` or by label. Everything is chosen
        with the frequencies of the sample, and log(prior/frequency) is added to the intercepts at
        the end: coefficients do not depend on it.
    class_weight : "balanced" or mapping from label to weight, optional
        Multiplies the weight of each row. "balanced" gives all classes the same total. Such rows
        are left out with all their weight. A class that a mapping does not name weighs 1.
    n_components : int, optional
        How many discriminant axes `transform` returns; the default is all min(K − 1, d).

    Attributes
    ----------
    classes_ : (K,) array
        Labels in sorted order. Labels of total weight 0 are not among them.
    coef_ : (K, d) array, or (1, d) for two classes
    intercept_ : (K,) array, or (1,) for two classes
        Scores are ``X @ coef_.T + intercept_``; for two classes it is the score of ``classes_[1]``.
    shrinkage_, temperature_ : float
        The γ and T in use.
    calibration_ : (slopes, intercepts), (K,) arrays
        What class calibration makes of each score, less the mean over classes and divided by T;
        ones and zeros without.
    refinement_steps_ : int
        Steps of the second stage; 0 is none.
    priors_ : (K,) array
        Class probabilities in use.
    means_ : (K, d) array
        Class means; NaN for a class that `partial_fit` has not met yet.
    covariance_ : (d, d) array
        Σ, shrunk.
    moments_ : ClassMoments
        All that is kept of the rows. With more columns than rows and than 2048, no d × d matrix is
        formed, and there is neither this nor `covariance_`.
    n_features_in_ : int
    feature_names_in_ : (d,) array
        Only if X had column names.

    Notes
    -----
    The leave-one-out log-loss is smoothed, for n rows told apart without error do not show that
    errors never happen, and would have T = 0. One row in n + 2 (Laplace's rule of succession, and
    the targets of Platt) is taken for its nearest rival: with mⱼ the score of class j minus that of
    the row's own class y, both from the model fitted without the row, γ and T minimise the mean of

        log Σⱼ exp(mⱼ/T) − max mⱼ / ((n + 2) T), the greatest mⱼ with j ≠ y.

    A row of ``sample_weight`` w counts as w equal rows, and one of them is left out at a time: the
    others stay, so weights above one make for optimistic choices unless the rows are independent.
    Weights that say how much a row matters belong in `class_weight`, which leaves whole rows out,
    and rows that belong together in ``groups``, which are left out together; n is then the number
    of rows or groups.

    No copy of X is made with rows of equal weight: they are read in blocks of 8 MB, sparse ones
    too. Whole weighted rows and groups need a copy. Where n × K is above 2²⁶, every second, third …
    row is judged, so that the scores of the rows left out fit in 512 MB. With more columns than
    rows, all is done in the n − 1 dimensions of the space they span.

    Of rows in blocks (Dask, batches, files) no table of scores is kept anywhere: each question of
    the search is a pass over the blocks, which answer with sums, and the model is that of one
    machine to rounding. The plain formula takes one pass, class weights and "ledoit-wolf" one more
    each, leave-one-out and calibration about twenty, `refine` another hundred. So keep rows in the
    memory of the cluster, ``X.persist()``, if they fit. For Dask collections `predict` and its kin
    are lazy.

    `coef_`, `intercept_` and `classes_`, set as attributes of a ``LogisticRegression``, give the
    same probabilities: the route to ONNX and other exports.

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
        calibration: str | None = "auto",
        refine: bool | str = False,
        priors: ArrayLike | Mapping[Any, float] | str | None = None,
        class_weight: Mapping[Any, float] | str | None = None,
        n_components: int | None = None,
    ) -> None:
        self.shrinkage = shrinkage
        self.temperature = temperature
        self.calibration = calibration
        self.refine = refine
        self.priors = priors
        self.class_weight = class_weight
        self.n_components = n_components

    def fit(
        self,
        X: Any,
        y: Any = None,
        sample_weight: Any = None,
        groups: Any = None,
    ) -> AnalyticLogisticRegression:
        """Fit the model. If that fails, the estimator stays what it was.

        Parameters
        ----------
        X : (n, d), or batches
            Dense or sparse; a Dask array or data frame, whose blocks stay where they are. With `y`
            left out, batches (X, y) or (X, y, sample_weight): an iterable of them, or a function
            that opens one. With `y` the name of a column, batches that name their columns: data
            frames, Arrow's record batches, tables and data sets, the path of Parquet files.
        y : (n,)
            Labels: a Dask collection too, if X is one. Or the name of their column in batches.
        sample_weight : (n,), optional
            Weights that are not negative; weight 2 is the row given twice. Or the name of a column.
        groups : (n,), optional
            Labels of rows that belong together: those of one subject, or copies of one row.
            Leave-one-out leaves whole groups out. In a Dask collection, each lies in one block.

        Returns
        -------
        AnalyticLogisticRegression
            The estimator itself.

        Raises
        ------
        TypeError, ValueError
            If a parameter or the data cannot be used; the text says why, in which block, and what
            to do. Batches that can be read only once do for what takes one pass.

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> model = gm.AnalyticLogisticRegression(shrinkage=0, temperature=1)
        >>> model = model.fit([[-1.0], [1.0], [2.0], [6.0]], ["no", "no", "yes", "yes"])
        >>> print(model.coef_, model.intercept_)
        [[1.6]] [-3.2]
        """
        fresh = copy(self)
        fresh._fit(X, y, sample_weight, groups)
        self.__dict__ = fresh.__dict__
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
        fresh = copy(self)
        fresh._add(X, y, classes, sample_weight)
        self.__dict__ = fresh.__dict__
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
            If the model has not been fitted, X does not have its columns, or scores leave the
            floats.

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> model = gm.AnalyticLogisticRegression(shrinkage=0, temperature=1)
        >>> model = model.fit([[-1.0], [1.0], [2.0], [6.0]], ["no", "no", "yes", "yes"])
        >>> model.decision_function([[2.0], [3.0]]).round(12) + 0.0
        array([0. , 1.6])
        """
        check_is_fitted(self)
        if is_collection(X):
            return self._lazily("decision_function", X, self._score_width)
        scores = checks.images(self._rows(X), self.coef_.T) + self.intercept_
        return scores.ravel() if len(self.classes_) == 2 else scores

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
            If the model has not been fitted, X does not have its columns, or scores leave the
            floats.

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> model = gm.AnalyticLogisticRegression(shrinkage=0, temperature=1)
        >>> model = model.fit([[-1.0], [1.0], [2.0], [6.0]], ["no", "no", "yes", "yes"])
        >>> model.predict([[0.0], [3.0]]).tolist()
        ['no', 'yes']
        """
        check_is_fitted(self)
        if is_collection(X):
            return self._lazily("predict", X, None, self.classes_.dtype)
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
            If the model has not been fitted, X does not have its columns, or scores leave the
            floats.

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> model = gm.AnalyticLogisticRegression(shrinkage=0, temperature=1)
        >>> model = model.fit([[-1.0], [1.0], [2.0], [6.0]], ["no", "no", "yes", "yes"])
        >>> model.predict_proba([[2.0], [3.0]]).round(4)
        array([[0.5  , 0.5  ],
               [0.168, 0.832]])
        """
        check_is_fitted(self)
        if is_collection(X):
            return self._lazily("predict_proba", X, len(self.classes_))
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
            If the model has not been fitted, X does not have its columns, or scores leave the
            floats.

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> model = gm.AnalyticLogisticRegression(shrinkage=0, temperature=1)
        >>> model = model.fit([[-1.0], [1.0], [2.0], [6.0]], ["no", "no", "yes", "yes"])
        >>> model.predict_log_proba([[-1000.0]]).round(4) + 0.0
        array([[    0. , -1603.2]])
        """
        check_is_fitted(self)
        if is_collection(X):
            return self._lazily("predict_log_proba", X, len(self.classes_))
        scores = self.decision_function(X)
        if scores.ndim == 1:
            return cast(Array, np.column_stack([log_expit(-scores), log_expit(scores)]))
        return log_softmax(scores)

    def transform(self, X: Any) -> Array:
        """Return coordinates on the discriminant axes, along which class means differ most.

        Within the classes the coordinates have the covariance I, measured by `covariance_`; axes
        come in falling order of the variance of the class means, and their origin is the mean of
        all rows.

        Parameters
        ----------
        X : (n, d)

        Returns
        -------
        (n, n_components) array

        Raises
        ------
        NotFittedError, TypeError, ValueError
            If the model has not been fitted, X does not have its columns, or n_components is no
            number from 1 to min(K − 1, d).

        Examples
        --------
        >>> import gaussmetrics as gm
        >>> from sklearn.datasets import load_iris
        >>> X, y = load_iris(return_X_y=True)
        >>> gm.AnalyticLogisticRegression(n_components=2).fit(X, y).transform(X).shape
        (150, 2)
        """
        check_is_fitted(self)
        if is_collection(X):
            output = getattr(self, "_sklearn_output_config", {}).get("transform")
            checks.lazy_output(output or get_config()["transform_output"])
            return self._lazily("transform", X, self._n_features_out)
        axes, centre = self._discriminant_axes()
        return checks.images(self._rows(X), axes) - centre @ axes

    @property
    def coef_(self) -> Array:
        """Coefficients, (K, d), or (1, d) for two classes."""
        w = self._solved().coefficients
        return w[1:] - w[:1] if len(w) == 2 else w

    @property
    def intercept_(self) -> Array:
        """Intercepts, (K,), or (1,) for two classes."""
        b = self._solved().intercepts
        seen = self._frequencies > 0
        shift = np.log(self.priors_, out=np.zeros(len(b)), where=seen)
        shift -= np.log(self._frequencies, out=np.zeros(len(b)), where=seen)
        b = b + np.where(self.priors_ == self._frequencies, 0.0, shift)
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
    def calibration_(self) -> Calibration:
        """Slopes and intercepts of the calibration."""
        return self._solved().calibration

    @property
    def refinement_steps_(self) -> int:
        """Number of steps of the second stage."""
        return self._solved().steps

    @property
    def covariance_(self) -> Array:
        """Covariance within the classes, shrunk."""
        shrinkage = self._solved().shrinkage
        if not hasattr(self, "moments_"):
            d = self.n_features_in_
            raise AttributeError(
                f"covariance_ is not formed with more columns than rows: it would be {d} × {d}."
            )
        return shrunk_covariance(self.moments_, shrinkage)

    @property
    def _n_features_out(self) -> int:
        most = min(len(self.classes_) - 1, self.n_features_in_)
        return checks.component_count(self.n_components, most)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _rows(self, X: Any) -> Any:
        checks.rows_to_predict(X)
        return validate_data(self, X, dtype=FLOATS, accept_sparse="csr", reset=False)

    def _lazily(self, method: str, X: Any, width: int | None, dtype: Any = float) -> Any:
        """Return what a method makes of each block, as a Dask array that is not computed yet."""
        validate_data(
            self,
            X._meta if hasattr(X, "columns") else X,
            y="no_validation",
            skip_check_array=True,
            reset=False,
        )
        self._solved()
        light = copy(self)
        light.__dict__.pop("moments_", None)  # d × d, and not needed
        return mapped(_of_block, X, light, method, width, dtype, width=width, dtype=dtype)

    @property
    def _score_width(self) -> int | None:
        return len(self.classes_) if len(self.classes_) > 2 else None

    def _check(
        self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None, *, reset: bool
    ) -> tuple[Any, NDArray[Any], Array | None]:
        self._check_parameters()
        checks.no_mask(X=X, y=y, sample_weight=sample_weight)
        rows, labels = validate_data(self, X, y, dtype=FLOATS, accept_sparse="csr", reset=reset)
        try:
            check_classification_targets(labels)
        except TypeError:  # they cannot be sorted
            checks.refuse_mixed_labels(checks.kinds_of_objects(labels))
        if sample_weight is None:
            return rows, labels, None
        return rows, labels, checks.repeats(sample_weight, len(labels))

    def _check_parameters(self) -> None:
        sample_checks.shrinkage("shrinkage", self.shrinkage, RULES)
        checks.temperature(self.temperature)
        checks.calibration(self.calibration)
        checks.refine(self.refine)

    def _fit(self, X: Any, y: Any, sample_weight: Any, groups: Any) -> None:
        checks.all_in_blocks(is_collection(X), y=y, sample_weight=sample_weight, groups=groups)
        passes = labelled_passes(X, y, sample_weight, groups)
        if passes is not None:
            self._fit_passes(passes)
            return
        rows, labels, repeats = self._check(X, y, sample_weight, reset=True)
        by_group = None if groups is None else checks.group_codes(groups, len(labels))
        self._fit_arrays(rows, labels, repeats, by_group)

    def _fit_arrays(self, rows: Any, labels: Any, repeats: Any, groups: Any) -> None:
        """Fit rows in memory."""
        classes, codes = _encode(labels, repeats)
        counts = np.bincount(codes, repeats, minlength=len(classes)).astype(np.float64)
        by_class = self._choose_classes(classes, counts)
        sample = Sample(rows, codes, len(classes)).weighted(repeats, by_class, groups)
        self._choose_priors(sample.class_totals())
        wide = rows.shape[0] <= rows.shape[1]
        self.__dict__.pop("moments_", None)
        if not wide or rows.shape[1] <= WIDE:
            self.moments_ = sample.moments()
        self._stream: tuple[Any, float] | None = None
        self._model: Fitted | None = (
            self._fit_in_spanned_space(sample)
            if wide
            else self._fit_rows(RowsInMemory(sample), self.moments_)
        )

    def _fit_passes(self, passes: Any) -> None:
        """Fit rows in blocks that no machine holds: a pass for each look at all of them."""
        self._check_parameters()
        looking = _looking_at_rows(self)
        if looking or self.class_weight is not None:
            name, value = next(iter({**looking, "class_weight": self.class_weight}.items()))
            passes.again(f"{name}={value!r}")
        census = passes.fold(Census.of_block, Census.merged).checked(passes.place)
        self.__dict__.pop("feature_names_in_", None)
        self.n_features_in_ = passes.width
        if passes.names is not None:
            self.feature_names_in_ = np.array(passes.names, dtype=object)
        if sum(census.sizes.values()) <= passes.width:
            passes.again("a fit of fewer rows than columns")
            rows, labels, repeats, groups = gathered(passes)
            by_group = None if groups is None else checks.group_codes(groups, len(labels))
            self._fit_arrays(rows, labels, repeats, by_group)
            return
        weighing = census.sums.counts > 0
        moments = census.sums.moments(weighing)
        by_class = self._choose_classes(census.classes[weighing], moments.counts)
        in_blocks = RowsInBlocks.of(passes, census, self.classes_, by_class)
        self.moments_ = moments if by_class is None else in_blocks.moments()
        self._choose_priors(self.moments_.counts)
        self._stream = None
        self._model = self._fit_rows(in_blocks, self.moments_)

    def _choose_classes(self, classes: NDArray[Any], counts: Array) -> Array | None:
        """Set the classes, and return what a row of each weighs."""
        checks.several_classes(classes)
        self.classes_ = classes
        return checks.class_weight(self.class_weight, classes, counts)

    def _choose_priors(self, weights: Array) -> None:
        self._frequencies = weights / weights.sum()
        priors = checks.priors(self.priors, self.classes_)
        self.priors_ = self._frequencies if priors is None else priors
        checks.component_count(self.n_components, min(len(weights) - 1, self.n_features_in_))

    def _fit_rows(self, rows: Rows, moments: ClassMoments) -> Fitted:
        self._keep_means(moments)
        return fit_rows(rows, moments, self._settings(rows.n_classes))

    def _keep_means(self, moments: ClassMoments) -> None:
        self._means, self._centre = moments.means, moments.mean
        self._deviations = moments.deviations()

    def _fit_in_spanned_space(self, sample: Sample) -> Fitted:
        """Fit in the coordinates of the space that few rows span, and come back to the columns."""
        d = sample.X.shape[1]
        settings = self._settings(sample.n_classes)
        if settings.shrinkage == 0:
            checks.refuse_singular_within(sample.class_totals(), np.ones(d))
        space = SpannedSpace(sample.X.tocsc() if hasattr(sample.X, "tocsc") else sample.X)
        few = replace(sample, X=space.coordinates(), columns=d)
        moments = few.moments()
        model = fit_rows(RowsInMemory(few), moments, settings)
        k = sample.n_classes
        lifted = space.lift(np.vstack([model.coefficients, model.axes, moments.means]))
        step = self._frequencies @ lifted[2 * k :]
        self._deviations = lifted[2 * k :] - step
        self._centre, self._means = space.mean + step, space.mean + lifted[2 * k :]
        w = lifted[:k]
        return model._replace(
            coefficients=w, intercepts=model.intercepts - w @ space.mean, axes=lifted[k : 2 * k]
        )

    def _settings(self, n_classes: int) -> Settings:
        """Resolve "auto" and None."""
        chosen = isinstance(self.temperature, str)
        calibrate = self.calibration == "class" or (
            self.calibration == "auto" and chosen and n_classes <= CLASSES
        )
        temperature = None if chosen else float(cast(float, self.temperature))
        if chosen and self.calibration is None:
            temperature = 1.0
        return Settings(self.shrinkage, temperature, calibrate, self.refine == "auto")

    def _add(self, X: Any, y: Any, classes: Any, sample_weight: Any) -> None:
        checks.rows_at_hand(X=X, y=y, sample_weight=sample_weight)
        known = getattr(self, "classes_", None)
        labels_known = checks.streamed_classes(known, classes)
        if known is not None and not hasattr(self, "moments_"):
            checks.refuse_going_on(self.n_features_in_)
        rows, labels, repeats = self._check(X, y, sample_weight, reset=known is None)
        codes = checks.known_labels(labels, labels_known)
        by_class = checks.class_weight(self.class_weight, labels_known, np.ones(len(labels_known)))
        sample = Sample(rows, codes, len(labels_known)).weighted(repeats, by_class, None)
        part = sample.moments()
        self.moments_ = part if known is None else self.moments_ + part
        self.classes_ = labels_known
        self._frequencies = self.moments_.counts / self.moments_.count
        priors = checks.priors(self.priors, self.classes_)
        self.priors_ = self._frequencies if priors is None else priors
        self._keep_means(self.moments_)
        self._stream = self.shrinkage, float(cast(float, self.temperature))
        self._model = None

    @property
    def means_(self) -> Array:
        """Class means; NaN for a class not met yet."""
        check_is_fitted(self)
        return np.where(self._frequencies[:, None] > 0, self._means, np.nan)

    def _solved(self) -> Fitted:
        """Return the model, solved for now if rows have come in since it was last looked at."""
        check_is_fitted(self)
        if self._model is None and self._stream is not None:
            self._model = fit_moments(self.moments_, *self._stream)
        return cast(Fitted, self._model)

    def _discriminant_axes(self) -> tuple[Array, Array]:
        """Return the axes as columns, (d, n_components), and the mean of all rows."""
        axes, p = self._solved().axes, np.sqrt(self._frequencies)
        # Distances between class means, in the metric of Σ, and the classes' shares.
        gram = p[:, None] * (axes @ self._deviations.T) * p
        values, vectors = np.linalg.eigh(0.5 * (gram + gram.T))
        leading = np.argsort(-values, kind="stable")[: self._n_features_out]
        lengths = np.sqrt(np.maximum(values[leading], np.finfo(float).tiny))
        columns: Array = axes.T @ (p[:, None] * vectors[:, leading]) / lengths
        largest = np.abs(columns).argmax(axis=0)
        columns *= np.where(columns[largest, np.arange(columns.shape[1])] < 0, -1.0, 1.0)
        return columns, self._centre


def _encode(labels: NDArray[Any], weights: Array | None) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the labels that have weight, and the place of each row's label among them."""
    classes, codes = np.unique(labels, return_inverse=True)
    if weights is None:
        return classes, codes
    present = np.bincount(codes, weights) > 0
    return classes[present], np.maximum(np.cumsum(present)[codes] - 1, 0)


def _of_block(
    rows: Any, model: AnalyticLogisticRegression, method: str, width: int | None, dtype: Any
) -> NDArray[Any]:
    """Return what a method of a model makes of a block, which may have no rows."""
    if not len(rows):
        return np.empty((0,) if width is None else (0, width), dtype)
    return np.asarray(getattr(model, method)(rows))
