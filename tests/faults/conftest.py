"""Faults that are known and not yet mended: their tests run, and are expected to fail in part."""

import pytest

KNOWN = {
    "test_numbers_at_the_ends_of_double_precision": "texts for numbers no float64 can square",
    "test_what_cannot_be_stacked": "Gaussian.stack of what is no sequence of laws",
    "test_parts_of_moments": "a scatter that is no array of numbers",
    "test_names_without_a_length": "names as an array without dimensions",
    "test_one_weight_for_all_rows": "one weight near the largest float",
    "test_temperatures": "temperatures whose inverse is no float",
    "test_bandwidths": "a bandwidth that vanishes beside the variances is refused",
    "test_an_integer_beyond_every_double": "temperature=10**400",
    "test_image_features_of_shape_n_d_1_1": "features of shape (n, d, 1, 1)",
    "test_renyi_between_unrelated_low_rank_laws": "Rényi of low-rank laws with alpha near 0 or 1",
    "test_renyi_divergence": "Rényi of low-rank laws of very different size",
    "test_chernoff_information": "Chernoff information of low-rank laws of very different size",
    "test_a_singular_law_is_no_discrepancy_from_itself": "MMD of a singular law and itself",
}


def pytest_collection_modifyitems(items):
    for item in items:
        name = getattr(item, "originalname", "")
        if "faults" in item.path.parts and name in KNOWN:
            # Not strict: most cases of such a test pass.
            item.add_marker(pytest.mark.xfail(reason=KNOWN[name], strict=False))
