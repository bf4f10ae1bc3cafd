"""
Can its probabilities be believed?
==================================

How often two classifiers are right against how sure they are, on digits that they have not seen.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.naive_bayes import GaussianNB

import gaussmetrics as gm

plt.rcParams["font.size"] = 8

X, y = load_digits(return_X_y=True)
train, test = slice(0, 600), slice(600, None)

figure, ax = plt.subplots(figsize=(5.4, 3.2), layout="compressed")
for model in (gm.AnalyticLogisticRegression(), GaussianNB()):
    model.fit(X[train], y[train])
    gm.plot_calibration(model, X[test], y[test], ax=ax)
plt.show()
