"""Tables of times: ratios on ready laws and from arrays, bars, and ratios that were better once."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from _table import table

HERE = Path(__file__).parent
README, FIGURES, PAGE = HERE.parent / "README.md", HERE / "speed.json", HERE / "speed.md"
OURS, PYTORCH = "gaussmetrics", "PyTorch"
PEERS = (PYTORCH, f"{PYTORCH}, validating", "pyRiemann", "POT", "FID formula")
MAKERS = ("numpy.linalg.cholesky", *PEERS[:2])
FALLEN = 0.8
"""A ratio below so much of the committed one is told by `compare`."""


class Result(NamedTuple):
    """Of one task, seconds of every library in each round: on ready laws, and from arrays."""

    task: str
    threads: int
    times: Mapping[str, Sequence[tuple[float, float]]]
    bars: Mapping[str, float]
    limits: tuple[float, float] | None

    @property
    def constructs(self) -> bool:
        return MAKERS[0] in self.times

    def seconds(self) -> tuple[float, float]:
        """Return our medians."""
        ready, whole = zip(*self.times[OURS], strict=True)
        return statistics.median(ready), statistics.median(whole)

    def ratios(self, peer: str) -> tuple[float, float]:
        """Return the medians over the rounds of a peer's time divided by ours."""
        pairs = list(zip(self.times[peer], self.times[OURS], strict=False))
        ready, whole = (
            statistics.median(theirs[k] / ours[k] for theirs, ours in pairs) for k in (0, 1)
        )
        return ready, whole


def report(results: Sequence[Result], *, markdown: bool) -> str:
    """Return all tables, one after another."""
    return "\n\n".join(_tables(results, markdown=markdown))


def _tables(results: Sequence[Result], *, markdown: bool) -> Iterator[str]:
    for threads in dict.fromkeys(result.threads for result in results):
        mine = [result for result in results if result.threads == threads]
        count = "One thread" if threads == 1 else f"{threads} threads"
        made = [result for result in mine if result.constructs]
        if made:
            yield f"{count}, construction:\n\n{_construction(made, markdown=markdown)}"
        called = [result for result in mine if not result.constructs]
        if called:
            yield f"{count}:\n\n{_calls(called, markdown=markdown)}"
    yield f"What is promised, from arrays:\n\n{_bars(results, markdown=markdown)}"


def _construction(results: Sequence[Result], *, markdown: bool) -> str:
    rows = []
    for result in results:
        ratios = (_ratio(result.ratios(peer)[0], markdown) for peer in MAKERS)
        rows.append([result.task, _duration(result.seconds()[0]), *ratios])
    return table(["law or laws", OURS, *MAKERS], rows, markdown=markdown)


def _calls(results: Sequence[Result], *, markdown: bool) -> str:
    rows = []
    for result in results:
        known = {peer: result.ratios(peer) for peer in PEERS if peer in result.times}
        cells = (" / ".join(_ratio(x, markdown) for x in known.get(peer, ())) for peer in PEERS)
        rows.append([result.task, *map(_duration, result.seconds()), *cells])
    return table(["task", "ready", "from arrays", *PEERS], rows, markdown=markdown)


def _bars(results: Sequence[Result], *, markdown: bool) -> str:
    rows = [row for result in results if result.threads == 1 for row in _verdicts(result)]
    return table(["task", "beside", "promised", "measured", ""], rows, markdown=markdown)


def _verdicts(result: Result) -> Iterator[list[str]]:
    for peer, bar in result.bars.items():
        value = result.ratios(peer)[1]
        yield [result.task, peer, f"≥ {bar:g}", f"{value:.2f}", _verdict(value >= bar)]
    for name, limit, value in zip(
        ("ready", "from arrays"), result.limits or (), result.seconds(), strict=False
    ):
        if limit < 1:
            promised, measured = f"≤ {_duration(limit)}", _duration(value)
            yield [result.task, name, promised, measured, _verdict(value <= limit)]


def _verdict(kept: bool) -> str:
    return "holds" if kept else "MISSED"


def _ratio(value: float, markdown: bool) -> str:
    """Write a ratio; where the peer is faster, it stands out."""
    text = f"{value:.2g}" if value < 10 else f"{value:.0f}"
    return text if value >= 1 else (f"**{text}**" if markdown else f"{text}!")


def _duration(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-6:.3g} µs"


def write(results: Sequence[Result], machine: str) -> None:
    """Write short tables into the README, all as a page, and the figures that `compare` reads."""
    one = [result for result in results if result.threads == 1 and _is_for_the_readme(result.task)]
    _replace(README, "construction", _construction([r for r in one if r.constructs], markdown=True))
    _replace(README, "speed", _calls([r for r in one if not r.constructs], markdown=True))
    _replace(README, "machine", f"{machine}.")
    title = "# Times beside other libraries\n\nMade by `python benchmarks/speed.py --write`.\n"
    text = f"{title}\n{machine}.\n\n<!-- tables -->\n\n{report(results, markdown=True)}\n"
    PAGE.write_text(text, encoding="utf8")
    content = {"machine": machine, "ratios": _figures(results)}
    FIGURES.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf8")


def _is_for_the_readme(task: str) -> bool:
    """Tell which tasks stand for the others: the README has no room for all."""
    left_out = ("1024", "pair, d = 3", "d = 3, near", "d = 32, near")
    return not (
        any(part in task for part in left_out)
        or (task.startswith("Wasserstein") and "near" in task)
    )


def _replace(page: Path, name: str, text: str) -> None:
    """Replace what stands between two comments of a page."""
    first, last = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    before, _, rest = page.read_text(encoding="utf8").partition(first)
    _, found, after = rest.partition(last)
    if not found:
        raise SystemExit(f"{page} has no comments {first.strip()} and {last}")
    page.write_text(f"{before}{first}\n{text}\n\n{last}{after}", encoding="utf8")


def _figures(results: Sequence[Result]) -> dict[str, list[float]]:
    """Return the ratios on ready laws and from arrays of every task, number of threads and peer."""
    return {
        f"{result.task} | {result.threads} | {peer}": [round(x, 3) for x in result.ratios(peer)]
        for result in results
        for peer in result.times
        if peer != OURS
    }


def compare(results: Sequence[Result]) -> int:
    """Print the ratios that fell since the committed figures; return 1 if there are any."""
    committed = json.loads(FIGURES.read_text(encoding="utf8"))["ratios"]
    rows = []
    for name, today in _figures(results).items():
        for kind, value, once in zip(
            ("ready", "from arrays"), today, committed.get(name, ()), strict=False
        ):
            if value < FALLEN * once:
                rows.append([*name.split(" | "), kind, f"{once:.3g}", f"{value:.3g}"])
    header = ["task", "threads", "beside", "", "committed", "today"]
    print(f"\nRatios below {FALLEN:g} of the committed ones: {len(rows)}")
    if rows:
        print(table(header, rows, markdown=False))
    return int(bool(rows))
