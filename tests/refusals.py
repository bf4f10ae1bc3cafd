"""What a call says where it refuses its input, which must be a text of this package's own."""

import re

import numpy as np
import pytest

BARE = re.compile(
    r"could not be broadcast|not enough values to unpack|object has no attribute|cannot unpack|"
    r"unsupported ScalarType|too large to convert|allowed dimension exceeded|ufunc|"
    r"did not converge|Singular matrix|must be of length|^setting an array element|math domain"
)


def answer_or_text(call):
    """The answer and no text, or no answer and the text of a TypeError or ValueError."""
    try:
        return call(), None
    except (TypeError, ValueError) as error:
        text = str(error)
        bare = isinstance(error, np.linalg.LinAlgError) or BARE.search(text)
    assert not bare, text
    return None, text


def refusal(call):
    """The text, where there must be one."""
    answer, text = answer_or_text(call)
    if text is None:
        pytest.fail(f"not refused: {answer!r}")
    return text
