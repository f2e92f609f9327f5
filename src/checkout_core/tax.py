"""The tax of an amount, exactly, and the table that says which rates apply where.

Every tax here is a fixed fraction of the amount, compound and included ones as well. So a list of rates is worked out once into a
`TaxFormula` of whole numbers, and an amount costs one multiplication and one named rounding a rate.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from itertools import pairwise
from math import lcm
from typing import Final, Literal, NamedTuple, get_args
from zoneinfo import ZoneInfo

from attrs import field, frozen

from checkout_core.errors import BadSetting
from checkout_core.money import ROUNDINGS, Ratio, Rounding, allocate, divide
from checkout_core.values import Table

TaxLevel = Literal["line", "unit", "order"]
TaxTarget = Literal["tax", "net"]
TaxComponents = Literal["separate", "combined"]
TaxBase = Literal["after_discount", "before_discount"]
DiscountTax = Literal["net_of_discount", "separate"]
OrderShares = Literal["largest_remainder", "cumulative"]
ZeroReason = Literal["zero-rated", "exempt", "reverse-charge", "export", "not-registered", "out-of-scope"]


@frozen(cache_hash=True)
class TaxRate:
    """One tax: its code, and its rate as a fraction of one (19 % is `Ratio.parse("0.19")`).

    `included`: the price contains it already. `compound`: it is computed on the net plus all taxes before it in the list. `reason`: why
    nothing is due, for a rate of zero. Raises ValueError for an empty code, a negative rate, or a reason where something is due.
    """

    code: str
    rate: Ratio
    included: bool = False
    compound: bool = False
    reason: ZeroReason | None = None

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.rate, Ratio):
            raise TypeError(f"The rate of a tax is a Ratio, not {type(self.rate).__name__}. Use Ratio.parse.")
        if not self.code:
            raise ValueError("A tax has a code. Name it.")
        if self.rate.numerator < 0:
            raise ValueError(f"The rate of {self.code} is negative: {self.rate}. A tax is zero or more.")
        if self.reason is not None and self.reason not in get_args(ZeroReason):
            raise ValueError(f"{self.reason!r} is no reason for {self.code} to be zero. Use one of {', '.join(get_args(ZeroReason))}.")
        if self.reason is not None and self.rate.numerator:
            raise ValueError(f"{self.code} is {self.rate} and has a reason to be zero: {self.reason}. Leave one of the two out.")


@frozen(cache_hash=True)
class TaxPolicy:
    """What is taxed, and how that is rounded. All of it is named, nothing is global; the defaults are what most shops do.

    - `mode`: the rounding. A negative amount is the mirror image, so `floor` means towards zero for both signs.
    - `level`: `line` rounds the tax of each line; `unit` splits the line over its units, rounds the tax of each, and adds up; `order`
      adds the exact taxes of one code over goods and carriage, rounds once, and shares that out over the entries by their exact tax.
    - `target`: of an included tax, is the `tax` rounded (net = gross - tax) or the `net` (tax = gross - net)? Added tax is not affected.
    - `components`: each rate rounded `separate`ly, or their sum once (`combined`) and then shared out by largest remainder.
    - `increment`: the grid in minor units that the rounded figure lies on.
    - `base`: is the amount `after_discount` taxed, or that `before_discount`?
    - `discount_tax`: the tax of what the discount left (`net_of_discount`), or the tax of the full amount less the tax of the discount,
      each rounded (`separate`).
    - `order_shares`: with `level` order, how an entry gets its part of the rounded tax: by `largest_remainder`, or as the difference
      of `cumulative` rounded sums.

    Raises `BadSetting` for a value that is unknown, or contradicts another.
    """

    mode: Rounding = "half_up"
    level: TaxLevel = "line"
    target: TaxTarget = "tax"
    components: TaxComponents = "separate"
    increment: int = 1
    base: TaxBase = field(default="after_discount", kw_only=True)
    discount_tax: DiscountTax = field(default="net_of_discount", kw_only=True)
    order_shares: OrderShares = field(default="largest_remainder", kw_only=True)

    def __attrs_post_init__(self) -> None:
        for name, known in TAX_CHOICES.items():
            if (given := getattr(self, name)) not in known:
                raise BadSetting(f"tax {name}", f"{given!r} is not a tax {name}", f"Use one of {', '.join(known)}.")
        if type(self.increment) is not int or self.increment < 1:
            given = self.increment
            raise BadSetting("tax increment", f"the tax increment is a whole number of minor units, at least 1, not {given!r}", "Write 1.")
        if self.base == "before_discount" and self.discount_tax == "separate":
            problem = "tax is taken before discounts, so a discount has no tax that could be worked out separately"
            raise BadSetting("tax discount_tax", problem, "Use net_of_discount, or tax after_discount.")


TAX_CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "mode": ROUNDINGS,
    "level": get_args(TaxLevel),
    "target": get_args(TaxTarget),
    "components": get_args(TaxComponents),
    "base": get_args(TaxBase),
    "discount_tax": get_args(DiscountTax),
    "order_shares": get_args(OrderShares),
}
"""The values of each setting that is a choice."""

DEFAULT: Final = TaxPolicy()


class Taxed(NamedTuple):
    """The result: net + tax = gross, and the components (code and tax, in the order of the rates) add up to the tax.

    In minor units. The tax the amount contained is amount - net, the tax added to it gross - amount. A tuple, because every entry of
    every quote makes one.
    """

    net: int
    tax: int
    gross: int
    components: tuple[tuple[str, int], ...]


def tax_of(amount: int, rates: Sequence[TaxRate], policy: TaxPolicy = DEFAULT, quantity: int = 1) -> Taxed:
    """The tax of `quantity` units at `amount` minor units each, under `policy`.

    No rates means no tax: whoever does not *know* the rates must refuse before asking (`TaxTable.rates` gives None).
    Raises ValueError for a quantity below 1 or two rates of one code, TypeError for anything but ints.
    """
    _whole(amount, quantity)
    return tax_of_line(amount * quantity, rates, policy, quantity)


def tax_of_line(amount: int, rates: Sequence[TaxRate], policy: TaxPolicy = DEFAULT, quantity: int = 1) -> Taxed:
    """The tax of a whole line of `quantity` units, which a discount may have left indivisible. Errors as for `tax_of`.

    At level `unit` the line is split equally over its units, spare minor units to the first.
    """
    _whole(amount, quantity)
    return formula(tuple(rates)).of(amount, policy, quantity)


@frozen(eq=False)
class TaxFormula:
    """A list of rates worked out: the exact tax of rate i on an amount is `amount * numerators[i] / denominator`.

    Equal if it is the same object: `formula` keeps one for a list of rates, and every entry of every cart asks for it.
    """

    codes: tuple[str, ...]
    numerators: tuple[int, ...]
    denominator: int
    included: tuple[int, ...]
    """Positions of the rates that the amount contains."""
    added: tuple[int, ...]
    """Positions of the rates that come on top."""

    def of(self, amount: int, policy: TaxPolicy = DEFAULT, quantity: int = 1) -> Taxed:
        """The tax of an amount for `quantity` units together. Unchecked: `tax_of_line` is the door."""
        return self.taxed(amount, self.taxes(amount, policy, quantity))

    def taxed(self, amount: int, taxes: Sequence[int]) -> Taxed:
        """The result, if these are the taxes of each rate."""
        tax = sum(taxes)
        net = amount - (tax if len(self.included) == len(taxes) else sum([taxes[i] for i in self.included]))
        return Taxed(net, tax, net + tax, tuple(zip(self.codes, taxes, strict=True)))

    def taxes(self, amount: int, policy: TaxPolicy, quantity: int = 1) -> list[int]:
        """The rounded tax of each rate on the amount of `quantity` units, unit by unit at that level."""
        if amount < 0:  # the mirror image: a credit takes back exactly what the charge took
            return [-tax for tax in self.taxes(-amount, policy, quantity)]
        if policy.level != "unit" or quantity == 1:
            return self._taxes(amount, policy)
        unit, spare = divmod(amount, quantity)
        taxes = [tax * (quantity - spare) for tax in self._taxes(unit, policy)]
        if spare:
            taxes = [tax + more * spare for tax, more in zip(taxes, self._taxes(unit + 1, policy), strict=True)]
        return taxes

    def _taxes(self, amount: int, policy: TaxPolicy) -> list[int]:
        """The rounded tax of each rate on an amount of zero or more."""
        taxes = [self._rounded(amount, numerator, policy) for numerator in self.numerators]
        combined = policy.components == "combined"
        if self.included:
            apart = sum([taxes[i] for i in self.included])
            due = min(self._contained(amount, policy, apart), amount)  # `up` or a coarse grid must not take out more than there is
            if combined or policy.target == "net" or due != apart:
                self._share(taxes, due, self.included, policy)
        if combined and self.added:
            total = sum([self.numerators[i] for i in self.added])
            self._share(taxes, self._rounded(amount, total, policy), self.added, policy)
        return taxes

    def _contained(self, amount: int, policy: TaxPolicy, apart: int) -> int:
        """The included taxes together; `apart` is their sum when each is rounded on its own."""
        if policy.target == "tax" and policy.components == "separate":
            return apart
        total = sum([self.numerators[i] for i in self.included])
        if policy.target == "tax":
            return self._rounded(amount, total, policy)
        return max(amount - self._rounded(amount, self.denominator - total, policy), 0)

    def _share(self, taxes: list[int], total: int, positions: tuple[int, ...], policy: TaxPolicy) -> None:
        """`total` over these rates by largest remainder; zero rates alone take nothing, even where a coarse grid made a total."""
        step = 1 if total % policy.increment else policy.increment  # what an amount off the grid leaves is shared in minor units
        shares = allocate(total, [self.numerators[i] for i in positions], step=step, zero_total="zero")
        for i, share in zip(positions, shares, strict=True):
            taxes[i] = share

    def _rounded(self, amount: int, numerator: int, policy: TaxPolicy) -> int:
        grid = policy.increment
        return grid * divide(amount * numerator, self.denominator * grid, policy.mode)


@lru_cache(maxsize=4096)
def formula(rates: tuple[TaxRate, ...]) -> TaxFormula:
    """The rates worked out, in their order. ValueError for two rates of one code.

    An included amount is net x (1 + sum of the effective included rates); a compound rate is effectively rate x (1 + the effective
    rates before it). Added rates are computed on the exact net, so nothing is rounded twice.
    """
    codes = tuple(rate.code for rate in rates)
    if len(set(codes)) != len(codes):
        raise ValueError(f"Two rates share a code: {', '.join(codes)}. Give each its own, so that the tax can be told apart.")
    # numerators[i] / scale is the effective rate on the net; a compound rate multiplies denominators, so the scale grows as we go
    scale, numerators = 1, list[int]()
    for rate in rates:
        above, below = rate.rate.numerator, rate.rate.denominator
        if rate.compound:
            above, below = above * (scale + sum(numerators)), below * scale
        common = lcm(scale, below)
        numerators = [known * (common // scale) for known in numerators] + [above * (common // below)]
        scale = common
    included = tuple(i for i, rate in enumerate(rates) if rate.included)
    added = tuple(i for i, rate in enumerate(rates) if not rate.included)
    return TaxFormula(codes, tuple(numerators), scale + sum([numerators[i] for i in included]), included, added)


def moved(amount: int, home: TaxFormula, here: TaxFormula, mode: Rounding) -> int:
    """A price that contains the taxes of `home` as one that contains those of `here`, with the same net; rounded once, in minor units."""
    if amount < 0:
        return -moved(-amount, home, here, mode)
    net, gross = home.denominator - sum([home.numerators[i] for i in home.included]), here.denominator
    inside = gross - sum([here.numerators[i] for i in here.included])
    return divide(amount * net * gross, home.denominator * inside, mode)


def _rates(rates: Iterable[TaxRate]) -> tuple[TaxRate, ...]:
    return tuple(rates)


@frozen
class TaxRow:
    """The rates of one category of goods in one place, and where that is written (`source`: the law, or the authority's page).

    `country` is ISO 3166-1 alpha-2; `region` is the part of ISO 3166-2 after the dash, or None for the whole country. `since` and `until`
    are the first and the last day on which they are in force, as the calendar in `zone` has them (R15); None is always. Nothing to pay
    is an explicit rate of 0 with a reason; no rates at all is a ValueError.
    """

    country: str
    region: str | None
    category: str
    rates: tuple[TaxRate, ...] = field(converter=_rates)
    source: str = ""
    since: date | None = None
    until: date | None = None
    zone: str = "UTC"

    def __attrs_post_init__(self) -> None:
        if not (len(self.country) == 2 and self.country.isascii() and self.country.isalpha() and self.country.isupper()):
            raise ValueError(f"{self.country!r} is not a country. Use an ISO 3166-1 code such as DE.")
        if self.region == "":
            raise ValueError(f"The region of a tax row of {self.country} is empty. Use None for the whole country.")
        if not self.category:
            raise ValueError(f"A tax row of {self.country} has no category. Name it, for example standard.")
        if not self.rates:
            raise ValueError(f"{_place(self)} has no rates. Where nothing is due, say so with a rate of 0.")
        formula(self.rates)  # two rates of one code are refused here, not at the till
        for day in (self.since, self.until):
            if day is not None and type(day) is not date:
                raise TypeError(f"{_place(self)} begins and ends with a day (date), not {type(day).__name__}.")
        if self.since is not None and self.until is not None and self.since > self.until:
            raise ValueError(f"{_place(self)} ends on {self.until}, before it begins on {self.since}. Correct one of the two.")
        try:
            ZoneInfo(self.zone)
        except (KeyError, OSError, ValueError):
            raise ValueError(f"{_place(self)}: {self.zone!r} is no time zone that this machine knows. Write Europe/Berlin.") from None

    def in_force(self, at: datetime) -> bool:
        """Whether these are the rates at that instant, by the calendar of the place."""
        if self.since is None and self.until is None:
            return True
        day = at.astimezone(ZoneInfo(self.zone)).date()
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)


def _rows(rows: Iterable[TaxRow]) -> tuple[TaxRow, ...]:
    return tuple(rows)


_Key = tuple[str, str | None, str]


@frozen
class TaxTable:
    """Which rates apply where, and when. Raises ValueError if two rows answer the same question on one day."""

    rows: tuple[TaxRow, ...] = field(converter=_rows)
    _found: Mapping[_Key, tuple[TaxRow, ...]] = field(init=False, eq=False, repr=False)

    @_found.default
    def _index(self) -> Mapping[_Key, tuple[TaxRow, ...]]:
        found: dict[_Key, list[TaxRow]] = {}
        for row in self.rows:
            found.setdefault((row.country, row.region, row.category), []).append(row)
        for rows in found.values():
            rows.sort(key=lambda row: row.since or date.min)
            for before, after in pairwise(rows):
                if before.until is None or after.since is None or before.until >= after.since:
                    raise ValueError(
                        f"{_place(after)} has two tax rows{_both(before, after)}. Keep one, or end the first before the other."
                    )
        return Table({key: tuple(rows) for key, rows in found.items()})

    def row(self, country: str, region: str | None, category: str, at: datetime) -> TaxRow | None:
        """The most specific row in force: that of the region, else that of the whole country, else None."""
        for key in ((country, region, category), (country, None, category)):
            if key in self._found:  # where a region has rows of its own, those of the country do not fill a gap between them
                return next((row for row in self._found[key] if row.in_force(at)), None)
        return None

    def rates(self, country: str, region: str | None, category: str, at: datetime) -> tuple[TaxRate, ...] | None:
        """The rates that apply then, or None: we do not know, and the caller must refuse. Never no tax by accident (G2).

        An unknown category does not fall back on another one, and a country with rows for some regions says nothing about the rest.
        """
        row = self.row(country, region, category, at)
        return None if row is None else row.rates


def _both(before: TaxRow, after: TaxRow) -> str:
    """From which day on two rows are both in force; nothing if neither has a beginning."""
    day = after.since or before.since
    return "" if day is None else f" from {day} on"


def _place(row: TaxRow) -> str:
    return f"{row.category} in {row.country}{f'-{row.region}' if row.region else ''}"


def _whole(amount: int, quantity: int) -> None:
    if type(amount) is not int:
        raise TypeError(f"An amount is a whole number of minor units (int), not {type(amount).__name__} {amount!r}.")
    if type(quantity) is not int:
        raise TypeError(f"A quantity is an int, not {type(quantity).__name__} {quantity!r}.")
    if quantity < 1:
        raise ValueError(f"A quantity is at least 1, not {quantity}.")
