"""A letter goes in; what in it cannot wait (险情) comes out: threats, suicide, an incident going on.

Phrases and cues are the bureau's data. When a real danger and a false alarm are both possible, the danger wins; a phrase
counts as harmless only where words beside it say so.
"""

from __future__ import annotations

import re
from typing import Final

from letters.bureau import Bureau
from letters.decisions import Danger
from letters.messages import Letter
from router.text import plain

_NO_THREAT: Final = re.compile(
    r"(?:暂|并)?(?:无|没有|没|否|不涉及|未发现|无扬言|不存在|未扬言|n|no|none|null|/|-|—|0)*(?:扬言|此类?情况|"
    r"内容|行为)?[。.]?",
    re.I,
)


class DangerRules:
    """The bureau's phrases, compiled once."""

    def __init__(self, bureau: Bureau) -> None:
        self._patterns = tuple(
            (re.compile(phrase.pattern if phrase.regex else re.escape(plain(phrase.pattern))), phrase.kind)
            for phrase in bureau.danger
        )
        self._calm = tuple(plain(cue) for cue in bureau.danger_negations)

    def find(self, letter: Letter) -> Danger | None:
        """The first danger in threat field, title, body; None when there is none."""
        threat = (letter.threat or "").strip()
        if threat and not _NO_THREAT.fullmatch(threat):
            return Danger(kind="扬言", phrase=threat[:40], where="threat")
        for where, text in (("title", letter.title), ("body", letter.body)):
            if text and (found := self._in(plain(text))):
                kind, phrase = found
                return Danger(kind=kind, phrase=phrase, where="title" if where == "title" else "body")
        return None

    def _in(self, text: str) -> tuple[str, str] | None:
        for pattern, kind in self._patterns:
            for match in pattern.finditer(text):
                if not self._calmed(text, match.start(), match.end()):
                    return kind, match.group()
        return None

    def _calmed(self, text: str, start: int, end: int) -> bool:
        around = text[max(0, start - 12) : end + 12]
        return any(cue in around for cue in self._calm)
