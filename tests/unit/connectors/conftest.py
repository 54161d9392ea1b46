"""What every test of the connectors starts from: valid records and a moment at which they are read."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from connectors import Parsed, read_record
from letters.clock import SHANGHAI
from letters.errors import InvalidRecord
from tests.mutations import RECORDS

NOW = datetime(2025, 4, 23, 8, 0, tzinfo=SHANGHAI)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def record() -> Callable[..., dict[str, Any]]:
    """A valid record of a channel, with these fields changed; a field set to `...` is left out."""

    def make(channel: str, **changes: Any) -> dict[str, Any]:
        made = copy.deepcopy(dict(RECORDS)[channel]) | changes
        return {name: value for name, value in made.items() if value is not ...}

    return make


@pytest.fixture
def read(record: Callable[..., dict[str, Any]]) -> Callable[..., Parsed]:
    """Read a channel's valid record with these fields changed."""

    def run(channel: str, **changes: Any) -> Parsed:
        value = json.dumps(record(channel, **changes)).encode()
        return read_record(channel, value, (), received_at=NOW)

    return run


@pytest.fixture
def refused(record: Callable[..., dict[str, Any]]) -> Callable[..., InvalidRecord]:
    """Why a channel's valid record is refused once these fields are changed."""

    def run(channel: str, **changes: Any) -> InvalidRecord:
        value = json.dumps(record(channel, **changes)).encode()
        with pytest.raises(InvalidRecord) as caught:
            read_record(channel, value, (), received_at=NOW)
        return caught.value

    return run


@pytest.fixture
def refused_bytes() -> Callable[..., InvalidRecord]:
    """Why these bytes are refused."""

    def run(channel: str, value: bytes, content_type: str | None = None) -> InvalidRecord:
        headers = [("content-type", content_type.encode())] if content_type else []
        with pytest.raises(InvalidRecord) as caught:
            read_record(channel, value, headers, received_at=NOW)
        return caught.value

    return run
