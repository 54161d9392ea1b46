"""Words about police go in; whether the writer complains about them comes out."""

from __future__ import annotations

import re
from typing import Final

_LOCATION: Final = re.compile(
    r"(?:的)?(?:附近|旁边?|边上|对面|门口|门前|门外|大门|隔壁|后面|背后|前面|周边|周围|斜对面|斜对过|楼下|院内|院子|辖区|管辖|片区|路口|路段|外面|那条|那边|这边|北侧|南侧|东侧|西侧|以东|以西|以南|以北|停车场|宿舍|家属院|家属楼|红绿灯|公交站|站台|工地|后门|侧门|门卫|往[东西南北前]|背面|斜坡)"
)


def is_location(text: str, end: int) -> bool:
    """Whether a unit named up to `end` only says where something is (金鸡派出所旁边)."""
    return bool(_LOCATION.match(text, end))
