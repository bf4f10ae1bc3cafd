"""
What makes the difference
=========================

Squared Wasserstein distances between wines, split into what is due to the means, to the scales and
to the orientations.
"""

from itertools import combinations

import matplotlib.pyplot as plt
from sklearn.datasets import load_wine

import gaussmetrics as gm

plt.rcParams["font.size"] = 8

wine = load_wine()
table = (wine.data - wine.data.mean(axis=0)) / wine.data.std(axis=0)
laws = {
    name: gm.Gaussian.from_samples(table[wine.target == k])
    for k, name in enumerate(["Barolo", "Grignolino", "Barbera"])
}
pairs = list(combinations(laws, 2))
parts = [gm.explain(gm.squared_wasserstein_distance, laws[p], laws[q]) for p, q in pairs]

figure, ax = plt.subplots(figsize=(4.6, 2.8), layout="compressed")
gm.plot_explanation(parts, labels=["–\n".join(pair) for pair in pairs], ax=ax)
plt.show()
