"""Turns doi:…, arXiv:… and bare addresses into links, in docstrings, notebooks and pages alike."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

CITATION = re.compile(
    r"(?P<doi>doi:10\.\d+/(?:\([^\s()]*\)|[^\s,;()])*(?:\([^\s()]*\)|[^\s,;.()]))"
    r"|(?P<arxiv>arXiv:\d{4}\.\d{4,5})"
    r"|(?P<url>https?://[^\s,;)]*[^\s,;.):])"
)
PREFIX = {"doi": "https://doi.org/", "arxiv": "https://arxiv.org/abs/"}
LEFT_ALONE = (nodes.literal, nodes.literal_block, nodes.reference, nodes.raw, nodes.title)


def _target(match: re.Match[str]) -> str:
    kind, text = str(match.lastgroup), match.group()
    return text if kind == "url" else PREFIX[kind] + text.split(":", 1)[1]


def _linked(text: str) -> Iterator[nodes.Node]:
    end = 0
    for match in CITATION.finditer(text):
        yield nodes.Text(text[end : match.start()])
        yield nodes.reference("", match.group(), refuri=_target(match))
        end = match.end()
    yield nodes.Text(text[end:])


class Citations(SphinxTransform):
    """Replace the text of every citation by a link."""

    default_priority = 800

    def apply(self, **_: Any) -> None:
        """Visit all text that is not code and not a link already."""
        for text in list(self.document.findall(nodes.Text)):
            ancestor: nodes.Node | None = text.parent
            while ancestor is not None and not isinstance(ancestor, LEFT_ALONE):
                ancestor = ancestor.parent
            if ancestor is None and CITATION.search(text):
                text.parent.replace(text, list(_linked(str(text))))


def setup(app: Sphinx) -> dict[str, Any]:
    """Apply the links to every page."""
    app.add_transform(Citations)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
