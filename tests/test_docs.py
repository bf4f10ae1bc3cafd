"""The documentation is true: its code runs, both sides of its tables agree, no name is missing."""

import doctest
import importlib
import inspect
import re
from pathlib import Path

import numpy as np
import pytest
from matplotlib import pyplot as plt

import gaussmetrics as gm

DOCS = Path(__file__).parents[1] / "docs"
PAGES = [
    path
    for folder in ("how-to", "coming-from")
    for path in sorted((DOCS / folder).glob("*.md"))
    if path.stem != "index"
]
# A block of code, or a row of a table: what, theirs, ours.
RUNNABLE = re.compile(
    r"^```(?:python|{code-cell})\n(.*?)^```$|^\|[^|]*\| `([^`]+)` \| `([^`]+)` \|$", re.M | re.S
)
IMPORTED = re.compile(r"^(?:>>> )?(?:from|import) (\w+)", re.M)


def run_block(page, code, names):
    for module in set(IMPORTED.findall(code)):
        pytest.importorskip(module)
    if ">>>" not in code:
        exec(compile(code, page, "exec"), names)
        return
    test = doctest.DocTestParser().get_doctest(code, names, page, page, 0)
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    doctest.DebugRunner(optionflags=flags).run(test, clear_globs=False)
    names.update(test.globs)


def check_row(theirs, ours, names):
    expected, got = (eval(line, names) for line in (theirs, ours))
    if np.asarray(expected).dtype.kind in "biuf":
        np.testing.assert_allclose(got, expected, rtol=1e-7, atol=1e-10, err_msg=ours)
    else:
        assert np.array_equal(got, expected), ours


# pytorch-fid calls sqrtm as SciPy will no longer let it.
@pytest.mark.filterwarnings("ignore:The `disp` argument:DeprecationWarning")
@pytest.mark.parametrize("path", PAGES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_page(path):
    names = {}
    runnable = RUNNABLE.findall(path.read_text(encoding="utf8"))
    assert any(code for code, _, _ in runnable)
    for code, theirs, ours in runnable:
        if code:
            run_block(path.name, code, names)
        else:
            check_row(theirs, ours, names)
    plt.close("all")


@pytest.mark.parametrize("path", sorted(DOCS.glob("coming-from/*.md")), ids=lambda path: path.stem)
def test_no_row_of_a_table_is_passed_over(path):
    text = path.read_text(encoding="utf8")
    rows = re.findall(r"^\|(?! \| theirs \| ours \||---).*", text, re.M)
    assert len(rows) == sum(bool(theirs) for _, theirs, _ in RUNNABLE.findall(text))


def test_every_public_name_is_in_the_reference():
    index = (DOCS / "reference" / "index.rst").read_text(encoding="utf8")
    listed = re.findall(r"^   (\w+)$", index, re.M)
    assert sorted(listed) == gm.__all__


def test_every_public_name_answers_a_question():
    index = (DOCS / "reference" / "questions.rst").read_text(encoding="utf8")
    listed = re.findall(r"(?<!`)`(\w+)`(?!`)", index)
    assert sorted(listed) == gm.__all__


@pytest.mark.parametrize("name", [name for name in gm.__all__ if name[0].islower()])
def test_every_function_names_its_relatives(name):
    text = inspect.getdoc(getattr(gm, name))
    section = re.search(r"^See Also\n-+\n(.*?)\n\n", text, re.M | re.S)
    assert section, f'{name} needs a section "See Also", between "Raises" and "References"'
    relatives = set(re.findall(r"[\w.]+", section[1]))
    ours = {relative for relative in relatives if not relative.startswith("sklearn.")}
    assert ours, name
    assert ours <= set(gm.__all__) - {name}


TYPESET = {
    "H = ½ log det Σ + ½ d (1 + log 2π)":
        r"H = \tfrac{1}{2} \log  \det  \Sigma  + \tfrac{1}{2} d (1 + \log  2\pi )",
    "TV = ½ Σ |p − q|": r"\mathrm{TV} = \tfrac{1}{2} \sum  \vert p - q\vert",
    "Σₖ pₖ √(p q) ≤ Σp^½": r"\sum_{k}  p_{k} \sqrt{p q} \le  \Sigma_{p} ^{1/2}",
    "W2² ≥ E‖X − Y‖²": r"W_{2}^{2} \ge  \mathbb E\,\Vert X - Y\Vert ^{2}",
    "y ~ N(μx, A Σ Aᵀ)": r"y \sim  \mathcal N(\mu_{x} , A \Sigma  A^{\top})",
    "P(L as large) < α": r"P(L\ \text{as}\ \text{large}) < \alpha",
}  # fmt: skip


@pytest.mark.parametrize("formula", TYPESET)
def test_formulas_of_docstrings_are_typeset(formula, monkeypatch):
    pytest.importorskip("sphinx")
    monkeypatch.syspath_prepend(DOCS / "_extensions")
    typeset = importlib.import_module("typeset").typeset
    assert typeset(formula) == f".. rst-class:: formulas\n\n:math:`{TYPESET[formula]}`"
    sentence = typeset(f"The law of `x`, where {formula}, and n rows of a table.")
    assert sentence.startswith("The law of `x`, where :math:`")
    assert sentence.endswith(":math:`n` rows of a table.")


def test_the_citation_is_the_same_in_both_places():
    citation = (DOCS.parent / "CITATION.cff").read_text(encoding="utf8")
    page = (DOCS / "citing.md").read_text(encoding="utf8")
    title = re.search(r'^title: "(.*)"$', citation, re.M)[1]
    year = re.search(r"^date-released: (\d{4})", citation, re.M)[1]
    assert f"title  = {{{title}}}," in page
    assert f"year   = {{{year}}}," in page


def documented():
    """The public names and the methods of public classes."""
    for name in gm.__all__:
        thing = getattr(gm, name)
        yield thing
        if inspect.isclass(thing):
            yield from (kept for key, kept in vars(thing).items() if not key.startswith("_"))


def test_every_formula_of_a_docstring_is_understood(monkeypatch):
    pytest.importorskip("sphinx")
    monkeypatch.syspath_prepend(DOCS / "_extensions")
    typeset, mathml = (importlib.import_module(name) for name in ("typeset", "mathml"))
    understood = 0
    for thing in documented():
        lines = (inspect.getdoc(thing) or "").splitlines()
        typeset._typeset_head(None, "", "", None, None, lines)
        for formula in re.findall(r":math:`([^`]*)`", "\n".join(lines)):
            mathml.tex2mathml(mathml._replaced(formula, mathml.SPELLINGS))
            understood += 1
    assert understood > 200


def shown(extension, hook, body, monkeypatch, **context):
    """What a finished page becomes by an extension of the site."""
    pytest.importorskip("sphinx")
    monkeypatch.syspath_prepend(DOCS / "_extensions")
    context |= {"body": body}
    getattr(importlib.import_module(extension), hook)(None, "", "", context, None)
    return context


def test_no_line_begins_with_the_sign_behind_a_formula(monkeypatch):
    def joined(body):
        return shown("mathml", "_join_punctuation", body, monkeypatch)["body"]

    formula = "<math><mi>p</mi></math>"
    span = f'<span class="formula-and-sign">{formula},</span>'
    assert joined(f"of {formula}\u2060, {formula}\u2060 and") == f"of {span} {formula} and"
    assert joined(f"<span>{formula}</span>\u2060. So") == f"<span>{formula}.</span> So"


def test_an_accent_belongs_to_the_letter_without_its_index(monkeypatch):
    pytest.importorskip("sphinx")
    monkeypatch.syspath_prepend(DOCS / "_extensions")
    mathml = importlib.import_module("mathml")
    drawn = mathml._replaced(mathml.tex2mathml(r"\tilde h_k"), mathml.TYPESETTING)
    assert re.search("<msub><mover[^>]*><mi>h</mi><mo[^>]*>~</mo></mover><mi>k</mi></msub>", drawn)


def test_long_names_break_between_their_words(monkeypatch):
    name = "squared_wasserstein_distance_gradient"
    body = (
        f'<h1>{name}</h1><span class="pre">{name}</span><p>{name}</p><h1>JensenShannonBounds</h1>'
    )
    page = shown("line_breaks", "_offer_breaks", body, monkeypatch, next={"title": "From PyTorch"})
    words = name.replace("_", "_<wbr>")
    assert page["body"].startswith(f'<h1>{words}</h1><span class="pre">{words}</span><p>{name}</p>')
    assert page["body"].endswith("<h1>Jensen<wbr>Shannon<wbr>Bounds</h1>")
    assert page["next"]["title"] == "From PyTorch"
