"""The bureau chief's mailbox (局长信箱): a letter from a form goes in, letter fields and its writer come out.

`addr` is the writer's own address and goes to the sealed writer only: as a place it would tell every unit where the
writer lives, and the matter need not have happened there. `secrecy` is 公开 or absent; anything else keeps the letter
confidential, since a wish for secrecy must not be lost to a spelling.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from connectors.identity import writer
from connectors.kinds import BODY, CODE, FILES, IDENTITY, NUMBER, OFFSET_TIME, TEXT, TITLE, Field
from connectors.names import accused
from connectors.reading import Connector, Draft, Values, attachments, named
from letters.messages import Kind

FIELDS: Final = (
    Field("id", NUMBER, required=True),
    Field("submitted_at", OFFSET_TIME, required=True),
    Field("introduce", BODY, required=True),
    Field("zhuti", TITLE),
    Field("typeid", CODE),
    Field("name", TEXT),
    Field("sex", CODE),
    Field("cardid", IDENTITY),
    Field("shouji", IDENTITY),
    Field("email", TEXT),
    Field("addr", TEXT),
    Field("secrecy", CODE),
    Field("unit", TEXT),
    Field("upload", FILES),
    Field("via", TEXT),
)

_KINDS: Final[dict[str | None, Kind]] = {
    "求助": "求助",
    "咨询": "咨询",
    "投诉": "投诉",
    "举报": "举报",
    "建议": "建议",
    "感谢": "感谢",
}
_PUBLIC: Final = frozenset({None, "公开", "0", "否"})


def read(values: Values, received_at: datetime) -> Draft:
    """The letter as a letter."""
    of = values.get
    return Draft(
        body=values["introduce"],
        arrived_at=values["submitted_at"],
        kind=_KINDS.get(of("typeid"), "其他"),
        title=of("zhuti", ""),
        writer=writer(
            today=received_at.date(),
            name=of("name"),
            sex_=of("sex"),
            phone_=of("shouji"),
            id_number_=of("cardid"),
            email_=of("email"),
            address=of("addr"),
        ),
        confidential=of("secrecy") not in _PUBLIC,
        accused=accused(of("unit")),
        upstream_category=named(of("typeid")),
        attachments=attachments(of("upload")),
        via=of("via"),
    )


CONNECTOR: Final = Connector("mailbox", number="id", time="submitted_at", fields=FIELDS, read=read)
