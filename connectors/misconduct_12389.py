"""12389: a report of police misconduct (违法违纪举报) goes in, letter fields and the reporter come out.

`jbrlxfs` is a phone, or a mail address when it holds @. `sfsm` and `sfsj` (often words like 去年夏天) stay in the raw record.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from connectors.identity import writer
from connectors.kinds import ANYTHING, BODY, CODE, FILES, IDENTITY, LOCAL_TIME, NAMES, NUMBER, TEXT, Field
from connectors.names import accused_parts
from connectors.places import place
from connectors.reading import Connector, Draft, Values, attachments, named

FIELDS: Final = (
    Field("bh", NUMBER, required=True),
    Field("jbsj", LOCAL_TIME, required=True),
    Field("jbnr", BODY, required=True),
    Field("jbrxm", TEXT),
    Field("jbrlxfs", IDENTITY),
    Field("sfsm", ANYTHING),
    Field("bjbdw", TEXT),
    Field("bjbdwdm", CODE),
    Field("bjbrxm", TEXT),
    Field("bjbrjh", CODE),
    Field("wjlx", CODE),
    Field("sfsj", ANYTHING),
    Field("sfdd", TEXT),
    Field("zj", FILES),
    Field("hbsq", NAMES),
)


def read(values: Values, received_at: datetime) -> Draft:
    """The report as a letter."""
    of = values.get
    reach = of("jbrlxfs")
    mail = reach if reach and "@" in reach else None
    return Draft(
        body=values["jbnr"],
        arrived_at=values["jbsj"],
        kind="举报",
        writer=writer(today=received_at.date(), name=of("jbrxm"), phone_=None if mail else reach, email_=mail),
        place=place(of("sfdd")),
        accused=accused_parts(of("bjbdw"), of("bjbdwdm"), of("bjbrxm"), of("bjbrjh")),
        avoid=tuple(of("hbsq", ())),
        upstream_category=named(of("wjlx")),
        attachments=attachments(of("zj")),
    )


CONNECTOR: Final = Connector("12389", number="bh", time="jbsj", fields=FIELDS, read=read)
