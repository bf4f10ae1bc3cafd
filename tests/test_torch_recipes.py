"""The PyTorch recipes of the examples: gradients, digits, dtypes, and a batch by micro-batches."""

import importlib.util
import re
from pathlib import Path

import mpmath as mp
import numpy as np
import pytest
from test_examples import run

import gaussmetrics as gm

torch = pytest.importorskip("torch")
EXAMPLES = Path(__file__).parents[1] / "examples"
DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


def load(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def losses():
    return load("training_losses")


@pytest.fixture(scope="module")
def accumulation():
    before = torch.get_default_dtype()
    yield load("contrastive_accumulation")
    torch.set_default_dtype(before)


def normal(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, dtype=torch.float64, generator=generator).requires_grad_()


def test_gradcheck_of_r_drop(losses):
    assert torch.autograd.gradcheck(losses.r_drop, (normal(3, 4), normal(3, 4, seed=1)))
    assert torch.autograd.gradcheck(losses.r_drop, (normal(3, 4), normal(4, seed=1)))


def test_gradcheck_of_the_latent_term(losses):
    mean, log_variance = normal(5, 3), normal(5, 3, seed=1)
    assert torch.autograd.gradcheck(losses.latent_kl, (mean, log_variance))
    assert torch.autograd.gradcheck(losses.latent_kl, (mean, 0.3 * log_variance.detach()))
    each = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).mean(dim=0)
    floor = 0.99 * each.detach().median().item()

    def free(m, s):
        return losses.latent_kl(m, s, free_bits=floor)

    assert torch.autograd.gradcheck(free, (mean, log_variance))
    free(mean, log_variance).sum().backward()
    paid = each > floor
    assert paid.sum() == 2
    assert ((mean.grad != 0).all(dim=0) == paid).all()


def test_a_latent_term_that_is_nan_stays_nan(losses):
    for free_bits in (0.0, 0.1):
        mean = torch.full((2, 3), torch.nan, requires_grad=True)
        value = losses.latent_kl(mean, torch.zeros(2, 3), free_bits=free_bits)
        value.sum().backward()
        assert value.isnan().all()
        assert mean.grad.isnan().all()


@pytest.mark.parametrize("name", ["kl", "squared_wasserstein"])
def test_gradcheck_of_two_learned_laws(losses, name):
    def loss(p_mean, p_factor, q_mean, q_factor):
        covs = (factor @ factor.mT + torch.eye(3) for factor in (p_factor, q_factor))
        return getattr(losses, name)(p_mean, next(covs), q_mean, next(covs))

    parameters = [
        normal(*shape, seed=k) for k, shape in enumerate([(2, 3), (2, 3, 3), (3,), (3, 3)])
    ]
    assert torch.autograd.gradcheck(loss, parameters)


def both(function, *tensors):
    """Value and gradients of a loss."""
    leaves = [tensor.clone().requires_grad_() for tensor in tensors]
    value = function(*leaves)
    value.sum().backward()
    return value.detach(), *(leaf.grad for leaf in leaves)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("size", [1.0, 1e-3])
def test_float32_is_float64_rounded(losses, size, device):
    u = normal(50, 6).detach().float().to(device)
    v = (u + size * normal(50, 6, seed=1).detach().to(u)).float()
    cov = torch.eye(3, device=device) * (1 + size)
    mean = torch.zeros(3, device=device)
    laws = (mean + size, cov, mean, torch.eye(3, device=device))
    cases = [
        (losses.r_drop, (u, v)),
        (losses.latent_kl, (size * u, size * v)),
        (losses.kl, laws),
        (losses.squared_wasserstein, laws),
    ]
    for function, tensors in cases:
        single = both(function, *tensors)
        double = both(function, *(tensor.double() for tensor in tensors))
        for one, other in zip(single, double, strict=True):
            assert one.dtype == torch.float32
            assert one.device.type == device
            scale = other.abs().max().item()
            np.testing.assert_allclose(
                one.cpu(), other.cpu(), rtol=5e-7, atol=3e-7 * scale if one.ndim else 0
            )


def test_r_drop_of_the_articles_perturbation(losses):
    """Two passes 1e-9 apart, where the plain form is wrong by more than its value."""
    u = normal(5).detach()
    v = u + 1e-9 * normal(5, seed=1).detach()
    with mp.workdps(60):
        p, q = ([mp.exp(mp.mpf(x)) for x in side.tolist()] for side in (u, v))
        p, q = ([x / mp.fsum(side) for x in side] for side in (p, q))
        truth = mp.fsum((a - b) * mp.log(a / b) for a, b in zip(p, q, strict=True)) / 2
    assert losses.r_drop(u, v).item() == pytest.approx(float(truth), rel=1e-13)


def test_latent_term_near_the_prior(losses):
    s = torch.tensor([1e-8, -0.3, 0.49, 0.51, 3.0, -40.0], dtype=torch.float64)
    with mp.workdps(60):
        truth = [float((mp.exp(mp.mpf(x)) - 1 - mp.mpf(x)) / 2) for x in s.tolist()]
    value = losses.latent_kl(torch.zeros(6, 1, dtype=torch.float64), s[:, None])
    np.testing.assert_allclose(value, truth, rtol=2e-15)


def test_a_tensor_that_requires_grad_is_shown_the_recipe():
    mean = torch.zeros(2, requires_grad=True)
    text = r"mean is a tensor that requires grad.*mean.detach\(\).*examples/training_losses.py"
    with pytest.raises(TypeError, match=text):
        gm.Gaussian(mean, np.eye(2))
    with pytest.raises(TypeError, match="u is a tensor that requires grad"):
        gm.softmax_entropy(mean)
    assert gm.Gaussian(mean.detach(), torch.eye(2)).dim == 2


@pytest.mark.parametrize("size", [1, 3, 8, 16])
def test_micro_batches_give_the_gradient_of_the_whole_batch(accumulation, size):
    torch.manual_seed(0)
    encoder = torch.nn.Sequential(torch.nn.Linear(5, 7), torch.nn.Tanh(), torch.nn.Linear(7, 4))
    inputs, targets = normal(16, 5).detach(), torch.arange(16) ^ 1
    arguments = encoder, inputs, targets
    loss, truth, _ = accumulation.measured(accumulation.whole_batch, *arguments)
    ours, gradient, _ = accumulation.measured(accumulation.accumulate, *arguments, size)
    assert ours == pytest.approx(loss, rel=1e-13)
    np.testing.assert_allclose(gradient, truth, rtol=1e-10, atol=1e-14)


def test_contrastive_accumulation():
    output = run("contrastive_accumulation")
    number = r" +(\d+) +([\d.]+) +([\d.e+-]+) +([\d.]+) MiB"
    (whole,) = re.findall("whole batch" + number, output)
    ours = np.array(re.findall("row gradients" + number, output), float)
    plain = np.array(re.findall("plain accumulation" + number, output), float)
    assert (ours[:, 2] < 1e-14).all()
    assert (ours[:, 1] == float(whole[1])).all()
    assert (np.diff(ours[:, 3]) < 0).all()
    assert ours[0, 3] < float(whole[3]) / 4
    assert (plain[:, 2] > 0.1).all()


def test_training_losses():
    output = run("training_losses")
    lines = re.findall(r"^ +1e-0\d +([\d.e+-]+) +([\d.e+-]+)", output, re.M)
    ours, plain = np.array(lines, float).T
    assert len(lines) == 8
    assert (ours < 3e-7).all()
    assert (plain > 2e-6).all()
    for left, start in re.findall(r"(?:KL|W2²) +([\d.e+-]+) of ([\d.]+) is left", output):
        assert float(left) < 1e-3 * float(start)
