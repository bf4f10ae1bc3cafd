"""The table of softmax laws and contrastive losses with their judges.

The means of two classes of a data set serve as logits, its rows as vectors.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

import gaussmetrics as gm
from gaussmetrics._array.types import Array, Scalars
from gaussmetrics.laws.gaussian import Gaussian
from gaussmetrics.validation import outcomes
from gaussmetrics.validation.classifiers import Identity
from gaussmetrics.validation.datasets import Dataset
from gaussmetrics.validation.quantities import Quantity, classes, neighbours

ROWS = 12
"""Vectors compared with each other."""

OF_TWO: dict[str, Callable[..., Any]] = {
    "cross_entropy": gm.softmax_cross_entropy,
    "kl_divergence": gm.softmax_kl_divergence,
    "jeffreys_divergence": gm.softmax_jeffreys_divergence,
    "renyi_divergence": partial(gm.softmax_renyi_divergence, alpha=outcomes.ORDER),
    "bhattacharyya_distance": gm.softmax_bhattacharyya_distance,
    "hellinger_distance": gm.softmax_hellinger_distance,
    "total_variation_distance": gm.softmax_total_variation_distance,
    "jensen_shannon_divergence": gm.softmax_jensen_shannon_divergence,
}

GRADIENTS: dict[str, Callable[..., Any]] = {
    "cross_entropy": gm.softmax_cross_entropy_gradient,
    "kl_divergence": gm.softmax_kl_divergence_gradient,
    "jeffreys_divergence": gm.softmax_jeffreys_divergence_gradient,
    "renyi_divergence": partial(gm.softmax_renyi_divergence_gradient, alpha=outcomes.ORDER),
    "bhattacharyya_distance": gm.softmax_bhattacharyya_distance_gradient,
    "hellinger_distance": gm.softmax_hellinger_distance_gradient,
    "total_variation_distance": gm.softmax_total_variation_distance_gradient,
    "jensen_shannon_divergence": gm.softmax_jensen_shannon_divergence_gradient,
}


def of_means(function: Callable[..., Scalars]) -> Callable[..., Scalars]:
    """Turn a function of logits into one of normals, whose means are the logits."""

    def of_laws(*laws: Gaussian) -> Scalars:
        return function(*(law.mean for law in laws))

    return of_laws


def first_is_positive(loss: Callable[..., Scalars]) -> Callable[..., Scalars]:
    """Turn a contrastive loss into one of a row whose first candidate is the positive."""
    return lambda scores: loss(scores, 0)


def means(dataset: Dataset) -> Array:
    """Return the means of all classes, one a row."""
    return np.stack([law.mean for law in dataset.gaussians().values()])


def pair_gradients(gradient: Callable[..., Any], dataset: Dataset) -> Array:
    """Return the gradients for each class and the next."""
    return np.stack([np.stack(gradient(u, v)) for u, v in pairwise(means(dataset))])


def pair_slopes(name: str, dataset: Dataset) -> Array:
    """Return the same by complex steps."""
    return np.stack([outcomes.pair_slopes(name, u, v) for u, v in pairwise(means(dataset))])


def each_mean(function: Callable[[Array], Array], dataset: Dataset) -> Array:
    """Return what a function makes of each class's mean."""
    return np.stack([function(u) for u in means(dataset)])


def vectors(dataset: Dataset) -> tuple[Array, Array]:
    """Return a few rows and those after them, scaled so that no score is certain."""
    chosen = dataset.features[:: len(dataset.features) // (2 * ROWS)] / 2
    return chosen[:ROWS], chosen[ROWS : 2 * ROWS]


def row_gradients(dataset: Dataset) -> Array:
    """Return ũ of a few rows."""
    return gm.contrastive_row_gradients(*vectors(dataset)).u


def row_slopes(dataset: Dataset) -> Array:
    """Return the same by complex steps."""
    return outcomes.row_slopes(*vectors(dataset))


STEPS = "complex steps"

SOFTMAX: tuple[Quantity | Identity, ...] = (
    Quantity("softmax_entropy", of_means(gm.softmax_entropy), outcomes.entropy, classes),
    *(
        Quantity(f"softmax_{name}", of_means(f), getattr(outcomes, name), neighbours)
        for name, f in OF_TWO.items()
    ),
    Quantity(
        "info_nce_loss",
        of_means(first_is_positive(gm.info_nce_loss)),
        outcomes.info_nce_loss,
        classes,
    ),
    Quantity(
        "flat_nce_loss",
        of_means(first_is_positive(gm.flat_nce_loss)),
        outcomes.flat_nce_loss,
        classes,
    ),
    Identity(
        "softmax_entropy_gradient",
        partial(each_mean, gm.softmax_entropy_gradient),
        STEPS,
        partial(each_mean, outcomes.entropy_slopes),
    ),
    *(
        Identity(
            f"softmax_{name}_gradient",
            partial(pair_gradients, f),
            STEPS,
            partial(pair_slopes, name),
        )
        for name, f in GRADIENTS.items()
    ),
    Identity(
        "info_nce_loss_gradient",
        partial(each_mean, lambda scores: gm.info_nce_loss_gradient(scores, 0)),
        STEPS,
        partial(each_mean, partial(outcomes.loss_slopes, flat=False)),
    ),
    Identity(
        "flat_nce_loss_gradient",
        partial(each_mean, lambda scores: gm.flat_nce_loss_gradient(scores, 0)),
        STEPS,
        partial(each_mean, partial(outcomes.loss_slopes, flat=True)),
    ),
    Identity("contrastive_row_gradients", row_gradients, STEPS, row_slopes),
)
"""Every closed form of softmax laws and contrastive losses, with its judge."""
