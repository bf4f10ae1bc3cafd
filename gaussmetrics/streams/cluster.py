"""The cluster of Dask, if one is connected: what it must have. Nothing is imported for that."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any


def client() -> Any:
    """Return the client of the cluster that Dask would compute on, or None."""
    distributed = sys.modules.get("distributed")
    if distributed is None:
        return None
    try:
        connected = distributed.default_client()
    except ValueError:
        return None
    return None if connected.asynchronous else connected


def installed(client: Any) -> None:
    """Check that a cluster has gaussmetrics: workers without it die of the first task they get."""
    if client is None:
        return
    try:
        client.run(import_module, "gaussmetrics")
        client.run_on_scheduler(import_module, "gaussmetrics")
    except ImportError as error:
        raise ImportError(
            f"the Dask cluster at {client.scheduler.address} cannot import gaussmetrics: {error}. "
            "Install the same version on its scheduler and all its workers, for example with "
            'client.register_plugin(distributed.PipInstall(["gaussmetrics"])).'
        ) from error
