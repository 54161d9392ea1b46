"""Places (地点): address, area code and coordinates as upstream wrote them go in, a `Place` comes out.

Coordinates count only as a pair within China (73–136° E, 3–54° N). Swapped ones, 0,0 and text are left to the raw
record: putting them right would be a guess that routes a letter.
"""

from __future__ import annotations

from typing import Final

from letters.messages import Place

NOWHERE: Final = Place()


def place(
    text: str | None = None,
    area_code: str | None = None,
    lng: float | str | None = None,
    lat: float | str | None = None,
) -> Place:
    """The place; `NOWHERE` when nothing is known."""
    good = isinstance(lng, float) and isinstance(lat, float) and 73 <= lng <= 136 and 3 <= lat <= 54
    if good:
        return Place(text=text or "", area_code=area_code, lng=lng, lat=lat)
    if text or area_code:
        return Place(text=text or "", area_code=area_code)
    return NOWHERE
