"""Zones by whatever name a library has for them, and what clocks show there."""

from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo

import pytest

from limelight.interpretable.tabular.clock import local_time, shown_offset, zone_name, zone_of


def hours(number: float) -> datetime.timezone:
    return datetime.timezone(datetime.timedelta(hours=number))


class OfPytz:
    zone = "Asia/Kolkata"


@pytest.mark.parametrize(
    ("zone", "name"),
    [
        (None, ""),
        ("", ""),
        ("Europe/Paris", "Europe/Paris"),
        (ZoneInfo("Europe/Paris"), "Europe/Paris"),
        (OfPytz(), "Asia/Kolkata"),
        (datetime.UTC, "UTC"),
        (hours(0), "UTC"),
        (hours(-3.5), "-03:30"),
        (hours(14), "+14:00"),
    ],
)
def test_every_library_s_zone_has_a_name_that_can_be_saved(zone: object, name: str) -> None:
    assert zone_name(zone) == name


@pytest.mark.parametrize("name", ["-03:30", "+05:45", "+00:00", "-12:00"])
def test_an_offset_read_back_is_the_same_offset(name: str) -> None:
    away = zone_of(name).utcoffset(None)
    assert away is not None
    assert shown_offset(away) == name


def test_offsets_are_read_as_libraries_write_them() -> None:
    assert zone_of("UTC-05:00").utcoffset(None) == zone_of("-0500").utcoffset(None) == datetime.timedelta(hours=-5)
    assert zone_of("GMT+05:30").utcoffset(None) == datetime.timedelta(hours=5, minutes=30)


def test_a_zone_that_this_machine_does_not_know_shows_utc_and_says_so() -> None:
    assert local_time(0, "s", "Middle-earth/Shire") == "1970-01-01 00:00+00:00"


def test_the_hour_that_summer_time_repeats_is_told_apart_by_its_offset() -> None:
    first = int(datetime.datetime(2024, 10, 27, 0, 30, tzinfo=datetime.UTC).timestamp())
    shown = [local_time(first + 3600 * i, "s", "Europe/Paris") for i in range(2)]
    assert shown == ["2024-10-27 02:30+02:00", "2024-10-27 02:30+01:00"]


def test_instants_before_1970_and_fractions_of_seconds() -> None:
    assert local_time(-1, "s", "UTC") == "1969-12-31 23:59:59+00:00"
    assert local_time(-1, "ms", "UTC") == "1969-12-31 23:59:59.999+00:00"
    assert local_time(1_000_000_001, "ns", "UTC") == "1970-01-01 00:00:01.000000001+00:00"
    assert local_time(60_000_000, "us", "UTC") == "1970-01-01 00:01+00:00"


def test_a_year_that_no_calendar_knows_is_shown_as_ticks() -> None:
    assert local_time(10**15, "s", "UTC") == "1000000000000000 s after 1970"
