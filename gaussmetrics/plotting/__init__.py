"""Pictures of laws, transport, tables, explanations and classifiers.

Every function draws on the axes it is given, or on those of a new figure, and returns them. Labels
that stand on the axes are kept; no setting of matplotlib is changed and nothing is shown or saved.
Labels may hold formulas, as everywhere in matplotlib; names of variables and classes, which come
with the data, are shown letter by letter.
Single colours come from the property cycle; what is told apart by colour is told apart by marker or
by place too, so that it survives black-and-white print.
"""

from importlib.util import find_spec

from gaussmetrics._array.reading import needs_extra

if find_spec("matplotlib") is None:
    needs_extra("plotting", "matplotlib", "plot")

from gaussmetrics.plotting.classifiers import plot_calibration, plot_decision_regions
from gaussmetrics.plotting.explanations import plot_explanation
from gaussmetrics.plotting.laws import plot_gaussian, plot_gaussians
from gaussmetrics.plotting.tables import plot_pairwise
from gaussmetrics.plotting.transport import plot_transport

__all__ = [
    "plot_calibration",
    "plot_decision_regions",
    "plot_explanation",
    "plot_gaussian",
    "plot_gaussians",
    "plot_pairwise",
    "plot_transport",
]
