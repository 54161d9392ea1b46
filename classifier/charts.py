"""Numbers come in; small SVG drawings go out, plain enough to stand in a page that opens without a network."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

_W, _H, _PAD = 460, 260, 42
_INK, _LINE, _SOFT, _WARN = "#1f2933", "#0b6bcb", "#cbd2d9", "#c2410c"


def _x(value: float) -> float:
    return _PAD + value * (_W - 2 * _PAD)


def _y(value: float) -> float:
    return _H - _PAD - value * (_H - 2 * _PAD)


def _frame(x_title: str, y_title: str, body: str, label: str) -> str:
    ticks = "".join(
        f'<line x1="{_x(t)}" y1="{_y(0)}" x2="{_x(t)}" y2="{_y(1)}" stroke="{_SOFT}" stroke-width=".5"/>'
        f'<line x1="{_x(0)}" y1="{_y(t)}" x2="{_x(1)}" y2="{_y(t)}" stroke="{_SOFT}" stroke-width=".5"/>'
        f'<text x="{_x(t)}" y="{_y(0) + 16}" text-anchor="middle">{t:.0%}</text>'
        f'<text x="{_x(0) - 6}" y="{_y(t) + 4}" text-anchor="end">{t:.0%}</text>'
        for t in (0, 0.25, 0.5, 0.75, 1)
    )
    return (
        f'<svg viewBox="0 0 {_W} {_H}" role="img" aria-label="{escape(label)}" xmlns="http://www.w3.org/2000/svg" '
        f'font-size="11" fill="{_INK}">{ticks}{body}'
        f'<text x="{_W / 2}" y="{_H - 6}" text-anchor="middle">{escape(x_title)}</text>'
        f'<text x="12" y="{_H / 2}" text-anchor="middle" transform="rotate(-90 12 {_H / 2})">{escape(y_title)}</text></svg>'
    )


def coverage(curve: Sequence[dict[str, float]], threshold: float, promised: float | None) -> str:
    """Precision by share of letters labelled automatically, the threshold and the promise marked."""
    if not curve:
        return ""
    path = " ".join(f"{_x(p['share']):.1f},{_y(p['precision']):.1f}" for p in curve)
    body = f'<polyline points="{path}" fill="none" stroke="{_LINE}" stroke-width="2"/>'
    if promised:
        body += (
            f'<line x1="{_x(0)}" y1="{_y(promised):.1f}" x2="{_x(1)}" y2="{_y(promised):.1f}" stroke="{_WARN}" '
            f'stroke-dasharray="4 3"/><text x="{_x(1)}" y="{_y(promised) - 4:.1f}" text-anchor="end" fill="{_WARN}">'
            f"承诺 {promised:.0%}</text>"
        )
    taken = [p for p in curve if p["confidence"] >= threshold]
    if taken:
        last = taken[-1]
        body += (
            f'<line x1="{_x(last["share"]):.1f}" y1="{_y(0)}" x2="{_x(last["share"]):.1f}" y2="{_y(1)}" stroke="{_INK}" '
            f'stroke-dasharray="2 3"/><circle cx="{_x(last["share"]):.1f}" cy="{_y(last["precision"]):.1f}" r="4" '
            f'fill="{_WARN}"/><text x="{_x(last["share"]) + 6:.1f}" y="{_y(0.06):.1f}">阈值 {threshold:.2f}</text>'
        )
    return _frame("自动办理占比", "准确率", body, "自动办理占比与准确率曲线")


def reliability(bins: Sequence[dict[str, float]]) -> str:
    """Accuracy by confidence; the diagonal is a model that means what it says. Area tells the letters."""
    if not bins:
        return ""
    most = max(b["letters"] for b in bins)
    body = f'<line x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}" stroke="{_INK}" stroke-dasharray="4 3"/>'
    body += f'<polyline fill="none" stroke="{_LINE}" stroke-width="1.5" points="' + " ".join(
        f"{_x(b['confidence']):.1f},{_y(b['accuracy']):.1f}" for b in bins
    )
    body += '"/>'
    for b in bins:
        body += (
            f'<circle cx="{_x(b["confidence"]):.1f}" cy="{_y(b["accuracy"]):.1f}" r="{3 + 9 * (b["letters"] / most) ** 0.5:.1f}" '
            f'fill="{_LINE}" fill-opacity=".35"><title>{b["letters"]} 件</title></circle>'
        )
    return _frame("置信度", "实际正确率", body, "置信度校准图")


def months(rows: Sequence[dict[str, float | str | None]]) -> str:
    """Accuracy and automatic share month by month."""
    if len(rows) < 2:
        return ""
    body = ""
    for key, colour, name, height in (
        ("accuracy", _LINE, "准确率", 14),
        ("automatic_share", _WARN, "自动办理占比", 28),
    ):
        points = [
            (_x(k / (len(rows) - 1)), _y(float(value))) for k, row in enumerate(rows) if (value := row[key]) is not None
        ]
        body += f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="' + " ".join(
            f"{x:.1f},{y:.1f}" for x, y in points
        )
        body += f'"/><text x="{_x(1)}" y="{height}" text-anchor="end" fill="{colour}">— {name}</text>'
    return _frame(f"{rows[0]['month']} 至 {rows[-1]['month']}", "比例", body, "逐月变化")
