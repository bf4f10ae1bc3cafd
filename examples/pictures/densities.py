"""
Densities on the way
====================

One variable: time goes upwards, and arrows join the quantiles of the first law to those of the
last.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_iris

import gaussmetrics as gm

plt.rcParams["font.size"] = 8

iris = load_iris(as_frame=True)
versicolor, virginica = (gm.Gaussian.from_samples(iris.data[iris.target == k]) for k in (1, 2))

figure, ax = plt.subplots(figsize=(3.4, 2.9), layout="compressed")
names = ["versicolor", "virginica"]
gm.plot_transport(
    versicolor, virginica, coordinates="petal length (cm)", labels=names, cmap="plasma", ax=ax
)
plt.show()
