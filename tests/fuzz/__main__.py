"""Fuzz by hand: ``python -m tests.fuzz --minutes 60``."""

from __future__ import annotations

import argparse
import itertools
import sys

from .run import run


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="default: 1")
    parser.add_argument("--seed", type=int, default=0, help="default: 0")
    parser.add_argument("--case", type=int, help="examine this case alone")
    options = parser.parse_args()
    numbers = itertools.count() if options.case is None else [options.case]
    findings, count = run(
        options.seed, numbers, seconds=60 * options.minutes, thorough=options.case is not None
    )
    print(findings.report())
    print(f"{count} cases of seed {options.seed}: {len(findings)} kinds of findings.")
    return int(len(findings) > 0)


if __name__ == "__main__":
    sys.exit(main())
