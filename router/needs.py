"""A regular expression goes in; texts of which one must be present for it to match come out, so that most are never run."""

from __future__ import annotations

from collections.abc import Iterator

_SPECIAL = set(".^$*+?{}[]\\|()")


def needs(pattern: str) -> frozenset[str] | None:
    """Literals, one of which any match of `pattern` contains; None when that cannot be told."""
    found: set[str] = set()
    for branch in branches(pattern):
        best = _of_sequence(branch)
        if best is None:
            return None
        found |= best
    return frozenset(found)


def branches(pattern: str) -> list[str]:
    """The alternatives of `pattern` at its top level."""
    parts, depth, start, inside, skip = [], 0, 0, False, False
    for at, char in enumerate(pattern):
        if skip:
            skip = False
        elif char == "\\":
            skip = True
        elif inside:
            inside = char != "]"
        elif char == "[":
            inside = True
        elif char in "()":
            depth += 1 if char == "(" else -1
        elif char == "|" and depth == 0:
            parts.append(pattern[start:at])
            start = at + 1
    return [*parts, pattern[start:]]


def is_literal(pattern: str) -> bool:
    """Whether a pattern is plain text."""
    return not set(pattern) & _SPECIAL


def _of_sequence(branch: str) -> frozenset[str] | None:
    """The best literal set of a sequence: the one whose shortest literal is longest."""
    best: frozenset[str] | None = None
    for found in _sets(branch):
        if min(map(len, found)) >= 2 and (best is None or min(map(len, found)) > min(map(len, best))):
            best = found
    return best


def _sets(branch: str) -> Iterator[frozenset[str]]:
    at, run = 0, ""
    while at < len(branch):
        char = branch[at]
        if char not in _SPECIAL:
            end, optional = _quantified(branch, at + 1)
            if not optional and end == at + 1:
                run += char
            else:
                if run:
                    yield frozenset({run})
                run = ""
            at = end
            continue
        if run:
            yield frozenset({run})
            run = ""
        if char == "(":
            close = _close(branch, at)
            end, optional = _quantified(branch, close + 1)
            body = branch[at + 1 : close]
            plain_group = not body.startswith("?") or body.startswith("?:")
            if not optional and plain_group and (inner := needs(body.removeprefix("?:"))):
                yield inner
            at = end
        elif char == "[":
            at, _ = _quantified(branch, branch.index("]", at + 2) + 1)
        else:
            at, _ = _quantified(branch, at + (2 if char == "\\" else 1))
    if run:
        yield frozenset({run})


def _close(text: str, start: int) -> int:
    depth, inside, at = 0, False, start
    while at < len(text):
        char = text[at]
        if char == "\\":
            at += 1
        elif inside:
            inside = char != "]"
        elif char == "[":
            inside = True
        elif char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
            if depth == 0:
                return at
        at += 1
    return len(text) - 1


def _quantified(text: str, at: int) -> tuple[int, bool]:
    """Where the quantifier at `at` ends and whether it lets its element be absent."""
    if at >= len(text) or text[at] not in "*+?{":
        return at, False
    optional = text[at] in "*?"
    if text[at] == "{":
        end = text.find("}", at)
        if end < 0:
            return at, False
        optional = text[at + 1 : end].split(",")[0].strip() in ("", "0")
        at = end
    at += 1
    return (at + 1 if at < len(text) and text[at] in "?+" else at), optional
