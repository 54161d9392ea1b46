"""The XML form of a record: its text goes in, one field for each child of the root comes out; safe against bombs.

Document types, entities and outside references are refused (defusedxml). A child with elements inside stands for an
object, which no field of ours takes; attributes, comments and text between the fields count as unknown fields do.
"""

from __future__ import annotations

import re
from typing import Any, Final
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from connectors.reasons import refuse
from connectors.shown import field_name

DEEPEST: Final = 64

_DECLARED: Final = re.compile(rb"""\s*<\?xml[^>]{0,200}?\bencoding\s*=\s*["']([A-Za-z0-9._\-]{1,40})["']""")


def declared_charset(value: bytes) -> str | None:
    """The charset that an XML declaration names."""
    match = _DECLARED.match(value.removeprefix(b"\xef\xbb\xbf"))
    return match.group(1).decode() if match else None


def read_xml(text: str, root: str) -> dict[str, Any]:
    """The fields under `root`, as text. Raises `InvalidRecord`."""
    fields = _Fields(root)
    parser = DefusedXMLParser(target=fields, forbid_dtd=True, forbid_entities=True, forbid_external=True)
    try:
        parser.feed(text)
        parser.close()
    except DefusedXmlException:
        refuse("forbidden_xml", "found a document type or entities, expected plain elements")
    except ParseError as error:
        line, column = error.position
        problem = str(error).partition(":")[0]
        refuse("bad_xml", f"line {line}, column {column}: {problem}; expected one <{root}> element")
    return fields.found


class _Fields:
    """Takes the parser's events; keeps nothing but the root's children."""

    def __init__(self, root: str) -> None:
        self.found: dict[str, Any] = {}
        self._root = root
        self._depth = 0
        self._text: list[str] = []
        self._nested = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:  # noqa: ARG002
        self._depth += 1
        if self._depth == 1 and tag != self._root:
            refuse("bad_xml", f"found the root element {field_name(tag)}, expected <{self._root}>, one a record")
        if self._depth == 2:
            if tag in self.found:
                refuse("duplicate_key", f"{field_name(tag)}: found twice, expected once", field_name(tag))
            self._text, self._nested = [], False
        elif self._depth > DEEPEST:
            refuse("too_deep", f"elements stand inside each other more than {DEEPEST} deep, expected flat fields")
        elif self._depth > 2:
            self._nested = True

    def end(self, tag: str) -> None:
        if self._depth == 2:
            self.found[tag] = {"elements": True} if self._nested else "".join(self._text)
        self._depth -= 1

    def data(self, data: str) -> None:
        if self._depth == 2:
            self._text.append(data)

    def close(self) -> None:
        return None


def text_of_element(value: bytes, name: str, charset: str) -> str | None:
    """The text of the first plain element of this name, found without parsing: good for a key, not for a record."""
    match = re.search(rb"<" + re.escape(name.encode()) + rb"\s*>([^<&]{1,400})</", value)
    try:
        return match.group(1).decode(charset) if match else None
    except (UnicodeDecodeError, LookupError):
        return None
