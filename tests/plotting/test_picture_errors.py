"""Errors of pictures, and their texts."""

import re
import subprocess
import sys

import numpy as np
import pytest
from drawn import EXPLANATION, X2, Stub, Y, batch, law
from matplotlib import pyplot as plt
from sklearn.linear_model import RidgeClassifier
from sklearn.naive_bayes import GaussianNB

import gaussmetrics as gm

P, Q3 = law(), law(d=3)
PLAIN = gm.AnalyticLogisticRegression().fit(X2, Y)
ERRORS = {
    "array for a law": (gm.plot_gaussian, ([0.0],), {}, TypeError, "plot_gaussian takes Gaussian"),
    "probability in percent": (
        gm.plot_gaussian, (P,), {"probability": 95}, ValueError,
        "probability must lie between 0 and 1, got 95. For 95 % pass probability=0.95.",
    ),
    "probability of another type": (
        gm.plot_gaussian, (P,), {"probability": "95%"}, TypeError,
        "probability must be a number, got '95%'.",
    ),
    "three coordinates": (
        gm.plot_gaussian, (Q3,), {"coordinates": [0, 1, 2]}, ValueError,
        "coordinates must name one coordinate, whose density is drawn, or a pair, whose ellipse is "
        "drawn, got 3.",
    ),
    "a coordinate beyond": (
        gm.plot_gaussian, (P,), {"coordinates": [0, 5]}, ValueError,
        "coordinates must name coordinates from 0 to 1",
    ),
    "not a list": (gm.plot_gaussians, (5,), {}, TypeError, "plot_gaussians takes Gaussian objects"),
    "an array in a list": (
        gm.plot_gaussians, ([P, np.eye(2)],), {}, TypeError,
        "plot_gaussians takes Gaussian objects, but ps[1] is of type ndarray",
    ),
    "a single law": (gm.plot_gaussians, (P,), {}, ValueError, "ps must be a batch of shape (n,)"),
    "no law": (
        gm.plot_gaussians, ([],), {}, ValueError, "plot_gaussians needs at least one law, got none."
    ),
    "an empty batch in a list": (
        gm.plot_gaussians, ([batch(2, 1)[0], batch(2, 1)[:0]],), {}, ValueError,
        "plot_gaussians has nothing to draw of ps[1], which is an empty batch. Leave it out.",
    ),
    "two dimensions": (
        gm.plot_gaussians, ([P, Q3],), {}, ValueError,
        "plot_gaussians needs laws of one dimension, got [2, 3].",
    ),
    "other variables": (
        gm.plot_gaussians, ([law(names=["a", "b"]), P, law(names=["b", "a"])],), {}, ValueError,
        "plot_gaussians needs laws of the same variables in one order, got names ('a', 'b') and "
        "('b', 'a'). Bring them in one order with marginal(names).",
    ),
    "too few labels": (
        gm.plot_gaussians, ([P, P],), {"labels": ["a"]}, ValueError,
        "labels must name each of the 2 laws, got 1 names.",
    ),
    "labels without an order": (
        gm.plot_gaussians, ([P, P],), {"labels": {"a", "b"}}, TypeError,
        "labels must be a list of names, got a set, which has no order.",
    ),
    "a label for all": (
        gm.plot_gaussians, ([P, P],), {"labels": "ab"}, TypeError,
        "labels must be a list of names, got 'ab'.",
    ),
    "transport of a batch": (
        gm.plot_transport, (P, batch(3)), {}, ValueError,
        "plot_transport draws one pair, but q has batch_shape (3,). Pass q[i], and call it once a "
        "pair.",
    ),
    "one step": (
        gm.plot_transport, (P, P), {"steps": 1}, ValueError,
        "steps must be at least 2, got 1.",
    ),
    "half a step": (
        gm.plot_transport, (P, P), {"steps": 2.5}, TypeError, "steps must be an integer, got 2.5."
    ),
    "arrows below zero": (
        gm.plot_transport, (P, P), {"arrows": -1}, ValueError,
        "arrows must be at least 0, got -1.",
    ),
    "arrows of another type": (
        gm.plot_transport, (P, P), {"arrows": True}, TypeError,
        "arrows must be an integer, got True.",
    ),
    "ends without names": (
        gm.plot_transport, (P, P), {"labels": ["p"]}, ValueError,
        "labels must name each of the 2 laws, p and q, got 1 names.",
    ),
    "flat table": (
        gm.plot_pairwise, ([1.0, 2.0],), {}, ValueError,
        "table must have shape (n, m), as gaussmetrics.pairwise returns it, got (2,).",
    ),
    "table of words": (
        gm.plot_pairwise, ([["a"]],), {}, TypeError, "table must hold real numbers, got dtype <U1."
    ),
    "laws for their table": (
        gm.plot_pairwise, (batch(3),), {}, TypeError,
        "table must hold real numbers, got dtype object. Pass laws through "
        "gaussmetrics.pairwise(metric, laws) first.",
    ),
    "NaN": (
        gm.plot_pairwise, ([[0.0, np.nan]],), {}, ValueError,
        "table must hold no NaN, but table[0, 1] is one.",
    ),
    "unknown order": (
        gm.plot_pairwise, ([[0.0]],), {"order": "name"}, ValueError,
        "order must be None or \"clustering\", got 'name'.",
    ),
    "order of names": (
        gm.plot_pairwise, (np.eye(2),), {"order": np.array(["a", "b"])}, ValueError,
        "order must be None or \"clustering\", got array(['a', 'b'], dtype='<U1').",
    ),
    "order of a rectangle": (
        gm.plot_pairwise, ([[0.0, 1.0]],), {"order": "clustering"}, ValueError,
        'order="clustering" needs the table of a batch with itself, got shape (1, 2).',
    ),
    "order of similarities": (
        gm.plot_pairwise, ([[1.0, 0.2], [0.2, 1.0]],), {"order": "clustering"}, ValueError,
        'order="clustering" needs distances: none negative, and none of a law to itself larger '
        "than to another. Turn similarities around first, for example 1 - table.",
    ),
    "column labels": (
        gm.plot_pairwise, ([[0.0, 1.0]],), {"column_labels": ["a"]}, ValueError,
        "column_labels must name each of the 2 columns, got 1 names.",
    ),
    "a number explained": (
        gm.plot_explanation, (3.0,), {}, TypeError,
        "explanation must come from gaussmetrics.explain(metric, p, q), or be a list of such, got "
        "float.",
    ),
    "nothing explained": (
        gm.plot_explanation, ([],), {}, ValueError,
        "explanation must hold at least one explanation, got none.",
    ),
    "two metrics": (
        gm.plot_explanation, ([EXPLANATION, gm.explain(gm.bhattacharyya_distance, P, P)],), {},
        ValueError, "explanations in one picture must be of one metric, got "
        "bhattacharyya_distance, kl_divergence. They have different units",
    ),
    "batches in a list": (
        gm.plot_explanation, ([gm.explain(gm.kl_divergence, batch(2), P)],), {}, ValueError,
        "explanation must be single, a batch of shape (n,), or a list of single ones, got one of "
        "batch_shape (2,).",
    ),
    "a table of explanations": (
        gm.plot_explanation,
        (gm.explain(gm.kl_divergence, batch(2)[:, None], batch(3)),), {}, ValueError,
        "batch_shape (2, 3).",
    ),
    "labels of bars": (
        gm.plot_explanation, (EXPLANATION,), {"labels": ["a"]}, ValueError,
        "labels must name each of the 2 bars, got 1 names.",
    ),
    "no classifier": (
        gm.plot_calibration, (3, X2, Y), {}, TypeError,
        "plot_calibration takes a fitted classifier, got 3. For example classifier =",
    ),
    "a class of classifiers": (
        gm.plot_decision_regions, (GaussianNB, X2, Y), {}, TypeError,
        "plot_decision_regions takes a fitted classifier, got <class",
    ),
    "not fitted": (
        gm.plot_calibration, (GaussianNB(), X2, Y), {}, ValueError,
        "plot_calibration needs a fitted classifier: call classifier.fit(X, y) first.",
    ),
    "no probabilities": (
        gm.plot_calibration, (RidgeClassifier().fit(X2, Y), X2, Y), {}, TypeError,
        "plot_calibration needs probabilities, but RidgeClassifier has no predict_proba. Calibrate "
        "it first, with scikit-learn's CalibratedClassifierCV.",
    ),
    "three columns": (
        gm.plot_decision_regions, (PLAIN, np.ones((4, 3)), [0] * 4), {}, ValueError,
        "plot_decision_regions needs X of shape (n, 2), got (4, 3). Fit the classifier on two",
    ),
    "too few labels of rows": (
        gm.plot_decision_regions, (PLAIN, X2, Y[:3]), {}, ValueError,
        "y must hold one label a row of X, at least one, got shape (3,) for 150 rows.",
    ),
    "unknown labels": (
        gm.plot_calibration, (PLAIN, X2, Y + 1), {}, ValueError,
        "y holds labels that the classifier was not fitted on: [3]; its classes are [0, 1, 2].",
    ),
    "no labels": (
        gm.plot_decision_regions, (PLAIN, X2, [None] * 150), {}, ValueError,
        "y holds labels that the classifier was not fitted on: [None]; its classes are [0, 1, 2].",
    ),
    "labels of many kinds": (
        gm.plot_decision_regions, (PLAIN, X2[:3], np.array([0, None, "a"], dtype=object)), {},
        ValueError, "the classifier was not fitted on: [None, 'a']; its classes are [0, 1, 2].",
    ),
    "NaN for a probability": (
        gm.plot_calibration, (Stub([0.5, 0.5], [np.nan, 0.5]), X2[:2], [0, 1]), {}, ValueError,
        "predict_proba(X) must be finite, but predict_proba(X)[1, 0] is nan.",
    ),
    "NaN for a region": (
        gm.plot_decision_regions, (Stub([np.nan, 0.5]), X2[:2], [0, 1]), {}, ValueError,
        "predict_proba(X) must be finite, but predict_proba(X)[0, 0] is nan.",
    ),
    "no bins": (
        gm.plot_calibration, (PLAIN, X2, Y), {"bins": 0}, ValueError, "bins must be at least 1"
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("plot", "operands", "options", "kind", "text"), ERRORS.values(), ids=ERRORS
)
def test_errors_teach(plot, operands, options, kind, text):
    with pytest.raises(kind, match=re.escape(text)):
        plot(*operands, **options)
    assert plt.get_fignums() == [], "a figure was made before the operands were checked"


def test_without_matplotlib_the_error_says_what_to_install():
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "import gaussmetrics as gm\n"
        "try: gm.plot_gaussian\n"
        "except ImportError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    text = 'plotting needs the package matplotlib: pip install "gaussmetrics[plot]".'
    assert done.stdout.strip() == text
