"""The house checks itself: floors, front door, docstrings, imports."""

import ast
import importlib
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import gaussmetrics as gm

PACKAGE = Path(gm.__file__).parent
FLOORS = {
    "_typing": 0, "_batch_last": 0, "_linalg": 0, "_checks": 0,
    "covariance": 1, "moments": 1, "_intensity": 1, "_sample_covariance": 2,
    "_interop": 2, "_html": 2, "gaussian": 2, "softmax": 2, "_shrinkage": 3,
    "_pair": 3, "_coupling": 3,
    "divergences": 4, "total_variation": 4, "fisher_rao": 4,
    "transport": 4, "displacement": 4, "entropic": 4, "kernels": 4,
    "pairwise": 5, "mixtures": 5,
    "explain": 5, "gradients": 5, "inference": 5, "linear_model": 5, "plotting": 5,
    "validation": 6, "__init__": 7,
}  # fmt: skip
GROUND_FLOOR = ["_typing", "_batch_last", "_linalg", "_checks"]  # each may use the ones before it
JUDGES = ["montecarlo", "descent", "couplings"]


def room(path):
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def internal_imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "gaussmetrics":
            parts = node.module.split(".")[1:]
            yield from [parts[0]] if parts else [alias.name for alias in node.names]


def external_imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").split(".")[0]


MODULES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_down(path):
    here = room(path)
    for name in internal_imports(path):
        if here == name == "validation":
            continue
        if FLOORS[here] == 0:
            assert GROUND_FLOOR.index(name) < GROUND_FLOOR.index(here)
        else:
            assert FLOORS[name] <= FLOORS[here], f"{here} imports {name}, which stands above it"


@pytest.mark.parametrize("name", JUDGES)
def test_judges_never_see_the_closed_forms(name):
    path = PACKAGE / "validation" / f"{name}.py"
    rooms = set(internal_imports(path)) - {"validation"}
    assert all(FLOORS[imported] <= FLOORS["gaussian"] for imported in rooms)


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_heavy_libraries_stay_in_their_rooms(path):
    allowed = {
        "pairwise": {"rich"},
        "linear_model": {"sklearn"},
        "plotting": {"matplotlib"},
        "validation": {"sklearn", "matplotlib", "rich"},
    }
    heavy = {"sklearn", "matplotlib", "rich", "torch"} & set(external_imports(path))
    assert heavy <= allowed.get(room(path), set())


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_every_module_says_its_purpose(path):
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf8")))


def test_all_is_what_is_there():
    assert sorted(gm.__all__) == gm.__all__
    for name in gm.__all__:
        assert getattr(gm, name) is not None
    modules = {path.stem for path in MODULES} | {"validation"}
    public = {name for name in dir(gm) if not name.startswith("_")} - (modules - set(gm.__all__))
    assert public - {"annotations", "import_module", "Any", "TYPE_CHECKING"} == set(gm.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'wasserstien_distance'"):
        gm.wasserstien_distance  # noqa: B018


PUBLIC_FUNCTIONS = [
    getattr(gm, name) for name in gm.__all__ if inspect.isfunction(getattr(gm, name))
]


PUBLIC_CLASSES = [getattr(gm, name) for name in gm.__all__ if inspect.isclass(getattr(gm, name))]
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
            assert parameter.kind is inspect.Parameter.KEYWORD_ONLY or name in {"qs", "weights"}


def test_importing_loads_nothing_heavy():
    code = "import sys, gaussmetrics; print(*sys.modules)"
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    heavy = {"sklearn", "matplotlib", "rich", "joblib", "pandas"}
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
