"""Classify covariances as brain–computer interfaces do, and translate between pyRiemann and here.

Trials of eight channels are simulated: sources of varying power are mixed into the channels, and
one of two sources is weaker, as the mu rhythm is over the side that imagines a movement. A trial is
a Gaussian of mean zero, so pyRiemann's functions of covariances are functions of Gaussians here.
The first table says which, and that they agree. Then the classifier by minimum distance to the mean
(Barachant et al. 2012, doi:10.1109/TBME.2011.2172210): one barycentre a class, and a table of
distances to them. Mind that pyRiemann's default covariance, "scm", does not subtract the mean.
"""

import numpy as np

import gaussmetrics as gm

try:
    from pyriemann.classification import MDM
    from pyriemann.estimation import Covariances
    from pyriemann.geometry.distance import (  # noqa: F401
        distance_kullback,
        distance_kullback_right,
        distance_kullback_sym,
        distance_logdet,
        distance_riemann,
        distance_wasserstein,
    )
    from pyriemann.geometry.mean import mean_wasserstein  # noqa: F401
except ImportError:
    raise SystemExit("This example needs pyRiemann 0.12: pip install 'pyriemann>=0.12'") from None

TRANSLATIONS = {
    "Covariances('cov').transform(x)": "gm.Gaussian.from_samples(x.swapaxes(1, 2)).cov",
    "distance_kullback(A, B)": "gm.kl_divergence(p, q)",
    "distance_kullback_right(A, B)": "gm.kl_divergence(q, p)",
    "distance_kullback_sym(A, B)": "gm.jeffreys_divergence(p, q)",
    "distance_logdet(A, B)": "np.sqrt(2 * gm.bhattacharyya_distance(p, q))",
    "distance_riemann(A, B)": "np.sqrt(2) * gm.fisher_rao_distance(p, q)",
    "distance_wasserstein(A, B)": "gm.wasserstein_distance(p, q)",
    "mean_wasserstein(A)": "gm.wasserstein_barycenter(p).cov",
}


def simulated_trials(rng, trials=120, channels=8, times=200):
    side = np.arange(trials) % 2
    power = np.exp(0.3 * rng.standard_normal((trials, channels)))
    power[np.arange(trials), side] *= 0.6
    sources = np.sqrt(power)[..., None] * rng.standard_normal((trials, channels, times))
    return rng.standard_normal((channels, channels)) @ sources, side


def centred(covariances):
    return gm.Gaussian(np.zeros(covariances.shape[-1]), covariances)


x, side = simulated_trials(np.random.default_rng(0))
A = Covariances("cov").transform(x)
B = np.roll(A, 1, axis=0)
p, q = centred(A), centred(B)
print(f"{'pyRiemann':32} {'gaussmetrics':47} largest difference, relative")
for theirs, ours in TRANSLATIONS.items():
    a, b = eval(theirs), eval(ours)  # what is printed is what is run
    print(f"{theirs:32} {ours:47} {np.abs(a - b).max() / np.abs(b).max():.0e}")

learned, new = slice(0, 80), slice(80, None)
classes = [p[learned][side[learned] == k] for k in (0, 1)]
means = centred(np.stack([gm.wasserstein_barycenter(laws).cov for laws in classes]))
print("\nNearest Wasserstein mean, by          right here   by pyRiemann   same answers")
for metric, name in [(gm.wasserstein_distance, "wasserstein"), (gm.fisher_rao_distance, "riemann")]:
    ours = gm.pairwise(metric, p[new], means).argmin(axis=1)
    mdm = MDM({"mean": "wasserstein", "distance": name}).fit(A[learned], side[learned])
    theirs = mdm.predict(A[new])
    shares = [
        np.mean(answers) for answers in (ours == side[new], theirs == side[new], ours == theirs)
    ]
    print(f"{metric.__name__:37} {shares[0]:10.1%} {shares[1]:14.1%} {shares[2]:14.0%}")
