"""
Forty groups, told apart
========================

Ten digits, the handwriting of each in four lots. Beyond ten laws the colours come again with
another stroke, and the legend stands beside the axes in columns.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits

import gaussmetrics as gm

plt.rcParams["font.size"] = 8

digits = load_digits()
plane = gm.AnalyticLogisticRegression(n_components=2).fit(digits.data, digits.target)
rows = {k: plane.transform(digits.data[digits.target == k]) for k in range(10)}
lots = {f"{k}, lot {lot + 1}": rows[k][lot::4] for lot in range(4) for k in rows}

figure, ax = plt.subplots(figsize=(7, 4.2), layout="compressed")
laws = gm.Gaussian.stack([gm.Gaussian.from_samples(lot) for lot in lots.values()])
gm.plot_gaussians(laws, labels=lots, probability=0.5, ax=ax)
ax.set(xlabel="first discriminant axis", ylabel="second discriminant axis")
plt.show()
