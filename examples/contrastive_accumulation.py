"""The gradient of a large batch's contrastive loss by micro-batches, to rounding.

A contrastive loss compares every row of a batch with every other, so the losses of micro-batches do
not add up to it. Its gradient does: with h̃ = ∂L/∂h, which `contrastive_row_gradients` makes of the
vectors alone, it is the gradient of Σ ⟨hₖ, h̃ₖ⟩ with h̃ held fixed, and that is a sum over rows. One
pass without a graph collects the vectors, the next one carries h̃ back, micro-batch by micro-batch.
An encoder with dropout must draw the same noise in both passes.

Run it with ``python examples/contrastive_accumulation.py``; it takes seconds.
"""

from __future__ import annotations

import gaussmetrics as gm

try:
    import torch
except ImportError:
    raise SystemExit("This example needs PyTorch: pip install torch") from None

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
ROWS, TEMPERATURE = 512, 0.1


def accumulate(encoder, inputs, targets, size):
    """Add the gradient of the mean contrastive loss of all rows, `size` rows at a time."""
    chunks = inputs.split(size)
    with torch.no_grad():
        vectors = torch.cat([encoder(chunk) for chunk in chunks])
    rows = gm.contrastive_row_gradients(
        vectors.cpu().numpy(), targets=targets.numpy(), temperature=TEMPERATURE, unit_length=True
    )
    held = torch.as_tensor(rows.u / len(inputs)).to(vectors)
    for chunk, slope in zip(chunks, held.split(size), strict=True):
        encoder(chunk).backward(slope)  # the gradient of ⟨h, h̃⟩ with h̃ held fixed
    return rows.losses.mean()


def whole_batch_loss(encoder, inputs, targets):
    """The mean contrastive loss, all rows at once."""
    h = torch.nn.functional.normalize(encoder(inputs), dim=1)
    scores = h @ h.T / TEMPERATURE
    itself = torch.eye(len(h), dtype=torch.bool)
    return torch.nn.functional.cross_entropy(scores.masked_fill(itself, -torch.inf), targets)


def whole_batch(encoder, inputs, targets):
    loss = whole_batch_loss(encoder, inputs, targets)
    loss.backward()
    return loss.item()


def plain_accumulation(encoder, inputs, targets, size):
    """Add up the gradients of the micro-batches' own losses, as is done for other losses."""
    total = 0.0
    for start in range(0, len(inputs), size):
        chunk = slice(start, start + size)
        share = len(inputs[chunk]) / len(inputs)
        loss = share * whole_batch_loss(encoder, inputs[chunk], targets[chunk] - start)
        loss.backward()
        total += loss.item()
    return total


def measured(method, encoder, *arguments):
    """Return the loss, the gradient and the most that autograd kept for it, in MiB."""
    encoder.zero_grad()
    held, most = 0, 0

    class Kept:
        """A tensor kept for the backward pass, counted while it lives."""

        def __init__(self, tensor):
            nonlocal held, most
            self.tensor = tensor
            held += tensor.nbytes
            most = max(most, held)

        def __del__(self):
            nonlocal held
            held -= self.tensor.nbytes

    with torch.autograd.graph.saved_tensors_hooks(Kept, lambda kept: kept.tensor):
        loss = method(encoder, *arguments)
    gradient = torch.cat([p.grad.flatten() for p in encoder.parameters()])
    return loss, gradient, most / 2**20


def main():
    generator = torch.Generator().manual_seed(0)
    torch.manual_seed(0)
    encoder = torch.nn.Sequential(
        torch.nn.Linear(64, 256), torch.nn.Tanh(), torch.nn.Linear(256, 64)
    )
    pairs = torch.randn(ROWS // 2, 1, 64, generator=generator)
    inputs = (pairs + 0.7 * torch.randn(ROWS // 2, 2, 64, generator=generator)).reshape(ROWS, 64)
    targets = torch.arange(ROWS) ^ 1  # rows 0 and 1 are a pair, 2 and 3, …
    truth_loss, truth, memory = measured(whole_batch, encoder, inputs, targets)
    print(f"{'':<24} {'micro-batch':>11} {'loss':>8} {'gradient off by':>15} {'kept':>10}")

    def show(name, size, loss, gradient, memory):
        error = ((gradient - truth).norm() / truth.norm()).item()
        print(f"{name:<24} {size:>11} {loss:8.4f} {error:15.1e} {memory:6.2f} MiB")

    show("whole batch", ROWS, truth_loss, truth, memory)
    for size in (256, 64, 10, 2):
        show("row gradients", size, *measured(accumulate, encoder, inputs, targets, size))
    for size in (256, 64, 10):
        result = measured(plain_accumulation, encoder, inputs, targets, size)
        show("plain accumulation", size, *result)


if __name__ == "__main__":
    main()
