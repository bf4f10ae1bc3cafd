"""What was found: told apart by law, function, structures and the shape of the message."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

from .cases import Case


class Finding(NamedTuple):
    law: str
    function: str
    message: str


class Kind(NamedTuple):
    law: str
    shape: str
    function: str
    structures: str


def _shape(message: str) -> str:
    """The message without its numbers."""
    return re.sub(r"[-+]?(\d[\d.]*(e[-+]?\d+)?|inf|nan)", "#", message)


@dataclass
class Findings:
    """One example a kind, the first met, and how often the kind came."""

    examples: dict[Kind, tuple[Case, Finding]] = field(default_factory=dict)
    counts: Counter[Kind] = field(default_factory=Counter)

    def add(self, case: Case, finding: Finding) -> bool:
        """Return whether it is of a new kind."""
        first, second = sorted(case.structures)
        kind = Kind(finding.law, _shape(finding.message), finding.function, f"{first}, {second}")
        new = kind not in self.examples
        self.examples.setdefault(kind, (case, finding))
        self.counts[kind] += 1
        return new

    def report(self) -> str:
        """A paragraph for each law and shape of message: one program, and where else it came."""
        alike = groupby(sorted(self.examples), key=lambda kind: (kind.law, kind.shape))
        return "\n".join(self._paragraph(list(kinds)) for _, kinds in alike)

    def _paragraph(self, kinds: list[Kind]) -> str:
        case, finding = self.examples[kinds[0]]
        counts: Counter[str] = Counter()
        for kind in kinds:
            counts[kind.function] += self.counts[kind]
        lines = [f"{finding.law}: {finding.function}: {finding.message}"]
        lines += [f"    {line}" for line in case.program(call(finding.function)).splitlines()]
        lines.append("  in " + ", ".join(f"{name} ({n}×)" for name, n in counts.most_common()))
        also = {kind.structures: self.examples[kind][0].number for kind in kinds}
        lines.append("  of " + "; ".join(f"{name} (case {n})" for name, n in also.items()))
        return "\n".join(lines) + "\n"

    def __len__(self) -> int:
        return len(self.examples)


def call(function: str) -> str:
    """The call as a line of Python, where the name of the function tells it."""
    name, *options = function.split()
    if options and "=" in options[0]:
        return f"gm.{name}(c.p, c.q, {', '.join(options)})"
    return f"gm.{name}(c.p, c.q)" if not options else f"# {function} of c.p and c.q"
