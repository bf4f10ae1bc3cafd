"""How many groups are there, when a mixture was fitted with too many components?

A Gaussian mixture with eight components is fitted to three properties of 178 wines. A group that is
no ellipse takes several components, so they are merged pair by pair. Merging keeps weight, mean and
covariance (`+` of Moments does just that), and the next pair is the one that costs least: Runnalls'
bound on what the density loses, w₁ KL(p₁‖merged) + w₂ KL(p₂‖merged) in nats (Runnalls 2007,
doi:10.1109/TAES.2007.4383588). Where the cost jumps, stop. The overlap, the Bhattacharyya
coefficient of the pair, is the other usual criterion (Hennig 2010, doi:10.1007/s11634-010-0058-3).
"""

from itertools import combinations

from sklearn.datasets import load_wine
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture
from sklearn.preprocessing import StandardScaler

import gaussmetrics as gm

COLUMNS = ["flavanoids", "color_intensity", "proline"]


def law(part):
    return gm.Gaussian(part.mean, part.covariance(ddof=0))


def cost(part, other):
    return sum(p.count * gm.kl_divergence(law(p), law(part + other)) for p in (part, other))


wine = load_wine(as_frame=True)
X = StandardScaler().fit_transform(wine.data[COLUMNS])
model = GaussianMixture(8, reg_covar=1e-3, n_init=5, random_state=0).fit(X)
component = model.predict(X)

weights, laws = gm.Gaussian.from_mixture(model)
parts = {(k,): gm.Moments(w, laws[k].mean, w * laws[k].cov) for k, w in enumerate(weights)}
print("groups  cost of the merge  overlap of the two  agreement with the cultivars")
while len(parts) > 1:
    a, b = min(combinations(parts, 2), key=lambda pair: cost(parts[pair[0]], parts[pair[1]]))
    first, second = parts.pop(a), parts.pop(b)
    parts[a + b] = first + second
    group = [next(i for i, members in enumerate(parts) if k in members) for k in component]
    overlap = gm.bhattacharyya_coefficient(law(first), law(second))
    agreement = adjusted_rand_score(wine.target, group)
    print(f"{len(parts):6} {cost(first, second):18.3f} {overlap:19.3f} {agreement:29.2f}")

three = GaussianMixture(3, reg_covar=1e-3, n_init=5, random_state=0).fit_predict(X)
print(f"\nThree components fitted at once: {adjusted_rand_score(wine.target, three):.2f}")
