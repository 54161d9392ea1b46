"""What the demo did goes in; one screen comes out that makes a newcomer understand the product."""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

from rich.console import Console, Group
from rich.text import Text

from jiesu.conservation import prove
from jiesu.demo import Story, sample_files
from jiesu.terminal import table
from jiesu.wiring import House
from letters import topics
from letters.decisions import Decision
from storage.dead import dead_letters
from storage.lookup import LetterLine, letter_lines, life_of
from storage.reconcile import Sums


def show_story(jiesu: House, story: Story, out: Console) -> None:
    """Prints it: in, labelled and why, out to whom, waiting and why, refused and why, the proof, what to type next."""
    with jiesu.database.read() as connection:
        lines = list(letter_lines(connection))
        decisions = {line.letter_id: _decision(connection, line) for line in lines}
        dead = dead_letters(connection, jiesu.sealer)
    sums = prove(jiesu)
    out.print()
    out.print(f"[bold]接诉 jiesu[/bold] · {jiesu.bureau.name}   model {story.model}", highlight=False)
    _came_in(jiesu, story, lines, out)
    _labelled(lines, decisions, out)
    _who_got_what(jiesu, lines, out)
    _waits(lines, decisions, out)
    _refused(story, dead, out)
    _endings(story, out)
    _proof(sums, story, out)
    _next(jiesu, lines, out)


def _decision(connection: Any, line: LetterLine) -> Decision:
    life = life_of(connection, line.letter_id)
    return Decision.model_validate_json(next(e.document for e in life.ledger if e.event == "decided"))


def _came_in(jiesu: House, story: Story, lines: list[LetterLine], out: Console) -> None:
    made = Counter(line.channel for line in lines)
    fed: Counter[str] = Counter()
    for channel, path in sample_files(jiesu.settings.bureau):
        fed[channel] += story.fed.get(path.name, 0)
    told = "   ".join(f"{channel} [bold]{fed[channel]}[/bold] → {made[channel]} letters" for channel in fed)
    _title(out, "1  What came in")
    out.print(told, highlight=False)


def _labelled(lines: list[LetterLine], decisions: dict[Any, Decision], out: Console) -> None:
    _title(out, "2  What was labelled, and why")
    shown = table("letter", "category", "sure", "because of the words")
    seen: set[str] = set()
    for line in lines:
        label = decisions[line.letter_id].label
        head = label.category if label else None
        if head is None or not head.accepted or head.label in seen or len(seen) == 5:
            continue
        seen.add(head.label)
        words = "  ".join(item.text for item in head.evidence[:5])
        shown.add_row(f"{line.channel} {line.source_id}", head.label, f"{head.confidence:.2f}", words)
    out.print(shown)


def _who_got_what(jiesu: House, lines: list[LetterLine], out: Console) -> None:
    _title(out, "3  Who got what")
    units = jiesu.bureau.units
    hosted: dict[str, list[str]] = {}
    for line in lines:
        if line.host:
            hosted.setdefault(line.host, []).append(line.category or "未分类")
    shown = table("unit", "letters", "on", "its topic")
    for code, categories in sorted(hosted.items(), key=lambda item: -len(item[1]))[:10]:
        most = "、".join(f"{name} {count}" for name, count in Counter(categories).most_common(3))
        shown.add_row(units[code].name, str(len(categories)), most, topics.assignments(code))
    out.print(shown)
    if len(hosted) > 10:
        out.print(f"… and {len(hosted) - 10} more units", style="dim")


def _waits(lines: list[LetterLine], decisions: dict[Any, Decision], out: Console) -> None:
    _title(out, "4  What the machine left to people, or sent past every queue")
    shown = table("letter", "", "why")
    stands = {"waiting": "waits", "escalated": "danger"}
    chosen = [line for line in lines if line.state == "escalated"][:3]
    rules: Counter[str] = Counter()
    for line in lines:
        if line.state == "waiting":
            rules[line.rule or ""] += 1
            if rules[line.rule or ""] <= 2:
                chosen.append(line)
    recused = [line for line in lines if decisions[line.letter_id].rule == "recusal" and line.state == "dispatched"]
    for line in chosen:
        shown.add_row(f"{line.channel} {line.source_id}", stands[line.state], decisions[line.letter_id].reason)
    for line in recused[:2]:
        shown.add_row(f"{line.channel} {line.source_id}", "recusal", decisions[line.letter_id].reason)
    out.print(shown)
    waiting = sum(rules.values())
    out.print(f"{waiting} of {len(lines)} letters wait for a duty officer: jiesu letters --state waiting", style="dim")


def _refused(story: Story, dead: list[Any], out: Console) -> None:
    _title(out, "5  What was refused, and why (kept raw, can be mended and fed again)")
    shown = table("place", "reason", "what was wrong")
    seen: set[str] = set()
    for each in dead:
        if each.reason not in seen:
            seen.add(each.reason)
            shown.add_row(f"{each.topic}/{each.offset}", each.reason, each.message)
    out.print(shown, markup=False)
    for line in story.refused_files:
        out.print(f"file {line}", markup=False, highlight=False)


def _endings(story: Story, out: Console) -> None:
    days = story.days
    if days is None:
        return
    _title(out, f"6  Six stories to their end, on a simulated clock ({days.first:%m-%d} to {days.last:%m-%d})")
    shown = table("letter", "how it went", "ended", "rounds")
    for number, about, outcome, rounds in days.endings:
        shown.add_row(number, about, outcome, str(rounds))
    out.print(shown)
    names = {
        "reminder": "reminders",
        "overdue": "overdue notices",
        "work_slip": "work slips",
        "supervision": "supervision",
    }
    told = "  ".join(f"{name} {days.notices[kind]}" for kind, name in names.items() if kind in days.notices)
    out.print(f"Told on time, each once: {told}", style="dim", highlight=False)


def _proof(sums: Sums, story: Story, out: Console) -> None:
    _title(out, "7  Nothing lost, nothing invented")
    out.print(
        f"{sums.read} records read = {sums.letters} letters + {sums.revisions} revisions + {sums.repeats} repeats"
        f" + {sums.dead} dead letters",
        highlight=False,
    )
    out.print(
        f"{sums.letters} letters = {sums.dispatched} dispatched + {sums.waiting} waiting + {sums.escalated} escalated"
        f" + {sums.merged} merged",
        highlight=False,
    )
    verdict = "it adds up" if sums.adds_up else "IT DOES NOT ADD UP"
    out.print(
        Text(verdict, style="green" if sums.adds_up else "bold red"),
        Text(f"   {story.reports} reports from units taken in", style="dim"),
    )


def _next(jiesu: House, lines: list[LetterLine], out: Console) -> None:
    _title(out, "What to type next")
    example = next((line for line in lines if line.state == "dispatched"), None)
    home = os.path.relpath(jiesu.settings.home)
    rows = [
        f"export JIESU_HOME={home} PATH=$PWD/.venv/bin:$PATH",
        f"jiesu trace {example.source_id}" if example else "jiesu letters",
        "jiesu letters --state waiting",
        "jiesu dead list",
        "jiesu reconcile",
    ]
    out.print(Group(*(Text(f"  {row}", style="cyan") for row in rows)))


def _title(out: Console, text: str) -> None:
    out.print()
    out.print(text, style="bold")
