"""So many uses an hour, a day, a week or a month, as the calendar of a place counts them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from attrs import frozen

from checkout_core.arrivals import known_zone
from checkout_core.errors import BadSetting

Span = Literal["hour", "day", "week", "month"]


@frozen
class Window:
    """At most `uses` of a promotion in each `per` of the calendar in `zone`: of all shoppers together, or with `a_person` of each.

    A week begins on Monday (ISO 8601). An hour that the clock shows twice is two hours. What is counted is the window in which the price
    was made, even if it is paid in the next one.
    """

    uses: int
    per: Span
    zone: str = "UTC"
    a_person: bool = False

    def __attrs_post_init__(self) -> None:
        if type(self.uses) is not int or self.uses < 1:
            raise BadSetting("window", f"it is a whole number of uses, at least 1, not {self.uses!r}", "Leave it out if there is no limit.")
        if self.per not in get_args(Span):
            raise BadSetting("window", f"{self.per!r} is unknown", f"Use one of {', '.join(get_args(Span))}.")
        known_zone("window", self.zone)

    def name(self, now: datetime) -> str:
        """The window that `now` is in, as a text: `2026-11-27T17+0100`, `2026-11-27`, `2026-W48`, `2026-11`."""
        local = now.astimezone(ZoneInfo(self.zone))
        match self.per:
            case "hour":
                return f"{local:%Y-%m-%dT%H%z}"
            case "day":
                return f"{local:%Y-%m-%d}"
            case "week":
                year, week, _ = local.isocalendar()
                return f"{year:04}-W{week:02}"
            case "month":
                return f"{local:%Y-%m}"

    def ends(self, now: datetime) -> datetime:
        """When the next window begins (UTC)."""
        zone = ZoneInfo(self.zone)
        local = now.astimezone(zone)
        if self.per == "hour":
            return now + timedelta(hours=1) - timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        day = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
        if self.per == "month":
            day = day.replace(day=1) + timedelta(days=32)
            day = day.replace(day=1)
        else:
            day += timedelta(days=1 if self.per == "day" else 7 - local.weekday())
        return day.astimezone(UTC)

    @property
    def words(self) -> str:
        """Such as `2 a day a person, by the calendar of Europe/Berlin`."""
        each, whose = f"{'an' if self.per == 'hour' else 'a'} {self.per}", " a person" if self.a_person else ""
        return f"{self.uses} {each}{whose}, by the calendar of {self.zone}"


@frozen
class UseIn:
    """A use in one window, as a quote keeps it: which window, how many uses it has, and whether each person has so many."""

    window: str
    uses: int
    a_person: bool = False
