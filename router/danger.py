"""A letter goes in; what in it cannot wait (险情) comes out: threats, suicide, an incident going on.

Phrases and cues are the bureau's data; `calm` weighs the words around a phrase. When a real danger and a false alarm are
both possible the danger wins.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from letters.bureau import Bureau
from letters.decisions import Danger
from letters.messages import Letter
from router.calm import Calm
from router.needs import needs
from router.phrases import Phrases
from router.text import Words, plain

_NO_THREAT: Final = re.compile(
    r"(?:经核实|经查|目前|暂|暂时|并|均)*"
    r"(?:无|没有|没|否|不涉及|未发现|不存在|未扬言|未提及|不详|不明|空|n|no|none|null|nil|false|/|\\|-|—|0|\.|。|\s)*"
    r"(?:任何|此|该)?(?:类)?(?:扬言|过激|此类|威胁|上访|异常)?(?:情况|内容|行为|言论|言行|信息|倾向)?[。.，,!！\s]*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Phrase:
    kind: str
    regex: re.Pattern[str] | None
    """None for literal text."""


class DangerRules:
    """The bureau's phrases, compiled once."""

    def __init__(self, bureau: Bureau) -> None:
        table: dict[str, list[_Phrase]] = {}
        self._always: list[_Phrase] = []
        for listed in bureau.danger:
            if not listed.regex:
                text = plain(listed.pattern)
                phrase = _Phrase(listed.kind, None if len(text) > 1 else re.compile(re.escape(text)))
                table.setdefault(text, []).append(phrase) if len(text) > 1 else self._always.append(phrase)
                continue
            phrase = _Phrase(listed.kind, re.compile(listed.pattern))
            for text in sorted(needs(listed.pattern) or ()):
                table.setdefault(text, []).append(phrase)
            if not needs(listed.pattern):
                self._always.append(phrase)
        self._phrases = Phrases({text: tuple(found) for text, found in table.items()})
        self._calm = Calm(bureau.danger_negations)

    def find(self, letter: Letter, words: Words) -> Danger | None:
        """The first danger in threat field, title, body; None when there is none."""
        threat = (letter.threat or "").strip()
        if threat and not _NO_THREAT.fullmatch(threat):
            return Danger(kind="扬言", phrase=threat[:40], where="threat")
        if found := self._in(words.text, letter.arrived_at.year):
            kind, phrase, at = found
            return Danger(kind=kind, phrase=phrase, where="title" if at < words.title_end else "body")
        return None

    def _in(self, text: str, year: int) -> tuple[str, str, int] | None:
        """Kind, words and place of the first phrase that nothing beside it calms."""
        regexes: dict[re.Pattern[str], str] = {}
        found: list[tuple[int, int, str]] = []
        for start, end, phrases in self._phrases.every(text):
            for phrase in phrases:
                if phrase.regex is None:
                    found.append((start, end, phrase.kind))
                else:
                    regexes[phrase.regex] = phrase.kind
        for phrase in self._always:
            if phrase.regex is not None:
                regexes[phrase.regex] = phrase.kind
        for regex, kind in regexes.items():
            found += [(match.start(), match.end(), kind) for match in regex.finditer(text) if match.group()]
        for start, end, kind in sorted(found):
            if not self._calm.down(text, start, end, year):
                return kind, text[start:end], start
        return None
