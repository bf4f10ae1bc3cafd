"""How many digits are right: every quantity and gradient in every form a covariance is given in.

    python accuracy_family.py                # the whole grid, some minutes
    python accuracy_family.py --quick        # a few cells of it, under a minute
    python accuracy_family.py DIR            # also every result as JSON, a file a structure; goes
                                             # on where it was stopped
    python accuracy_family.py DIR --structures matrix eigen    # some of them alone
    python accuracy_family.py DIR --markdown > accuracy_family.md

The references are 60-digit arithmetic on what was given: the factor, the precision, the
eigenvalues, and never on a matrix that was rounded from them. The bar is 100 ε κ with the condition
number of that form, which for a factor is the square root of the matrix's. The table shows the
worst error divided by its bar; the exit status is 1 where one exceeds it without a reason stated in
`REASONS`.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import _joint
import mpmath as mp
import numpy as np
from _given import FORMS, Given, pair_given
from _joint import Joint
from _laws import Cell
from _table import machine, table
from rich.console import Console
from rich.progress import track

import gaussmetrics as gm

EPS = float(np.finfo(np.float64).eps)
GRID = [Cell(*c) for c in itertools.product(
    (1, 2, 3, 5, 8), (1.0, 1e4, 1e8), (1.0, 1e-2, 1e-6, 1e-10, 1e-13), (1e-30, 1.0, 1e30)
)]  # fmt: skip
QUICK_GRID = [Cell(*c) for c in itertools.product((1, 3), (1.0, 1e4), (1.0, 1e-6, 1e-13), (1.0,))]

Answer = Callable[[gm.Gaussian, gm.Gaussian], Any]
Truth = Callable[[Joint], Any]


class Quantity(NamedTuple):
    """What the library answers, what is true, and in what unit options are given."""

    answer: Callable[..., Any]
    truth: Callable[..., Any]
    option: str | None = None
    power: int = 0  # of the unit, that the option scales with


def explained(metric: Answer) -> Answer:
    return lambda p, q: gm.explain(metric, p, q).total


def parts(gradient: Answer) -> Answer:
    """In the mean of p, which is that of q but for its sign, and in both covariances."""

    def answer(p: gm.Gaussian, q: gm.Gaussian) -> tuple[Any, ...]:
        slope = gradient(p, q)
        return slope.p_mean, slope.p_cov, slope.q_cov

    return answer


def centred(metric: Answer) -> Answer:
    return lambda p, q: metric(p, gm.Gaussian(p.mean, q.covariance))


QUANTITIES = {
    "KL": Quantity(gm.kl_divergence, _joint.kl),
    "Jeffreys": Quantity(gm.jeffreys_divergence, _joint.jeffreys),
    "Bhattacharyya": Quantity(gm.bhattacharyya_distance, _joint.bhattacharyya),
    "Hellinger": Quantity(gm.hellinger_distance, _joint.hellinger),
    **{
        f"Rényi {alpha:g}": Quantity(partial(gm.renyi_divergence, alpha=alpha), _joint.renyi(alpha))
        for alpha in (1e-7, 0.3, 0.99, 1.2)
    },
    "Rényi 1 − 1e-7": Quantity(
        partial(gm.renyi_divergence, alpha=1 - 1e-7), _joint.renyi(1 - 1e-7)
    ),
    "χ²": Quantity(gm.chi_squared_divergence, _joint.chi_squared),
    "Chernoff": Quantity(gm.chernoff_information, _joint.chernoff),
    "Cauchy–Schwarz": Quantity(gm.cauchy_schwarz_divergence, _joint.cauchy_schwarz),
    "geometric JS": Quantity(gm.geometric_jensen_shannon_divergence, _joint.geometric),
    "JS lower": Quantity(lambda p, q: gm.jensen_shannon_bounds(p, q).lower, _joint.lower_bound),
    "JS upper": Quantity(lambda p, q: gm.jensen_shannon_bounds(p, q).upper, _joint.upper_bound),
    "Fisher–Rao, equal means": Quantity(centred(gm.fisher_rao_distance), _joint.centred_fisher_rao),
    "total variation, d = 1": Quantity(gm.total_variation_distance, _joint.line_total_variation),
    "entropy": Quantity(lambda p, _: gm.entropy(p), _joint.entropy),
    "cross-entropy": Quantity(gm.cross_entropy, _joint.cross_entropy),
    "log-density": Quantity(lambda p, q: p.logpdf(q.mean), _joint.log_density),
    "mutual information": Quantity(
        lambda p, _: gm.mutual_information(p, [0], list(range(1, p.dim))),
        _joint.mutual_information,
    ),
    "explained KL": Quantity(explained(gm.kl_divergence), _joint.kl),
    "explained D_B": Quantity(explained(gm.bhattacharyya_distance), _joint.bhattacharyya),
    "W₂²": Quantity(gm.squared_wasserstein_distance, _joint.squared_wasserstein),
    "W₂": Quantity(gm.wasserstein_distance, _joint.wasserstein),
    "Gelbrich": Quantity(gm.gelbrich_bound, _joint.wasserstein),
    "explained W₂²": Quantity(
        explained(gm.squared_wasserstein_distance), _joint.squared_wasserstein
    ),
    "Gromov–Wasserstein": Quantity(gm.gromov_wasserstein_distance, _joint.gromov_wasserstein),
    "entropic cost": Quantity(gm.entropic_transport_cost, _joint.entropic, "epsilon", 2),
    "Sinkhorn": Quantity(gm.sinkhorn_divergence, _joint.sinkhorn, "epsilon", 2),
    "MMD": Quantity(gm.maximum_mean_discrepancy, _joint.discrepancy, "bandwidth", 1),
    "energy": Quantity(gm.energy_distance, _joint.energy),
}
SLOPES = {
    "∇ KL": Quantity(parts(gm.kl_divergence_gradient), _joint.kl_slopes),
    "∇ Jeffreys": Quantity(parts(gm.jeffreys_divergence_gradient), _joint.jeffreys_slopes),
    "∇ Bhattacharyya": Quantity(
        parts(gm.bhattacharyya_distance_gradient), _joint.bhattacharyya_slopes
    ),
    "∇ Hellinger": Quantity(parts(gm.hellinger_distance_gradient), _joint.hellinger_slopes),
    "∇ Rényi 0.3": Quantity(
        parts(partial(gm.renyi_divergence_gradient, alpha=0.3)), _joint.renyi_slopes(0.3)
    ),
    "∇ W₂²": Quantity(parts(gm.squared_wasserstein_distance_gradient), _joint.wasserstein_slopes),
    "transport map": Quantity(lambda p, q: (gm.transport_map(p, q).matrix,), _joint.transport_map),
}
OF_SEVERAL = ("mutual information",)
ONE_LAW = ("entropy", "cross-entropy", "log-density", "mutual information")
TRANSPORT = (
    "W₂²", "W₂", "Gelbrich", "explained W₂²", "Gromov–Wasserstein", "entropic cost", "Sinkhorn",
    "MMD", "energy",
)  # fmt: skip
REASONS: dict[tuple[str, str], str] = {}
"""Why a quantity of a structure may exceed its bar, and by what theorem it cannot be otherwise."""


class Result(NamedTuple):
    """How far one answer is from the truth, in units of its bar; infinite where it is no answer."""

    quantity: str
    structure: str
    cell: Cell
    error: float
    bar: float
    note: str = ""

    @property
    def excess(self) -> float:
        return self.error / self.bar


# Bars


def amplification(name: str, j: Joint, truth: Any, kappa: float) -> float:
    """By how much the quantity magnifies a relative error of the covariances, beside κ.

    An exponential magnifies by its exponent; (1 − α)Σp + αΣq of α > 1 by what cancels in it; and a
    small correlation, of whose square the information is made, is what is left of larger terms.
    Spectra whose eigenvalues lie close are paired along axes that rounding turns.
    """
    if name == "χ²":
        return _cancelled(j, 2.0) * float(1 + mp.log1p(truth))
    if name == "Rényi 1.2":
        return _cancelled(j, 1.2)
    if name == "mutual information":
        return float(1 / mp.sqrt(-mp.expm1(-2 * truth))) if truth else 1.0
    if name == "Gromov–Wasserstein":
        return max(1.0, float(_joint.turning(j)) / kappa)
    return 1.0


def _cancelled(j: Joint, alpha: float) -> float:
    return float(max((alpha + (alpha - 1) * v) / abs(alpha - (alpha - 1) * v) for v, _ in j.axes))


def magnitude(name: str, j: Joint, truth: Any) -> Any:
    """What an error is relative to: the truth, unless terms of both signs make it."""
    if name in ("entropy", "cross-entropy"):
        return max(abs(truth), mp.mpf(j.dim), abs(j.log_det))
    if name == "log-density":
        return max(mp.mpf(j.dim), abs(j.log_det), _joint.distance_in_p(j))
    return abs(truth)


# Measuring


def quietly(call: Callable[[], Any]) -> tuple[Any, str]:
    """Return an answer and no note, or none and what came instead."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return call(), ""
    except Exception as error:  # whatever came is what the audit reports
        return None, f"{type(error).__name__}: {error}"


def number_error(name: str, j: Joint, value: Any, truth: Any) -> float:
    if mp.isinf(truth) or truth > np.finfo(float).max:
        return 0.0 if value == np.inf else math.inf
    if not math.isfinite(value):
        return math.inf
    if abs(truth) < np.finfo(float).tiny:
        return float(abs(mp.mpf(float(value))) > np.finfo(float).tiny)
    return float(abs(mp.mpf(float(value)) - truth) / magnitude(name, j, truth))


def slope_error(value: Any, truth: Any) -> float:
    """Relative to the largest entry; of a diagonal covariance the diagonal is the gradient."""
    if not np.isfinite(value).all():
        return math.inf
    if value.ndim == 1:
        value = value[:, None]
        if truth.cols > 1:
            truth = mp.matrix([truth[i, i] for i in range(truth.rows)])
    size = max(abs(x) for x in truth)
    gap = max(abs(x) for x in mp.matrix(value.tolist()) - truth)
    return float(gap / size) if size else float(gap)


def audit(structure: str, cell: Cell, rng: np.random.Generator) -> Iterator[Result]:
    p, q = pair_given(structure, cell, rng)
    kappa = max(p.kappa, q.kappa)
    bar = 100 * EPS * kappa
    j = Joint(p, q)
    for name, quantity in QUANTITIES.items():
        if cell.dim > 1 if name.endswith("d = 1") else cell.dim == 1 and name in OF_SEVERAL:
            continue
        answer, truth_of = _with_option(quantity, cell)
        truth = truth_of(j)
        value, note = quietly(lambda a=answer: a(p.law, q.law))  # type: ignore[misc]
        error = math.inf if value is None else number_error(name, j, value, truth)
        yield Result(name, structure, cell, error, bar * amplification(name, j, truth, kappa), note)
    yield from slopes(structure, cell, (p, q), j, bar)


def _with_option(quantity: Quantity, cell: Cell) -> tuple[Answer, Truth]:
    if quantity.option is None:
        return quantity.answer, quantity.truth
    size = 0.5 * cell.scale ** (quantity.power / 2)
    return partial(quantity.answer, **{quantity.option: size}), quantity.truth(size)


def slopes(
    structure: str, cell: Cell, pair: tuple[Given, Given], j: Joint, bar: float
) -> Iterator[Result]:
    for name, quantity in SLOPES.items():
        gradient, note = quietly(lambda s=quantity: s.answer(*(x.law for x in pair)))  # type: ignore[misc]
        truths = quantity.truth(j)
        error = math.inf if gradient is None else max(
            slope_error(value, truth) for value, truth in zip(gradient, truths, strict=True)
        )  # fmt: skip
        yield Result(name, structure, cell, error, bar, note)


def refuse_wrong_references(rng: np.random.Generator) -> None:
    """Stop unless the references agree with the library where nothing is hard."""
    for structure in FORMS:
        for result in audit(structure, Cell(dim=3, kappa=10.0, apart=0.5, scale=1.0), rng):
            if not result.error <= 1e-9:
                raise SystemExit(f"reference and library disagree where all is easy: {result}")


def measure(structures: Sequence[str], grid: Sequence[Cell], seed: int) -> list[Result]:
    work = list(itertools.product(structures, enumerate(grid)))
    console = Console(stderr=True)
    todo = track(work, "pairs", console=console, disable=not console.is_terminal)
    return [
        result
        for structure, (i, cell) in todo
        for result in audit(structure, cell, np.random.default_rng([seed, i]))
    ]


# Presenting


def worst(results: Sequence[Result]) -> str:
    """The largest error in units of its bar; bold beyond it."""
    excess = max((r.excess for r in results), default=math.nan)
    if math.isnan(excess):
        return ""
    text = f"{excess:.0e}" if excess >= 10 else f"{excess:.1f}"
    return f"**{text}**" if excess > 1 else text


def by_structure(results: Sequence[Result], row: Callable[[str], str] = str) -> str:
    """The table, a row a quantity, or a row for all quantities that have one name in common."""
    groups: dict[tuple[str, str], list[Result]] = {}
    for r in results:
        groups.setdefault((row(r.quantity), r.structure), []).append(r)
    names = dict.fromkeys(row(name) for name in (*QUANTITIES, *SLOPES))
    rows = [[name, *(worst(groups.get((name, s), [])) for s in FORMS)] for name in names]
    return table(["worst error / bar", *FORMS], rows, markdown=True)


def kind(quantity: str) -> str:
    """What kind of quantity a name stands for."""
    if quantity in SLOPES:
        return "gradients, maps"
    if quantity in TRANSPORT:
        return "transport, kernels"
    return "entropies, densities" if quantity in ONE_LAW else "divergences"


def counted(results: Sequence[Result]) -> str:
    left = len(unexplained(results))
    return f"{len(results)} values, {len(beyond(results))} beyond their bar, {left} unexplained."


def page(results: Sequence[Result]) -> str:
    """The tables as a page."""
    return "\n\n".join((
        "# How many digits are right, in every structure",
        f"By `python benchmarks/accuracy_family.py`; {machine()}.",
        "<!-- tables -->",
        "The worst error divided by its bar, 100 ε κ with the condition number κ of the form in "
        f"which the covariance was given. {counted(results)}",
        by_structure(results, kind),
        "By quantity:",
        by_structure(results),
        examples(results),
    )).strip()  # fmt: skip


def beyond(results: Sequence[Result]) -> list[Result]:
    return [r for r in results if r.excess > 1]


def unexplained(results: Sequence[Result]) -> list[Result]:
    return [r for r in beyond(results) if (r.quantity, r.structure) not in REASONS]


def examples(results: Sequence[Result]) -> str:
    """The worst example of each quantity and structure beyond its bar."""
    worst_of: dict[tuple[str, str], Result] = {}
    for r in sorted(beyond(results), key=lambda r: -r.excess):
        worst_of.setdefault((r.quantity, r.structure), r)
    return "\n".join(
        f"{r.quantity}, {r.structure}: error {r.error:.1e}, bar {r.bar:.1e} at d={r.cell.dim}, "
        f"κ={r.cell.kappa:.0e}, apart {r.cell.apart:.0e}, scale {r.cell.scale:.0e} {r.note}"
        f"{REASONS.get((r.quantity, r.structure), '')}"
        for r in worst_of.values()
    )


def save(results: Sequence[Result], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    content = json.dumps({"machine": machine(), "results": results}, allow_nan=True)
    path.write_text(content, encoding="utf8")


def load(path: Path) -> list[Result]:
    records = json.loads(path.read_text(encoding="utf8"))["results"]
    return [Result(r[0], r[1], Cell(*r[2]), *r[3:]) for r in records]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("directory", nargs="?", type=Path, metavar="DIR", help="keep results here")
    parser.add_argument("--quick", action="store_true", help="a few cells of the grid")
    parser.add_argument("--structures", nargs="+", choices=FORMS, default=list(FORMS))
    parser.add_argument("--markdown", action="store_true", help="print the page of what is kept")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def kept(directory: Path, structure: str, grid: Sequence[Cell], seed: int) -> list[Result]:
    """Read the results of a structure, or measure and keep them."""
    path = directory / f"accuracy_family-{structure.replace(' ', '-')}.json"
    if not path.exists():
        save(measure([structure], grid, seed), path)
    return load(path)


def main() -> int:
    options = arguments()
    grid = QUICK_GRID if options.quick else GRID
    if not options.markdown:
        refuse_wrong_references(np.random.default_rng(options.seed))
    if options.directory is None:
        results = measure(options.structures, grid, options.seed)
    else:
        each = (kept(options.directory, s, grid, options.seed) for s in options.structures)
        results = list(itertools.chain.from_iterable(each))
    if options.markdown:
        print(page(results))
    else:
        print(machine(), by_structure(results), examples(results), counted(results), sep="\n\n")
    return int(len(unexplained(results)) > 0)


if __name__ == "__main__":
    sys.exit(main())
