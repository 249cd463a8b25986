"""Time zones of a column of dates: their names, and an instant as the clocks of the zone show it.

Input: whatever a library calls a zone, and ticks since 1970 in UTC, by which instants are compared. Output: a name that
can be saved, and the wall time with its offset, so that nobody takes it for UTC.
"""

from __future__ import annotations

import datetime
import re
from functools import cache
from typing import Any

TICKS = {"D": 1 / 86400, "s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
"""Ticks per second."""
OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d\d):?(\d\d)")
"""How libraries name a zone that is only an offset: ``"UTC-05:00"``, ``"-05:00"``, ``"+0530"``."""


def zone_name(zone: Any) -> str:
    """Return a zone's name: a name as it is, the key of a `ZoneInfo`, or a fixed offset such as ``"-05:00"``.

    A zone without either is called UTC: instants are the same everywhere, and what is shown says its offset.

    >>> zone_name(datetime.timezone(datetime.timedelta(hours=-5))), zone_name("Etc/GMT+5"), zone_name(None)
    ('-05:00', 'Etc/GMT+5', '')
    """
    if zone is None or isinstance(zone, str):
        return zone or ""
    key = getattr(zone, "key", None) or getattr(zone, "zone", None)  # zoneinfo, pytz
    if key:
        return str(key)
    offset = zone.utcoffset(None)
    if offset:
        return shown_offset(offset)
    return "UTC"


def shown_offset(offset: datetime.timedelta) -> str:
    """Return an offset from UTC as it is written behind a time.

    >>> shown_offset(datetime.timedelta(hours=-5)), shown_offset(datetime.timedelta(hours=5, minutes=30))
    ('-05:00', '+05:30')
    """
    minutes = round(offset.total_seconds() / 60)
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02d}:{rest:02d}"


@cache
def zone_of(name: str) -> datetime.tzinfo:
    """Return the zone of a name; UTC where this machine does not know it."""
    offset = OFFSET.fullmatch(name)
    if offset:
        sign, hours, minutes = offset.groups()
        away = datetime.timedelta(hours=int(hours), minutes=int(minutes))
        return datetime.timezone(-away if sign == "-" else away)
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # no such zone, or a machine without a list of zones
        return datetime.UTC


def local_time(ticks: int, unit: str, zone: str) -> str:
    """Return what the clocks of a zone show at an instant, and how far they are from UTC.

    Parameters
    ----------
    ticks
        Since 1970 in UTC.
    unit
        A key of `TICKS`.
    zone
        As `zone_name` says.

    >>> local_time(1_704_110_400, "s", "America/New_York"), local_time(1_704_110_400_250, "ms", "+05:30")
    ('2024-01-01 07:00-05:00', '2024-01-01 17:30:00.25+05:30')
    """
    per_second = int(TICKS[unit])
    seconds, rest = divmod(int(ticks), per_second)
    place = zone_of(zone)
    try:
        moment = datetime.datetime.fromtimestamp(0, datetime.UTC) + datetime.timedelta(seconds=seconds)
        moment = moment.astimezone(place)
    except (OverflowError, ValueError):  # beyond the years that calendars know
        return f"{ticks} {unit} after 1970"
    text = f"{moment:%Y-%m-%d %H:%M}"
    fraction = f"{rest / per_second:.9f}"[1:].rstrip("0").rstrip(".")
    if moment.second or fraction:
        text += f":{moment.second:02d}{fraction}"
    return text + shown_offset(moment.utcoffset() or datetime.timedelta())
