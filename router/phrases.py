"""A table of phrases goes in, their places in a text come out: leftmost-longest, in pure Python, a few µs a letter.

One regular expression of two character classes (a phrase's first two characters) jumps to the few positions where a
phrase could begin; a dictionary by those two characters then tells which.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

T = TypeVar("T")


class Phrases(Generic[T]):
    """Finds phrases of two characters or more; `scan` never returns two that overlap."""

    def __init__(self, table: Mapping[str, T]) -> None:
        self._by_head: dict[str, list[tuple[str, int, T]]] = {}
        for phrase in sorted(table, key=lambda text: (-len(text), text)):
            if len(phrase) < 2:
                raise ValueError(f"a phrase needs two characters: {phrase!r}")
            self._by_head.setdefault(phrase[:2], []).append((phrase, len(phrase), table[phrase]))
        if self._by_head:
            first = "".join(sorted({re.escape(head[0]) for head in self._by_head}))
            second = "".join(sorted({re.escape(head[1]) for head in self._by_head}))
            self._jump: re.Pattern[str] | None = re.compile(f"[{first}](?=[{second}])")
        else:
            self._jump = None

    def scan(self, text: str) -> Iterator[tuple[int, int, T]]:
        """(start, end, value) of each phrase, left to right, the longest at each place."""
        if self._jump is None:
            return
        done = 0
        heads = self._by_head
        for match in self._jump.finditer(text):
            start = match.start()
            if start < done:
                continue
            for phrase, length, value in heads.get(text[start : start + 2], ()):
                if text.startswith(phrase, start):
                    done = start + length
                    yield start, done, value
                    break

    def every(self, text: str) -> Iterator[tuple[int, int, T]]:
        """(start, end, value) of every phrase at every place, overlapping ones too."""
        if self._jump is None:
            return
        heads = self._by_head
        for match in self._jump.finditer(text):
            start = match.start()
            for phrase, length, value in heads.get(text[start : start + 2], ()):
                if text.startswith(phrase, start):
                    yield start, start + length, value

    def any(self, text: str) -> bool:
        """Whether any phrase is in `text`."""
        return next(self.scan(text), None) is not None


def variants(pattern: str) -> list[str]:
    """Every literal that a pattern of characters and `[…]` classes stands for: “派[处除]所” is two."""
    found = [""]
    for part in re.findall(r"\[[^\]]+\]|.", pattern):
        choices = part[1:-1] if len(part) > 1 else part
        found = [head + tail for head in found for tail in choices]
    return found
