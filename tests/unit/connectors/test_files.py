"""Files for `jiesu feed`: every record goes on as it stands, in every form; what cannot be split feeds nothing at all."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from datetime import datetime

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors import errors, read_record
from connectors.files import split_file
from letters.errors import InvalidRecord, JiesuError
from tests.mutations import RECORDS, as_xml
from tests.unit.connectors.conftest import NOW

HEADER = "orderNum,callTime,majorContent,title\n"
ROW = "1,2025-04-22 09:12:30,路灯不亮,灯\n"


@pytest.fixture
def split(tmp_path):
    """Write a file, split it, and read each record: letters' source numbers, or reason codes."""

    def run(name, content, channel="12345"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return [(fed, _outcome(channel, fed)) for fed in split_file(path, channel)]

    return run


def _outcome(channel, fed):
    try:
        return read_record(channel, fed.value, fed.headers, received_at=NOW)
    except InvalidRecord as refusal:
        return refusal


def _brief(found):
    return [one.reason if isinstance(one, InvalidRecord) else one.letter.source_id for _, one in found]


def _csv(channel, record):
    out = io.StringIO()
    writer = csv.DictWriter(out, list(record))
    writer.writeheader()
    writer.writerow(
        {
            name: json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value
            for name, value in record.items()
        }
    )
    return out.getvalue()


@pytest.mark.parametrize("channel", dict(RECORDS))
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_csv_row_is_the_same_letter(split, read, record, channel, encoding):
    [(fed, parsed)] = split("a.csv", _csv(channel, record(channel)).encode(encoding), channel)
    assert parsed == read(channel)
    assert fed.key == read(channel).letter.source_id.encode()


@pytest.mark.parametrize("channel", dict(RECORDS))
def test_a_line_of_json_is_fed_as_it_stands(split, record, read, channel):
    line = json.dumps(record(channel), ensure_ascii=False).encode()
    found = split("a.jsonl", b"\xef\xbb\xbf" + line + b"\r\n\n  \n" + line, channel)
    assert [fed.value for fed, _ in found] == [line, line]
    assert [parsed for _, parsed in found] == [read(channel)] * 2
    assert {fed.key for fed, _ in found} == {read(channel).letter.source_id.encode()}


def test_broken_lines_are_fed_too(split, record):
    good = json.dumps(record("12345")).encode()
    lines = [b"{", '{"orderNum": "好"}'.encode("gb18030"), good, b'["x"]', b"x" * 2_000_000, b"\x00", good]
    found = split("a.JSONL", b"\n".join(lines))
    assert [fed.value for fed, _ in found] == lines
    number = record("12345")["orderNum"]
    assert _brief(found) == ["not_json", "bad_encoding", number, "not_object", "too_large", "nul_character", number]
    assert [fed.key for fed, _ in found] == [None, None, number.encode(), None, None, None, number.encode()]


def test_a_csv_keeps_the_words_to_the_character(split):
    words = ' "引号", 逗号，\r\n换行\n\n ①＂ '
    row = ["1", "2025-04-22 09:12:30", words, ""]
    out = io.StringIO()
    csv.writer(out).writerow(row)
    [(fed, parsed)] = split("a.csv", HEADER + out.getvalue())
    assert parsed.letter.body == words
    assert "title" not in json.loads(fed.value)


def test_a_broken_row_costs_no_other(split):
    rows = [
        "1,2025-04-22 09:12:30,甲,灯\n",
        "2,2025-04-22 09:12:30,少一格\n",
        "3,2025-04-22 09:12:30,多一格,灯,?\n",
        '4,2025-04-22 09:12:30,"没有合上,灯\n',
        "5,2025-04-22 09:12:30,乙,灯\n",
        '6,2025-04-22 09:12:30,"乱"引号,灯\n',
        "\n,,,\n",
        '7,2025-04-22 09:12:30,"两\n行",灯\n',
    ]
    found = split("a.csv", HEADER + "".join(rows))
    assert _brief(found) == ["1", "bad_row", "bad_row", "bad_row", "5", "bad_row", "7"]
    assert [str(one) for _, one in found[1:4]] == [
        "row 3 has 3 cells, expected 4 as in the header",
        "row 4 has 5 cells, expected 4 as in the header",
        "row 5 is no row of a table (quotation marks or bytes are broken), expected one JSON object",
    ]
    assert [found[at][0].value.decode() for at in (1, 2, 3, 5)] == [rows[at].rstrip("\n") for at in (1, 2, 3, 5)]


def test_an_open_quotation_mark_swallows_nothing(split):
    rows = '1,2025-04-22 09:12:30,"开,灯\n' + "".join(f"{n},2025-04-22 09:12:30,好,灯\n" for n in range(2, 500))
    assert _brief(split("a.csv", HEADER + rows)) == ["bad_row", *[str(n) for n in range(2, 500)]]


def test_one_broken_byte_does_not_make_a_utf8_file_gb18030(split):
    rows = [f"{n},2025-04-22 09:12:30,路灯不亮,灯\n".encode() for n in range(1, 6)]
    rows[2] = rows[2].replace("路".encode(), b"\xe8\xb7")
    found = split("a.csv", HEADER.encode() + b"".join(rows))
    assert _brief(found) == ["1", "2", "bad_row", "4", "5"]
    assert found[0][1].letter.body == "路灯不亮"
    assert found[2][0].value == rows[2].rstrip()


def test_a_gb18030_file_with_a_broken_byte(split):
    rows = [f"{n},2025-04-22 09:12:30,路灯不亮𠮷,灯\n".encode("gb18030") for n in range(1, 6)]
    rows[2] = b"3,2025-04-22 09:12:30,\xff,\n"
    found = split("a.csv", HEADER.encode() + b"".join(rows))
    assert _brief(found) == ["1", "2", "bad_row", "4", "5"]
    assert found[0][1].letter.body == "路灯不亮𠮷"


def test_a_cell_under_no_name_is_not_lost(split):
    found = split("a.csv", "orderNum,callTime,majorContent,\n1,2025-04-22 09:12:30,甲,\n2,2025-04-22 09:12:30,乙,丙\n")
    assert _brief(found) == ["1", "bad_row"]
    assert "丙".encode() in found[1][0].value


def _workbook(tmp_path, header, *rows, name="a.xlsx", formats=None):
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (header, *rows):
        sheet.append(row)
    for cell, number_format in (formats or {}).items():
        sheet[cell].number_format = number_format
    book.save(tmp_path / name)
    return tmp_path / name


def _repacked(path, *changes):
    """The workbook as a program other than openpyxl might have written it."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(path.with_name("repacked.xlsx"), "w") as new:
        for part in old.namelist():
            text = old.read(part)
            for before, after in changes:
                text = text.replace(before, after)
            new.writestr(part, text)
    return path.with_name("repacked.xlsx")


def _read_all(path, channel):
    return [_outcome(channel, fed) for fed in split_file(path, channel)]


@pytest.mark.parametrize("channel", dict(RECORDS))
def test_a_row_of_a_workbook_is_the_same_letter(tmp_path, read, record, channel):
    fields = {
        name: json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value
        for name, value in record(channel).items()
    }
    path = _workbook(tmp_path, list(fields), list(fields.values()))
    [fed] = split_file(path, channel)
    parsed = _outcome(channel, fed)
    expected = read(channel)
    if channel == "mailbox":  # XML, and so Excel, knows one line break
        assert parsed.letter.body == expected.letter.body.replace("\r\n", "\n")
        expected = read(channel, introduce=parsed.letter.body)
    assert parsed == expected
    assert fed.key == expected.letter.source_id.encode()


def test_dates_and_numbers_of_excel_become_the_contracts_text(tmp_path):
    at = datetime(2025, 4, 22, 9, 12, 30)
    calls = _workbook(
        tmp_path,
        ["jjdbh", "bjsj", "bjnr", "bjdh", "gxdwdm", "jd", "wd"],
        [250422001, 20250422091230, "灯", 13812345678, 360703510000, 114.75, 25],
        [250422002, at, 110, None, None, None, None],
    )
    first, second = _read_all(calls, "110")
    assert (first.letter.source_id, first.writer.phone, first.letter.suggested_unit.code) == (
        "250422001",
        "13812345678",
        "360703510000",
    )
    assert (first.letter.place.lng, first.letter.place.lat) == (114.75, 25)
    assert first.letter.arrived_at == second.letter.arrived_at
    assert second.letter.body == "110"
    orders = _workbook(
        tmp_path,
        ["orderNum", "callTime", "majorContent", "isSecret", "deadlineDate"],
        [1, at, "灯", True, at.date()],
        name="b.xlsx",
    )
    [order] = _read_all(orders, "12345")
    assert order.letter.confidential
    assert order.letter.arrived_at.isoformat() == "2025-04-22T09:12:30+08:00"
    assert order.letter.upstream_due.isoformat() == "2025-04-22T00:00:00+08:00"
    petitions = _workbook(
        tmp_path,
        ["petitionCaseNo", "registerDate", "overview"],
        ["X", datetime(2025, 4, 22), "灯"],
        ["Y", at, "灯"],
        name="c.xlsx",
    )
    day, moment = _read_all(petitions, "petition")
    assert day.letter.arrived_at.isoformat() == "2025-04-22T00:00:00+08:00"
    assert moment.reason == "bad_time"
    mails = _workbook(tmp_path, ["id", "submitted_at", "introduce"], ["X", at, "灯"], name="d.xlsx")
    assert [one.reason for one in _read_all(mails, "mailbox")] == ["no_offset"]


def test_a_number_whose_digits_excel_lost_is_nobodys_number(tmp_path):
    header = ["orderNum", "callTime", "majorContent", "callerPhone"]
    when = "2025-04-22 09:12:30"
    rows = [
        [4711, when, "甲", None],
        [2.02504220912e17, when, "乙", None],
        [4712, when, "丙", None],
        [7, when, "丁", 1.38e17],
    ]
    path = _repacked(
        _workbook(tmp_path, header, *rows),
        (b"<v>4711</v>", b"<v>202504220912300001</v>"),
        (b"<v>4712</v>", b"<v>202504220912300000</v>"),
    )
    whole, lost, zeros, phone = _read_all(path, "12345")
    assert whole.letter.source_id == "202504220912300001"
    assert (lost.reason, zeros.reason) == ("wrong_type", "wrong_type")
    assert phone.writer.marks == ("phone",)


def test_a_number_shown_with_leading_zeros_keeps_them(tmp_path):
    path = _workbook(
        tmp_path,
        ["orderNum", "callTime", "majorContent"],
        [42, "2025-04-22 09:12:30", "甲"],
        formats={"A2": "00000000"},
    )
    assert _read_all(path, "12345")[0].letter.source_id == "00000042"


def test_sheets_with_gaps_wrong_dimensions_and_cells_beyond_the_header(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    rows = {
        2: ["orderNum", "callTime", "majorContent"],
        5: ["1", "2025-04-22 09:12:30", "甲"],
        6: ["2", "2025-04-22 09:12:30", "乙", "多"],
    }
    for row, values in rows.items():
        for column, value in enumerate(values, 1):
            sheet.cell(row, column, value)
    book.save(tmp_path / "a.xlsx")
    narrow = _repacked(tmp_path / "a.xlsx", (b'<dimension ref="A2:D6"', b'<dimension ref="A1"'))
    for path in (tmp_path / "a.xlsx", narrow):
        first, second = _read_all(path, "12345")
        assert first.letter.source_id == "1"
        assert str(second) == "row 6 has 4 cells, expected 3 as in the header"


def test_one_petition_in_xml(split, read, record):
    for encoding in ("UTF-8", "GB18030"):
        value = as_xml(record("petition"), encoding)
        [(fed, parsed)] = split("a.xml", value, "petition")
        assert fed.value == value
        assert fed.key == b"XF20250422001"
        assert fed.headers == (("content-type", f"application/xml; charset={encoding}".encode()),)
        assert parsed == read("petition")
    assert _brief(split("a.xml", "<petitions/>", "petition")) == ["bad_xml"]
    assert _brief(split("a.xml", '<!DOCTYPE a [<!ENTITY a "b">]><petition>&a;</petition>', "petition")) == [
        "forbidden_xml"
    ]


def _zip(tmp_path, parts, name="a.xlsx"):
    with zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, content in parts.items():
            archive.writestr(part, content)
    return (tmp_path / name).read_bytes()


REFUSED = [
    ("a.txt", b"x", "12345", errors.UnknownSuffix),
    ("a.xls", b"x", "12345", errors.UnknownSuffix),
    ("a", b"x", "12345", errors.UnknownSuffix),
    ("a.jsonl", b"{}", "sms", errors.UnknownChannel),
    ("a.jsonl", b"", "12345", errors.EmptyFile),
    ("a.jsonl", b"\xef\xbb\xbf\n \n", "12345", errors.EmptyFile),
    ("a.jsonl", "{}".encode("utf-16"), "12345", errors.UnknownEncoding),
    ("a.jsonl", b"x" * (33 * 1024 * 1024), "12345", errors.LineTooLong),
    ("a.csv", b"", "12345", errors.EmptyFile),
    ("a.csv", b"\n,,\n", "12345", errors.EmptyFile),
    ("a.csv", b"a,b\n1,2\n", "12345", errors.WrongColumns),
    ("a.csv", b"orderNum;callTime;majorContent\n", "12345", errors.WrongColumns),
    ("a.csv", (HEADER.strip() + ",title\n" + ROW).encode(), "12345", errors.WrongColumns),
    ("a.csv", b'"orderNum\n1,2', "12345", errors.WrongColumns),
    ("a.csv", (HEADER + ROW).encode("utf-16"), "12345", errors.UnknownEncoding),
    ("a.csv", b"\xff\x81,\xff\xff\n" * 9, "12345", errors.UnknownEncoding),
    ("a.xlsx", b"PK\x03\x04 broken", "12345", errors.NoWorkbook),
    ("a.xlsx", b"\xd0\xcf\x11\xe0 an old .xls", "12345", errors.NoWorkbook),
    ("a.xml", b"<petition/>", "12345", errors.NotThisChannel),
    ("a.xml", b"", "petition", errors.EmptyFile),
    ("a.xml", b" \n", "petition", errors.EmptyFile),
]


@pytest.mark.parametrize(("name", "content", "channel", "error"), REFUSED)
def test_a_file_that_cannot_be_split(tmp_path, name, content, channel, error):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(error) as caught:
        split_file(tmp_path / name, channel)
    assert isinstance(caught.value, JiesuError)
    assert name in str(caught.value) or channel in str(caught.value)
    assert "{" not in str(caught.value)


def test_a_file_that_is_not_there(tmp_path):
    for path in (tmp_path / "none.csv", tmp_path / "x.jsonl"):
        if path.suffix == ".jsonl":
            path.mkdir()
        with pytest.raises(errors.UnreadableFile):
            split_file(path, "12345")


def test_workbooks_that_are_none(tmp_path):
    bombs = {
        "ratio": ({"[Content_Types].xml": "<a/>", "xl/x.xml": b"0" * 20_000_000}, errors.Bomb),
        "parts": ({"[Content_Types].xml": "<a/>"} | {f"{n}.bin": b"" for n in range(5001)}, errors.Bomb),
        "entities": ({"[Content_Types].xml": '<!DOCTYPE a [<!ENTITY a "aaa">]><a>&a;</a>'}, errors.Bomb),
        "other": ({"hello.txt": "x"}, errors.NoWorkbook),
        "empty": ({"[Content_Types].xml": "<a/>"}, errors.NoWorkbook),
        "markup": ({"[Content_Types].xml": "<a>"}, errors.NoWorkbook),
    }
    for name, (parts, error) in bombs.items():
        _zip(tmp_path, parts, f"{name}.xlsx")
        with pytest.raises(error):
            split_file(tmp_path / f"{name}.xlsx", "12345")
    with pytest.raises(errors.WrongColumns, match="missing orderNum"):
        split_file(_workbook(tmp_path, ["工单编号", "时间"], ["1", "2"]), "12345")
    with pytest.raises(errors.EmptyFile):
        split_file(_workbook(tmp_path, []), "12345")


def test_a_damaged_workbook_feeds_nothing(tmp_path):
    path = _workbook(
        tmp_path,
        ["orderNum", "callTime", "majorContent"],
        *[[str(n), "2025-04-22 09:12:30", "甲" * n] for n in range(300)],
    )
    whole = path.read_bytes()
    for cut in range(0, len(whole), 97):
        path.write_bytes(whole[:cut] + bytes([whole[cut] ^ 255]) + whole[cut + 1 :])
        try:
            found = list(split_file(path, "12345"))
        except errors.FileRefused:
            continue
        assert len(found) == 300


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.xlsx", "a.xml"])
def test_progress_grows_to_the_size_of_the_file(tmp_path, record, name):
    path = tmp_path / name
    fields = {"petitionCaseNo": "1", "registerDate": "2025-04-22", "overview": "灯"}
    if name == "a.xlsx":
        _workbook(tmp_path, list(fields), *[list(fields.values())] * 50)
    elif name == "a.xml":
        path.write_bytes(as_xml(fields))
    elif name == "a.csv":
        path.write_text(",".join(fields) + "\n" + (",".join(fields.values()) + "\n") * 50)
    else:
        path.write_text((json.dumps(fields) + "\n") * 50)
    told = []
    assert len(list(split_file(path, "petition", progress=told.append))) == (1 if name == "a.xml" else 50)
    assert told == sorted(told)
    assert told[-1] == path.stat().st_size


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.text('a,"\r 好', max_size=12), st.text(',"\n x', max_size=12)), min_size=1, max_size=12))
def test_no_line_of_a_csv_is_lost_or_told_twice(tmp_path, lines):
    marks = [f"L{number}L" for number in range(len(lines))]
    rows = "".join(f"{before}{mark}{after}\n" for mark, (before, after) in zip(marks, lines, strict=True))
    path = tmp_path / "a.csv"
    path.write_bytes((HEADER + rows).encode())
    told = b"\n".join(fed.value for fed in split_file(path, "12345")).decode()
    assert [told.count(mark) for mark in marks] == [1] * len(marks)
