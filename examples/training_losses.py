"""Closed forms as losses in PyTorch: R-Drop, the latent term of a VAE, KL and W2² of learned laws.

Each is a torch.autograd.Function whose backward pass is the closed-form gradient, so no digit is
lost where the laws are nearly equal, in float32 either. Results come back in the dtype and on the
device of their arguments. Run it with ``python examples/training_losses.py``; it takes seconds.
"""

from __future__ import annotations

from math import factorial

import gaussmetrics as gm

try:
    import torch
    from torch.autograd.function import once_differentiable
except ImportError:
    raise SystemExit("This example needs PyTorch: pip install torch") from None


class ClosedForm(torch.autograd.Function):
    """A function of gaussmetrics with its gradient; computed in float64 on the processor."""

    @staticmethod
    def forward(ctx, function, gradient, *tensors):
        arrays = [tensor.detach().cpu().double().numpy() for tensor in tensors]
        slopes = gradient(*arrays)
        ctx.save_for_backward(
            *(torch.as_tensor(s).to(t) for s, t in zip(slopes, tensors, strict=True))
        )
        ctx.shapes = [tensor.shape for tensor in tensors]
        return torch.as_tensor(function(*arrays)).to(tensors[0])

    @staticmethod
    @once_differentiable
    def backward(ctx, upstream):
        slopes = (
            (upstream[(..., *[None] * (slope.ndim - upstream.ndim))] * slope).sum_to_size(shape)
            for slope, shape in zip(ctx.saved_tensors, ctx.shapes, strict=True)
        )
        return None, None, *slopes


def r_drop(u, v):
    """Half the Jeffreys divergence of the softmax laws of two logit tensors (..., K)."""
    functions = gm.softmax_jeffreys_divergence, gm.softmax_jeffreys_divergence_gradient
    return 0.5 * ClosedForm.apply(*functions, u, v)


def laws(p_mean, p_cov, q_mean, q_cov):
    # A product L Lᵀ of float32 is symmetric to float32's rounding only.
    p_cov, q_cov = ((cov + cov.swapaxes(-1, -2)) / 2 for cov in (p_cov, q_cov))
    return gm.Gaussian(p_mean, p_cov), gm.Gaussian(q_mean, q_cov)


def of_parameters(function, gradient):
    """Turn a function of two Gaussians and its gradient into those of their parameters."""

    def slopes(*parameters):
        g = gradient(*laws(*parameters))
        return g.p_mean, g.p_cov, g.q_mean, g.q_cov

    return lambda *parameters: function(*laws(*parameters)), slopes


def kl(p_mean, p_cov, q_mean, q_cov):
    """KL(p‖q) of two learned Gaussians: means (..., d), covariances (..., d, d)."""
    functions = of_parameters(gm.kl_divergence, gm.kl_divergence_gradient)
    return ClosedForm.apply(*functions, p_mean, p_cov, q_mean, q_cov)


def squared_wasserstein(p_mean, p_cov, q_mean, q_cov):
    """W2² of two learned Gaussians: means (..., d), covariances (..., d, d)."""
    functions = of_parameters(
        gm.squared_wasserstein_distance, gm.squared_wasserstein_distance_gradient
    )
    return ClosedForm.apply(*functions, p_mean, p_cov, q_mean, q_cov)


class StandardNormalKL(torch.autograd.Function):
    """½ (μ² + e^s − 1 − s) of each coordinate, s = log σ²: KL of N(μ, σ²) from N(0, 1).

    Elementwise on the tensors' own device. The gradient (μ, ½ (e^s − 1)) vanishes where the mean
    over the batch is below the floor: these bits are free.
    """

    @staticmethod
    def forward(ctx, mean, log_variance, floor):
        value = 0.5 * (mean.square() + excess(log_variance))
        paid = ~(value.flatten(0, -2).mean(dim=0) < floor)  # NaN is paid for, and stays NaN
        ctx.save_for_backward(mean, log_variance, paid)
        return torch.where(paid, value, floor)

    @staticmethod
    @once_differentiable
    def backward(ctx, upstream):
        mean, log_variance, paid = ctx.saved_tensors
        upstream = upstream * paid
        return upstream * mean, upstream * 0.5 * torch.expm1(log_variance), None


def excess(s):
    """e^s − 1 − s, by its series where that would cancel."""
    small = torch.where(s.abs() < 0.5, s, 0.0)
    series = torch.zeros_like(small)
    for n in range(16, 1, -1):
        series = series * small + 1 / factorial(n)
    return torch.where(s.abs() < 0.5, series * small.square(), torch.expm1(s) - s)


def latent_kl(mean, log_variance, *, free_bits=0.0):
    """KL of N(μ, diag σ²) from N(0, I), (...), from mean and log-variance (..., d), in nats."""
    return StandardNormalKL.apply(mean, log_variance, free_bits).sum(dim=-1)


# The usual forms, for comparison


def r_drop_plain(u, v):
    log_p, log_q = u.log_softmax(-1), v.log_softmax(-1)
    return 0.5 * ((log_p.exp() - log_q.exp()) * (log_p - log_q)).sum(-1)


def r_drop_two_kl(u, v):
    log_p, log_q = u.log_softmax(-1), v.log_softmax(-1)
    there = torch.nn.functional.kl_div(log_q, log_p, reduction="none", log_target=True).sum(-1)
    back = torch.nn.functional.kl_div(log_p, log_q, reduction="none", log_target=True).sum(-1)
    return 0.5 * (there + back)


def latent_kl_plain(mean, log_variance):
    return 0.5 * (mean.square() + log_variance.exp() - log_variance - 1).sum(-1)


def relative_error(value, truth):
    return ((value.double() - truth).abs() / truth).max().item()


def main():
    generator = torch.Generator().manual_seed(0)
    u = torch.randn(100, 8, generator=generator, dtype=torch.float64)
    noise = torch.randn(100, 8, generator=generator, dtype=torch.float64)
    print("Worst relative error in float32, two passes that differ by a noise of this size")
    print(f"{'noise':>8} {'closed form':>12} {'(p−q)·log p/q':>14} {'two kl_div':>11}")
    for size in (1e-1, 1e-2, 1e-3, 1e-4):
        a, b = u.float(), (u + size * noise).float()
        truth = r_drop(a.double(), b.double())
        errors = [relative_error(f(a, b), truth) for f in (r_drop, r_drop_plain, r_drop_two_kl)]
        print(f"{size:8.0e} {errors[0]:12.1e} {errors[1]:14.1e} {errors[2]:11.1e}")
    print("\nThe same of the latent term, mean and log-variance of this size")
    print(f"{'size':>8} {'closed form':>12} {'as written':>14}")
    for size in (1e-1, 1e-2, 1e-3, 1e-4):
        mean, log_variance = (size * u).float(), (size * noise).float()
        truth = latent_kl(mean.double(), log_variance.double())
        errors = [
            relative_error(f(mean, log_variance), truth) for f in (latent_kl, latent_kl_plain)
        ]
        print(f"{size:8.0e} {errors[0]:12.1e} {errors[1]:14.1e}")
    print("\nTwo Gaussians of dimension 3, both learned, 200 steps")
    for name, loss in (("KL", kl), ("W2²", squared_wasserstein)):
        print(f"{name:>8} {descend(loss):12.1e} of {descend(loss, steps=0):.2f} is left")


def descend(loss, steps=200):
    """Draw two learned laws together; float32, each from a factor of its covariance."""
    generator = torch.Generator().manual_seed(1)
    means = [torch.randn(3, generator=generator) for _ in range(2)]
    factors = [torch.eye(3) + 0.3 * torch.randn(3, 3, generator=generator) for _ in range(2)]
    for parameter in (*means, *factors):
        parameter.requires_grad_()
    optimiser = torch.optim.Adam([*means, *factors], lr=0.05)
    for _ in range(steps + 1):
        (p, q), (a, b) = means, (factor @ factor.T for factor in factors)
        value = loss(p, a, q, b)
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
    return value.item()


if __name__ == "__main__":
    main()
