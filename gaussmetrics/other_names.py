"""What people call what is here: other names of the public functions, and misspelt ones."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

_NAMES = {
    "wasserstein_distance": (
        "w2 w2_distance wasserstein wasserstein_2 wasserstein2_distance frechet frechet_distance "
        "bures bures_distance bures_wasserstein bures_wasserstein_distance emd "
        "kantorovich_distance earth_movers_distance ot_distance"
    ),
    "squared_wasserstein_distance": (
        "fid fid_score frechet_inception_distance w2_squared squared_w2 wasserstein_squared "
        "ot_cost squared_frechet_distance squared_bures_distance emd2"
    ),
    "kl_divergence": "kl kld kl_div kullback_leibler kullback_leibler_divergence relative_entropy",
    "jeffreys_divergence": "jeffreys j_divergence symmetric_kl symmetrised_kl symmetrized_kl",
    "jensen_shannon_divergence": (
        "js jsd js_divergence jensen_shannon jensen_shannon_distance information_radius"
    ),
    "total_variation_distance": "tv tvd tv_distance total_variation statistical_distance",
    "hellinger_distance": "hellinger",
    "bhattacharyya_distance": "bhattacharyya db_distance",
    "bhattacharyya_coefficient": "bc overlap overlap_coefficient affinity hellinger_affinity",
    "renyi_divergence": "renyi alpha_divergence",
    "chi_squared_divergence": "chi2 chi2_divergence chi_square chi_square_divergence pearson_chi2",
    "chernoff_information": "chernoff chernoff_distance chernoff_divergence",
    "cauchy_schwarz_divergence": "cauchy_schwarz cs_divergence",
    "fisher_rao_distance": (
        "fisher_rao fisher_distance rao_distance fisher_information_distance airm "
        "affine_invariant_distance riemannian_distance geodesic_distance"
    ),
    "mahalanobis_distance": "mahalanobis",
    "maximum_mean_discrepancy": "mmd kid kernel_distance kernel_mmd",
    "energy_distance": "energy energy_statistic",
    "sinkhorn_divergence": "sinkhorn sinkhorn_distance",
    "entropic_transport_cost": "entropic_ot entropic_wasserstein regularised_ot regularized_ot",
    "gromov_wasserstein_distance": "gw gw_distance gromov gromov_wasserstein",
    "mixture_wasserstein_distance": "mw2 gmm_wasserstein mixture_distance gmm_distance",
    "transport_map": "ot_map monge_map optimal_map brenier_map coral",
    "wasserstein_geodesic": "mccann_interpolation displacement_interpolation interpolate geodesic",
    "wasserstein_barycenter": "barycenter barycentre frechet_mean bures_barycenter mean_law",
    "mutual_information": "mi",
    "entropy": "differential_entropy",
    "bayes_error": "bayes_risk error_probability",
    "Gaussian": "normal multivariate_normal mvn multivariate_gaussian normal_distribution",
    "Mixture": "gmm gaussian_mixture mixture_model",
    "AnalyticLogisticRegression": "logistic_regression lda linear_discriminant_analysis classifier",
    "pairwise": "pdist cdist distance_matrix pairwise_distances",
    "estimate": "bootstrap jackknife confidence_interval standard_error",
    "equality_test": "two_sample_test permutation_test mmd_test",
}
_NOTES = {
    "fid": " between the laws of the features, Gaussian.from_samples(features)",
    "jensenshannondistance": ", of which it is the root",
}


def _plain(name: str) -> str:
    return name.lower().replace("_", "")


MEANT = {_plain(other): name for name, others in _NAMES.items() for other in others.split()}
"""The public name of what has another one elsewhere, that written small and without underscores."""


def suggestion(name: str, known: Sequence[str]) -> str:
    """Return a sentence that says what a name may have meant, or nothing."""
    wanted = _plain(name)
    if wanted in MEANT:
        return f" It is gaussmetrics.{MEANT[wanted]} here{_NOTES.get(wanted, '')}."
    public = {_plain(each): each for each in known}
    near = get_close_matches(wanted, [*public, *MEANT], n=3, cutoff=0.75)
    meant = dict.fromkeys(f"gaussmetrics.{public.get(each) or MEANT[each]}" for each in near)
    return f" Did you mean {' or '.join(meant)}?" if meant else ""
