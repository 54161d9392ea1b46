"""Letter, label and bureau go in; a decision with its reasons comes out. Pure: no I/O, no clock, no global state."""

from router.earlier import Earlier, likeness, same_matter
from router.engine import Router

__all__ = ["Earlier", "Router", "likeness", "same_matter"]
