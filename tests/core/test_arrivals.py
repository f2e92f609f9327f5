"""When a parcel arrives: the hour after which goods leave a day later, working days, holidays, and the clock of the place (R15)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkout_core.arrivals import Arrival, Calendar, Dispatch, arrival, last_of
from checkout_core.errors import BadSetting

BERLIN = Dispatch("Europe/Berlin", "14:00")
MON_SAT = Calendar(["mon", "tue", "wed", "thu", "fri", "sat"])


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("paid", "leaves"),
    [
        ("2026-11-26T13:59:59+01:00", date(2026, 11, 26)),  # a Thursday, a second before
        ("2026-11-26T14:00:00+01:00", date(2026, 11, 27)),  # the minute itself is too late
        ("2026-11-27T14:00:00+01:00", date(2026, 11, 30)),  # a Friday: Monday
        ("2026-11-28T09:00:00+01:00", date(2026, 11, 30)),  # a Saturday
        ("2026-11-28T23:00:00+01:00", date(2026, 11, 30)),
    ],
)
def test_what_is_paid_before_the_hour_leaves_that_day(paid: str, leaves: date) -> None:
    assert BERLIN.leaves(at(paid)) == leaves


def test_the_hour_is_one_of_the_clock_there() -> None:
    """12:30 UTC is 14:30 in Berlin in summer and 13:30 in winter: the same instant of day is too late in one and not in the other."""
    assert BERLIN.leaves(datetime(2026, 7, 1, 12, 30, tzinfo=UTC)) == date(2026, 7, 2)
    assert BERLIN.leaves(datetime(2026, 12, 1, 12, 30, tzinfo=UTC)) == date(2026, 12, 1)
    # the night of the change itself: 25 October 2026, 02:30 is there twice, and a Sunday both times
    assert BERLIN.leaves(datetime(2026, 10, 25, 0, 30, tzinfo=UTC)) == date(2026, 10, 26)
    assert BERLIN.leaves(datetime(2026, 10, 25, 1, 30, tzinfo=UTC)) == date(2026, 10, 26)
    assert Dispatch("Asia/Tokyo", "09:00").leaves(datetime(2026, 11, 26, 23, 0, tzinfo=UTC)) == date(2026, 11, 27)


def test_holidays_and_handling_are_counted_in_working_days() -> None:
    christmas = Dispatch("Europe/Berlin", "14:00", 2, Calendar(holidays=[date(2026, 12, 25)]))
    assert christmas.leaves(at("2026-12-23T10:00:00+01:00")) == date(2026, 12, 28)  # Thursday 24 is one, Monday 28 the other
    assert christmas.leaves(at("2026-12-25T10:00:00+01:00")) == date(2026, 12, 30)


def test_the_way_has_days_of_its_own() -> None:
    """The carrier drives on Saturdays, the warehouse does not work then."""
    friday = at("2026-11-27T10:00:00+01:00")
    assert arrival(BERLIN, (1, 2), MON_SAT, friday) == Arrival(date(2026, 11, 27), date(2026, 11, 28), date(2026, 11, 30))
    assert arrival(BERLIN, (1, 2), Calendar(), friday) == Arrival(date(2026, 11, 27), date(2026, 11, 30), date(2026, 12, 1))
    assert arrival(BERLIN, (0, 0), Calendar(), friday).latest == date(2026, 11, 27)


def test_all_is_there_when_the_last_parcel_is() -> None:
    soon, late = (
        Arrival(date(2026, 1, 5), date(2026, 1, 6), date(2026, 1, 7)),
        Arrival(date(2026, 1, 2), date(2026, 1, 8), date(2026, 1, 9)),
    )
    assert last_of([soon, late]) == Arrival(date(2026, 1, 5), date(2026, 1, 8), date(2026, 1, 9))


@given(st.integers(0, 400 * 24), st.integers(0, 10), st.integers(0, 10), st.sets(st.integers(0, 40), max_size=8))
def test_later_is_never_earlier(hours: int, handling: int, days: int, off: set[int]) -> None:
    """Who pays an hour later gets it no earlier; more days are no fewer; and nothing happens on a day that nobody works."""
    calendar = Calendar(holidays=[date(2026, 1, 1) + timedelta(days=day) for day in off])
    place, now = Dispatch("Europe/Berlin", "14:00", handling, calendar), datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hours)
    first, then = (arrival(place, (days, days + 1), calendar, moment) for moment in (now, now + timedelta(hours=1)))
    assert first.leaves <= then.leaves
    assert first.earliest <= then.earliest
    assert first.leaves <= first.earliest <= first.latest
    assert all(calendar.works(day) for day in (first.leaves, first.earliest, first.latest))


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        (lambda: Calendar(["mon", "someday"]), "someday"),
        (lambda: Calendar([]), "nobody ever works"),
        (lambda: Calendar(holidays=[datetime(2026, 1, 1, tzinfo=UTC)]), "no date"),
        (lambda: Dispatch("Europe/Atlantis"), "time zone"),
        (lambda: Dispatch("Europe/Berlin", "24:00"), "time of day"),
        (lambda: Dispatch("Europe/Berlin", "2 pm"), "time of day"),
        (lambda: Dispatch("Europe/Berlin", handling=-1), "working days"),
        (lambda: Dispatch("Europe/Berlin", handling=True), "working days"),
    ],
)
def test_what_makes_no_sense_is_refused(mistake: Callable[[], Any], words: str) -> None:
    with pytest.raises(BadSetting, match=words):
        mistake()


def test_a_text_is_no_list_of_days() -> None:
    with pytest.raises(TypeError, match="list of days"):
        Calendar("mon")


def test_a_year_of_holidays_is_told() -> None:
    """Nobody waits for ever for a day that does not come."""
    never = Calendar(holidays=[date(2026, 1, 1) + timedelta(days=n) for n in range(800)])
    with pytest.raises(ValueError, match="no working day within a year"):
        never.from_day(date(2026, 1, 2))
