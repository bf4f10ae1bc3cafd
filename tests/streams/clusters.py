"""What the tests do to a cluster: slow it down, look into it, hide the library from it."""

import gc
import os
import signal
import sys
import threading
import time

import pytest


def outgoing(client):
    sent = client.run(lambda dask_worker: dask_worker.transfer_outgoing_bytes_total)
    return sum(sent.values())


def slowly(block):
    time.sleep(0.05)
    return block


def some_results(scheduler):
    """Wait until a fit has come some way."""
    while sum(task.state == "memory" for task in list(scheduler.tasks.values())) < 4:
        time.sleep(0.02)


def interrupted(call, scheduler):
    """Press Ctrl-C in the middle of a call."""

    def interrupt(*_):
        raise KeyboardInterrupt

    def interrupt_in_the_middle():
        some_results(scheduler)
        os.kill(os.getpid(), signal.SIGALRM)

    before = signal.signal(signal.SIGALRM, interrupt)
    timer = threading.Thread(target=interrupt_in_the_middle)
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            call()
    finally:
        timer.join()
        signal.signal(signal.SIGALRM, before)


def emptied(scheduler):
    """Wait until no task is left, of those that an exception may still refer to neither."""
    for _ in range(600):
        gc.collect()
        if not scheduler.tasks:
            return True
        time.sleep(0.05)
    return False


def hide():
    names = [name for name in sys.modules if name.split(".")[0] == "gaussmetrics"]
    sys._hidden = {name: sys.modules[name] for name in names}
    sys.modules.update(dict.fromkeys([*names, "gaussmetrics"]))


def show():
    del sys.modules["gaussmetrics"]
    sys.modules.update(sys._hidden)
