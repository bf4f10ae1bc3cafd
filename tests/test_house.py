"""The house checks itself: floors, front door, docstrings, imports."""

import ast
import importlib
import inspect
import os
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path
from runpy import run_path

import pytest

import gaussmetrics as gm
from gaussmetrics import other_names, testing

PACKAGE = Path(gm.__file__).parent
FLOORS = {
    "_array": 0, "other_names": 0, "page": 0, "streams": 0.5, "laws": 1, "pairs": 2, "pairwise": 3,
    "divergences": 4, "transport": 4, "softmax": 4,
    "inference": 5, "explain": 5, "plotting": 6, "testing": 6, "__init__": 7, "validation": 8,
    "command": 9, "__main__": 10,
}  # fmt: skip
MODULES = sorted(PACKAGE.rglob("*.py"))
FILES = {".".join(path.relative_to(PACKAGE).with_suffix("").parts): path for path in MODULES}
EVERY_MODULE = pytest.mark.parametrize("name", FILES)


def room(name):
    return name.split(".")[0]


def imports(name):
    """Yield what a file imports, (module, name) each."""
    for node in ast.walk(ast.parse(FILES[name].read_text(encoding="utf8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.module or "", alias.name) for alias in node.names)


def files_imported(name):
    """Yield the files of this package that a file imports."""
    for module, imported in imports(name):
        place = module.removeprefix("gaussmetrics").removeprefix(".")
        if module.split(".")[0] == "gaussmetrics":
            tries = (f"{place}.{imported}".strip("."), place, f"{place}.__init__".strip("."))
            yield next(file for file in tries if file in FILES)


@EVERY_MODULE
def test_imports_point_down(name):
    for other in files_imported(name):
        here, there = FLOORS[room(name)], FLOORS[room(other)]
        assert there < here or room(other) == room(name), f"{name} imports {other} above it"


def test_no_circles():
    list(TopologicalSorter({name: set(files_imported(name)) for name in FILES}).static_order())


@pytest.mark.parametrize("judge", ["montecarlo", "descent", "couplings", "overlaps", "outcomes"])
def test_judges_never_see_the_closed_forms(judge):
    rooms = {room(other) for other in files_imported(f"validation.{judge}")}
    assert rooms <= {"_array", "laws", "validation"}


@EVERY_MODULE
def test_only_two_wings_ask_a_covariance_for_its_class(name):
    classes = {"Dense", "Diagonal", "LowRank", "Singular"}
    assert room(name) in {"laws", "pairs"} or not classes & {
        imported for _, imported in imports(name)
    }


@EVERY_MODULE
def test_heavy_libraries_stay_in_their_rooms(name):
    allowed = {
        "pairwise": {"rich"},
        "softmax.classifier": {"sklearn"},
        "streams.dask_blocks": {"dask"},
        "streams.dask_labelled": {"dask"},
        "streams.arrow": {"pyarrow"},
        "plotting": {"matplotlib"},
        "command.comparison": {"sklearn"},
        "command.pictures": {"matplotlib"},
        "validation": {"sklearn", "matplotlib", "rich"},
    }
    heavy = {"sklearn", "matplotlib", "rich", "torch", "dask", "distributed", "pyarrow"} & {
        room(module) for module, _ in imports(name)
    }
    assert heavy <= allowed.get(name, allowed.get(room(name), set()))


@EVERY_MODULE
def test_every_module_says_its_purpose(name):
    assert ast.get_docstring(ast.parse(FILES[name].read_text(encoding="utf8")))


def test_all_is_what_is_there():
    assert sorted(gm.__all__) == gm.__all__
    for name in gm.__all__:
        assert getattr(gm, name) is not None
    modules = {room(name) for name in FILES}
    # "@" begins what pytest adds where it rewrites assertions, as in packages with a plugin.
    names = {name for name in dir(gm) if not name.startswith(("_", "@"))}
    public = names - (modules - set(gm.__all__))
    assert public - {"annotations", "import_module", "Any", "TYPE_CHECKING"} == set(gm.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'wasserstien_distance'"):
        gm.wasserstien_distance  # noqa: B018


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("fid", "no attribute 'fid'. It is gaussmetrics.squared_wasserstein_distance here between"),
        ("frechet_distance", "'. It is gaussmetrics.wasserstein_distance here."),
        ("kl", "It is gaussmetrics.kl_divergence here."),
        ("KLDivergence", "Did you mean gaussmetrics.kl_divergence"),
        ("w2", "It is gaussmetrics.wasserstein_distance here."),
        ("mmd", "It is gaussmetrics.maximum_mean_discrepancy here."),
        ("bures", "It is gaussmetrics.wasserstein_distance here."),
        ("MultivariateNormal", "It is gaussmetrics.Gaussian here."),
        ("jensen_shannon_distance", "gaussmetrics.jensen_shannon_divergence here, of which it is"),
        ("wasserstien_distance", "Did you mean gaussmetrics.wasserstein_distance"),
        ("helinger", "Did you mean gaussmetrics.hellinger_distance?"),
        ("wasserstein_barycentre", "Did you mean gaussmetrics.wasserstein_barycenter"),
        ("gausian", "Did you mean gaussmetrics.Gaussian"),
    ],
)
def test_a_name_from_elsewhere_is_told_its_name_here(name, text):
    with pytest.raises(AttributeError, match=re.escape(text)):
        getattr(gm, name)
    assert not hasattr(gm, name)


def test_a_name_like_nothing_gets_no_guess():
    with pytest.raises(AttributeError, match=r"has no attribute 'zzz'\.$"):
        gm.zzz  # noqa: B018
    with pytest.raises(AttributeError, match=r"has no attribute '__wrapped__'$"):
        gm.__wrapped__  # noqa: B018
    with pytest.raises(ImportError, match="cannot import name 'fid' from 'gaussmetrics'"):
        exec("from gaussmetrics import fid")


def test_other_names_lead_to_public_ones_and_hide_none():
    assert set(other_names.MEANT.values()) <= set(gm.__all__)
    assert not set(other_names.MEANT) & {name.lower().replace("_", "") for name in gm.__all__}


PUBLIC = [getattr(door, name) for door in (gm, testing) for name in door.__all__]
PUBLIC_FUNCTIONS = [one for one in PUBLIC if inspect.isfunction(one)]
PUBLIC_CLASSES = [one for one in PUBLIC if inspect.isclass(one)]
PUBLIC_METHODS = [
    getattr(owner, name)
    for owner in PUBLIC_CLASSES
    for name, kept in vars(owner).items()
    if (name == "__call__" or not name.startswith("_"))
    and callable(getattr(owner, name))
    and getattr(owner, name).__module__.startswith("gaussmetrics")
    # The contract of covariances stands in the docstring of the class.
    if owner is not gm.Covariance or isinstance(kept, staticmethod)
]


def has_parts(documented, *parts):
    text = inspect.getdoc(documented)
    headings = re.findall(r"^(\w+)\n-+$", text, re.M)
    assert not set(parts) - set(headings)
    example = text[text.index("Examples\n") :].splitlines()
    assert example[2].startswith((">>> import gaussmetrics as gm", ">>> from gaussmetrics."))


@pytest.mark.parametrize("function", PUBLIC_FUNCTIONS, ids=lambda f: f.__name__)
def test_docstrings_have_every_part(function):
    has_parts(function, "Parameters", "Returns", "Raises", "References", "Examples")


@pytest.mark.parametrize("method", PUBLIC_METHODS, ids=lambda f: f.__qualname__)
def test_docstrings_of_methods_have_every_part(method):
    has_parts(method, "Returns", "Raises", "Examples")
    if set(inspect.signature(method).parameters) - {"self"}:
        has_parts(method, "Parameters", "Examples")


@pytest.mark.parametrize("owner", PUBLIC_CLASSES, ids=lambda c: c.__name__)
def test_docstrings_of_classes_have_every_part(owner):
    has_parts(owner, "Examples")
    assert re.search("^(Parameters|Attributes)\n-|contract", inspect.getdoc(owner), re.M)


@pytest.mark.parametrize("function", PUBLIC_FUNCTIONS, ids=lambda f: f.__name__)
def test_options_are_keyword_only(function):
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.default is not inspect.Parameter.empty:
            # Second operands, and the names of several, may be left out.
            operands = {"qs", "y", "v", "positives", "names", "weights"}
            assert parameter.kind is inspect.Parameter.KEYWORD_ONLY or name in operands


def test_importing_loads_nothing_heavy():
    code = "import sys, gaussmetrics; print(*sys.modules)"
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    heavy = {"sklearn", "matplotlib", "rich", "joblib", "pandas", "dask", "pyarrow"}
    heavy.add("threadpoolctl")
    heavy |= {"scipy.special", "scipy.stats", "scipy.optimize"}
    assert not heavy & set(output.stdout.split())


def test_the_lazy_names_are_the_real_ones():
    for name, module in gm._LAZY.items():
        assert getattr(gm, name) is getattr(importlib.import_module(module), name)


BATCH = "p = gm.Gaussian(np.zeros((5000, 8)), np.eye(8) * np.linspace(1, 2, 5000)[:, None, None])"
LATE = f"""
import threading, numpy as np, gaussmetrics as gm
{BATCH}
def late():
    threading.main_thread().join()
    print(gm.squared_wasserstein_distance(p, p[::-1]).shape)
threading.Thread(target=late).start()
"""


@pytest.mark.parametrize("threads", ["2,1", "0", "", "1", "many"])
def test_any_number_of_threads_asked_for(threads):
    code = f"import numpy as np, gaussmetrics as gm; {BATCH}; gm.wasserstein_distance(p, p[0])"
    environment = {**os.environ, "OMP_NUM_THREADS": threads}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)


def test_large_batches_while_the_interpreter_shuts_down():
    done = subprocess.run([sys.executable, "-c", LATE], capture_output=True, text=True, check=True)
    assert done.stdout == "(5000,)\n"
    assert not done.stderr


def test_what_is_typed_also_runs():
    run_path(str(Path(__file__).with_name("typed_use.py")))
