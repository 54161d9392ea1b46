"""Training: same file and seed, same bytes; bad input is named line by line before the work starts."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from classifier.errors import NothingToLearnError, TrainingFileError
from classifier.serving import LetterModel, LetterText
from classifier.training import train
from classifier.training_files import read


def test_same_file_and_seed_give_the_same_bytes(letters_file: Path, model_folder: Path, tmp_path: Path) -> None:
    train([letters_file], tmp_path / "again")
    ours = {file.name: file.read_bytes() for file in model_folder.iterdir()}
    assert {file.name: file.read_bytes() for file in (tmp_path / "again").iterdir()} == ours


def test_gzip_and_byte_order_mark_change_nothing(letters_file: Path, tmp_path: Path) -> None:
    packed = tmp_path / "letters.jsonl.gz"
    packed.write_bytes(gzip.compress(b"\xef\xbb\xbf" + letters_file.read_bytes()))
    assert read([packed]).letters == read([letters_file]).letters


def test_every_bad_line_is_named(tmp_path: Path) -> None:
    file = tmp_path / "bad.jsonl"
    good = json.dumps({"id": "1", "title": "题", "body": "文", "category": "户政"}, ensure_ascii=False)
    lines = [
        good.encode(),
        b'{"id": "2", "title": ',
        json.dumps({"id": "1", "body": "x", "category": "y"}).encode(),
        json.dumps({"id": "4", "title": "t", "body": "b"}).encode(),
        json.dumps({"id": "5", "category": "y"}).encode(),
        '{"id": "6", "title": "中文", "category": "户政"}'.encode("gb18030"),
        json.dumps({"id": "7", "body": ["x"], "category": "y"}).encode(),
        json.dumps({"id": "8", "body": "x", "category": "y", "date": "22/04/2025"}).encode(),
        b"[1, 2]",
    ]
    file.write_bytes(b"\n".join(lines))
    with pytest.raises(TrainingFileError) as caught:
        train([file], tmp_path / "m")
    assert len(caught.value.problems) == 8
    for number, word in [
        (2, "not JSON"),
        (3, f"{file}:1"),
        (4, "'category' nor 'unit'"),
        (5, "neither title nor body"),
        (6, "GB18030"),
        (7, "'body'"),
        (8, "ISO 8601"),
        (9, "not a JSON object"),
    ]:
        assert any(p.startswith(f"{file}:{number}:") and word in p for p in caught.value.problems), (number, word)
    assert not (tmp_path / "m").exists()


def test_a_thousand_bad_lines_are_counted_not_listed(tmp_path: Path) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_text("nonsense\n" * 1000)
    with pytest.raises(TrainingFileError, match="950 more") as caught:
        read([file])
    assert caught.value.total == 1000


def test_a_cut_off_gzip_file_says_so(letters_file: Path, tmp_path: Path) -> None:
    packed = tmp_path / "cut.jsonl.gz"
    packed.write_bytes(gzip.compress(letters_file.read_bytes())[:-2000])
    with pytest.raises(TrainingFileError, match="copy the file again"):
        read([packed])


@pytest.mark.parametrize("name", ["missing.jsonl", "empty.jsonl"])
def test_missing_and_empty_files(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty.jsonl").write_text("\n\n")
    with pytest.raises(TrainingFileError, match=r"no such file|no letters"):
        train([tmp_path / name], tmp_path / "m")


def test_one_class_cannot_be_learned(tmp_path: Path, invent, write) -> None:
    file = write(tmp_path / "one.jsonl", [r | {"category": "户政", "unit": "派出所"} for r in invent(60)])
    with pytest.raises(NothingToLearnError, match="two labels"):
        train([file], tmp_path / "m")


def test_unknown_fields_and_numbers_as_ids_are_taken(tmp_path: Path, write) -> None:
    file = write(
        tmp_path / "x.jsonl", [{"id": 7, "body": "文", "category": 3, "colour": "red", "place": {"text": "东街"}}]
    )
    (letter,) = read([file]).letters
    assert (letter.id, letter.category, letter.text.place) == ("7", "3", "东街")


def test_an_interrupted_training_leaves_no_half_model(letters_file: Path, tmp_path: Path, monkeypatch) -> None:
    import classifier.model_folder as folders

    def stop(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(folders.os, "replace", stop)
    with pytest.raises(KeyboardInterrupt):
        train([letters_file], tmp_path / "m")
    assert list(tmp_path.iterdir()) == []


def test_rare_labels_are_reported_and_never_given(tmp_path: Path, invent, write) -> None:
    records = invent(300)
    records[5]["unit"] = "水上派出所"
    summary = train([write(tmp_path / "x.jsonl", records)], tmp_path / "m")
    assert summary.card["training"]["unit"]["not_named"] == {"水上派出所": 1}
    model = LetterModel.load(tmp_path / "m")
    (result,) = model.label([LetterText(records[5]["title"], records[5]["body"])])
    assert "水上派出所" not in [label for label, _ in result.unit.alternatives]


def test_dated_letters_are_held_out_forward_in_time(tmp_path: Path, invent, write) -> None:
    summary = train([write(tmp_path / "x.jsonl", invent(400, dated=True))], tmp_path / "m")
    assert summary.card["training"]["unit"]["held_out"]["how"] == "forward windows"
    assert summary.card["data"]["first_date"] < summary.card["data"]["last_date"]


def test_more_letters_than_a_kernel_holds_are_all_learned_from(tmp_path: Path, invent, write, monkeypatch) -> None:
    import classifier.splitting as splitting

    monkeypatch.setattr(splitting, "WHOLE", 300)
    monkeypatch.setattr(splitting, "SAMPLE", 250)
    file = write(tmp_path / "x.jsonl", invent(900))
    train([file], tmp_path / "m")
    letters = read([file]).letters
    results = LetterModel.load(tmp_path / "m").label([s.text for s in letters], evidence=False)
    assert sum(r.category.label == s.category for r, s in zip(results, letters, strict=True)) > 880


def test_progress_is_told(letters_file: Path, tmp_path: Path) -> None:
    told: list[tuple[str, float]] = []
    train([letters_file], tmp_path / "m", progress=lambda step, share: told.append((step, share)))
    assert told[0][0] == "reading"
    assert told[-1] == ("done", 1.0)
    assert [share for _, share in told] == sorted(share for _, share in told)


@pytest.mark.parametrize("precision", [0.2, 1.0])
def test_an_impossible_promise_is_refused(letters_file: Path, tmp_path: Path, precision: float) -> None:
    with pytest.raises(ValueError, match="precision"):
        train([letters_file], tmp_path / "m", precision=precision)
