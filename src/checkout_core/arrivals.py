"""When a parcel arrives: working days of a place, the hour after which goods leave a day later, and the days that the way takes.

Days are those of the calendar in the zone of the place that sends (R15). Pure: the time is an argument.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from attrs import field, frozen

from checkout_core.errors import BadSetting

WEEK: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ZONE: Final = "Use a name of the IANA list, such as Europe/Berlin; where the machine has no list, install tzdata."
_CLOCK: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_DAYS_AT_MOST: Final = 366  # without a working day


def _weekdays(days: Iterable[str]) -> frozenset[str]:
    if isinstance(days, str):
        raise TypeError(f"Give a list of days, not the text {days!r}.")
    return frozenset(days)


def _dates(days: Iterable[date]) -> frozenset[date]:
    return frozenset(days)


@frozen
class Calendar:
    """Which days are worked: those of the week (`mon` … `sun`; Monday to Friday unless said), but for the holidays. Raises BadSetting."""

    workdays: frozenset[str] = field(default=frozenset(WEEK[:5]), converter=_weekdays)
    holidays: frozenset[date] = field(default=frozenset(), converter=_dates)

    def __attrs_post_init__(self) -> None:
        if unknown := sorted(self.workdays - {*WEEK}):
            raise BadSetting("workdays", f"{unknown[0]!r:.20} is no day of the week", f"Use {', '.join(WEEK)}.")
        if not self.workdays:
            raise BadSetting("workdays", "nobody ever works", "Name at least one day.")
        if any(type(day) is not date for day in self.holidays):
            raise BadSetting("holidays", "one of them is no date", "Give dates, such as 2026-12-25.")

    def works(self, day: date) -> bool:
        """Whether that day is worked."""
        return WEEK[day.weekday()] in self.workdays and day not in self.holidays

    def from_day(self, day: date) -> date:
        """That day, or the next one that is worked. ValueError if there is none within a year."""
        for _ in range(_DAYS_AT_MOST):
            if self.works(day):
                return day
            day += timedelta(days=1)
        raise ValueError("There is no working day within a year. Take some holidays out.")

    def after(self, day: date, days: int) -> date:
        """So many working days after that day; 0 is that day, or the next one that is worked."""
        day = self.from_day(day)
        for _ in range(days):
            day = self.from_day(day + timedelta(days=1))
        return day


@frozen
class Dispatch:
    """How a location sends: what is paid before `cutoff` (`HH:MM` by its clock) on a working day leaves after `handling` working days more.

    Raises BadSetting.
    """

    zone: str
    cutoff: str = "12:00"
    handling: int = 0
    calendar: Calendar = Calendar()

    def __attrs_post_init__(self) -> None:
        known_zone("zone", self.zone)
        if not _CLOCK.fullmatch(self.cutoff):
            raise BadSetting("cutoff", f"{self.cutoff!r:.20} is no time of day", "Write hours and minutes, such as 14:00.")
        if type(self.handling) is not int or not 0 <= self.handling <= 100:
            raise BadSetting("handling", f"it is a whole number of working days, 0 to 100, not {self.handling!r:.20}", "Correct it.")

    def leaves(self, now: datetime) -> date:
        """The day on which what is paid now leaves."""
        local = now.astimezone(ZoneInfo(self.zone))
        day = local.date()
        if self.calendar.works(day) and f"{local:%H:%M}" >= self.cutoff:
            day += timedelta(days=1)
        return self.calendar.after(day, self.handling)


@frozen
class Arrival:
    """The day the last parcel leaves, and the days between which the last one arrives, by the calendar where it leaves."""

    leaves: date
    earliest: date
    latest: date


def arrival(place: Dispatch, days: tuple[int, int], way: Calendar, now: datetime) -> Arrival:
    """When it is there, if it is so many days (fewest, most) on a way that goes on the days of that calendar."""
    leaves = place.leaves(now)
    return Arrival(leaves, way.after(leaves, days[0]), way.after(leaves, days[1]))


def last_of(arrivals: Iterable[Arrival]) -> Arrival:
    """When all of them are there; of one or more."""
    all_of = tuple(arrivals)
    return Arrival(max(a.leaves for a in all_of), max(a.earliest for a in all_of), max(a.latest for a in all_of))


def known_zone(place: str, zone: str) -> None:
    """Raises BadSetting for a time zone that this machine does not know."""
    try:
        ZoneInfo(zone)
    except (KeyError, OSError, ValueError):  # not there, a folder of zones, a path
        raise BadSetting(place, f"{zone!r} is no time zone that this machine knows", ZONE) from None
