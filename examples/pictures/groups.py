"""
Groups in the plane that separates them
=======================================

Thirteen properties of wines from three grapes, in the two directions that tell the grapes apart
best. Each ellipse holds 95 % of a normal law.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_wine

import gaussmetrics as gm

plt.rcParams["font.size"] = 8

wine = load_wine()
names = ["Barolo", "Grignolino", "Barbera"]
plane = gm.AnalyticLogisticRegression(n_components=2).fit(wine.data, wine.target)
seen = [plane.transform(wine.data[wine.target == k]) for k in range(3)]

# The width of a column, in inches.
figure, ax = plt.subplots(figsize=(3.4, 2.9), layout="compressed")
gm.plot_gaussians([gm.Gaussian.from_samples(rows) for rows in seen], labels=names, ax=ax)
for k, rows in enumerate(seen):
    ax.plot(*rows.T, ".", color=f"C{k}", markersize=2.5, alpha=0.5, zorder=0)
ax.set(xlabel="first discriminant axis", ylabel="second discriminant axis")
plt.show()
