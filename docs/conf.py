"""How the documentation is built: sphinx-build -W --keep-going -n -j 2 docs docs/_build/html."""

import re
import shutil
import sys
from importlib.metadata import metadata
from pathlib import Path

from numpydoc import xref

import gaussmetrics

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

project = "gaussmetrics"
author = "The gaussmetrics developers"
copyright = author
version = release = gaussmetrics.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "matplotlib.sphinxext.plot_directive",
    "myst_nb",
    "sphinx_design",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
    "citations",
    "line_breaks",
    "mathml",
    "typeset",
]
exclude_patterns = ["_build", "**/.ipynb_checkpoints", "gallery/*.ipynb"]
templates_path = ["_templates"]
default_role = "autolink"  # `name` in a docstring links to what it names

# Pages are Markdown; their code runs while the site is built and an error in it stops the build.
# Notebooks come with their outputs: tests run them, and see that the outputs are of these cells.
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "force"
nb_execution_excludepatterns = ["notebooks/*"]
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_merge_streams = True

# Docstrings name the types; signatures stay short.
add_module_names = False
toc_object_entries_show_parents = "hide"
autodoc_typehints = "none"
autodoc_member_order = "bysource"
autodoc_default_options = {
    "exclude-members": "set_fit_request, set_partial_fit_request, set_score_request"
}
numpydoc_show_class_members = False
xref.DEFAULT_LINKS.clear()  # they point at other projects' sites
nitpick_ignore_regex = [("py:obj", r"sklearn\..*")]  # the same for "See Also"
numpydoc_xref_param_type = True
numpydoc_xref_ignore = "all"
numpydoc_xref_aliases = {
    name: f"gaussmetrics.{name}" for name in gaussmetrics.__all__ if name[0].isupper()
}

sphinx_gallery_conf = {
    "examples_dirs": "../examples/pictures",
    "gallery_dirs": "gallery",
    "filename_pattern": r"\.py$",
    "image_srcset": ["2x"],
    "min_reported_time": 3600,
    "show_signature": False,
    "write_computation_times": False,
}

# The owner writes the address of the repository once, into the metadata of the package.
LINKS = [link.split(", ", 1) for link in metadata("gaussmetrics").get_all("Project-URL") or []]
REPOSITORY = [address for name, address in LINKS if name.lower() in {"repository", "source"}]

# The example of every picture is drawn, for the page and for print.
plot_include_source = True
plot_html_show_source_link = False
plot_formats = [("png", 100), ("pdf", 100)]
plot_rcparams = {"figure.figsize": (5.6, 4.2)}
plot_apply_rcparams = True

html_theme = "pydata_sphinx_theme"
html_title = "gaussmetrics"
html_logo = html_favicon = "_static/logo.svg"
html_static_path = ["_static"]
html_css_files = ["gaussmetrics.css"]
html_math_renderer = "mathml"  # needs no script and no network: the pages work offline
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "logo": {"text": "gaussmetrics"},
    "navbar_start": ["navbar-logo", "version"],
    "icon_links": [
        {"name": "Repository", "url": address, "icon": "fa-solid fa-code-branch"}
        for address in REPOSITORY
    ],
    "header_links_before_dropdown": 8,
    "navbar_align": "left",
    "navigation_with_keys": False,
    "show_prev_next": True,
    "show_toc_level": 2,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_sidebars = {"index": []}

copybutton_prompt_text = r">>> |\.\.\. "
copybutton_prompt_is_regexp = True


def _plain_text(_app, _what, _name, _object, _options, lines):
    """Docstrings are plain text: in them |x| is an absolute value and (*n, d) a shape."""
    prose = lines.index(".. rubric:: Examples") if ".. rubric:: Examples" in lines else None
    lines[:prose] = [re.sub(r"\||(?<=[( ])\*(?=\w+,)", r"\\\g<0>", x) for x in lines[:prose]]


def _draw_examples(_app, _what, name, _object, _options, lines):
    """Show the picture that an example draws."""
    if name.startswith("gaussmetrics.plot_"):
        start = lines.index("Examples") + 2
        lines[start:] = [".. plot::", "", *("   " + line for line in lines[start:])]


def _skip_fields(_app, _what, _name, value, _skip, _options):
    """The fields of a named tuple have no docstring but "Alias for field number 0"."""
    return True if type(value).__name__ == "_tuplegetter" else None


def _relink(app, path, _parent, content):
    """Links of an included file lead to pages of the site, or are text where there is none."""
    folder, site = (app.srcdir / path).resolve().parent, app.srcdir.resolve()

    def kept(link):
        target = (folder / link[2]).resolve()
        if re.match(r"\w+:|#", link[2]):
            return link[0]
        inside = target.is_relative_to(site)
        return f"[{link[1]}](/{target.relative_to(site).as_posix()})" if inside else link[1]

    content[0] = re.sub(r"(?<!!)\[([^\[\]]+)\]\(([^()\s]+)\)", kept, content[0])


def _copy_notebooks(app):
    """Sphinx reads what lies in its folder; through a symbolic link it loses notebooks' links."""
    source, target = app.srcdir.parent / "notebooks" / "executed", app.srcdir / "notebooks"
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, ignore=shutil.ignore_patterns(".*"))


def setup(app):
    """Copy the notebooks before they are read; adapt docstrings after numpydoc has read them."""
    app.connect("builder-inited", _copy_notebooks)
    app.connect("include-read", _relink)
    app.connect("autodoc-process-docstring", _draw_examples, priority=200)
    app.connect("autodoc-process-docstring", _plain_text, priority=600)
    app.connect("autodoc-skip-member", _skip_fields)
