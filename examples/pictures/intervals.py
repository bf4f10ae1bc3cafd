"""
Distances with their intervals
==============================

Every pair of groups with the 95 % interval of its distance, and a star where a test tells the two
laws apart at 5 %, adjusted for all pairs. The last pair is one grape in two halves, by chance.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_wine

import gaussmetrics as gm

plt.rcParams["font.size"] = 8

wine = load_wine()
table = (wine.data - wine.data.mean(axis=0)) / wine.data.std(axis=0)
groups = {name: table[wine.target == k] for k, name in enumerate(["Barolo", "Grignolino"])}
barbera = np.random.default_rng(0).permutation(table[wine.target == 2])
groups |= {"Barbera A": barbera[::2], "Barbera B": barbera[1::2]}
pairs = gm.estimate_pairwise(gm.wasserstein_distance, groups, shrinkage="oas", rng=0)

figure, ax = plt.subplots(figsize=(4.6, 2.4), layout="compressed")
for place, row in enumerate(reversed(pairs.rows)):
    ax.plot([row.low, row.high], [place, place], color="0.4")
    ax.plot(row.estimate.value, place, "o", color="C0")
    if row.p_value < 0.05:
        ax.annotate("*", (row.high, place), (4, -4), textcoords="offset points")
ax.set_yticks(range(len(pairs.rows)), [f"{r.first} – {r.second}" for r in reversed(pairs.rows)])
ax.set(xlabel="Wasserstein distance, std. deviations", xlim=(-0.1, None))
plt.show()
