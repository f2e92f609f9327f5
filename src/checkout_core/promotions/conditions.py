"""Conditions: what must be true of a cart and its shopper for a promotion to apply, as values. Each says why not, and how far away it is.

    Quantity    so many units of some goods          InGroup     the shopper is in one of these groups
    FirstOrder  the shopper has ordered nothing      Channel     it is sold through one of these channels
    ShipTo      it goes to one of these places       PaidBy      it is paid by one of these means
    Hours       days and hours of a place's clock        InVariant   the shopper is in one of these variants of an experiment

They look at the cart as it was put together and at what is known of the shopper, never at what other promotions took: the answer is one
for a whole quote, and each is asked once for it. A host's own condition is a frozen class with the same two members (`Condition`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal, NamedTuple, Protocol, cast, get_args
from zoneinfo import ZoneInfo

from attrs import field, frozen

from checkout_core.arrivals import known_zone
from checkout_core.catalog import Product
from checkout_core.customers import COUNTRIES, UNKNOWN, Destination, Shopper
from checkout_core.errors import BadSetting
from checkout_core.experiments import Assigned
from checkout_core.refusals import Refused
from checkout_core.sheet import Sheet

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: Final[tuple[Day, ...]] = get_args(Day)


@frozen
class Visit:
    """Who buys, and how, as far as it is known: the channel of sale ("" is the shop's own way), where it goes, what it is paid by.

    `experiments`: the variants that the shopper is in, by experiment.
    """

    shopper: Shopper = UNKNOWN
    channel: str = ""
    destination: Destination | None = None
    pay_by: str = ""
    experiments: Assigned = ()


class Good(NamedTuple):
    """One line: its SKU, quantity, undiscounted price of a unit in minor units, and what the catalogue says of it (None: not known)."""

    sku: str
    quantity: int
    unit: int
    product: Product | None


@frozen
class Context:
    """What a condition may look at: the instant (UTC), the currency, the lines before any discount, and the visit."""

    now: datetime
    currency: str
    goods: tuple[Good, ...]
    visit: Visit


def context_of(sheet: Sheet, now: datetime, visit: Visit) -> Context:
    """The lines of a sheet as conditions see them."""
    products: Sequence[Product | None] = sheet.products or [None] * sheet.goods
    return Context(now, sheet.currency, tuple(map(Good, sheet.keys, sheet.quantities, sheet.units, products)), visit)


class Condition(Protocol):
    """What a condition is. One of a host is a frozen attrs class with these two; it is pure, asks nothing, and its cost is bounded."""

    @property
    def words(self) -> str:
        """What it asks for, in a few words, such as `for a first order`."""
        ...

    def why_not(self, context: Context) -> Refused | None:
        """None: it holds. Else why not and how far away it is; an empty `subject` becomes the promotion's name."""
        ...


def ids_of(ids: Iterable[str]) -> frozenset[str]:
    """A set of ids. TypeError for one text, which would be a set of letters."""
    if isinstance(ids, str):
        raise TypeError(f"Give a list, not the text {ids!r}.")
    return frozenset(ids)


def pairs_of(attributes: Mapping[str, Iterable[str]] | Iterable[tuple[str, str]]) -> frozenset[tuple[str, str]]:
    """Attributes as pairs of name and value; a table may give several values of one name."""
    if not isinstance(attributes, Mapping):
        return frozenset((name, value) for name, value in attributes)
    return frozenset((name, value) for name, values in attributes.items() for value in ((values,) if isinstance(values, str) else values))


@frozen(cache_hash=True)
class Assortment:
    """Some goods: those with one of these SKUs, in one of these categories, or with one of these attributes."""

    skus: frozenset[str] = field(default=frozenset(), converter=ids_of)
    categories: frozenset[str] = field(default=frozenset(), converter=ids_of)
    attributes: frozenset[tuple[str, str]] = field(default=frozenset(), converter=pairs_of)

    def __bool__(self) -> bool:
        return bool(self.skus or self.categories or self.attributes)

    def has(self, sku: str, product: Product | None) -> bool:
        """Whether this is one of them; without the product only its SKU counts."""
        if sku in self.skus or product is None:
            return sku in self.skus
        return not self.categories.isdisjoint(product.categories) or not self.attributes.isdisjoint(product.attributes)

    @property
    def names(self) -> tuple[str, ...]:
        """Such as `("SOCK-RED", "socks", "colour red")`."""
        return (*sorted(self.skus), *sorted(self.categories), *(f"{name} {value}" for name, value in sorted(self.attributes)))

    @property
    def words(self) -> str:
        """Such as `SOCK-RED, socks, colour red`."""
        return ", ".join(self.names)


@frozen(cache_hash=True)
class Quantity:
    """At least so many units in the cart: of these goods, or of any (None)."""

    at_least: int
    of: Assortment | None = None

    def __attrs_post_init__(self) -> None:
        if type(self.at_least) is not int or self.at_least < 1:
            raise BadSetting("at_least", f"it is a whole number, at least 1, not {self.at_least!r}", "Correct it.")
        if self.of is not None and not self.of:
            raise BadSetting("of", "it names no goods", "Leave it out to mean any goods.")

    @property
    def words(self) -> str:
        units = f"{self.at_least} unit{'' if self.at_least == 1 else 's'} or more"
        return units if self.of is None else f"{units} of {self.of.words}"

    def why_not(self, context: Context) -> Refused | None:
        there = sum([good.quantity for good in context.goods if self.of is None or self.of.has(good.sku, good.product)])
        return Refused("minimum-quantity", missing_units=self.at_least - there) if there < self.at_least else None


def _some(what: str, ids: frozenset[str]) -> None:
    if not ids or "" in ids:
        raise BadSetting(what, "there is none, or one without a name", "Name at least one, or leave the condition out.")


@frozen(cache_hash=True)
class InGroup:
    """The shopper is known, and in one of these groups of customers."""

    groups: frozenset[str] = field(converter=ids_of)

    def __attrs_post_init__(self) -> None:
        _some("groups", self.groups)

    @property
    def words(self) -> str:
        return f"for {_either(self.groups)}"

    def why_not(self, context: Context) -> Refused | None:
        groups = context.visit.shopper.groups
        if groups is None:
            return Refused("shopper-unknown", given=_either(self.groups))
        return Refused("not-in-group", given=_either(self.groups)) if self.groups.isdisjoint(groups) else None


@frozen
class FirstOrder:
    """The shopper is known, and has ordered nothing yet. Two orders at one moment are both a first one: `per_person` counts uses."""

    @property
    def words(self) -> str:
        return "for a first order"

    def why_not(self, context: Context) -> Refused | None:
        orders = context.visit.shopper.orders
        if orders is None:
            return Refused("shopper-unknown", given="a first order")
        return Refused("not-first-order") if orders else None


@frozen(cache_hash=True)
class Channel:
    """It is sold through one of these channels of sale; "" is the shop's own way."""

    channels: frozenset[str] = field(converter=ids_of)

    def __attrs_post_init__(self) -> None:
        if not self.channels:
            raise BadSetting("channels", "there is none", "Name at least one, or leave the condition out.")

    @property
    def words(self) -> str:
        return f"sold through {_either(_named(self.channels))}"

    def why_not(self, context: Context) -> Refused | None:
        return None if context.visit.channel in self.channels else Refused("other-channel", given=_either(_named(self.channels)))


@frozen(cache_hash=True)
class ShipTo:
    """It goes to one of these places: countries (`DE`) and regions (`US-CA`), by ISO 3166. While that is unknown it does not hold."""

    places: frozenset[str] = field(converter=ids_of)

    def __attrs_post_init__(self) -> None:
        _some("places", self.places)
        for place in sorted(self.places):
            country, dash, region = place.partition("-")
            if country not in COUNTRIES or bool(dash) != bool(region):
                raise BadSetting("places", f"{place!r} is no country or region", "Write DE, or US-CA for a region.")

    @property
    def words(self) -> str:
        return f"sent to {_either(self.places)}"

    def why_not(self, context: Context) -> Refused | None:
        to = context.visit.destination
        if to is None:
            return Refused("needs-address")
        there = to.country in self.places or f"{to.country}-{to.region}" in self.places
        return None if there else Refused("other-place", given=_either(self.places))


@frozen(cache_hash=True)
class PaidBy:
    """It is paid by one of these means, such as `card` or `upi`. Until that was said it does not hold:
    nobody is promised a price for a guess.
    """

    methods: frozenset[str] = field(converter=ids_of)

    def __attrs_post_init__(self) -> None:
        _some("methods", self.methods)

    @property
    def words(self) -> str:
        return f"paid by {_either(self.methods)}"

    def why_not(self, context: Context) -> Refused | None:
        return None if context.visit.pay_by in self.methods else Refused("other-method", given=_either(self.methods))


@frozen(cache_hash=True)
class InVariant:
    """The shopper is in one of these variants of an experiment. Nobody can do anything about that, so it is never told as a near miss."""

    experiment: str
    variants: frozenset[str] = field(converter=ids_of)

    def __attrs_post_init__(self) -> None:
        _some("experiment", frozenset({self.experiment}))
        _some("variants", self.variants)

    @property
    def words(self) -> str:
        return f"for {_either(self.variants)} of the experiment {self.experiment}"

    def why_not(self, context: Context) -> Refused | None:
        mine = dict(context.visit.experiments).get(self.experiment)
        return None if mine in self.variants else Refused("other-variant", given=f"{_either(self.variants)} of {self.experiment}")


@frozen(cache_hash=True)
class Hours:
    """While the clock in `zone` shows one of these days, and a time from `start` up to, but not at, `end`.

    Times are `HH:MM`; `24:00` is the end of a day. An `end` before `start` is on the day after: `days` are those on which it opens. Where
    clocks are changed, what they show counts: an hour that is skipped is not there, one that is shown twice counts twice (R15, T3).
    """

    days: frozenset[str] = field(converter=ids_of)
    start: str
    end: str
    zone: str

    def __attrs_post_init__(self) -> None:
        _some("days", self.days)
        if unknown := sorted(self.days - {*DAYS}):
            raise BadSetting("days", f"{unknown[0]!r} is no day", f"Use {', '.join(DAYS)}.")
        for name, text, last in (("start", self.start, _DAY - 1), ("end", self.end, _DAY)):
            if re.fullmatch(r"[0-2][0-9]:[0-5][0-9]", text) is None or _minutes(text) > last:
                raise BadSetting(name, f"{text!r} is no time of day", "Write hours and minutes, such as 17:30.")
        if self.start == self.end:
            raise BadSetting("end", "it ends when it begins", "Write 00:00 and 24:00 for a whole day.")
        known_zone("zone", self.zone)

    @property
    def words(self) -> str:
        days = "every day" if len(self.days) == len(DAYS) else _either(self.days, DAYS)
        return f"{days} from {self.start} to {self.end} in {self.zone}"

    def why_not(self, context: Context) -> Refused | None:
        if self.open_at(context.now):
            return None
        return Refused("not-these-hours", given=self.words, until=self.opens_after(context.now))

    def open_at(self, now: datetime) -> bool:
        """Whether it is open at that instant."""
        local = now.astimezone(ZoneInfo(self.zone))
        minute, start, end = local.hour * 60 + local.minute, _minutes(self.start), _minutes(self.end)
        if start < end:
            return start <= minute < end and self._on(local.date())
        return (minute >= start and self._on(local.date())) or (minute < end and self._on(local.date() - timedelta(days=1)))

    def opens_after(self, now: datetime) -> datetime | None:
        """The first instant (UTC) after this one at which it is open; None only where the calendar ends."""
        try:
            return min((instant for instant in self._openings(now) if instant > now and self.open_at(instant)), default=None)
        except OverflowError:
            return None

    def _openings(self, now: datetime) -> Iterator[datetime]:
        """Where it may open in the next two weeks (a day may be missing where a country changes sides of the date line).

        That is at `start`, the first and the second time the clock shows it, and whenever a clock is changed.
        """
        zone, minutes = ZoneInfo(self.zone), _minutes(self.start)
        first = now.astimezone(zone).date()
        for n in range(15):
            day = first + timedelta(days=n)
            local = datetime(day.year, day.month, day.day, minutes // 60, minutes % 60, tzinfo=zone)
            yield from (local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
            noon = now + timedelta(days=n)
            if noon.astimezone(zone).utcoffset() != (noon + timedelta(days=1)).astimezone(zone).utcoffset():
                yield _changed(zone, noon, noon + timedelta(days=1))

    def _on(self, day: date) -> bool:
        return DAYS[day.weekday()] in self.days


def _changed(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The instant between these two, to the second, from which on the clock of the zone is set otherwise."""
    old = before.astimezone(zone).utcoffset()
    low, high = 0, int((after - before).total_seconds())
    start = before.replace(microsecond=0)
    while high - low > 1:
        middle = (low + high) // 2
        if (start + timedelta(seconds=middle)).astimezone(zone).utcoffset() == old:
            low = middle
        else:
            high = middle
    return start + timedelta(seconds=high)


def _minutes(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])


def _either(names: Iterable[str], order: tuple[str, ...] = ()) -> str:
    """`a, b or c`."""
    words = [name for name in order if name in names] if order else sorted(names)
    return "".join([", ".join(words[:-1]), " or " if len(words) > 1 else "", *words[-1:]])


def _named(channels: frozenset[str]) -> frozenset[str]:
    return frozenset(channel or "the shop itself" for channel in channels)


_DAY: Final = 24 * 60

Ours = Quantity | InGroup | FirstOrder | Channel | ShipTo | PaidBy | Hours | InVariant
CONDITIONS: Final[tuple[type[Ours], ...]] = cast("tuple[type[Ours], ...]", get_args(Ours))
_OURS: Final = frozenset(CONDITIONS)
WORDS_AT_MOST: Final = 200


def asked(condition: Condition, context: Context) -> Refused | None:
    """What a condition answers. One of a host's own that raises, or answers what is no answer, does not hold: nothing is given away for it,
    and everybody else buys on (decision 0026).
    """
    if type(condition) in _OURS:
        return condition.why_not(context)
    name = type(condition).__name__
    try:
        answer: object = condition.why_not(context)
    except Exception as error:  # whatever the host's class raises; not what it says, which may be about a person (R24)
        return Refused("broken-rule", given=f"{name}: it raised {type(error).__name__}")
    if answer is None or isinstance(answer, Refused):
        return answer
    return Refused("broken-rule", given=f"{name}: it answered {type(answer).__name__}, and not None or a Refused")


def words_of(condition: Condition) -> str:
    """What it asks for, in a few words; of a host's own that cannot say it, the name of its class."""
    if type(condition) in _OURS:
        return condition.words
    try:
        words: object = condition.words
    except Exception:
        words = None
    if type(words) is str and 0 < len(words) <= WORDS_AT_MOST and words.isprintable():
        return words
    return f"a condition of the class {type(condition).__name__}"
