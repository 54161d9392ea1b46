"""12345: a work order (工单) of the government hotline goes in, letter fields and the caller come out.

`organizationCode/Name` is the unit that the hotline proposes (拟办单位); `address` is where it happened.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from connectors.identity import writer
from connectors.kinds import BODY, CODE, DEADLINE, DEGREES, FLAG, IDENTITY, LOCAL_TIME, NUMBER, TEXT, TITLE, Field
from connectors.names import accused
from connectors.places import place
from connectors.reading import Connector, Draft, Values, code_and_name
from connectors.related import related
from letters.messages import Kind, Urgency

FIELDS: Final = (
    Field("orderNum", NUMBER, required=True),
    Field("callTime", LOCAL_TIME, required=True),
    Field("majorContent", BODY, required=True),
    Field("callerName", TEXT),
    Field("callerPhone", IDENTITY),
    Field("sourceType", TEXT),
    Field("callerType", TEXT),
    Field("reflectName", TEXT),
    Field("pilotLight", TEXT),
    Field("questionCode", CODE),
    Field("questionName", TEXT),
    Field("isSecret", FLAG),
    Field("address", TEXT),
    Field("areaCode", CODE),
    Field("organizationCode", CODE),
    Field("organizationName", TEXT),
    Field("title", TITLE),
    Field("deadlineDate", DEADLINE),
    Field("oldOrderNum", CODE),
    Field("urgeOrderNum", CODE),
    Field("isSupervise", FLAG),
    Field("lng", DEGREES),
    Field("lat", DEGREES),
)

_KINDS: Final[dict[str | None, Kind]] = {
    "咨询": "咨询",
    "求助": "求助",
    "投诉": "投诉",
    "举报": "举报",
    "建议": "建议",
    "表扬": "感谢",
    "感谢": "感谢",
}
_URGENCY: Final[dict[str | None, Urgency]] = {"紧急": "紧急", "特急": "特急"}


def read(values: Values, received_at: datetime) -> Draft:
    """The work order as a letter."""
    of = values.get
    return Draft(
        body=values["majorContent"],
        arrived_at=values["callTime"],
        kind=_KINDS.get(of("callerType"), "其他"),
        title=of("title", ""),
        writer=writer(today=received_at.date(), name=of("callerName"), phone_=of("callerPhone")),
        place=place(of("address"), of("areaCode"), of("lng"), of("lat")),
        urgency=_URGENCY.get(of("pilotLight"), "一般"),
        confidential=of("isSecret", False),
        accused=accused(of("reflectName")),
        suggested_unit=code_and_name(of("organizationCode"), of("organizationName")),
        upstream_category=code_and_name(of("questionCode"), of("questionName")),
        upstream_due=of("deadlineDate"),
        related=related("12345", values["orderNum"], duplicate_of=of("oldOrderNum"), urges=of("urgeOrderNum")),
        supervised=of("isSupervise", False),
        via=of("sourceType"),
    )


CONNECTOR: Final = Connector("12345", number="orderNum", time="callTime", fields=FIELDS, read=read)
