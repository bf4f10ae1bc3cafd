"""Lets code and names break where a reader would: at a bracket, an attribute, a word of theirs."""

from __future__ import annotations

import re
from typing import Any

from sphinx.application import Sphinx

CODE = re.compile(r'(?<=<span class="pre">)[^<]+')
BREAK = re.compile(r"(?<=\w\w[(\[])(?=\w)|(?:(?<=\w{3})|(?<=[)\]]))(?=\.(?!py\b)[A-Za-z_])")
LONG_NAME = re.compile("[a-z_]{28,}")
HEADING = re.compile(r"(?<=<h1>)[^<]+")
WORDS = re.compile(
    r"(?<=[a-z]_)(?=[a-z])|(?<=\w{3})(?=\.[a-z])"
    r"|(?:(?<=[a-z]{3})|(?<=[A-Z][a-z]{2}))(?=[A-Z][a-z]{2})"
)


def _with_breaks(code: re.Match[str]) -> str:
    places = WORDS if LONG_NAME.fullmatch(code[0]) else BREAK
    return places.sub("<wbr>", code[0])


def _offer_breaks(_app: Sphinx, _page: str, _template: str, context: Any, _doctree: Any) -> None:
    if "body" in context:
        body = CODE.sub(_with_breaks, context["body"])
        context["body"] = HEADING.sub(lambda name: WORDS.sub("<wbr>", name[0]), body)
    for neighbour in filter(None, (context.get("prev"), context.get("next"))):
        neighbour["title"] = WORDS.sub("<wbr>", neighbour["title"])


def setup(app: Sphinx) -> dict[str, Any]:
    """Add the opportunities to every finished page; the style sheet says where they are taken."""
    app.connect("html-page-context", _offer_breaks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
