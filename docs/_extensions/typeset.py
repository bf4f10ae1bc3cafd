"""Typesets the formulas of docstrings, which are plain text for a terminal, as those of pages are.

Σ is a sum before an operand and a covariance elsewhere; Σp, Tt and W2 have subscripts; a word is
prose unless it is a function, a name in capitals or a single letter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from sphinx.application import Sphinx

FUNCTIONS = {
    "Log", "Re", "arcosh", "argmax", "argmin", "cosh", "det", "diag", "erf", "exp", "log", "max",
    "min", "rank", "sign", "softmax", "svd", "tr",
}  # fmt: skip
KNOWN_TO_LATEX = {"det", "exp", "log", "max", "min"}
HALVES = {"½": "1/2", "¼": "1/4", "⅛": "1/8"}
RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ˢᵀ", [*"0123456789+-s", r"\top"], strict=True))
LOWERED = dict(zip("₀₁₂₃₊₋ₖⱼᵢₙ", "0123+-kjin", strict=True))
SIGNS = {
    "−": "-", "±": r"\pm ", "×": r"\times ", "·": r"\cdot ", "≤": r"\le ", "≥": r"\ge ",
    "∝": r"\propto ", "↦": r"\mapsto ", "→": r"\to ", "←": r"\leftarrow ", "∈": r"\in ",
    "∞": r"\infty ", "∂": r"\partial ", "∇": r"\nabla ", "⊗": r"\otimes ", "∫": r"\int ",
    "‖": r"\Vert ", "|": r"\vert ", "⟨": r"\langle ", "⟩": r"\rangle ", "ℓ": r"\ell ",
    "…": r"\ldots ", "′": r"^{\prime}", "~": r"\sim ",
}  # fmt: skip
GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "varepsilon", "η": "eta",
    "θ": "theta", "κ": "kappa", "λ": "lambda", "μ": "mu", "ξ": "xi", "π": "pi", "ρ": "rho",
    "σ": "sigma", "τ": "tau", "φ": "varphi", "χ": "chi", "ψ": "psi", "ω": "omega",
    "Δ": "Delta", "Σ": "Sigma",
}  # fmt: skip
G, UP, DOWN = ("".join(signs) for signs in (GREEK, RAISED, LOWERED))

# What may stand in a docstring, the first that fits.
TOKEN = re.compile(
    rf"""(?P<code>``.*?``|`[^`]*`)
    |(?P<sum>Σ(?:[{DOWN}]|_[a-z])?(?=\s+(?:log|exp|[½¼(\[√|]|\w(?![a-z]))))
    |(?P<abbreviation>(?:MW|W|OT|S)[2ε]|Tt\b|pt\b|ds(?=²)|[a-z]\u0303|[ũṽ]|d[uxy]\b|iy\b
        |N(?=\()|[A-Z][pq](?![a-z]))
    |(?P<indexed>(?:[A-Za-z]+|[{G}])_(?:[A-Z]+|[a-z]{{1,2}}(?![a-z])|[{G}]))
    |(?P<greek>(?:d(?=[μΣ]))?[{G}](?:xx|xy|yx|yy|(?<=μ)[xy](?![a-z])|[pqi](?![a-z]))?)
    |(?P<word>[A-Za-zÀ-ÖØ-öø-ÿŠšő]+(?:[-–'’][A-Za-zÀ-ÖØ-öø-ÿŠšő]+)*)
    |(?P<raised>[{UP}]+|\^(?:\([^()]*\)|[−-]?[½¼∞\w]))
    |(?P<lowered>[{DOWN}]+|_[a-z](?![a-z]))
    |(?P<number>\d+/\d+(?!\w)|\d+(?:\.\d+)?|[½¼⅛])
    |(?P<root>√)
    |(?P<space>\s+)
    |(?P<sign>.)""",
    re.VERBOSE,
)


def _script(text: str) -> str:
    """Return what stands above or below, fractions with a slash."""
    for half, fraction in HALVES.items():
        text = text.replace(half, fraction)
    return "".join(SIGNS.get(c, f"\\{GREEK[c]} " if c in GREEK else c) for c in text)


def _word(text: str) -> str:
    if text in FUNCTIONS:
        return rf"\{text} " if text in KNOWN_TO_LATEX else rf"\operatorname{{{text}}}"
    if text == "E":
        return r"\mathbb E\,"
    if len(text) == 1:
        return f"\\{GREEK[text]} " if text in GREEK else text
    return rf"\mathrm{{{text}}}" if text.isupper() else rf"\text{{{text}}}"


def _abbreviation(text: str) -> str:
    if text in {"ũ", "ṽ"} or text.endswith("\u0303"):
        return rf"\tilde{{{ {'ũ': 'u', 'ṽ': 'v'}.get(text, text[0]) }}}"
    if text == "N":
        return r"\mathcal N"
    if text[-1] in "2ε":
        return (
            rf"\mathrm{{{text[:-1]}}}_{{{_script(text[-1])}}}"
            if text[1:-1]
            else (f"{text[0]}_{{{_script(text[-1])}}}")
        )
    if text[-1] in "tpq":
        return f"{text[0]}_{text[1]} "
    return text if text[0] == "i" else rf"\,{text}"


def _indexed(text: str) -> str:
    base, index = text.split("_")
    index = rf"\mathrm{{{index}}}" if index.isupper() else _script(index)
    return rf"\mathbb E_{{{index}}}\," if base == "E" else f"{_word(base)}_{{{index}}}"


def _greek(text: str) -> str:
    letter = text.removeprefix("d")
    index = f"_{{{letter[1:]}}}" if letter[1:] else ""
    return f"{'d' * text.startswith('d')}\\{GREEK[letter[0]]}{index} "


def _raised(text: str) -> str:
    script = _script(text[1:].strip("()")) if text[0] == "^" else "".join(map(RAISED.get, text))
    return f"^{{{script}}}"


def _lowered(text: str) -> str:
    return f"_{{{''.join(LOWERED.get(c, c) for c in text.removeprefix('_'))}}}"


def _number(text: str) -> str:
    above, slash, below = HALVES.get(text, text).partition("/")
    return rf"\tfrac{{{above}}}{{{below}}}" if slash else text


TEX = {
    "sum": lambda text: rf"\sum{_lowered(text[1:]) if text[1:] else ''} ",
    "abbreviation": _abbreviation,
    "indexed": _indexed,
    "greek": _greek,
    "word": _word,
    "prose": lambda text: rf"\text{{{text}}}",
    "raised": _raised,
    "lowered": _lowered,
    "number": _number,
    "root": lambda _: r"\sqrt",
    "space": lambda _: " ",
    "sign": lambda text: SIGNS.get(text, text),
}
SAYS_NOTHING = {"prose", "space", "number", "sign"}

Tokens = list[tuple[str, str]]


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    """Yield kinds and texts; a word that is no function and no name is prose."""
    for match in TOKEN.finditer(text):
        kind, piece, before, after = (
            str(match.lastgroup), match.group(), text[: match.start()], text[match.end() :]
        )  # fmt: skip
        if kind == "sum" and re.search(r"(det|rank|\^½|\b[A-Z]ᵀ?) $", before):
            kind = "greek"
        article = (piece == "a" and not re.match(r"[/)\]]| (?:[=+−/]|log|exp)", after)) or (
            piece == "A" and re.match(" [a-z]{2}", after)
        )
        known = piece in FUNCTIONS or (piece.isupper() and "-" not in piece) or len(piece) == 1
        if kind == "word" and (article or not known):
            kind = "prose"
        yield kind, piece


def _runs(text: str) -> Iterator[Tokens]:
    """Split at prose, unless it is an argument or is called, and where formulas are listed."""
    run: Tokens = []
    depth = 0
    tokens = list(_tokens(text))
    for (kind, piece), (_, after) in zip(tokens, [*tokens[1:], ("", "")], strict=False):
        said = [p for k, p in run if k != "space"]
        inside = any(k not in SAYS_NOTHING for k, _ in run) and (depth > 0 or said[-1] in "+−=≥<")
        if kind == "code" or (kind == "prose" and not inside and after not in {"(", "["}):
            yield run
            yield [("code", piece)]
            run, depth = [], 0
            continue
        if kind == "sign" and piece in ",;:" and after.isspace() and depth <= 0:
            yield run
            yield [("code", piece)]
            run = []
            continue
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(piece, 0)
        run.append((kind, piece))
    yield run


def _trimmed(run: Tokens) -> tuple[str, Tokens, str]:
    """Take from both ends what belongs to the sentence."""
    before = after = ""
    while run and (run[0][1].isspace() or run[0][1] in {",", ".", ";", ":", ")", "]"}):
        before += run.pop(0)[1]
    while run and (run[-1][1].isspace() or run[-1][1] in {",", ".", ";", ":", "(", "["}):
        after = run.pop()[1] + after
    pieces = [piece for _, piece in run]
    if pieces.count("(") > pieces.count(")") and pieces[0] == "(":
        before += run.pop(0)[1]
    if pieces.count(")") > pieces.count("(") and pieces[-1] == ")":
        after = run.pop()[1] + after
    return before, run, after


def _is_formula(run: Tokens) -> bool:
    """Tell a formula from a number, a bracket, or the name of a function in a sentence."""
    pieces = [piece for _, piece in run]
    balanced = all(pieces.count(a) == pieces.count(b) for a, b in ("()", "[]"))
    has_base = bool(run) and run[0][0] not in {"raised", "lowered"}
    return (
        balanced
        and has_base
        and any(
            kind not in SAYS_NOTHING and not re.fullmatch("[A-Za-z]{2,}", piece)
            for kind, piece in run
        )
    )


def _rooted(tex: str) -> str:
    """Give roots their braces: √(x), √[x] and √x."""
    while root := re.search(r"\\sqrt[(\[]", tex):
        at, end, depth = root.start(), root.end(), 1
        while depth:
            depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(tex[end], 0)
            end += 1
        tex = f"{tex[:at]}\\sqrt{{{tex[at + 6 : end - 1]}}}{tex[end:]}"
    return re.sub(r"\\sqrt(\w(?:_\{[^{}]*\})?)", r"\\sqrt{\1}", tex)


def tex(run: Iterable[tuple[str, str]]) -> str:
    """Return a formula as LaTeX."""
    formula = _rooted("".join(TEX[kind](piece) for kind, piece in run))
    words = re.compile(r"(\\[A-Za-z]+|[\w})]) (?=\\text)")
    return words.sub(lambda match: match[0] if match[1][0] == "\\" else f"{match[1]}\\ ", formula)


def typeset(paragraph: str) -> str:
    """Return a paragraph of a docstring with its formulas as roles of reStructuredText."""
    text, prose = "", False
    for run in _runs(paragraph):
        if len(run) == 1 and run[0][0] == "code":
            text += run[0][1]
            prose |= run[0][1].strip() not in {",", ";"}
            continue
        before, formula, after = _trimmed(list(run))
        if _is_formula(formula):
            joint = "" if not (text + before) or (text + before)[-1] in " \n(" else "\\ "
            text += f"{before}{joint}:math:`{tex(formula).strip()}`\\ {after}"
        else:
            text += before + "".join(piece for _, piece in formula) + after
            prose |= any(kind == "prose" for kind, _ in formula)
    text = re.sub(r"`\\ (?=[\s.,;:)]|$)", "`", text)
    return text if prose or ":math:" not in text else f".. rst-class:: formulas\n\n{text}"


def _paragraphs(head: list[str]) -> Iterator[str]:
    """Yield the paragraphs; lines that are formulas each are paragraphs each."""
    for paragraph in re.split(r"\n\s*\n", "\n".join(head).strip()):
        lines = paragraph.split("\n")
        if all("=" in line and not re.search(r"\b[a-z]{3,}\s+[a-z]{3,}\b", line) for line in lines):
            yield from lines
        else:
            yield paragraph


def _typeset_head(_app: Any, _what: str, _name: str, _object: Any, _options: Any,
                  lines: list[str]) -> None:  # fmt: skip
    """Typeset what stands before the first heading."""
    headings = (i - 1 for i, line in enumerate(lines) if re.fullmatch(r"\s*-{3,}\s*", line))
    end = next(headings, len(lines))
    done = [
        text if ">>>" in text or text.startswith("..") else typeset(text.strip())
        for text in _paragraphs(lines[:end])
    ]
    lines[:end] = [*"\n\n".join(done).split("\n"), ""]


def setup(app: Sphinx) -> dict[str, Any]:
    """Read docstrings before numpydoc does."""
    app.connect("autodoc-process-docstring", _typeset_head, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
