"""KL in every layout of a batch: one pair, batches in step, tables, each with its own solves."""

import numpy as np
import oracles
import pytest
import random_laws

import gaussmetrics as gm

BATCH = 40
BAR = 2e-14  # and 5 ε κ
KAPPA = 10.0


def pairs(d, apart):
    """Return batches of laws, q unrelated to p where it is 1 apart, and otherwise so near."""
    rng = np.random.default_rng([d, int(-np.log10(apart))])
    ps = [random_laws.gaussian(rng, d, kappa=KAPPA) for _ in range(BATCH)]
    if apart == 1:
        qs = [random_laws.gaussian(rng, d, kappa=KAPPA) for _ in range(BATCH)]
    else:
        qs = [
            gm.Gaussian(
                p.mean + apart * rng.standard_normal(d), random_laws.perturbed(rng, p.cov, apart)
            )
            for p in ps
        ]
    return gm.Gaussian.stack(ps), gm.Gaussian.stack(qs)


@pytest.mark.parametrize("apart", [1, 0.5, 0.1, 1e-3, 1e-8])
@pytest.mark.parametrize("d", [1, 2, 3, 8, 9, 16, 20])
def test_every_layout_gives_the_digits_of_the_definition(d, apart):
    ps, qs = pairs(d, apart)
    in_step = gm.kl_divergence(ps, qs)
    grids = (
        gm.Gaussian(law.mean[:8].reshape(2, 4, d), law.cov[:8].reshape(2, 4, d, d))
        for law in (ps, qs)
    )
    in_two = gm.kl_divergence(*grids)
    table = gm.kl_divergence(ps[:8, None], qs[None, :8])
    singles = [gm.kl_divergence(p, q) for p, q in zip(ps, qs, strict=True)]
    tolerance = BAR + 50 * np.finfo(float).eps * KAPPA
    np.testing.assert_allclose(in_step, singles, rtol=tolerance)
    np.testing.assert_allclose(np.diagonal(table), singles[:8], rtol=tolerance)
    np.testing.assert_allclose(in_two.ravel(), singles[:8], rtol=tolerance)
    assert oracles.relative_error(singles[0], oracles.kl_divergence(ps[0], qs[0])) <= tolerance
