"""Can the closed-form classifier take the place of a logistic regression in a pipeline?

Both stand behind a scaler and a principal component analysis, and a grid search chooses by
cross-validated log-loss how many components to keep, and how to shrink (or which C). The closed
form would need no search, because its default, "loo", chooses the shrinkage by exact leave-one-out.
The rows are scikit-learn's handwritten digits: few to learn from, then many. With few rows both are
level; with many, one covariance for all classes is the wrong model, and the iterations pay.
"""

from time import perf_counter

import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

import gaussmetrics as gm

CHOICES = {
    "closed form": (gm.AnalyticLogisticRegression(), {"shrinkage": ["loo", "oas"]}),
    "iterated": (LogisticRegression(max_iter=5000), {"C": [0.1, 1.0, 10.0]}),
}
SPLITS = 2


def search(classifier, grid):
    steps = [("scale", StandardScaler()), ("reduce", PCA()), ("classify", classifier)]
    choices = {f"classify__{name}": values for name, values in grid.items()}
    choices["reduce__n_components"] = [20, None]
    return GridSearchCV(Pipeline(steps), choices, scoring="neg_log_loss")


def judged(model, split):
    X, X_new, y, y_new = split
    start = perf_counter()
    model.fit(X, y)
    seconds = perf_counter() - start
    return np.mean(model.predict(X_new) == y_new), -model.score(X_new, y_new), seconds


data = load_digits(return_X_y=True)
print("rows  classifier    accuracy  log-loss  seconds of the search  last choice")
for rows in (100, 1200):
    splits = [
        train_test_split(*data, train_size=rows, stratify=data[1], random_state=seed)
        for seed in range(SPLITS)
    ]
    for name, choice in CHOICES.items():
        model = search(*choice)
        accuracy, loss, seconds = np.mean([judged(model, split) for split in splits], axis=0)
        chosen = ", ".join(f"{k.split('__')[1]}={v}" for k, v in model.best_params_.items())
        print(f"{rows:4}  {name:12} {accuracy:9.3f} {loss:9.3f} {seconds:22.2f}  {chosen}")
