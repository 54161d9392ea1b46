"""An evaluation's figures come in; one HTML page goes out that opens anywhere, without a network."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from classifier import charts
from classifier.evaluation import Evaluation

_NAMES = {"category": "类别", "unit": "承办单位"}


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"


def page(result: Evaluation) -> str:
    """The report of `evaluation.evaluate`."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["share"] = _share
    heads = []
    for name, details in result.details.items():
        heads.append(
            {
                "title": _NAMES.get(name, name),
                "figures": result[name],
                "details": details,
                "most": max((max(row) for row in details["confusion"]["table"]), default=1) or 1,
                "coverage": Markup(charts.coverage(details["curve"], details["threshold"], details["promised"])),  # noqa: S704 - our own drawing, its words escaped
                "reliability": Markup(charts.reliability(details["reliability"])),  # noqa: S704
                "months": Markup(charts.months(details["months"])),  # noqa: S704
            }
        )
    return environment.get_template("report.html.j2").render(result=result, heads=heads)
