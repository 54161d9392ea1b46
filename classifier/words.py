"""Texts come in; jieba's words come out, by the fast road (rjieba) that a test holds to the reference (jieba).

rjieba keeps `+#&._%-` inside an ASCII run where jieba splits; splitting such tokens with jieba's own expression
closes the gap.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np
import rjieba

_JIEBA_ASCII = re.compile(r"([a-zA-Z0-9]+(?:\.\d+)?%?)")
_WITH_MARKS = re.compile(r"(AT&T|[cC]#|[cC]\+\+)")
"""The words of jieba's dictionary that hold a mark."""
# A run in which jieba might split: a mark with a letter, digit or mark beside it.
_RUN = re.compile(r"[a-zA-Z0-9][+#&._%\-]|[+#&._%\-][a-zA-Z0-9+#&._%\-]")
IS_MARK = np.isin(np.arange(129), [ord(c) for c in "+#&._%-"])
_known: set[str] = set()


def add_words(words: Iterable[str]) -> None:
    """Teach both tokenizers a bureau's own places, units and police terms (once for the whole process)."""
    fresh = [w for w in dict.fromkeys(words) if w and w not in _known]
    for word in fresh:
        rjieba.add_word(word, None, None)
        _known.add(word)


def cut_fast(text: str) -> list[str]:
    """rjieba's own words: those of `cut` but for ASCII runs with marks in them."""
    tokens: list[str] = rjieba.cut(text)
    return tokens


def split_marks(token: str) -> list[str]:
    """One of rjieba's words as jieba would split it."""
    if len(token) > 1 and token.isascii() and _RUN.search(token):
        parts = []
        for piece in _WITH_MARKS.split(token):
            parts += [piece] if _WITH_MARKS.fullmatch(piece) else _JIEBA_ASCII.split(piece)
        return [part for part in parts if part]
    return [token]


def cut(text: str) -> list[str]:
    """The words of a text as jieba cuts them, in order; joined they are the text again."""
    return [part for token in cut_fast(text) for part in split_marks(token)]


def cut_all(text: str) -> list[str]:
    """Every word of the dictionary that stands in the text, overlapping ones too (jieba's full mode)."""
    tokens: list[str] = rjieba.cut_all(text)
    return tokens


def cut_reference(text: str, words: Sequence[str] = ()) -> list[str]:
    """The same by jieba itself: slow, and the measure of `cut`."""
    import jieba

    jieba.setLogLevel(60)
    tokenizer = jieba.Tokenizer()
    for word in words:
        tokenizer.add_word(word)
    return list(tokenizer.lcut(text))
