"""110: a call record (接警单) of the command centre goes in, letter fields and the caller come out.

Level (级别) 1 is 特急, 2 紧急, everything else 一般. A call without a category is a call to the police: 报警.
`jjdwdm`, `bjxldm` (unless there is no `bjlbdm`) and `hphm` stay in the raw record.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from connectors.identity import writer
from connectors.kinds import ANYTHING, BODY, CODE, COMPACT_TIME, DEGREES, IDENTITY, NUMBER, TEXT, Field
from connectors.places import place
from connectors.reading import Connector, Draft, Values, named
from connectors.related import related
from letters.messages import Kind, NamedCode, Urgency

FIELDS: Final = (
    Field("jjdbh", NUMBER, required=True),
    Field("bjsj", COMPACT_TIME, required=True),
    Field("bjnr", BODY, required=True),
    Field("bjdh", IDENTITY),
    Field("bjrxm", TEXT),
    Field("bjrxb", CODE),
    Field("afdz", TEXT),
    Field("jjdwdm", ANYTHING),
    Field("gxdwdm", CODE),
    Field("bjlbdm", CODE),
    Field("bjxldm", CODE),
    Field("jqjb", CODE),
    Field("gljjdbh", CODE),
    Field("jd", DEGREES),
    Field("wd", DEGREES),
    Field("hphm", ANYTHING),
)

_LEVELS: Final[dict[str, Urgency]] = {"1": "特急", "2": "紧急"}


def read(values: Values, received_at: datetime) -> Draft:
    """The call as a letter."""
    of = values.get
    unit = of("gxdwdm")
    return Draft(
        body=values["bjnr"],
        arrived_at=values["bjsj"],
        kind=kind(of("bjlbdm")),
        writer=writer(today=received_at.date(), name=of("bjrxm"), sex_=of("bjrxb"), phone_=of("bjdh")),
        place=place(of("afdz"), None, of("jd"), of("wd")),
        urgency=_LEVELS.get((of("jqjb") or "").removesuffix("级").lstrip("0"), "一般"),
        suggested_unit=NamedCode(code=unit) if unit else None,
        upstream_category=named(of("bjlbdm") or of("bjxldm")),
        related=related("110", values["jjdbh"], linked=of("gljjdbh")),
    )


def kind(category: str | None) -> Kind:
    """What a category code (警情类别) asks for."""
    if not category:
        return "报警"
    if category.startswith("5"):
        return "求助"
    if category.startswith("9001"):
        return "举报"
    return "投诉" if category.startswith("95") else "报警"


CONNECTOR: Final = Connector("110", number="jjdbh", time="bjsj", fields=FIELDS, read=read)
