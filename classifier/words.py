"""Texts come in; jieba's words come out, by the fast road (rjieba) that a test holds to the reference (jieba).

rjieba keeps `+#&._%-` inside an ASCII run where jieba splits; splitting such tokens with jieba's own expression
closes the gap.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import rjieba

_JIEBA_ASCII = re.compile(r"([a-zA-Z0-9]+(?:\.\d+)?%?)")
_MARKS = re.compile(r"[+#&._%\-]")
_MAX_LINE = 100_000  # rjieba builds one route table a sentence: a line without end would hold it all in memory
_known: set[str] = set()


def add_words(words: Iterable[str]) -> None:
    """Teach both tokenizers a bureau's own places, units and police terms (once for the whole process)."""
    fresh = [w for w in dict.fromkeys(words) if w and w not in _known]
    for word in fresh:
        rjieba.add_word(word, None, None)
        _known.add(word)


def cut(text: str) -> list[str]:
    """The words of a text, in order; joined they are the text again."""
    tokens: list[str] = rjieba.cut(text)
    if not _MARKS.search(text):
        return tokens
    out: list[str] = []
    for token in tokens:
        if len(token) > 1 and token.isascii() and _MARKS.search(token):
            out.extend(part for part in _JIEBA_ASCII.split(token) if part)
        else:
            out.append(token)
    return out


def cut_reference(text: str, words: Sequence[str] = ()) -> list[str]:
    """The same by jieba itself: slow, and the measure of `cut`."""
    import jieba

    jieba.setLogLevel(60)
    tokenizer = jieba.Tokenizer()
    for word in words:
        tokenizer.add_word(word)
    return list(tokenizer.lcut(text))
