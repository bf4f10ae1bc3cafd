"""Run the command line: ``python -m gaussmetrics``."""

import sys

from gaussmetrics.command import main

if __name__ == "__main__":
    sys.exit(main())
