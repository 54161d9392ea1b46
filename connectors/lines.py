"""Lines of a file: an open file goes in, its lines as bytes come out, in bounded memory and without the BOM."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO, Final

from connectors.errors import LineTooLong, UnknownEncoding

Progress = Callable[[int], object]
"""Called with the number of bytes of the file that have been dealt with."""

BOM: Final = b"\xef\xbb\xbf"
LONGEST: Final = 32 * 1024 * 1024

_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")


def lines_of(file: BinaryIO, name: str) -> Iterator[bytes]:
    """Each line with its end. Raises `LineTooLong`, and `UnknownEncoding` for UTF-16, whose lines end otherwise."""
    first = True
    while line := file.readline(LONGEST + 1):
        if len(line) > LONGEST:
            raise LineTooLong(file=name, limit=f"{LONGEST // 1024 // 1024} MiB")
        if first:
            first = False
            if line.startswith(_UTF16):
                raise UnknownEncoding(file=name)
            line = line.removeprefix(BOM)
            if not line:
                continue
        yield line
