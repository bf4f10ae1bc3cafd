"""What other libraries hand over: SciPy's laws, scikit-learn's models, the names of data frames."""

import copy
import pickle
import re
import warnings
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import stats
from scipy.special import logsumexp
from sklearn import covariance as sk
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris
from sklearn.discriminant_analysis import (
    LinearDiscriminantAnalysis,
    QuadraticDiscriminantAnalysis,
)
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import gaussmetrics as gm

IRIS = load_iris(as_frame=True)
X, SPECIES = IRIS.data, IRIS.target
SEPAL, PETAL = list(X.columns[:2]), list(X.columns[2:])


def refused(error, text):
    return pytest.raises(error, match=re.escape(text))


def spread(d, seed=0, kappa=100.0):
    """A covariance of condition number kappa, its eigenvalues and its eigenvectors."""
    v = np.linalg.qr(np.random.default_rng(seed).standard_normal((d, d)))[0]
    w = np.geomspace(1.0, kappa, d)
    cov = (v * w) @ v.T
    return (cov + cov.T) / 2, w, v


# SciPy

COV, W, V = spread(4)
SCIPY_COVARIANCES = {
    "matrix": COV,
    "diagonal": stats.Covariance.from_diagonal([1.0, 2.0, 3.0, 4.0]),
    "cholesky": stats.Covariance.from_cholesky(np.linalg.cholesky(COV)),
    "precision": stats.Covariance.from_precision(np.linalg.inv(COV)),
    "both": stats.Covariance.from_precision(np.linalg.inv(COV), COV),
    "eigendecomposition": stats.Covariance.from_eigendecomposition((W, V)),
}
POINTS = np.random.default_rng(1).standard_normal((20, 4))


@pytest.mark.parametrize("cov", SCIPY_COVARIANCES.values(), ids=SCIPY_COVARIANCES)
def test_a_frozen_law_has_the_same_density(cov):
    frozen = stats.multivariate_normal([1.0, 2.0, 3.0, 4.0], cov)
    p = gm.Gaussian.from_scipy(frozen)
    np.testing.assert_allclose(p.logpdf(POINTS), frozen.logpdf(POINTS), rtol=1e-12)
    np.testing.assert_allclose(p.cov, frozen.cov, rtol=1e-12, atol=1e-12)
    assert gm.entropy(p) == pytest.approx(frozen.entropy(), rel=1e-12)
    again = gm.Gaussian(frozen.mean, frozen.cov_object)
    np.testing.assert_array_equal(again.cov, p.cov)


@pytest.mark.parametrize(
    "frozen", [stats.multivariate_normal(), stats.multivariate_normal([0.0, 1.0], 3.0)]
)
def test_scalars_that_scipy_has_made_matrices(frozen):
    p = gm.Gaussian.from_scipy(frozen)
    np.testing.assert_array_equal(p.cov, frozen.cov)
    np.testing.assert_array_equal(p.mean, frozen.mean)


def test_a_diagonal_stays_diagonal_to_the_bit():
    v = np.array([0.1, 0.3, 7.0])
    p = gm.Gaussian(np.zeros(3), stats.Covariance.from_diagonal(v))
    assert type(p.covariance).__name__ == "Diagonal"
    np.testing.assert_array_equal(p.covariance.variances(), v)


def test_a_cholesky_factor_is_kept_to_the_bit():
    # The matrix of such a factor would be singular to rounding.
    lower = np.array([[1.0, 0.0, 0.0], [1.0, 1e-10, 0.0], [0.3, -0.7, 0.1]])
    p = gm.Gaussian(np.zeros(3), stats.Covariance.from_cholesky(lower))
    np.testing.assert_array_equal(p.covariance.factor(), lower)
    assert p.covariance.log_det() == pytest.approx(2 * np.log(np.diag(lower)).sum(), rel=1e-14)
    with refused(ValueError, "cov is singular"):
        gm.Gaussian(np.zeros(3), lower @ lower.T)


@pytest.mark.parametrize("kind", ["precision", "eigendecomposition"])
def test_spectra_that_a_matrix_would_lose(kind):
    _, w, v = spread(6, kappa=1e20)
    if kind == "precision":
        lower = np.tril(np.random.default_rng(2).standard_normal((6, 6))) + 3.0 * np.eye(6)
        precision = lower @ lower.T
        foreign = stats.Covariance.from_precision(precision)
        own = gm.Covariance.from_precision(precision)
    else:
        foreign = stats.Covariance.from_eigendecomposition((w, v))
        own = gm.Covariance.from_eigendecomposition(w, v)
    p, q = gm.Gaussian(np.zeros(6), foreign), gm.Gaussian(np.zeros(6), own)
    x = POINTS[:, :1] * np.ones(6)
    np.testing.assert_allclose(p.logpdf(x), q.logpdf(x), rtol=1e-9)
    np.testing.assert_allclose(p.covariance.log_det(), q.covariance.log_det(), rtol=1e-13)


SINGULAR = {
    "matrix": (np.diag([1.0, 2.0, 0.0]), True),
    "diagonal": (stats.Covariance.from_diagonal([1.0, 2.0, 0.0]), False),
    "eigendecomposition": (
        stats.Covariance.from_eigendecomposition((np.array([0.0, 1.0, 2.0]), np.eye(3)[::-1])),
        False,
    ),
}


@pytest.mark.parametrize(("cov", "flag"), SINGULAR.values(), ids=SINGULAR)
def test_a_singular_law_that_scipy_accepts_is_accepted(cov, flag):
    frozen = stats.multivariate_normal([0.0, 0.0, 5.0], cov, allow_singular=flag)
    p = gm.Gaussian.from_scipy(frozen)
    assert p.covariance.rank() == 2
    x = np.array([[1.0, 2.0, 5.0], [1.0, 2.0, 5.1]])
    np.testing.assert_allclose(p.logpdf(x), frozen.logpdf(x), rtol=1e-13)
    assert p.logpdf(x[1]) == -np.inf


@pytest.mark.parametrize("kind", ["diagonal", "eigendecomposition"])
def test_a_singular_covariance_of_scipy_needs_leave(kind):
    cov, _ = SINGULAR[kind]
    with refused(ValueError, "allow_singular=True"):
        gm.Gaussian(np.zeros(3), cov)
    assert gm.Gaussian(np.zeros(3), cov, allow_singular=True).covariance.rank() == 2


def test_negative_variances_that_scipy_lets_pass():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        diagonal = stats.Covariance.from_diagonal([1.0, -1.0])
        spectral = stats.Covariance.from_eigendecomposition((np.array([-1.0, 1.0]), np.eye(2)))
        with refused(ValueError, "cov must not be negative, but cov[1] is -1"):
            gm.Gaussian([0.0, 0.0], diagonal)
        with refused(ValueError, "cov must be positive definite, but its smallest eigenvalue is"):
            gm.Gaussian([0.0, 0.0], spectral)


@pytest.mark.parametrize(
    "other",
    [stats.multivariate_normal, stats.norm(0, 1), stats.multivariate_t([0.0], [[1.0]]), [0, 1]],
)
def test_other_distributions_are_refused(other):
    text = f"multivariate_normal(mean, cov), got an object of type {type(other).__name__}. Of other"
    with refused(TypeError, text):
        gm.Gaussian.from_scipy(other)


# scikit-learn


def log_density(mixture, x):
    weights, components = mixture
    return logsumexp(components.logpdf(np.asarray(x)[:, None]), b=weights, axis=-1)


STRUCTURE = {"full": "Dense", "tied": "Dense", "diag": "Diagonal", "spherical": "Diagonal"}


@pytest.mark.parametrize("model", [GaussianMixture, BayesianGaussianMixture])
@pytest.mark.parametrize("kind", STRUCTURE)
def test_a_mixture_has_the_same_density(model, kind):
    fitted = model(n_components=3, covariance_type=kind, random_state=0, max_iter=500).fit(X)
    mixture = gm.Gaussian.from_mixture(fitted)
    np.testing.assert_array_equal(mixture.weights, fitted.weights_)
    np.testing.assert_array_equal(mixture.components.mean, fitted.means_)
    assert mixture.components.batch_shape == (3,)
    assert mixture.components.names == tuple(X.columns)
    assert type(mixture.components.covariance).__name__ == STRUCTURE[kind]
    if model is GaussianMixture:
        # The Bayesian score has other terms, from the posterior of its parameters.
        expected = fitted.score_samples(X)
    else:
        laws = zip(fitted.means_, mixture.components.cov * np.ones((3, 1, 1)), strict=True)
        each = [stats.multivariate_normal(m, c).logpdf(X) for m, c in laws]
        expected = logsumexp(each, b=fitted.weights_[:, None], axis=0)
    np.testing.assert_allclose(log_density(mixture, X), expected, rtol=1e-9)


def test_a_tied_covariance_is_shared():
    fitted = GaussianMixture(3, covariance_type="tied", random_state=0).fit(X.to_numpy())
    components = gm.Gaussian.from_mixture(fitted).components
    assert components.covariance.batch_shape == ()
    assert components.names is None
    np.testing.assert_allclose(components[2].cov, fitted.covariances_, rtol=1e-12)


def test_a_mixture_of_single_precision():
    x = X.to_numpy(np.float32)
    fitted = GaussianMixture(2, random_state=0).fit(x)
    mixture = gm.Gaussian.from_mixture(fitted)
    assert mixture.weights.dtype == mixture.components.mean.dtype == np.float64
    np.testing.assert_allclose(log_density(mixture, x), fitted.score_samples(x), rtol=1e-3)


def test_mixtures_are_taken_by_the_metrics_of_mixtures():
    a = gm.Gaussian.from_mixture(GaussianMixture(2, random_state=0).fit(X))
    b = gm.Gaussian.from_mixture(GaussianNB().fit(X, SPECIES))
    by_hand = gm.mixture_wasserstein_distance(
        a.components, b.components, weights_p=a.weights, weights_q=b.weights
    )
    assert gm.mixture_wasserstein_distance(a, b) == by_hand > 0
    assert gm.mixture_wasserstein_distance(a, b.components, weights_q=b.weights) == by_hand
    plan = gm.mixture_transport_plan(a, b)
    np.testing.assert_allclose(plan.sum(axis=1), a.weights, atol=1e-9)
    np.testing.assert_allclose(plan.sum(axis=0), b.weights, atol=1e-9)
    with refused(ValueError, "weights_q must be left out when qs is a Mixture, which has weights"):
        gm.mixture_wasserstein_distance(a, b, weights_q=b.weights)
    with refused(ValueError, "For other weights pass ps.components"):
        gm.mixture_transport_plan(a, b, weights_p=[1.0, 1.0])


def posterior(mixture, x):
    joint = np.log(mixture.weights) + mixture.components.logpdf(np.asarray(x)[:, None])
    return np.exp(joint - logsumexp(joint, axis=1, keepdims=True))


@pytest.mark.parametrize(
    ("model", "structure"),
    [
        (GaussianNB(), "Diagonal"),
        (GaussianNB(priors=[0.2, 0.3, 0.5]), "Diagonal"),
        (QuadraticDiscriminantAnalysis(), "Dense"),
        (QuadraticDiscriminantAnalysis(reg_param=0.1, store_covariance=True), "Dense"),
        (LinearDiscriminantAnalysis(solver="eigen"), "Dense"),
        (LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto"), "Dense"),
    ],
)
def test_classes_of_a_classifier_give_its_probabilities(model, structure):
    fitted = model.fit(X, IRIS.target_names[SPECIES])
    mixture = gm.Gaussian.from_mixture(fitted)
    assert type(mixture.components.covariance).__name__ == structure
    assert mixture.components.names == tuple(X.columns)
    expected = fitted.predict_proba(X)
    np.testing.assert_allclose(posterior(mixture, X), expected, rtol=1e-6, atol=1e-9)


def test_the_covariance_that_linear_discriminant_analysis_keeps():
    fitted = LinearDiscriminantAnalysis(store_covariance=True).fit(X, SPECIES)
    components = gm.Gaussian.from_mixture(fitted).components
    assert (components.batch_shape, components.covariance.batch_shape) == ((3,), ())
    np.testing.assert_allclose(components[1].cov, fitted.covariance_, rtol=1e-13)
    np.testing.assert_array_equal(components.mean, fitted.means_)


@pytest.mark.parametrize(
    "model",
    [
        sk.EmpiricalCovariance(),
        sk.LedoitWolf(),
        sk.OAS(),
        sk.ShrunkCovariance(),
        sk.MinCovDet(random_state=0),
        sk.EllipticEnvelope(random_state=0),
        sk.GraphicalLasso(alpha=0.01),
    ],
)
def test_a_covariance_estimator_is_one_component(model):
    fitted = model.fit(X)
    weights, components = gm.Gaussian.from_mixture(fitted)
    np.testing.assert_array_equal(weights, [1.0])
    assert components.batch_shape == (1,)
    np.testing.assert_array_equal(components[0].mean, fitted.location_)
    np.testing.assert_allclose(components[0].cov, fitted.covariance_, rtol=1e-14)
    deviations = np.asarray(X) - fitted.location_
    distances = np.einsum("ni,ij,nj->n", deviations, np.linalg.inv(fitted.covariance_), deviations)
    log_det = np.linalg.slogdet(fitted.covariance_)[1]
    expected = -0.5 * (distances + log_det + 4 * np.log(2 * np.pi))
    np.testing.assert_allclose(components[0].logpdf(X), expected, rtol=1e-9)


def test_singular_components_need_leave():
    few = sk.EmpiricalCovariance().fit(X.iloc[[0, 60, 120]])
    with refused(ValueError, "cov is singular"):
        gm.Gaussian.from_mixture(few)
    assert gm.Gaussian.from_mixture(few, allow_singular=True).components.covariance.rank() == 2
    constant = GaussianNB(var_smoothing=0.0).fit([[0.0, 1.0], [1.0, 1.0], [2.0, 1.0]], [0, 0, 0])
    with refused(ValueError, "variances[0, 1] is zero"):
        gm.Gaussian.from_mixture(constant)
    assert gm.Gaussian.from_mixture(constant, allow_singular=True).components.batch_shape == (1,)


@pytest.mark.parametrize(
    ("model", "error", "text"),
    [
        (GaussianMixture(3), ValueError, "this GaussianMixture is not fitted. Call fit first."),
        (GaussianNB(), ValueError, "this GaussianNB is not fitted. Call fit first. Understood are"),
        (sk.EllipticEnvelope(), ValueError, "this EllipticEnvelope is not fitted. Call fit first."),
        (GaussianMixture, ValueError, "this GaussianMixture is not fitted."),
        (
            LinearDiscriminantAnalysis().fit(X, SPECIES),
            ValueError,
            "this LinearDiscriminantAnalysis has kept no covariance. Fit it again with "
            "store_covariance=True.",
        ),
        (
            KMeans(2, n_init=1).fit(X),
            TypeError,
            "got an object of type KMeans. Understood are GaussianMixture and BayesianGaussian",
        ),
        (stats.multivariate_normal([0.0], 1.0), TypeError, "type multivariate_normal_frozen"),
        (np.eye(2), TypeError, "an object of type ndarray. Understood are GaussianMixture and"),
        (
            make_pipeline(StandardScaler(), GaussianNB()).fit(X, SPECIES),
            TypeError,
            "the fitted model itself, got a Pipeline around it. Pass its last step, pipeline[-1]",
        ),
        (
            GridSearchCV(GaussianNB(), {"var_smoothing": [1e-9]}, cv=2).fit(X, SPECIES),
            TypeError,
            "got a GridSearchCV around it. Pass its last step, pipeline[-1], or its best_estimator",
        ),
    ],
)
def test_models_that_are_refused(model, error, text):
    with refused(error, text):
        gm.Gaussian.from_mixture(model)


# Names


@pytest.mark.parametrize("library", [pd, pl])
@pytest.mark.parametrize("rows", [3, 50])
def test_frames_keep_the_names_of_their_columns(library, rows):
    frame = library.DataFrame({name: X[name].to_numpy()[:rows] for name in X})
    p = gm.Gaussian.from_samples(frame)
    assert p.names == tuple(X.columns)
    assert all(type(name) is str for name in p.names)
    np.testing.assert_array_equal(p.cov, gm.Gaussian.from_samples(frame.to_numpy()).cov)


NUMBERS = {"a": [1, 2, 3, 5], "b": [True, False, True, True], "c": [0.5, -1.0, 2.0, 7.0]}
FRAMES = {
    "pandas": pd.DataFrame(NUMBERS),
    "nullable": pd.DataFrame(NUMBERS).astype({"a": "Int64", "b": "boolean"}),
    "all nullable": pd.DataFrame(NUMBERS).astype({"a": "Int64", "b": "boolean", "c": "Float64"}),
    "polars": pl.DataFrame(NUMBERS),
}


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
def test_columns_of_several_types_of_numbers(frame):
    p = gm.Gaussian.from_samples(frame)
    expected = np.column_stack([np.asarray(column, dtype=float) for column in NUMBERS.values()])
    assert p.names == ("a", "b", "c")
    np.testing.assert_array_equal(p.cov, gm.Gaussian.from_samples(expected).cov)
    np.testing.assert_array_equal(p.logpdf(frame), p.logpdf(expected))


GAPS = {"age": [1.0, 2.0, 3.0], "old": [True, None, False]}
MISSING = {
    "pandas": pd.DataFrame({"age": [1.0, 2.0, 3.0], "old": [1.0, np.nan, 0.0]}),
    "nullable": pd.DataFrame(GAPS).astype({"age": "Float64", "old": "boolean"}),
    "polars": pl.DataFrame(GAPS),
}


@pytest.mark.parametrize("frame", MISSING.values(), ids=MISSING)
def test_a_missing_value_is_named_by_its_column(frame):
    for read in (gm.Gaussian.from_samples, gm.Gaussian.standard(2).logpdf, gm.Moments.from_samples):
        with pytest.raises(ValueError, match=r"[Xx]\[1, 'old'\] is nan\. Remove or impute such"):
            read(frame)


@pytest.mark.parametrize("library", [pd, pl], ids=["pandas", "polars"])
@pytest.mark.parametrize("others", [{"n": [1.0, 2.0]}, {}])
@pytest.mark.parametrize("digits", ["ab", "12"])
def test_a_column_of_text_is_named(library, others, digits):
    frame = library.DataFrame({**others, "species": list(digits)})
    text = "X must hold real numbers, but its column 'species' is of type "
    with pytest.raises(TypeError, match=re.escape(text) + r"\w+\. Drop it, or encode it"):
        gm.Gaussian.from_samples(frame)


TWO_LEVELS = pd.MultiIndex.from_product([["a", "b"], ["c", "d"]])


@pytest.mark.parametrize("columns", [None, [1, 2, 3, 4], ["a", "b", "c", 4], TWO_LEVELS])
def test_labels_that_are_not_text_are_no_names(columns):
    assert gm.Gaussian.from_samples(pd.DataFrame(X.to_numpy(), columns=columns)).names is None


def test_pandas_means_and_covariances_name_the_variables():
    p = gm.Gaussian(X.mean(), X.cov())
    assert p.names == tuple(X.columns)
    assert gm.kl_divergence(p, gm.Gaussian.from_samples(X)) < 1e-20
    groups = gm.Gaussian(X.groupby(SPECIES).mean(), X.cov())
    assert (groups.batch_shape, groups.names) == ((3,), p.names)
    assert gm.Gaussian(X.mean().to_numpy(), X.cov()).names == p.names
    assert gm.Gaussian(X.mean(), X.cov().to_numpy()).names == p.names
    with refused(ValueError, "mean and cov must name the same variables in the same order, got"):
        gm.Gaussian(X[PETAL + SEPAL].mean(), X.cov())


def test_names_can_be_given():
    p = gm.Gaussian([0.0, 1.0], np.eye(2), names=["a", "b"])
    assert p.names == ("a", "b")
    renamed = gm.Gaussian(p.mean, p.covariance, names=pd.Index(["u", "v"]))
    assert renamed.names == ("u", "v")
    rows = np.random.default_rng(0).standard_normal((5, 9, 2))
    assert gm.Gaussian.from_samples(rows, names=np.array(["a", "b"])).names == ("a", "b")
    assert gm.Gaussian.standard(2).names is None


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda n: n("ab"), TypeError, "names must be a list of strings, one a variable, got 'ab'"),
        (lambda n: n(3), TypeError, "names must be a list of strings, one a variable, got 3"),
        (
            lambda n: n({"a", "b"}),
            TypeError,
            "names must be a list of names, got a set, which has no order.",
        ),
        (lambda n: n(frozenset("ab")), TypeError, "names must be a list of names, got a frozenset"),
        (lambda n: n(["a", 1]), TypeError, "names must be strings, got 1 among them"),
        (lambda n: n(["a"]), ValueError, "names must be one for each of the 2 variables, got 1"),
        (lambda n: n(["a", "a"]), ValueError, "names must differ from each other, but 'a' comes"),
        (
            lambda _: gm.Gaussian.from_samples(X.iloc[:, [0, 1, 0]]),
            ValueError,
            "the labels of X must differ from each other, but 'sepal length (cm)' comes twice",
        ),
        (
            lambda _: gm.Gaussian.from_samples(X[PETAL], names=["a", "b"]),
            ValueError,
            "names and X must name the same variables in the same order, got ('a', 'b') and "
            "('petal length (cm)', 'petal width (cm)'). Bring them in one order, or pass "
            "np.asarray(X) for its numbers alone.",
        ),
    ],
)
def test_names_that_do_not_fit(call, error, text):
    with refused(error, text):
        call(lambda names: gm.Gaussian([0.0, 1.0], np.eye(2), names=names))


P = gm.Gaussian.from_samples(X)


@pytest.mark.parametrize(
    ("chosen", "places"),
    [
        (SEPAL[1], [1]),
        ([PETAL[0], SEPAL[0]], [2, 0]),
        (tuple(PETAL), [2, 3]),
        (pd.Index(PETAL), [2, 3]),
        (np.array(PETAL), [2, 3]),
        (pl.Series(PETAL), [2, 3]),
        (slice(1, 3), [1, 2]),
        ([True, False, False, True], [0, 3]),
        (X.columns.str.startswith("petal"), [2, 3]),
    ],
)
def test_marginals_by_name(chosen, places):
    part = P.marginal(chosen)
    assert part.names == tuple(X.columns[places])
    np.testing.assert_array_equal(part.mean, P.mean[places])
    np.testing.assert_array_equal(part.cov, P.cov[np.ix_(places, places)])


def test_conditionals_by_name():
    regression = P.conditional(given=PETAL)
    assert (regression.names, regression.given) == (tuple(SEPAL), tuple(PETAL))
    np.testing.assert_array_equal(regression.weights, P.conditional(given=[2, 3]).weights)
    laws = regression(X[PETAL])
    assert laws.names == tuple(SEPAL)
    np.testing.assert_array_equal(laws.mean, regression(X[PETAL].to_numpy()).mean)
    with refused(ValueError, "x must have the variables of the Gaussian in their order"):
        regression(X[PETAL[::-1]])
    assert gm.Gaussian(P.mean, P.cov).conditional([0]).names is None


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (
            lambda: P.marginal("sepal lenght (cm)"),
            "indices must name variables of the Gaussian, got 'sepal lenght (cm)'. Did you mean "
            "'sepal length (cm)'",
        ),
        (lambda: P.marginal("zzz"), "got 'zzz'. Its names are ('sepal length (cm)', 'sepal width"),
        (lambda: P.conditional(["zzz"]), "given must name variables of the Gaussian, got 'zzz'"),
        (lambda: P.marginal([SEPAL[0], 1]), "indices must be all names or all numbers, got"),
        (lambda: P.marginal([SEPAL[0]] * 2), "indices must name each coordinate once, got ['sepal"),
        (lambda: P.marginal(set(SEPAL)), "indices must name coordinates from 0 to 3"),
        (lambda: P.conditional(list(X)), "given names all 4 coordinates"),
        (
            lambda: gm.Gaussian.standard(2).marginal(["a"]),
            "indices must name coordinates from 0 to 1, got ['a'], and this Gaussian has no names. "
            "Make it from a data frame, or with Gaussian(mean, cov, names=...).",
        ),
    ],
)
def test_names_that_are_not_there(call, text):
    with refused(ValueError, text):
        call()


@pytest.mark.parametrize("copier", [copy.deepcopy, lambda p: pickle.loads(pickle.dumps(p))])
def test_names_survive_copies(copier):
    assert copier(P).names == P.names


def test_names_survive_indexing():
    batch = gm.Gaussian(X.groupby(SPECIES).mean(), X.cov())
    for part in (batch[0], batch[1:], batch[:, None], *batch):
        assert part.names == batch.names


def test_points_in_a_frame_must_have_the_columns_of_the_law():
    np.testing.assert_array_equal(P.logpdf(X), P.logpdf(X.to_numpy()))
    assert P.logpdf(X.iloc[0]) == pytest.approx(P.logpdf(X.to_numpy())[0], rel=1e-14)
    assert gm.Gaussian(P.mean, P.cov).logpdf(X[PETAL + SEPAL]).shape == (150,)
    for other in (X[PETAL + SEPAL], X[PETAL], X.iloc[0][PETAL + SEPAL]):
        with refused(ValueError, "Choose them by name, as x[list(names)], or pass np.asarray(x)"):
            P.logpdf(other)


def test_metrics_of_laws_with_other_names():
    other = P.marginal(PETAL + SEPAL)
    with refused(ValueError, "in another order: pass q.marginal(p.names) for q."):
        gm.kl_divergence(P, other)
    assert gm.kl_divergence(P, other.marginal(P.names)) < 1e-20
    q = gm.Gaussian(P.mean, P.cov, names=["a", "b", "c", "d"])
    with refused(
        ValueError,
        "wasserstein_distance needs p and q of the same variables, got p.names = ('sepal length",
    ):
        gm.wasserstein_distance(P, q)
    with refused(ValueError, "q.names = ('a', 'b', 'c', 'd'). Compare the variables that both"):
        gm.hellinger_distance(P, q)
    with refused(ValueError, "gaussmetrics.Gaussian(q.mean, q.covariance, names=p.names) for q."):
        gm.bayes_error(P, q)
    assert gm.kl_divergence(P, gm.Gaussian(q.mean, q.covariance, names=P.names)) == 0
    assert gm.kl_divergence(P, gm.Gaussian(P.mean, P.cov)) == 0
    assert gm.kl_divergence(P, gm.Gaussian(P.mean, P.cov, names=list(X.columns))) == 0


# How it shows itself


def cells(html):
    """The rows of a table as text, read by a parser that accepts no tag left open."""
    table = ElementTree.fromstring(html)
    return [["".join(cell.itertext()) for cell in row] for row in table.iter("tr")]


def test_repr():
    p = gm.Gaussian([0.0, 1.0], np.eye(2), names=["a", "b"])
    assert repr(p) == "Gaussian(dim=2, names=('a', 'b'))"
    assert len(repr(gm.Gaussian.from_samples(np.eye(99), names=map(str, range(99))))) < 100


def test_html_of_one_law():
    p = gm.Gaussian([0.0, -1.5], [[4.0, -1.0], [-1.0, 1.0]], names=["<a>", "b & c"])
    html = p._repr_html_()
    assert "Gaussian, 2 variables</caption>" in html
    assert cells(html) == [
        ["variable", "mean", "standard deviation", "correlation with"],
        ["<a>", "b & c"],
        ["<a>", "0.000", "2.000", "1.000", "-0.500"],
        ["b & c", "-1.500", "1.000", "-0.500", "1.000"],
    ]


def test_html_has_no_negative_zero():
    p = gm.Gaussian([0.0, 0.0], [[1.0, -1e-5], [-1e-5, 1.0]])
    assert cells(p._repr_html_())[-1][-2:] == ["0.000", "1.000"]


def test_html_without_correlations():
    independent = gm.Gaussian([1.0, 2.0], gm.Covariance.from_diagonal([1.0, 4.0]))._repr_html_()
    assert "2 variables, independent</caption>" in independent
    assert cells(independent)[0] == ["variable", "mean", "standard deviation"]
    assert cells(independent)[2] == ["1", "2.000", "2.000"]
    assert len(cells(gm.Gaussian([1.0], [[1.0]])._repr_html_())) == 2
    many = cells(gm.Gaussian.standard(30)._repr_html_())
    assert len(many) == 12
    assert many[-1] == ["… and 20 more"]


def test_html_of_a_singular_law():
    p = gm.Gaussian([0.0, 0.0], [[1.0, 0.0], [0.0, 0.0]], allow_singular=True)
    assert "rank 1</caption>" in p._repr_html_()
    assert cells(p._repr_html_())[-1] == ["1", "0.000", "0.000", "–", "–"]


def test_html_of_a_batch():
    p = gm.Gaussian([[1.0], [3.0]], [[[4.0]], [[9.0]]])
    assert "Gaussian batch of shape (2,), 1 variable<" in p._repr_html_()
    assert cells(p._repr_html_()) == [
        ["variable", "mean", "standard deviation"],
        ["least", "greatest", "least", "greatest"],
        ["0", "1.000", "3.000", "2.000", "3.000"],
    ]
    assert cells(p[:0]._repr_html_())[-1] == ["0", "–", "–", "–", "–"]


def test_geodesics_and_barycentres_keep_the_names():
    laws = gm.Gaussian([[0.0, 1.0], [2.0, 0.0]], np.eye(2), names=("height", "weight"))
    assert gm.wasserstein_geodesic(laws[0], laws[1], 0.5).names == laws.names
    assert gm.wasserstein_barycenter(laws).names == laws.names


def test_mutual_information_takes_names():
    law = gm.Gaussian([0.0, 0.0], [[2.0, 1.0], [1.0, 3.0]], names=("height", "weight"))
    by_name = gm.mutual_information(law, x_index="height", y_index="weight")
    assert by_name == gm.mutual_information(law, x_index=[0], y_index=[1])
