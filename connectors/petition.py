"""Petition (信访): a petition case (信访件), JSON or XML, goes in, letter fields and the petitioner come out.

`address` stands beside 问题属地 and is read as the place of the matter. `queryCode` and `copyOfficeIds` stay in the raw record.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from connectors.identity import writer
from connectors.kinds import ANYTHING, BODY, CODE, COUNT, DAY, DEADLINE, IDENTITY, NUMBER, TEXT, THREAT, Field
from connectors.names import accused
from connectors.places import place
from connectors.reading import Connector, Draft, Values, named
from connectors.related import related
from letters.messages import Kind

FIELDS: Final = (
    Field("petitionCaseNo", NUMBER, required=True),
    Field("registerDate", DAY, required=True),
    Field("overview", BODY, required=True),
    Field("petitionTypeCode", CODE),
    Field("purposeCode", CODE),
    Field("contentTypeCode", CODE),
    Field("petitionerName", TEXT),
    Field("petitionerPhone", IDENTITY),
    Field("petitionerIdNo", IDENTITY),
    Field("petitionManAmount", COUNT),
    Field("repeatNo", CODE),
    Field("queryCode", ANYTHING),
    Field("attributionAreaCode", CODE),
    Field("address", TEXT),
    Field("reflectedObject", TEXT),
    Field("reflectedDuty", TEXT),
    Field("threatContent", THREAT),
    Field("copyOfficeIds", ANYTHING),
    Field("deadlineDate", DEADLINE),
)

_KINDS: Final[dict[str | None, Kind]] = {"申诉": "投诉", "求决": "求助", "检举控告": "举报", "意见建议": "建议"}


def read(values: Values, received_at: datetime) -> Draft:
    """The petition as a letter."""
    of = values.get
    return Draft(
        body=values["overview"],
        arrived_at=values["registerDate"],
        kind=_KINDS.get(of("purposeCode"), "其他"),
        writer=writer(
            today=received_at.date(),
            name=of("petitionerName"),
            phone_=of("petitionerPhone"),
            id_number_=of("petitionerIdNo"),
        ),
        place=place(of("address"), of("attributionAreaCode")),
        people=of("petitionManAmount") or 1,
        accused=accused(of("reflectedObject"), of("reflectedDuty")),
        upstream_category=named(of("contentTypeCode")),
        upstream_due=of("deadlineDate"),
        related=related("petition", values["petitionCaseNo"], duplicate_of=of("repeatNo")),
        threat=of("threatContent"),
        via=of("petitionTypeCode"),
    )


CONNECTOR: Final = Connector(
    "petition", number="petitionCaseNo", time="registerDate", fields=FIELDS, read=read, xml_root="petition"
)
