"""Nothing goes in; the sample workbook nankang/samples/12345.xlsx comes out, the same bytes on every machine.

python -m bureaus.sample_workbook
"""

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Final

from openpyxl import Workbook

TARGET: Final = Path(__file__).parent / "nankang" / "samples" / "12345.xlsx"
COLUMNS: Final = (
    "orderNum",
    "callTime",
    "callerName",
    "callerPhone",
    "sourceType",
    "callerType",
    "pilotLight",
    "address",
    "areaCode",
    "title",
    "majorContent",
    "deadlineDate",
)


def _row(number: str, at: str, kind: str, address: str, title: str, content: str, phone: str) -> dict[str, str]:
    return {
        "orderNum": number,
        "callTime": at,
        "callerPhone": phone,
        "sourceType": "电话",
        "callerType": kind,
        "pilotLight": "一般",
        "address": address,
        "areaCode": "360703",
        "title": title,
        "majorContent": content,
        "deadlineDate": "2026-11-10 18:00:00",
    }


ROWS: Final = (
    _row(
        "GZ202611030101", "2026-11-03 08:10:00", "投诉", "凤岗镇朝阳路社区", "狗叫一整夜",
        "来电人称对门养了三条狗拴在阳台上，主人上夜班，狗从天黑叫到天亮，贴过条子没有用。", "13900000601",
    ),
    _row(
        "GZ202611030102", "2026-11-03 08:35:00", "建议", "学府路", "上学时段疏导",
        "建议早上七点二十到八点在学府路校门前设单行，家长车即停即走，现在堵得连校车都进不去。", "13900000602",
    ),
    _row(
        "GZ202611030103", "2026-11-03 10:02:00", "求助", "龙华镇", "冒充快递客服",
        "来电人接到电话说快递丢了要理赔，共享屏幕后卡里三万元分三次被转走，已停机换卡，求助止付。", "13900000603",
    ),
    _row(
        "GZ202611030104", "2026-11-03 11:48:00", "投诉", "金榕华庭", "物业断电催费",
        "来电人因漏水问题拒交物业费，物业今天把家里电断了，冰箱里的东西都坏了，要求恢复供电。", "13900000604",
    ),
    _row(
        "GZ202611030105", "2026-11-03 15:20:00", "求助", "大坪乡南良村", "姐姐常被丈夫打",
        "来电人称姐姐嫁到南良村，丈夫喝了酒就动手，上个月打断过手指，想开告诫书，也想知道怎样才能保护她。", "13900000605",
    ),
    _row("GZ202611030106", "2026-11-03 16:00:00", "咨询", "", "空白工单", "", "13900000606"),
)  # fmt: skip


def workbook() -> bytes:
    """The workbook's bytes, with fixed times inside so that they never change by themselves."""
    book = Workbook()
    book.properties.created = book.properties.modified = datetime(2026, 11, 4)  # noqa: DTZ001
    sheet = book.active
    assert sheet is not None  # noqa: S101 - a new workbook has a sheet
    sheet.title = "工单"
    sheet.append(COLUMNS)
    for row in ROWS:
        sheet.append([row.get(column, "") for column in COLUMNS])
    written = io.BytesIO()
    book.save(written)
    return _without_times(written.getvalue())


def _without_times(archive: bytes) -> bytes:
    """The same zip archive, stored plain and with every member dated alike: no clock and no zlib shows in it."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as source, zipfile.ZipFile(target, "w") as fixed:
        for member in source.infolist():
            content = source.read(member)
            if member.filename == "docProps/core.xml":
                head, _, tail = content.partition(b"<dcterms:modified")
                _, _, rest = tail.partition(b"</dcterms:modified>")
                content = head + rest
            fixed.writestr(zipfile.ZipInfo(member.filename, (2026, 11, 4, 0, 0, 0)), content)
    return target.getvalue()


if __name__ == "__main__":
    TARGET.write_bytes(workbook())
