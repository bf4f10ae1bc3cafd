"""What the tests of pictures share: laws to draw, and reading what was drawn."""

import matplotlib as mpl
import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.quiver import Quiver
from sklearn.datasets import load_iris

import gaussmetrics as gm

SEED = 2024
COLOURS = mpl.rcParams["axes.prop_cycle"].by_key()["color"]
LEVELS = (0.1, 0.5, 0.95, 0.999)


def covariance(seed, d=2):
    factor = np.random.default_rng(seed).standard_normal((d, d + 2))
    return factor @ factor.T


def law(seed=SEED, d=2, **kwargs):
    return gm.Gaussian(np.arange(1.0, d + 1), covariance(seed, d), **kwargs)


def batch(n, d=2):
    means = np.random.default_rng(SEED).standard_normal((n, d))
    return gm.Gaussian(means, np.stack([covariance(i, d) for i in range(n)]))


def polygons(ax):
    """The vertices of all filled regions, in the order in which they were drawn."""
    collections = [c for c in ax.collections if isinstance(c, PolyCollection)]
    return [p.vertices for c in collections if not isinstance(c, Quiver) for p in c.get_paths()]


def arrows(ax):
    (quiver,) = [c for c in ax.collections if isinstance(c, Quiver)]
    start = np.column_stack([quiver.X, quiver.Y])
    return start, start + np.column_stack([quiver.U, quiver.V])


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


class Stub:
    """A classifier with the probabilities it was made of, the same everywhere or one a row."""

    def __init__(self, *chances, classes=None):
        self.chances = np.array(chances)
        self.classes_ = np.arange(self.chances.shape[-1]) if classes is None else classes

    def predict(self, X):
        return np.asarray(self.classes_)[self.predict_proba(X).argmax(axis=1)]

    def predict_proba(self, X):
        return np.broadcast_to(self.chances, (len(X), len(self.classes_)))


def squared_distance(points, mean, cov):
    deviation = points - mean
    return np.einsum("ni,ij,nj->n", deviation, np.linalg.inv(cov), deviation)


IRIS = load_iris(as_frame=True)
TWO = ["petal length (cm)", "petal width (cm)"]
X2, Y = IRIS.data[TWO].to_numpy(), IRIS.target.to_numpy()
EXPLANATION = gm.explain(gm.kl_divergence, law(1), law(2))


def ticks(axis):
    return [text.get_text() for text in axis.get_ticklabels()]
