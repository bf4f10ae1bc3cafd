"""Laws of rows that no memory holds: seconds, peak memory, bytes on the wire, and how they grow.

    python benchmarks/out_of_core.py            # up to 10⁸ rows: minutes
    python benchmarks/out_of_core.py --quick    # seconds, to see that it runs

Rows are generated while they are summed up, and both are timed: reading costs about as much. One
process and two workers of Dask, of one thread each, take turns; ratios are medians over turns. The
ratio of processor time, of the process to the busier worker, is what an idle machine would show
but for the time that messages take.
"""

import argparse
import math
import os
import resource
import statistics
import subprocess
import sys
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import dask.array as da
import numpy as np
from distributed import Client, LocalCluster

import gaussmetrics as gm
from gaussmetrics import streams
from gaussmetrics.inference import likelihood, permutation
from gaussmetrics.inference.group_passes import Dealt, merged, sums_of_block
from gaussmetrics.inference.jackknife import deal
from gaussmetrics.softmax import ClassMoments

D, BLOCK, CLASSES = 32, 100_000, 10


def rows_of(number, n, d):
    return np.random.default_rng([0, number]).standard_normal((n, d), dtype=np.float32)


def sizes(n, block):
    return [min(block, n - start) for start in range(0, n, block)]


def collection(n, d, block):
    """A Dask array of rows that are generated where they are needed."""
    cut = sizes(n, block)

    def generated(block_info=None):
        (number, _), (rows, _) = (
            block_info[None][key] for key in ("chunk-location", "chunk-shape")
        )
        return rows_of(number, rows, d)

    return da.map_blocks(
        generated, chunks=(tuple(cut), (d,)), dtype=np.float32, meta=np.empty((0, 0))
    )


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (
        1 if sys.platform == "darwin" else 1024
    )


def alone(n, d, block):
    """Time one process of its own; return seconds, its processor time and its peak memory."""
    command = [sys.executable, __file__, "--alone", str(n), str(d), str(block)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return tuple(map(float, done.stdout.split()))


def child(n, d, block):
    start, begun = time.perf_counter(), time.process_time()
    gm.Moments.from_batches(rows_of(i, size, d) for i, size in enumerate(sizes(n, block)))
    print(time.perf_counter() - start, time.process_time() - begun, peak())


def shared(client, n, d, block):
    """Time the workers; return seconds, processor time of the busier one, its peak, bytes sent."""
    before = client.run(state)
    start = time.perf_counter()
    gm.Moments.from_samples(collection(n, d, block))
    seconds = time.perf_counter() - start
    after = client.run(state)
    busy, sent = (
        [after[worker][k] - before[worker][k] for worker in before] for k in ("seconds", "sent")
    )
    return seconds, max(busy), max(now["peak"] for now in after.values()), sum(sent)


def state(dask_worker):
    sent = dask_worker.transfer_outgoing_bytes_total
    return {"seconds": time.process_time(), "peak": peak(), "sent": sent}


def by_rows(client, counts, rounds):
    print(f"\nMoments of n rows of {D} columns (float32), in blocks of {BLOCK} rows\n")
    print("| n | one process, s | two workers, s | ratio | ratio of processor time | "
          "peak of the process, MB | of a worker, MB | sent, kB |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|")
    for n in counts:
        turns = [(alone(n, D, BLOCK), shared(client, n, D, BLOCK)) for _ in range(rounds)]
        one, two = (statistics.median(t[k][0] for t in turns) for k in (0, 1))
        wall, busy = (statistics.median(a[k] / b[k] for a, b in turns) for k in (0, 1))
        memory = max(a[2] for a, _ in turns), max(b[2] for _, b in turns)
        print(f"| 1e{round(math.log10(n))} | {one:.2f} | {two:.2f} | {wall:.2f} | {busy:.2f} | "
              f"{memory[0] / 1e6:.0f} | {memory[1] / 1e6:.0f} | {turns[0][1][3] / 1e3:.1f} |",
              flush=True)  # fmt: skip


def timed(function, *arguments, repeat=3):
    best = math.inf
    for _ in range(repeat):
        start = time.process_time()
        function(*arguments)
        best = min(best, time.process_time() - start)
    return best


def by_columns(dims):
    print("\nProcessor time of one block of 50 000 rows, and of one merge\n")
    print("| d | block, ms | block, ns a number | merge, ms | 8 (d² + 2d + 1), kB |")
    print("|---|---|---|---|---|")
    for d in dims:
        X = rows_of(0, 50_000, d)
        m = gm.Moments.from_samples(X[:1000])
        block, merge = timed(gm.Moments.from_samples, X), timed(m.__add__, m)
        print(f"| {d} | {1e3 * block:.1f} | {1e9 * block / X.size:.1f} | {1e3 * merge:.2f} | "
              f"{8 * (d * d + 2 * d + 1) / 1e3:.1f} |", flush=True)  # fmt: skip


def by_classes(counts):
    print(
        f"\nProcessor time of the class moments of 10⁵ rows of {D} columns\n\n| K | s |\n|---|---|"
    )
    X = rows_of(0, 100_000, D)
    for classes in counts:
        y = np.random.default_rng(0).integers(0, classes, len(X))
        print(f"| {classes} | {timed(ClassMoments.from_samples, X, y, classes):.3f} |")


def labelled(number, n, d):
    """Rows of ten classes, the last column the label."""
    y = np.random.default_rng([1, number]).integers(0, CLASSES, n)
    rows = rows_of(number, n, d)
    rows[:, 0] += 0.5 * y
    return np.column_stack([rows, y.astype(np.float32)])


def pairs(n, d, block):
    for i, size in enumerate(sizes(n, block)):
        rows = labelled(i, size, d)
        yield rows[:, :-1], rows[:, -1].astype(int)


def classifier_alone(n, chosen):
    """Time the fit from batches in a process of its own."""
    command = [sys.executable, __file__, "--classifier", str(n), str(int(chosen))]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return tuple(map(float, done.stdout.split()))


def classifier_child(n, chosen):
    start, begun = time.perf_counter(), time.process_time()
    classifier(chosen).fit(lambda: pairs(n, D, BLOCK))
    print(time.perf_counter() - start, time.process_time() - begun, peak())


def classifier(chosen):
    options = {} if chosen else {"shrinkage": 0, "temperature": 1}
    return gm.AnalyticLogisticRegression(**options)


def classifier_shared(client, n, chosen):
    """Time the workers; return seconds, processor time of the busier, its peak, bytes, passes."""

    def generated(block_info=None):
        (number, _), (rows, _) = (
            block_info[None][key] for key in ("chunk-location", "chunk-shape")
        )
        return labelled(number, rows, D)

    rows = da.map_blocks(
        generated,
        chunks=(tuple(sizes(n, BLOCK)), (D + 1,)),
        dtype=np.float32,
        meta=np.empty((0, 0)),
    )
    before, start = client.run(state), time.perf_counter()
    classifier(chosen).fit(rows[:, :-1], rows[:, -1].astype(int))
    seconds, after = time.perf_counter() - start, client.run(state)
    busy, sent = (
        [after[worker][k] - before[worker][k] for worker in before] for k in ("seconds", "sent")
    )
    return seconds, max(busy), max(now["peak"] for now in after.values()), sum(sent)


def by_classifier(client, counts, rounds):
    print(f"\nClassifier of n rows of {D} columns and {CLASSES} classes, read anew on each pass\n")
    print("| n | chosen | one process, s | two workers, s | ratio | ratio of processor time | "
          "peak of the process, MB | of a worker, MB | sent, kB |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|")
    for n in counts:
        for chosen in (False, True):
            turns = [
                (classifier_alone(n, chosen), classifier_shared(client, n, chosen))
                for _ in range(rounds)
            ]
            one, two = (statistics.median(t[k][0] for t in turns) for k in (0, 1))
            wall, busy = (statistics.median(a[k] / b[k] for a, b in turns) for k in (0, 1))
            memory = max(a[2] for a, _ in turns), max(b[2] for _, b in turns)
            what = "shrinkage, temperature, calibration" if chosen else "nothing"
            print(f"| 1e{round(math.log10(n))} | {what} | {one:.2f} | {two:.2f} | {wall:.2f} | "
                  f"{busy:.2f} | {memory[0] / 1e6:.0f} | {memory[1] / 1e6:.0f} | "
                  f"{turns[0][1][3] / 1e3:.1f} |", flush=True)  # fmt: skip


def by_groups(dims):
    """Time one block of an estimate in 50 groups, and of a test in 401: rows dealt at random."""
    n, rows = 10**8, 100_000
    print(f"\nProcessor time of one block of {rows} rows in groups, and of one merge\n")
    print("| d | g | moments, ms | groups, ms | merge, ms | 8 g (d² + 2d + 1), MB | "
          "999 permutations, s |\n|---|---|---|---|---|---|---|")  # fmt: skip
    for d in dims:
        X = rows_of(0, rows, d)
        plain = timed(gm.Moments.from_samples, X)
        for groups in (50, 401):
            dealt = Dealt(n, *deal(n, groups))
            passes = streams.batch_passes([X])
            block = timed(passes.fold, sums_of_block, merged, dealt)
            part = sums_of_block(streams.Block(X, start=0), dealt)
            merge = timed(merged, part, part)
            moved = permuted(part[1]) if groups == 401 else math.nan
            print(f"| {d} | {groups} | {1e3 * plain:.1f} | {1e3 * block:.1f} | {1e3 * merge:.2f} | "
                  f"{8 * groups * (d * d + 2 * d + 1) / 1e6:.2f} | {moved:.1f} |",
                  flush=True)  # fmt: skip


def permuted(moments):
    """Time the permutations of 400 groups between two samples."""
    parts = [gm.Moments(*some) for some in zip(moments.count, moments.mean, moments.scatter,
                                               moments.mean_low, strict=True)]  # fmt: skip
    centre = (parts[0].mean, parts[0].mean_low)
    cut = permutation.Parts([parts[:200], parts[200:400]], [parts[400], parts[400]], "groups")
    units = permutation.Units.of_moments(cut, [centre, centre])

    def permute():
        for dealt in permutation.moments_dealt(units, 999, np.random.default_rng(0)):
            likelihood.joint(dealt)

    return timed(permute, repeat=1)


def on_paper(blocks, rows, d):
    """Extrapolate from one block and one merge, measured here, to a thousand workers."""
    print(f"\nOn paper: {blocks} blocks of {rows} rows of {d} columns\n")
    print("| | workers | summing, s | depth of the tree | merging, s | sent in all, MB | "
          "by each worker, MB |\n|---|---|---|---|---|---|---|")  # fmt: skip
    X, depth = rows_of(0, rows, d), math.ceil(math.log(blocks, 8) - 1e-9)
    for name, groups in (("moments", 1), ("estimate", 50), ("test", 401)):
        dealt = Dealt(blocks * rows, *deal(blocks * rows, groups))
        block, part = timed(gm.Moments.from_samples, X), gm.Moments.from_samples(X)
        merge = timed(part.__add__, part)
        if groups > 1:
            block = timed(sums_of_block, streams.Block(X, start=0), dealt)
            sums = sums_of_block(streams.Block(X, start=0), dealt)
            merge = timed(merged, sums, sums)
        sent = 8 * groups * (d * d + 2 * d + 1) * blocks * 8 / 7 / 1e6
        for workers in (2, 10, 100, 1000):
            merges = 7 * merge * (depth + blocks / 8 / workers)
            print(f"| {name} | {workers} | {block * blocks / workers:.1f} | {depth} | "
                  f"{merges:.2f} | {sent:.0f} | {sent / workers:.2f} |", flush=True)  # fmt: skip


def by_blocks(client, counts, n):
    print(f"\nThe same {n} rows in more blocks, on two workers\n")
    print(
        "| blocks | depth of the tree | s | ms a block | sent, kB a block |\n|---|---|---|---|---|"
    )
    for blocks in counts:
        seconds, _, _, wire = shared(client, n, D, -(-n // blocks))
        depth = math.ceil(math.log(blocks, 8) - 1e-9)
        print(f"| {blocks} | {depth} | {seconds:.2f} | {1e3 * seconds / blocks:.1f} | "
              f"{wire / blocks / 1e3:.1f} |", flush=True)  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=float, nargs="*")
    parser.add_argument("--classifier", type=int, nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--alone", type=int, nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.alone:
        child(*options.alone)
        return
    if options.classifier:
        classifier_child(*options.classifier)
        return
    small = options.quick
    counts = [int(n) for n in options.rows or ([1e5] if small else [1e5, 1e6, 1e7, 1e8])]
    local = {"n_workers": 2, "threads_per_worker": 1, "memory_limit": "1GB"}
    with LocalCluster(**local, dashboard_address=":0") as cluster, Client(cluster) as client:
        shared(client, 2 * BLOCK, D, BLOCK)  # the workers import what they need
        by_rows(client, counts, 1 if small else options.rounds)
        few = [int(n) for n in options.rows or ([1e5] if small else [1e6, 1e7])]
        by_classifier(client, few, 1 if small else options.rounds)
        by_blocks(client, (8, 64) if small else (8, 64, 512, 2048), 10**5 if small else 10**6)
    by_columns((8, 64) if small else (8, 32, 128, 512))
    by_groups((8,) if small else (8, 32, 128))
    by_classes((2, 32) if small else (2, 32, 512))
    on_paper(100 if small else 100_000, 10_000 if small else 100_000, D)


if __name__ == "__main__":
    main()
