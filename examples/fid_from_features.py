"""How far apart are two sets of feature vectors? The Fréchet distance, in five lines.

The Fréchet distance of image generation (FID; Heusel et al. 2017, arXiv:1706.08500) is the squared
Wasserstein-2 distance between the Gaussians of two sets of feature vectors. Here the features are
the 64 pixels of scikit-learn's handwritten digits; put the activations of your network in their
place. Some pixels are always empty, so the covariances are singular, which needs no jitter here.
The second table shows what to mind: fewer rows make the same two sources look further apart (see
Chong & Forsyth 2020, arXiv:1911.07023). ``gm.equality_test`` tells whether a distance is more than
that; ``gm.estimate`` takes the bias off and tells the standard error. Without them, compare only
numbers from equally many rows. Below zero, no distance is left.
"""

import numpy as np
from sklearn.datasets import load_digits

import gaussmetrics as gm


def frechet_distance(features, others):
    p = gm.Gaussian.from_samples(features, allow_singular=True)
    q = gm.Gaussian.from_samples(others, allow_singular=True)
    return gm.squared_wasserstein_distance(p, q)


pixels, digit = load_digits(return_X_y=True)
shuffled = np.random.default_rng(0).permutation(pixels)

comparisons = {
    "two random halves of all digits": (shuffled[::2], shuffled[1::2]),
    "the first and the last half": (pixels[:898], pixels[-898:]),
    "digits below five, and from five on": (pixels[digit < 5], pixels[digit >= 5]),
    "zeros and ones": (pixels[digit == 0], pixels[digit == 1]),
}
print("Fréchet distance between, and how often pictures dealt anew are as far apart")
for what, (features, others) in comparisons.items():
    test = gm.equality_test(
        features, others, statistic=gm.squared_wasserstein_distance, allow_singular=True,
        permutations=19, rng=0,
    )  # fmt: skip
    print(f"  {what:36} {frechet_distance(features, others):8.1f}   p = {test.p_value:.2f}")

print("\nAll digits on both sides, fewer and fewer of them: bias alone, about one over rows")
print(f"  {'':36} {'as it is':>8}   less its bias")
for rows in (898, 449, 224, 112):
    X, Y = shuffled[:rows], shuffled[-rows:]
    estimate = gm.estimate(gm.squared_wasserstein_distance, X, Y, allow_singular=True)
    what = f"{rows} rows and {rows} others"
    better = f"{estimate.value:6.1f} ± {estimate.standard_error:.1f}"
    print(f"  {what:36} {frechet_distance(X, Y):8.1f}   {better}")
