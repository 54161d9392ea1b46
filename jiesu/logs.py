"""Structured logs: one JSON object a line on standard error, each with an `action`; never a letter's text (invariant 11)."""

from __future__ import annotations

import logging
import sys

import structlog

_RETRYING = ("aiokafka", "faust", "kafka", "mode")
"""Libraries that warn of every try of their own; what their silence costs is told by our own `retrying`."""


def configure_logs(level: str) -> None:
    """`level` is debug, info, warning or error. Libraries' own logs are shown from warning on, in the same form."""
    number = getattr(logging, level.upper())
    shared: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=False),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(ensure_ascii=False)],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(number, logging.WARNING))
    for library in _RETRYING:
        logging.getLogger(library).setLevel(logging.WARNING if number <= logging.INFO else logging.ERROR)
