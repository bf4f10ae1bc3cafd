"""Names for the types that signatures speak of."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
Scalars: TypeAlias = Any
"""A number for one law, an array for a batch: shapes decide, which types do not know. NumPy's
`linalg.det` is typed alike."""
Index: TypeAlias = NDArray[np.intp]
Mask: TypeAlias = NDArray[np.bool_]
Names: TypeAlias = tuple[str, ...]
