"""How far apart are groups of rows that no memory holds, and how well can they be told apart?

Writes some gigabytes of synthetic rows as Parquet, unless the folder has them. On a Dask cluster it
fits the law of each group and a classifier, estimates a distance with its error, and tests whether
laws are equal: on two processes of this machine that may take 1 GB each, or on the cluster whose
scheduler you name, if its workers see the folder.

    python examples/out_of_core/groups.py --gigabytes 3
    python examples/out_of_core/groups.py --scheduler tcp://scheduler:8786 --folder /shared/rows
"""

import argparse
import resource
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import dask.dataframe as dd
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from distributed import Client, LocalCluster
from rich.console import Console
from rich.progress import Progress

import gaussmetrics as gm

GROUPS = ("control", "treated", "exposed")
D, PART = 32, 200_000
NAMES = [f"x{i}" for i in range(D)]


def truth():
    """The laws that the rows are drawn from; they differ in mean, and one in covariance."""
    rng = np.random.default_rng(0)
    factor = rng.normal(size=(D, D)) / np.sqrt(D) + np.eye(D)
    means = 1e6 + 0.1 * rng.normal(size=(3, D))
    scales = np.array([1.0, 1.0, 1.1])
    return gm.Gaussian(means, scales[:, None, None] * (factor @ factor.T))


def write(folder, gigabytes):
    """Write the rows in parts of about 50 MB, a third of each part from each group."""
    folder.mkdir(parents=True, exist_ok=True)
    laws, parts = truth(), max(2, round(gigabytes * 1e9 / (8 * D * PART)))
    rows = min(PART, int(gigabytes * 1e9 / (8 * D * parts)))
    for k in range(parts):
        rng = np.random.default_rng([1, k])
        group = np.repeat(np.arange(3), -(-rows // 3))[:rows]
        X = np.concatenate([laws[g].sample(int((group == g).sum()), rng) for g in range(3)])
        columns = {name: X[:, i] for i, name in enumerate(NAMES)}
        table = pa.table({**columns, "group": np.array(GROUPS)[group]})
        pq.write_table(table, folder / f"part{k:05}.parquet", row_group_size=-(-rows // 3))
    return parts * rows


def counted(dask_scheduler):
    """Tell how many tasks are done, and how many there are."""
    states = [task.state for task in dask_scheduler.tasks.values()]
    return sum(state in ("memory", "released", "forgotten") for state in states), len(states)


@contextmanager
def bar(client, text):
    """Show on standard error how far the scheduler has come."""
    done = threading.Event()
    with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task(text, total=None)

        def watch():
            while not done.wait(0.5):
                completed, total = client.run_on_scheduler(counted)
                progress.update(task, completed=completed, total=total or None)

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join()


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (
        1 if sys.platform == "darwin" else 1024
    )


@contextmanager
def timed(client, what):
    start = time.perf_counter()
    with bar(client, what):
        yield
    print(f"{what}: {time.perf_counter() - start:.1f} s", flush=True)


def rows_of(folder, group):
    return dd.read_parquet(folder, columns=NAMES, filters=[("group", "==", group)])


def compare(client, folder):
    """Fit the law of each group where the rows are, and compare them here."""
    laws = []
    for group in GROUPS:
        with timed(client, f"Law of {group}"):
            laws.append(gm.Gaussian.from_samples(rows_of(folder, group)))
    fitted = gm.Gaussian.stack(laws)
    print("\nDivergence of each fitted law from the one its rows were drawn from:")
    for group, value in zip(GROUPS, gm.kl_divergence(fitted, truth()), strict=True):
        print(f"  {group:8} {value:.2e}")
    print("\nHellinger distances:")
    for group, row in zip(GROUPS, gm.pairwise(gm.hellinger_distance, fitted), strict=True):
        print(f"  {group:8} " + " ".join(f"{value:.4f}" for value in row))


def judge(client, folder):
    """Say how sure that is: rows are dealt anew where they are, and only sums of groups travel."""
    samples = {group: rows_of(folder, group) for group in GROUPS}
    control, treated, _ = samples.values()
    print()
    with timed(client, "Estimate"):
        distance = gm.estimate(gm.hellinger_distance, control, treated)
    print(f"Hellinger distance of control and treated: {distance:.4f}\n")
    with timed(client, "Test"):
        test = gm.equality_test(control, treated, rng=0)
    print(f"Are control and treated one law? {test}\n")
    with timed(client, "Test of two halves"):
        halves = control.partitions[::2], control.partitions[1::2]
        test = gm.equality_test(*halves, rng=0)
    print(f"Are two halves of control one law? {test}")


def classify(client, folder):
    """Fit the classifier where the rows are, and let it predict there."""
    rows = dd.read_parquet(folder, columns=[*NAMES, "group"])
    print()
    with timed(client, "Classifier"):
        model = gm.AnalyticLogisticRegression().fit(rows[NAMES], rows.group)
    print(f"  shrinkage {model.shrinkage_:.2e}, temperature {model.temperature_:.4f}")
    print("Mean probability of each group, predicted on the workers:")
    for group, share in zip(
        model.classes_, model.predict_proba(rows[NAMES]).mean(axis=0).compute(), strict=True
    ):
        print(f"  {group}: {share:.4f}")


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--folder", type=Path)
    options.add_argument("--gigabytes", type=float, default=3.0)
    options.add_argument("--scheduler")
    chosen = options.parse_args()
    folder = chosen.folder or Path(tempfile.mkdtemp(prefix="out_of_core"))
    if not any(folder.glob("*.parquet")):
        print(f"Writing synthetic rows to {folder}")
        print(f"{write(folder, chosen.gigabytes)} rows of {D} columns in {len(GROUPS)} groups")
    local = {"n_workers": 2, "threads_per_worker": 1, "memory_limit": "1GB"}
    cluster = chosen.scheduler or LocalCluster(**local, dashboard_address=":0")
    with Client(cluster) as client:
        print(f"Dashboard: {client.dashboard_link}\n")
        compare(client, folder)
        judge(client, folder)
        classify(client, folder)
        print(f"\nPeak memory of a worker: {max(client.run(peak).values()) / 1e6:.0f} MB")
    if not chosen.scheduler:
        cluster.close()


if __name__ == "__main__":
    main()
