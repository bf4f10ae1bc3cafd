"""Calling the library while watching for what must never happen."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from .findings import Finding

OWN = re.compile(
    "|".join(
        [
            r"needs positive definite covariances",
            r"is not defined where",
            r"is not certain between these laws",
            r"is singular",
            r"which makes the covariance singular",
            r"no map|determines no law|does not vary",
            r"not representable|beyond the largest",
            r"has not converged|max_steps",
            r"a barycentre needs a law",
        ]
    )
)
"""Refusals that tell the truth about some laws."""


class Refused(Exception):
    """The library refused, in its own words."""


class Broken(Exception):
    """What came was a finding."""

    def __init__(self, law: str, message: str) -> None:
        super().__init__(message)
        self.law = law


def watch(call: Callable[[], Any]) -> Any:
    """Return the answer; raise `Refused`, or `Broken` with what should not have been."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return call()
        except Warning as warning:
            raise Broken("no warning", f"{type(warning).__name__}: {warning}") from None
        except (ValueError, TypeError, RuntimeError) as error:
            if OWN.search(str(error)) and not isinstance(error, np.linalg.LinAlgError):
                raise Refused(str(error)) from None
            raise Broken("own texts only", f"{type(error).__name__}: {error}") from None
        except Exception as error:
            raise Broken("own texts only", f"{type(error).__name__}: {error}") from None


def number(call: Callable[[], Any], *, signed: bool = False, shape: Any = None) -> Any:
    """Return a distance, which is neither NaN nor negative and has the shape of the batch."""
    value = np.asarray(watch(call))
    if np.isnan(value).any():
        raise Broken("no NaN", f"{value}")
    if not signed and (value < 0).any():
        raise Broken("no negative distance", f"{value}")
    if shape is not None and value.shape != shape:
        raise Broken("the shape of the batch", f"{value.shape} instead of {shape}")
    return value


def finding(function: str, broken: Broken) -> Finding:
    return Finding(broken.law, function, str(broken))
