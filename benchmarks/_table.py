"""Plain and Markdown tables, and the line that says on what machine they were made."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from threadpoolctl import threadpool_info

PACKAGES = ("gaussmetrics", "numpy", "scipy", "POT", "pyriemann", "torch", "mpmath")


def table(header: Sequence[str], rows: Sequence[Sequence[str]], *, markdown: bool) -> str:
    widths = [max(3, *map(len, column)) for column in zip(header, *rows, strict=True)]
    lines = [_line(cells, widths, markdown) for cells in (header, *rows)]
    lines.insert(1, _line(["-" * width for width in widths], widths, markdown))
    return "\n".join(lines)


def _line(cells: Sequence[str], widths: Sequence[int], markdown: bool) -> str:
    padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
    return f"| {' | '.join(padded)} |" if markdown else "  ".join(padded).rstrip()


def machine() -> str:
    """Name processor, threads and versions."""
    pools = sorted({f"{pool['internal_api']} {pool['num_threads']}" for pool in threadpool_info()})
    system = f"{_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}"
    versions = ", ".join(f"{name} {_version(name)}" for name in PACKAGES)
    return f"{system}; threads: {', '.join(pools)}; Python {platform.python_version()}, {versions}"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "(not installed)"


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown processor"
