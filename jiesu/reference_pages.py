"""Settings, topology, reason codes and metrics go in, their reference pages in Markdown come out."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from typing import Final

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from connectors import errors as files
from connectors.reasons import REASONS
from jiesu.reference_flow import Topic, flow_topics
from jiesu.reference_markdown import page, table
from jiesu.settings import EXAMPLE_BUREAU, Settings
from streams import observing
from streams.observing import METRICS, Brake, Observer
from streams.port import MESSAGE_ID
from streams.topology import JOBS, TOPOLOGY

STAGE_REASONS: Final = {
    "not_a_letter": "A message on `letters` is no letter by `docs/schemas/letter.json`; jiesu alone should write there.",
    "not_a_label": "A message on `labels` is no label by `docs/schemas/label.json`; jiesu alone should write there.",
    "unreadable": "A unit's report is no JSON object, or a field of it cannot be read or stored; see `docs/schemas/progress.json`.",
    "unknown_step": "A unit's report names a step other than signed, contacted, feedback, finished, returned.",
    "unknown_letter": "A label speaks of a letter that the database does not hold, as after a database was made anew.",
    "broke_the_stage": "No rule foresaw this record: a fault of jiesu. The log has the trace; the record waits here.",
}
"""Dead letters of the stages after the connectors; tests/unit/test_documents.py looks for codes that are missing here."""

REPORT_REASONS: Final = {
    "unknown_assignment": "No assignment has this `assignment_id`.",
    "not_yours": "The assignment is another unit's: a unit reports on its own topic about its own work.",
    "reused_id": "The `progress_id` already stands for another report on the same assignment.",
    "future": "`at` is further ahead of jiesu's clock than `settings.progress.skew_minutes`.",
    "before_assignment": "`at` is earlier than the assignment by more than `settings.progress.skew_minutes`.",
    "assignment_over": "The assignment was returned, withdrawn, given to another, reviewed or closed.",
    "already_finished": "A finished assignment cannot be returned.",
    "no_report": "A finish needs a work report (工作报告) in `text` or as an attachment.",
    "no_reason": "A return needs its reason in `text`.",
    "bound": "A joint decision (会商) binds: it cannot be returned.",
    "dispute_over": "The time to dispute the transfer (异议期限) is over.",
}
"""Reports that can be read but are not taken: kept with the letter and shown by `jiesu trace`, never dead letters."""

_SOURCE_OF_METRICS: Final = re.compile(r'^\s*"(?P<name>jiesu_\w+)",\s*# (?P<meaning>.+)$', re.MULTILINE)


def settings_page() -> str:
    """docs/reference/settings.md."""
    rows = [
        (f"`JIESU_{name.upper()}`", f"`{name}`", _default(name, field), field.description or "")
        for name, field in Settings.model_fields.items()
    ]
    return page(
        "Settings",
        "Made by `make docs` from `jiesu/settings.py`. Each is read from the environment or, by its lower-case name, from a"
        " `jiesu.toml` in the working folder; the environment wins. An empty variable counts as unset. A wrong value ends"
        " every command with one sentence that names the setting.",
        table(("environment", "jiesu.toml", "default", "meaning"), rows),
    )


def topics_page() -> str:
    """docs/reference/topics.md."""
    stages = [
        (flow.stage, _names(name.replace("*", "<unit>") for name in flow.reads), _names(flow.writes), flow.does)
        for flow in (*TOPOLOGY, *JOBS)
    ]
    topics = [
        (
            f"`{topic.name}`",
            topic.holds,
            _schema(topic),
            topic.key,
            "JIESU_PARTITIONS" if topic.partitions > 1 else "1",
            "for ever" if topic.retention_hours is None else f"{topic.retention_hours // 24} days",
        )
        for topic in flow_topics()
    ]
    return page(
        "Topics and stages",
        "Made by `make docs` from `streams/topology.py`. `<unit>` is a unit's 12-digit organisation code; every unit of the"
        " bureau that is not marked 外单位 has its three topics. Values are JSON in UTF-8. What jiesu writes to a topic of"
        f" its own carries a header `{MESSAGE_ID}`: the same id again is the same message. On the embedded bus every topic"
        " has one partition.",
        "## Stages\n\nEach stage is a consumer group of its own name.",
        table(("stage", "reads", "writes", "does"), stages),
        "## Topics",
        table(("topic", "holds", "message", "key", "partitions", "kept"), topics),
        "The same as an [AsyncAPI document](../asyncapi.yaml), with every field that the channels read.",
    )


def reasons_page() -> str:
    """docs/reference/reasons.md."""
    refusals = [
        (_words(name), doc)
        for name, doc in (
            (each.__name__, inspect.cleandoc(each.__doc__ or "").split("\n")[0])
            for each in vars(files).values()
            if isinstance(each, type) and issubclass(each, files.FileRefused) and each is not files.FileRefused
        )
    ]
    return page(
        "Why something is refused",
        "Made by `make docs`. The code is for programs and figures (`jiesu dead list --reason CODE`, the label `reason` of"
        " `jiesu_dead_letters_total`); the message beside it names the field, what was found and what is expected.",
        "## Records of upstream systems\n\nThe record becomes a dead letter with its raw bytes; the stream goes on. In the"
        " order in which a record is looked at:",
        table(("code", "meaning"), _coded(REASONS.items())),
        "## Messages on jiesu's own topics\n\nAlso dead letters.",
        table(("code", "meaning"), _coded(STAGE_REASONS.items())),
        "## Reports of units\n\nThese are no dead letters: the report is kept with its letter, marked `refused`, and"
        " `jiesu trace` shows it. The assignment stays as it was.",
        table(("code", "meaning"), _coded(REPORT_REASONS.items())),
        "## Files given to `jiesu feed`\n\nThe file is refused whole, nothing of it is fed, and the exit code is 1.",
        table(("what", "the sentence"), refusals),
    )


def metrics_page() -> str:
    """docs/reference/metrics.md."""
    meanings = {found["name"]: found["meaning"] for found in _SOURCE_OF_METRICS.finditer(inspect.getsource(observing))}
    kinds = {
        metric.name + ("_total" if metric.type == "counter" else ""): metric.type
        for metric in Observer(Brake(1.0, 1)).registry.collect()
    }
    return page(
        "Metrics",
        "Made by `make docs` from `streams/observing.py`. `jiesu up` serves them in Prometheus' text form at `/metrics` of"
        " the desk's port, `jiesu worker` at the port that `--metrics-port` names; both on 127.0.0.1 alone.",
        table(("metric", "type", "meaning"), [(f"`{name}`", kinds[name], meanings[name]) for name in METRICS]),
        "Beside them, `/healthz` answers 200 while no stage has stopped and 503 afterwards, `/readyz` answers 200 while"
        " every stage works; both tell each stage's state as JSON (`working`, `waiting: why`, `stopped: why`).",
    )


def _default(name: str, field: FieldInfo) -> str:
    if name == "bureau":
        return f"`{EXAMPLE_BUREAU.relative_to(EXAMPLE_BUREAU.parents[1])}` of the installation"
    if field.default is None or isinstance(field.default, SecretStr):
        return "–"
    return f"`{field.default}`"


def _schema(topic: Topic) -> str:
    return f"[{topic.message}](../schemas/{topic.message}.json)" if topic.message else "upstream's own"


def _names(names: Iterable[str]) -> str:
    return " ".join(f"`{name}`" for name in names)


def _coded(entries: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(f"`{code}`", meaning) for code, meaning in entries]


def _words(name: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", lambda found: f" {found[1].lower()}", name)
