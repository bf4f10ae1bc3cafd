"""
A table of distances, clustered
===============================

Which handwritten digits look alike? The rows are in the order of a dendrogram, so that near digits
stand beside each other.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits

import gaussmetrics as gm

plt.rcParams["font.size"] = 8

digits = load_digits()
laws = gm.Gaussian.stack(
    [gm.Gaussian.from_samples(digits.data[digits.target == k], shrinkage=0.1) for k in range(10)]
)
table = gm.pairwise(gm.wasserstein_distance, laws)

figure, ax = plt.subplots(figsize=(4.6, 3.8), layout="compressed")
quantity = "Wasserstein distance, grey levels"
gm.plot_pairwise(table, order="clustering", quantity=quantity, cmap="cividis", ax=ax)
plt.show()
