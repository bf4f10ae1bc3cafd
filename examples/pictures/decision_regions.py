"""
Where a classifier decides, and how surely
==========================================

A point has the colour of its most probable class, the deeper the surer, and white where nothing is
decided.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_iris

import gaussmetrics as gm

plt.rcParams["font.size"] = 8

iris = load_iris(as_frame=True)
petals = iris.data[["petal length (cm)", "petal width (cm)"]]
species = iris.target_names[iris.target]
model = gm.AnalyticLogisticRegression().fit(petals, species)

figure, ax = plt.subplots(figsize=(4.6, 3.2), layout="compressed")
gm.plot_decision_regions(model, petals, species, ax=ax)
plt.show()
