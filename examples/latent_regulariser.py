"""Train a small linear VAE whose latent Gaussian is drawn to a prior with full covariance.

The penalty, KL or W2² between the Gaussian of all codes of a batch and the prior, is computed by
gaussmetrics inside a short torch.autograd.Function: the closed-form gradient is the whole
backward pass. Where autograd through the matrix square root works, both agree to rounding. Where
eigenvalues repeat, as they do for every head that starts at zero, autograd divides zero by zero
and the network is lost in the first step; the closed form trains on. Run it with
``python examples/latent_regulariser.py``; it takes a few seconds.
"""

from __future__ import annotations

import gaussmetrics as gm

try:
    import torch
except ImportError:
    raise SystemExit("This example needs PyTorch: pip install torch") from None

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)  # the matrices are so small that threads would only wait for each other
STEPS = 100
PRIOR_MEAN = torch.zeros(2)
PRIOR_COV = torch.tensor([[1.0, 0.5], [0.5, 1.0]])


class Penalty(torch.autograd.Function):
    """A metric between N(mean, cov) and a fixed prior, with its closed-form gradient."""

    @staticmethod
    def forward(ctx, mean, cov, functions, prior):
        metric, gradient = functions
        law = gm.Gaussian(mean.detach().numpy(), cov.detach().numpy())
        g = gradient(law, prior)
        ctx.save_for_backward(torch.as_tensor(g.p_mean), torch.as_tensor(g.p_cov))
        return torch.as_tensor(metric(law, prior))

    @staticmethod
    def backward(ctx, upstream):
        p_mean, p_cov = ctx.saved_tensors
        return upstream[..., None] * p_mean, upstream[..., None, None] * p_cov, None, None


def kl_closed_form(mean, cov, prior_mean, prior_cov):
    prior = gm.Gaussian(prior_mean.numpy(), prior_cov.numpy())
    return Penalty.apply(mean, cov, (gm.kl_divergence, gm.kl_divergence_gradient), prior)


def w2_closed_form(mean, cov, prior_mean, prior_cov):
    prior = gm.Gaussian(prior_mean.numpy(), prior_cov.numpy())
    functions = (gm.squared_wasserstein_distance, gm.squared_wasserstein_distance_gradient)
    return Penalty.apply(mean, cov, functions, prior)


def kl_autograd(mean, cov, prior_mean, prior_cov):
    law = torch.distributions.MultivariateNormal(mean, cov)
    prior = torch.distributions.MultivariateNormal(prior_mean, prior_cov)
    return torch.distributions.kl_divergence(law, prior)


def square_root(matrix):
    values, vectors = torch.linalg.eigh(matrix)
    return (vectors * values.clamp(min=0).sqrt()) @ vectors.mT


def w2_autograd(mean, cov, prior_mean, prior_cov):
    root = square_root(cov)
    overlap = square_root(root @ prior_cov @ root).trace()
    return ((mean - prior_mean) ** 2).sum() + cov.trace() + prior_cov.trace() - 2 * overlap


def gradients(penalty, mean, cov, *prior):
    mean, cov = mean.clone().requires_grad_(), cov.clone().requires_grad_()
    penalty(mean, cov, *prior).backward()
    return torch.cat([mean.grad, (0.5 * (cov.grad + cov.grad.mT)).flatten()])


def compare_gradients():
    print(
        f"{'penalty':<8} {'covariance':<20} {'closed form':>12} {'autograd':>10} {'difference':>11}"
    )
    rows = torch.randn(20, 2, generator=torch.Generator().manual_seed(0))
    cases = {"distinct eigenvalues": rows.T @ rows / 20, "repeated eigenvalues": torch.eye(2)}
    for name, ours, theirs in [
        ("KL", kl_closed_form, kl_autograd),
        ("W2²", w2_closed_form, w2_autograd),
    ]:
        for case, cov in cases.items():
            a, b = (
                gradients(penalty, torch.ones(2), cov, PRIOR_MEAN, PRIOR_COV)
                for penalty in (ours, theirs)
            )
            print(f"{name:<8} {case:<20} {a.norm():12.6f} {b.norm():10.6f} {(a - b).norm():11.1e}")


def train(penalty):
    """Return reconstruction error and penalty of a linear VAE after training."""
    generator = torch.Generator().manual_seed(1)
    data = torch.randn(500, 2, generator=generator) @ torch.randn(2, 6, generator=generator)
    encoder = torch.zeros(2, 6, requires_grad=True)  # a head that starts at zero: every code alike
    log_variance = torch.zeros(2, requires_grad=True)
    decoder = (0.3 * torch.randn(6, 2, generator=generator)).requires_grad_()
    optimiser = torch.optim.Adam([encoder, log_variance, decoder], lr=0.05)
    for _ in range(STEPS):
        codes = data @ encoder.T
        cov = torch.cov(codes.T) + torch.diag(log_variance.exp())
        noise = log_variance.exp().sqrt() * torch.randn(codes.shape, generator=generator)
        error = ((data - (codes + noise) @ decoder.T) ** 2).mean()
        distance = penalty(codes.mean(dim=0), cov, PRIOR_MEAN, PRIOR_COV)
        optimiser.zero_grad()
        (error + distance).backward()
        optimiser.step()
    return error.item(), distance.item()


def main():
    compare_gradients()
    print(f"\n{f'{STEPS} steps of a VAE from a zero head':<36} {'error':>8} {'penalty':>8}")
    for name, penalty in [
        ("KL, closed form", kl_closed_form),
        ("KL, autograd", kl_autograd),
        ("W2², closed form", w2_closed_form),
        ("W2², autograd", w2_autograd),
    ]:
        error, distance = train(penalty)
        print(f"{name:<36} {error:8.4f} {distance:8.4f}")


if __name__ == "__main__":
    main()
