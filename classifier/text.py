"""Letters come in as strings; one array of folded code points for a whole batch goes out.

Folding stands for NFKC + lower case + “everything that is no letter or digit separates”. `unicodedata.normalize`
costs 96 µs a letter; one table look-up for the whole batch costs two.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

SEPARATOR = 0
_CODE_POINTS = 0x110000


class LetterText(NamedTuple):
    """What the classifier may look at. All fields but the first two may stay empty."""

    title: str
    body: str
    place: str = ""
    channel: str = ""
    kind: str = ""


@functools.cache
def folding_table() -> NDArray[np.uint32]:
    """Code point → folded code point, 0 where the character separates words.

    A compatibility form that unfolds into several characters (㎡, ①) is folded to its first: n-grams lose nothing
    that way, and the letter keeps its length, so that evidence can point into the original text.
    """
    table = np.zeros(_CODE_POINTS, dtype=np.uint32)
    # Beyond the CJK extensions lie only emoji, tags and private use: they separate.
    for code in range(0x20, 0x323B0):
        char = chr(code)
        if 0x4E00 <= code <= 0x9FFF:
            table[code] = code
            continue
        category = unicodedata.category(char)
        if category[0] == "C":
            continue
        folded = unicodedata.normalize("NFKC", char).lower()
        first = folded[0] if folded else " "
        if unicodedata.category(first)[0] in "LN":
            table[code] = ord(first)
    table.flags.writeable = False
    return table


def code_points(text: str) -> NDArray[np.uint32]:
    """The raw code points of a text; lone surrogates (broken upstream encodings) pass through."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


def folded(texts: Sequence[str]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """One array with a separator before and after each text, and where each text starts in it (n + 1 entries)."""
    raw = code_points("\n" + "\n".join(texts) + "\n")
    lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    starts = np.empty(len(texts) + 1, dtype=np.int64)
    starts[0] = 1
    np.cumsum(lengths + 1, out=starts[1:])
    starts[1:] += 1
    return folding_table().take(raw), starts


def fold(text: str) -> str:
    """The folded text as a string, separators as spaces: for names and look-ups, not for the hot path."""
    codes = folding_table().take(code_points(text))
    return "".join(chr(c) if c else " " for c in codes.tolist())
