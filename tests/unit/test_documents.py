"""Documents are held to the program: what they name exists, what exists is named, and the generated pages are fresh."""

from __future__ import annotations

import ast
import gzip
import importlib.util
import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import typer
from ruamel.yaml import YAML

from connectors.reasons import REASONS
from jiesu import reference
from jiesu.reference_commands import commands, example
from jiesu.reference_flow import flow_topics
from jiesu.reference_pages import REPORT_REASONS, STAGE_REASONS
from jiesu.settings import Settings
from letters.messages import WIRE
from streams.observing import METRICS

ROOT = Path(__file__).resolve().parents[2]
READMES = ("README.md", "README.zh-CN.md")
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("bureaus/**/*.md")]
)
COMMANDS: dict[str, Any] = dict(commands())
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
SHELL = ("sh", "bash", "console", "shell")
_FENCE = re.compile(r"^```(?P<language>\w*)[^\n]*\n(?P<body>.*?)^```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def shell_lines(text: str) -> Iterator[str]:
    """Command lines of a page's shell blocks, continued lines joined, prompts and comments taken off."""
    for block in _FENCE.finditer(text):
        if block["language"] in SHELL:
            for line in block["body"].replace("\\\n", " ").splitlines():
                if line.strip() and not line.lstrip().startswith("#"):
                    yield line.strip().removeprefix("$ ")


def programs(line: str) -> Iterator[list[str]]:
    """The simple commands of a shell line, each as words, without variables set before it and without redirections."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = "#"
    words: list[str] = []
    skip = False
    for word in lexer:
        if re.fullmatch(r"[|&;()]+", word):
            yield words
            words = []
        elif re.fullmatch(r"[<>]+&?", word):
            skip = True
        elif skip:
            skip = False
        elif words or not re.match(r"[A-Z_]+=", word):
            words.append(word)
    yield words


def wrong_use(words: list[str]) -> str | None:
    """Why the program would not take these words after `jiesu`; None when it would."""
    if not words or words[0] in ("--help", "-h", "--install-completion", "--show-completion"):
        return None
    name = " ".join(words[:2]) if " ".join(words[:2]) in COMMANDS else words[0]
    command = COMMANDS.get(name)
    if command is None:
        return f"there is no command {name}"
    rest = words[len(name.split()) :]
    if {"--help", "-h"} & set(rest):
        return None
    try:
        command.make_parser(typer.Context(command, info_name=name)).parse_args(list(rest))
    except Exception as error:
        return f"{name}: {error}"
    return None


def wrong_inline(code: str) -> list[str]:
    """The same for `jiesu …` inside a sentence, which may leave arguments out: the command and its options exist."""
    wrong = []
    for words in programs(re.sub(r"<[^>]*>", "X", code)):
        if len(words) < 2 or words[0] != "jiesu" or words[1].startswith(("-", "…")):
            continue
        name = next((" ".join(words[1:end]) for end in (3, 2) if " ".join(words[1:end]) in COMMANDS), None)
        if name is None:
            if words[1] not in {each.split()[0] for each in COMMANDS}:
                wrong.append(f"there is no command {words[1]}")
            continue
        known = {option for each in COMMANDS[name].params for option in (*each.opts, *each.secondary_opts)} | {"--help"}
        used = {word.split("=")[0] for word in words if word.startswith("--")}
        wrong += [f"{name} has no {option}" for option in sorted(used - known)]
    return wrong


@cache
def tracked() -> list[Path]:
    """Files in git, those deleted in the working tree left out."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


@cache
def tracked_text() -> dict[str, str]:
    found = {}
    for path in tracked():
        try:
            found[path.relative_to(ROOT).as_posix()] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
    return found


def test_generated_pages_are_fresh() -> None:
    assert reference.stale() == [], "run make docs"


def test_a_stale_page_is_named_and_made_fresh(tmp_path: Path) -> None:
    assert "reference/settings.md" in reference.write(tmp_path)
    assert reference.stale(tmp_path) == []
    (tmp_path / "reference/settings.md").write_text("old")
    (tmp_path / "schemas/gone.json").write_text("{}")
    assert reference.stale(tmp_path) == ["reference/settings.md", "schemas/gone.json"]
    assert reference.write(tmp_path) == ["reference/settings.md", "schemas/gone.json"]
    assert reference.stale(tmp_path) == []


def test_the_check_fails_and_names_what_is_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(reference, "stale", lambda: ["reference/settings.md"])
    assert reference.main(["--check"]) == 1
    assert capsys.readouterr().out == "docs/reference/settings.md is stale: run make docs\n"
    monkeypatch.setattr(reference, "stale", list)
    assert reference.main(["--check"]) == 0


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_has_an_example_that_the_program_takes(command: str) -> None:
    shown = example(COMMANDS[command])
    assert shown, f"jiesu {command} --help shows no example"
    used = [words for words in programs(shown) if words and words[0] == "jiesu"]
    assert any(" ".join(words[1:]).startswith(command) for words in used)
    assert [wrong_use(words[1:]) for words in used if wrong_use(words[1:])] == []


@pytest.mark.parametrize("readme", READMES)
def test_both_readmes_name_every_command(readme: str) -> None:
    """Of a group (dead, models, db) at least one; the reference page has them all."""
    text = text_of(readme)
    assert [name for name in COMMANDS if f"jiesu {name.split()[0]}" not in text] == []


def test_every_command_setting_topic_metric_and_reason_is_described() -> None:
    pages = {
        name: text_of(f"docs/reference/{name}.md") for name in ("commands", "settings", "topics", "metrics", "reasons")
    }
    assert [name for name in COMMANDS if f"\n## jiesu {name}\n" not in pages["commands"]] == []
    assert [n for n in Settings.model_fields if f"`JIESU_{n.upper()}`" not in pages["settings"]] == []
    assert [topic.name for topic in flow_topics() if f"`{topic.name}`" not in pages["topics"]] == []
    assert [name for name in METRICS if f"`{name}`" not in pages["metrics"]] == []
    assert [c for c in [*REASONS, *STAGE_REASONS, *REPORT_REASONS] if f"`{c}`" not in pages["reasons"]] == []


def test_the_operator_is_told_of_every_setting_and_metric() -> None:
    text = text_of("docs/howto/operator.md")
    assert [name for name in Settings.model_fields if f"JIESU_{name.upper()}" not in text] == []
    assert [name for name in METRICS if name not in text] == []


def test_no_reason_code_of_a_stage_lacks_its_meaning() -> None:
    """The first argument of InvalidRecord and what is assigned to `refused` in streams/ are codes."""
    codes: set[str] = set()
    for path in (ROOT / "streams").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "InvalidRecord":
                if isinstance(node.args[0], ast.Constant):
                    codes.add(str(node.args[0].value))
            elif isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Constant):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                if isinstance(node.value.value, str) and any(
                    isinstance(t, ast.Name) and t.id == "refused" for t in targets
                ):
                    codes.add(node.value.value)
    assert codes >= {"unknown_letter", "broke_the_stage"}
    assert codes - {*STAGE_REASONS, *REPORT_REASONS} == set(), "describe them in jiesu/reference_pages.py"


def test_the_asyncapi_document_is_whole() -> None:
    document: Any = YAML(typ="safe").load(text_of("docs/asyncapi.yaml"))
    addresses = {channel["address"].replace("{unit}", "<unit>") for channel in document["channels"].values()}
    assert addresses == {topic.name for topic in flow_topics()}

    def references(node: Any) -> Iterator[str]:
        if isinstance(node, dict):
            yield from ([node["$ref"]] if "$ref" in node else [])
            for each in node.values():
                yield from references(each)
        elif isinstance(node, list):
            for each in node:
                yield from references(each)

    found = set(references(document))
    assert {f"./schemas/{name}.json" for name in WIRE} <= found
    for target in found:
        if target.startswith("#/"):
            at = document
            for part in target[2:].split("/"):
                at = at[part]
        else:
            json.loads((ROOT / "docs" / target).read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", PAGES)
def test_relative_links_lead_somewhere(page: str) -> None:
    text = _FENCE.sub("", text_of(page))
    broken = []
    for link in _LINK.finditer(text):
        target, _, _fragment = unquote(link["target"]).partition("#")
        if target and "://" not in target and not target.startswith("mailto:"):
            there = (ROOT / page).parent / target
            if not there.exists():
                broken.append(target)
    assert broken == []


@pytest.mark.parametrize("page", PAGES)
def test_commands_on_the_page_exist(page: str) -> None:
    text = text_of(page)
    wrong = []
    for line in shell_lines(text):
        for words in programs(line):
            wrong += [problem for problem in [_wrong(words)] if problem]
    for code in _INLINE.findall(_FENCE.sub("", text)):
        if "jiesu " in code:
            wrong += wrong_inline(code)
        elif target := re.fullmatch(r"make ([a-z-]+)( [A-Z]+=\S+)*", code):
            wrong += [] if target[1] in TARGETS else [f"no target {target[1]}"]
    assert wrong == []


def _wrong(words: list[str]) -> str | None:
    if not words:
        return None
    program = words[0].removeprefix(".venv/bin/")
    if program == "jiesu":
        return wrong_use(words[1:])
    if program == "make":
        unknown = [word for word in words[1:] if "=" not in word and word not in TARGETS]
        return f"no target {unknown[0]}" if unknown else None
    if program in ("python", "python3") and words[1:2] == ["-m"]:
        return None if importlib.util.find_spec(words[2]) else f"no module {words[2]}"
    return None


@pytest.mark.parametrize("page", PAGES)
def test_tests_that_a_page_names_exist(page: str) -> None:
    missing = []
    for file, name in re.findall(r"(tests/[\w/]+\.py)(?:::(\w+))?", text_of(page)):
        path = ROOT / file
        if not path.is_file() or (name and f"def {name}(" not in path.read_text(encoding="utf-8")):
            missing.append(f"{file}::{name}" if name else file)
    assert missing == []


def test_no_file_names_a_machine_or_a_package_registry() -> None:
    bad = re.compile(
        r"(?<![\w.~-])/(?:work|root|farm)/|https?://[^\s/\"'<>]*(?:pypi|npmjs|pythonhosted|repo1?\.maven|debian\.org)"
    )
    found = [f"{name}: {hit[0]}" for name, text in tracked_text().items() for hit in bad.finditer(text)]
    assert found == []


def test_no_text_of_the_real_letters_got_into_a_file() -> None:
    """They train and measure, they are not ours to publish: 16 characters in a row are no accident."""
    data = ROOT.parent / "shared" / "data"
    if not data.is_dir():
        pytest.skip("the real letters are not here")
    size, windows = 16, set()
    for file in sorted(data.glob("*.jsonl.gz")):
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            for number, line in enumerate(lines):
                if number % 5 == 0:
                    body = re.sub(r"\s", "", str(json.loads(line).get("body", "")))
                    windows |= {body[at : at + size] for at in range(0, max(0, len(body) - size), 40)}
    windows = {window for window in windows if len(re.findall(r"[\u4e00-\u9fa5]", window)) >= 14}
    found = []
    for name, text in tracked_text().items():
        if re.search(r"[\u4e00-\u9fa5]{6}", text):
            plain = re.sub(r"\s", "", text)
            found += [
                (name, plain[at : at + size]) for at in range(len(plain) - size) if plain[at : at + size] in windows
            ]
    assert found == []
