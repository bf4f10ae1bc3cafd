"""One thread of linear algebra a process: the tests already run one process a core."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
# No window opens, where there could be one.
os.environ.setdefault("MPLBACKEND", "Agg")
