"""Formulas as MathML, which browsers draw by themselves: no script and nothing to fetch."""

from __future__ import annotations

import re
from html import escape
from typing import Any, NoReturn

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.util import logging

logger = logging.getLogger(__name__)

LONG = 24  # signs, beyond which a formula may be wider than a narrow window

# A formula in a line, and what follows without a space: browsers begin a line with its comma.
FOLLOWED = re.compile(r"(\(?<math\b(?:(?!</math>).)*</math>)(</span>)?\u2060([^\s<]*)", re.DOTALL)

# What LaTeX understands and docutils does not: digits without braces, and some synonyms.
SPELLINGS = [
    (r"(\\[dt]?frac)\s*(\d)", r"\1{\2}"),
    (r"(\\[dt]?frac(?:\{[^{}]*\}|[a-z]))\s*(\d)", r"\1{\2}"),
    (r"(\\sqrt|[\^_])\s*(\d)", r"\1{\2}"),
    (r"\\dots\b", r"\\ldots"),
    (r"\\([bB]ig)(?![a-zA-Z])", r"\\\1l"),
]


# Spacing as in print, which browsers differ about: thin spaces around log and its kin, none at a
# slash; bars that do not grow; capital Greek letters upright.
THIN = '<mspace width="0.1667em"></mspace>'
FUNCTION = r'<mi(?: mathvariant="normal")?>\w\w+</mi>'
OPENING = r"<mo[^>]*>[(\[]|<mrow><mo[^>]*>[(\[]|<mo>&ApplyFunction;"
TYPESETTING = [
    (r">\s+<", "><"),
    (rf"(</(?:mi|mn|mfrac|mrow|ms\w+)>)(?=(?:<msup>)?{FUNCTION})", rf"\1{THIN}"),
    (rf"<mo>&ApplyFunction;</mo>(?={OPENING})", ""),
    (r"<mo>&ApplyFunction;</mo>", THIN),
    (r'<mo(?: \w+="\w+")?>([/|])<', r'<mo stretchy="false" lspace="0" rspace="0">\1<'),
    (r'(?<!<mrow>)<mo(?: class="\w+")?>‖</mo>(?!</mrow>)', '<mo stretchy="false">‖</mo>'),
    (r"<mo>(max|min)</mo>(?=<mo[^>]*>\()", r'<mo rspace="0">\1</mo>'),
    (r'class="capital-greek"', 'mathvariant="normal"'),
    ("ˉ", "¯"),
    (  # an accent belongs to the letter, not to the letter with its index
        r"<munderover>(<mi>\w</mi>)(<mi>\w+</mi>)(<mo[^>]*>[~^¯]</mo>)</munderover>",
        r'<msub><mover accent="true">\1\3</mover>\2</msub>',
    ),
]


def _replaced(text: str, rules: list[tuple[str, str]]) -> str:
    for pattern, replacement in rules:
        text = re.sub(pattern, replacement, text)
    return text


def _mathml(node: nodes.Element, *, as_block: bool) -> str:
    formula = _replaced(node.astext(), SPELLINGS)
    try:
        return _replaced(tex2mathml(formula, as_block=as_block), TYPESETTING)
    except (MathError, AttributeError, IndexError) as error:  # no braces, nothing to raise
        logger.warning("formula not understood: %s: %s", error, formula, location=node)
        return f"<code>{escape(formula)}</code>"


def _visit_inline(writer: Any, node: nodes.math) -> NoReturn:
    formula = _mathml(node, as_block=False)
    if len(re.sub("<[^>]*>", "", formula)) > LONG:
        formula = f'<span class="long-formula">{formula}</span>'
    writer.body.append(formula + "\u2060")
    raise nodes.SkipNode


def _visit_block(writer: Any, node: nodes.math_block) -> NoReturn:
    writer.body.append(f'<div class="formula">{_mathml(node, as_block=True)}</div>\n')
    raise nodes.SkipNode


def _join_punctuation(_app: Sphinx, _page: str, _template: str, context: Any, _tree: Any) -> None:
    def joined(match: re.Match[str]) -> str:
        formula, end, text = match.groups()
        if end or not text:
            return formula + text + (end or "")
        return f'<span class="formula-and-sign">{formula}{text}</span>'

    if "body" in context:
        context["body"] = FOLLOWED.sub(joined, context["body"])


def setup(app: Sphinx) -> dict[str, Any]:
    """Offer the renderer under the name "mathml"."""
    app.add_html_math_renderer("mathml", (_visit_inline, None), (_visit_block, None))
    app.connect("html-page-context", _join_punctuation)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
