"""What a comparison, a drift or an FID has found, as JSON."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import Any

from gaussmetrics.command.comparison import Comparison
from gaussmetrics.command.files import Table
from gaussmetrics.command.selection import Selection


def of_comparison(table: Table, chosen: Selection, found: Comparison) -> dict[str, Any]:
    """Return the record of a comparison."""
    clear = asdict(found.clearest)
    clear["columns"] = [found.columns[c] for c in found.clearest.columns]
    return {
        "command": "compare",
        "file": str(table.path),
        "rows": len(table.frame),
        "by": table.by,
        "groups": dict(zip(found.names, found.sizes, strict=True)),
        "standard_deviations": dict(zip(found.columns, map(float, found.units), strict=True)),
        "encoded": {name: list(words) for name, words in chosen.encoded.items()},
        "left_out": chosen.left_out,
        "remarks": [*table.remarks, *found.remarks],
        "metric": "wasserstein_distance",
        "level": found.level,
        "shrinkage": found.shrinkage,
        "principal_axes": (
            {"count": found.coordinates.rows.shape[1], "share": found.coordinates.share}
            if found.coordinates.principal
            else None
        ),
        "pair_count": found.pair_count,
        "permutations": found.deals,
        "adjustment": "holm" if found.all_shown else "bonferroni",
        "pairs": [{**asdict(pair), "told_apart": found.told_apart(pair)} for pair in found.pairs],
        "table": found.table.tolist(),
        "clusters": found.clusters,
        "clearest": clear,
    }


def as_json(record: dict[str, Any]) -> str:
    """Return a record as JSON, which knows no NaN and no infinity: these become null."""
    return json.dumps(_plain(record), indent=1, ensure_ascii=False, allow_nan=False)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return value
