"""The [[locations]] of shop.toml: where goods lie, for which countries they are taken from there first, and how they are sent off."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final

from attrs import evolve, field, frozen

from checkout_adapters.files import cells
from checkout_adapters.files.trees import Table
from checkout_core.arrivals import WEEK, Calendar, Dispatch
from checkout_core.errors import BadSetting
from checkout_core.policy import Policy
from checkout_core.sourcing import Sourcing

_SENDING: Final = ("zone", "cutoff", "handling_days", "workdays", "holidays")


def _countries(codes: Iterable[str]) -> frozenset[str]:
    return frozenset(codes)


@frozen
class Location:
    """A place where goods lie. `nearest`: the countries that are served from here before others. `dispatch`: how it sends, if known."""

    id: str
    name: str
    nearest: frozenset[str] = field(default=frozenset(), converter=_countries)
    dispatch: Dispatch | None = None

    def __str__(self) -> str:
        said = [f"nearest to {', '.join(sorted(self.nearest))}"] if self.nearest else []
        if (sends := self.dispatch) is not None:
            days = " ".join([day for day in WEEK if day in sends.calendar.workdays])
            said += [
                f"until {sends.cutoff} in {sends.zone}, {days}, {len(sends.calendar.holidays)} holidays, {sends.handling} days to pack"
            ]
        return f"{self.id}, {self.name}" + (f" ({'; '.join(said)})" if said else "")


def with_places(policy: Policy, places: Sequence[Location], sourcing: Sourcing) -> Policy:
    """That policy with these locations. Raises BadSetting."""
    nearest: dict[str, tuple[str, ...]] = {}
    for place in places:
        for country in sorted(place.nearest):
            nearest[country] = (*nearest.get(country, ()), place.id)
    sending = {place.id: place.dispatch for place in places if place.dispatch is not None}
    return evolve(policy, locations=[place.id for place in places], nearest=nearest, dispatch=sending, sourcing=sourcing)


def read_places(table: Table) -> list[Location]:
    """The locations; what is wrong is noted."""
    found, first = list[Location](), dict[str, int | None]()
    for below in table.tables("locations"):
        id_, words = below.text("id", cells.name), below.text("name", cells.words)
        nearest = below.texts("nearest", cells.country, needed=False)
        dispatch = _dispatch(below)
        below.close()
        if id_ is not None and id_ in first:
            below.wrong("id", f"The location of line {first[id_]} has this id already. Name them apart.")
        elif id_ is not None:
            first[id_] = below.line
        if id_ is not None and words is not None:
            found.append(Location(id_, words, nearest or (), dispatch))
    if table.values.get("locations") == []:
        table.wrong("locations", "There is no location. Give at least one, where the goods lie.")
    return found


def _dispatch(table: Table) -> Dispatch | None:
    said = [key for key in _SENDING if table.has(key)]
    zone, cutoff = table.text("zone", cells.zone, needed=False), table.text("cutoff", str, needed=False)
    handling, calendar = table.whole("handling_days", least=0, most=100, needed=False), read_calendar(table)
    if not said or calendar is None:
        return None
    if not table.has("zone"):
        table.wrong(said[0], 'It goes by a clock. Say where: zone = "Europe/Berlin", or leave it out.')
    if zone is None:
        return None
    try:
        return Dispatch(zone, Dispatch(zone).cutoff if cutoff is None else cutoff, handling or 0, calendar)
    except BadSetting as error:
        table.wrong(error.place, f"{error.problem}. {error.cure}")
        return None


def read_calendar(table: Table, holidays: Iterable[date] = ()) -> Calendar | None:
    """The days of `workdays`, but for `holidays` and those given; None if they cannot be read, which is noted."""
    week, own = table.texts("workdays", _weekday, needed=False), table.days("holidays")
    if (table.has("workdays") and week is None) or (table.has("holidays") and own is None):
        return None
    if week == []:
        table.wrong("workdays", "Nobody ever works. Name at least one day.")
        return None
    return Calendar(Calendar().workdays if week is None else week, {*holidays, *(own or ())})


def _weekday(text: str) -> str:
    if text not in WEEK:
        raise ValueError(f"It is no day of the week. Use {', '.join(WEEK)}.")
    return text


def plain(place: Location) -> Mapping[str, object] | list[str]:
    """A location as plain data, to be kept: of one about which no more is known its id and name, as a former release did."""
    if place == Location(place.id, place.name):
        return [place.id, place.name]
    kept: dict[str, object] = {"id": place.id, "name": place.name}
    if place.nearest:
        kept["nearest"] = sorted(place.nearest)
    if (sends := place.dispatch) is not None:
        week, days = sorted(sends.calendar.workdays), [day.isoformat() for day in sorted(sends.calendar.holidays)]
        kept["dispatch"] = {"zone": sends.zone, "cutoff": sends.cutoff, "handling": sends.handling, "workdays": week, "holidays": days}
    return kept


def kept_locations(text: str) -> tuple[Location, ...]:
    """The locations of that JSON, which `plain` made; none of an empty text."""
    return tuple([location_of(kept) for kept in json.loads(text or "[]")])


def location_of(kept: object) -> Location:
    """The location of that plain data. Raises ValueError, TypeError or KeyError."""
    if isinstance(kept, list):
        return Location(*kept)
    if not isinstance(kept, dict):
        raise TypeError("A location is kept as a table.")
    place = Location(kept["id"], kept["name"], kept.get("nearest", ()))
    if (sends := kept.get("dispatch")) is None:
        return place
    calendar = Calendar(sends["workdays"], [date.fromisoformat(day) for day in sends["holidays"]])
    return evolve(place, dispatch=Dispatch(sends["zone"], sends["cutoff"], sends["handling"], calendar))
