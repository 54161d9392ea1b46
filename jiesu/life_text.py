"""A letter's life as facts goes in, a page for a person at a terminal comes out."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from jiesu.terminal import table


def show_life(life: dict[str, Any], out: Console) -> None:
    """Prints it in the order in which it happened."""
    letter = life["letter"]
    out.print(
        f"[bold]{letter['channel']} {letter['source_id']}[/bold]  {letter['kind']}  {life['state']}", highlight=False
    )
    out.print(f"letter_id {life['letter_id']}", style="dim", highlight=False)
    out.print(letter["title"], style="bold", markup=False)
    out.print(letter["body"], markup=False, highlight=False)
    _head(out, "Where it came from")
    for record in life["records"]:
        place = f"{record['topic']}/{record['partition']}/{record['offset']}"
        out.print(f"  {record['read_at']}  {place}  → {record['outcome']}", highlight=False)
    out.print(
        f"  arrived {letter['arrived_at']}, place {letter['place']['text'] or '–'}, urgency {letter['urgency']}",
        highlight=False,
    )
    if letter.get("marks"):
        out.print(f"  not what they claim to be: {', '.join(letter['marks'])}")
    for decision in life["decisions"]:
        _decision(out, decision)
    for assignment in life["assignments"]:
        _assignment(out, assignment)
    if life.get("case"):
        _case(out, life["case"])
    if life["progress"]:
        _head(out, "What the units reported")
        for step in life["progress"]:
            refused = f"  REFUSED: {step['refused']}" if step["refused"] else ""
            out.print(
                f"  {step['at']}  {step['unit']}  {step['step']}  {step['by']}  {step['text']}{refused}", markup=False
            )
    if life["notices"]:
        _head(out, "Notices")
        for notice in life["notices"]:
            out.print(
                f"  {notice['at']}  {notice['unit']}  {notice['kind']}  {notice['title']}  {notice['text']}",
                markup=False,
            )


def _decision(out: Console, decision: dict[str, Any]) -> None:
    _head(out, f"Decided {decision['at']}: {decision['outcome']} by rule {decision['rule']}")
    out.print(f"  {decision['reason']}", markup=False, highlight=False)
    label = decision.get("label") or {}
    for name in ("category", "unit"):
        head = label.get(name)
        if head:
            words = "、".join(f"{item['text']} {item['weight']:+.2f}" for item in head["evidence"][:6])
            sure = "accepted" if head["accepted"] else "not sure enough"
            out.print(
                f"  {name}: {head['label']} {head['confidence']:.2f} ({sure})  {words}", markup=False, highlight=False
            )
    if label.get("model"):
        out.print(f"  model {label['model']['name']} {label['model']['sha256'][:12]}", style="dim", highlight=False)
    trail = table("", "rule", "why")
    for step in decision["trail"]:
        trail.add_row("●" if step["fired"] else "○", step["rule"], step["reason"])
    out.print(trail, markup=False)
    if decision["candidates"]:
        likely = "、".join(f"{item['label']} {item['confidence']:.2f}" for item in decision["candidates"])
        out.print(f"  likeliest units: {likely}", highlight=False)


def _assignment(out: Console, assignment: dict[str, Any]) -> None:
    unit = assignment["unit"]
    _head(out, f"Assigned to {unit['name']} ({unit['code']}) as {assignment['role']}, round {assignment['round']}")
    for due in assignment["deadlines"]:
        clock = "working days" if due["clock"] == "working" else "24×7"
        note = ", provisional" if due["provisional"] else ""
        out.print(
            f"  {due['step']} until {due['due_at']} ({clock}, {due['policy']}{note})", markup=False, highlight=False
        )


def _case(out: Console, case: dict[str, Any]) -> None:
    outcome = f", {case['outcome']}" if case["outcome"] else ""
    _head(out, f"Stands at {case['stage']}{outcome} (version {case['version']}, round {case['round']})")
    for name, told in (("merged_into", "merged into"), ("transferred_to", "transferred to")):
        if case[name]:
            out.print(f"  {told} {case[name]}", markup=False, highlight=False)
    for clock in case["clocks"]:
        rungs = f", told: {', '.join(clock['told'])}" if clock["told"] else ""
        out.print(f"  {clock['unit']} {clock['step']} until {clock['due_at']}{rungs}", markup=False, highlight=False)
    for each in case["history"]:
        facts = {name: value for name, value in each.items() if name not in ("at", "event", "by")}
        told = "  ".join(f"{name}={value}" for name, value in facts.items())
        out.print(f"  {each['at']}  {each['by']}  {each['event']}  {told}", markup=False, highlight=False)


def _head(out: Console, text: str) -> None:
    out.print()
    out.print(text, style="bold cyan", markup=False, highlight=False)
