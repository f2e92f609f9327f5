"""Windows of time, as the calendar of a place counts them (R15)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkout_core.errors import BadSetting
from checkout_core.promotions import Window

BERLIN = "Europe/Berlin"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("window", "now", "name", "ends"),
    [
        (Window(1, "day"), "2026-11-27T23:59:59", "2026-11-27", "2026-11-28T00:00"),
        (Window(1, "day", BERLIN), "2026-11-27T23:00:00", "2026-11-28", "2026-11-28T23:00"),
        (Window(1, "week", BERLIN), "2026-11-29T22:59:00", "2026-W48", "2026-11-29T23:00"),
        (Window(1, "week", BERLIN), "2026-11-29T23:00:00", "2026-W49", "2026-12-06T23:00"),
        (Window(1, "week"), "2027-01-03T12:00:00", "2026-W53", "2027-01-04T00:00"),
        (Window(1, "month", "Asia/Kolkata"), "2026-11-30T18:30:00", "2026-12", "2026-12-31T18:30"),
        (Window(1, "hour", "Asia/Kolkata"), "2026-11-30T18:31:07", "2026-12-01T00+0530", "2026-11-30T19:30"),
    ],
)
def test_a_window_has_a_name_and_an_end(window: Window, now: str, name: str, ends: str) -> None:
    assert window.name(at(now)) == name
    assert window.ends(at(now)) == at(ends)


def test_where_clocks_are_changed_a_day_is_longer_and_an_hour_is_there_twice() -> None:
    """R15, T3: 25 October 2026 has 25 hours in Berlin, and two of them are from two to three."""
    day, hour = Window(1, "day", BERLIN), Window(1, "hour", BERLIN)
    assert day.ends(at("2026-10-24T22:00:00")) - at("2026-10-24T22:00:00") == timedelta(hours=25)
    assert [hour.name(at(f"2026-10-25T0{n}:30:00")) for n in (0, 1)] == ["2026-10-25T02+0200", "2026-10-25T02+0100"]


@given(
    st.integers(0, 70 * 365 * 86_400).map(lambda seconds: datetime(1990, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)),
    st.sampled_from(["hour", "day", "week", "month"]),
    st.sampled_from(["UTC", BERLIN, "Asia/Kolkata", "Pacific/Apia", "America/St_Johns", "Australia/Lord_Howe"]),
)
def test_windows_follow_each_other_without_a_gap(now: datetime, per: Any, zone: str) -> None:
    """Just before its end a window has the same name, and from then on another one."""
    window = Window(1, per, zone)
    end = window.ends(now)
    assert end > now
    assert window.name(end - timedelta(microseconds=1)) == window.name(now)
    assert window.name(end) != window.name(now)


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"uses": 0}, "at least 1, not 0"),
        ({"uses": True}, "at least 1, not True"),
        ({"per": "year"}, "'year' is unknown"),
        ({"zone": "Moon/Base"}, "is no time zone"),
    ],
)
def test_what_makes_no_window_says_so(wrong: dict[str, Any], problem: str) -> None:
    with pytest.raises(BadSetting, match=problem):
        Window(**{"uses": 1, "per": "day", **wrong})


def test_its_words() -> None:
    assert Window(2, "day", BERLIN, a_person=True).words == "2 a day a person, by the calendar of Europe/Berlin"
    assert Window(1, "hour").words == "1 an hour, by the calendar of UTC"
