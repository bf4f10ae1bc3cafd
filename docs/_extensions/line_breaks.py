"""Lets inline code break where a reader would: behind a bracket, and before an attribute."""

from __future__ import annotations

import re
from typing import Any

from sphinx.application import Sphinx

CODE = re.compile(r'(?<=<span class="pre">)[^<]+')
BREAK = re.compile(r"(?<=\w\w[(\[])(?=\w)|(?:(?<=\w{3})|(?<=[)\]]))(?=\.(?!py\b)[A-Za-z_])")


def _offer_breaks(_app: Sphinx, _page: str, _template: str, context: Any, _doctree: Any) -> None:
    if "body" in context:
        context["body"] = CODE.sub(lambda code: BREAK.sub("<wbr>", code[0]), context["body"])


def setup(app: Sphinx) -> dict[str, Any]:
    """Add the opportunities to every finished page; the style sheet says where they are taken."""
    app.connect("html-page-context", _offer_breaks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
