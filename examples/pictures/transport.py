"""
The way from one law to another
===============================

The ellipses are the laws on the shortest path, the arrows the optimal map: where each point goes.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_iris

import gaussmetrics as gm

plt.rcParams["font.size"] = 8

iris = load_iris(as_frame=True)
petals = iris.data[["petal length (cm)", "petal width (cm)"]]
setosa, virginica = (gm.Gaussian.from_samples(petals[iris.target == k]) for k in (0, 2))

figure, ax = plt.subplots(figsize=(4.6, 2.8), layout="compressed")
gm.plot_transport(setosa, virginica, labels=["setosa", "virginica"], ax=ax)
plt.show()
