"""What a benefit takes off the entries of a sheet: arithmetic on columns, one function a benefit.

A unit's price is the current amount of its line split equally over its units, spare minor units to the first; units of one price stand
together as a run, so a line of a thousand costs no more than a line of three. A discount is at most what its entries can give, and what
is shared out adds up (RB-55, RB-68, G6, G7).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Final, NamedTuple, cast

from attrs import evolve, frozen

from checkout_core.money import Ratio, Rounding, allocate, by_remainder, divide
from checkout_core.pricing_policy import PricingPolicy
from checkout_core.promotions.benefits import (
    AmountOff,
    Amounts,
    Bundle,
    BuyGet,
    EntryOff,
    EveryNth,
    FreeGift,
    Kept,
    On,
    Part,
    Percent,
    SetPrice,
    SetTotal,
    TieredPercent,
    Told,
    UnitOff,
    UnitOrder,
)
from checkout_core.sheet import Sheet


@frozen
class Given:
    """What a benefit takes: `shares` of the entries at these positions.

    `units` says of how many units of each, where a benefit does not cover all (empty: all). `bought`: units of entries that had to be in
    the cart. `unused` is the part of a fixed amount that found nothing to reduce. `told`: what a host's own benefit answered.
    """

    entries: tuple[int, ...]
    shares: tuple[int, ...]
    units: tuple[int, ...] = ()
    unused: int = 0
    bought: tuple[tuple[int, int], ...] = ()
    told: Told | None = None

    @property
    def amount(self) -> int:
        """All it takes off, in minor units as entered."""
        return sum(self.shares)


class Run(NamedTuple):
    """So many units of one entry, from the unit `first` on, at one price each."""

    entry: int
    first: int
    units: int
    price: int


def able_of(sheet: Sheet, entries: Sequence[int]) -> Sequence[int]:
    """Those that can be discounted: surcharges and credits never are."""
    return entries if sheet.plain else [i for i in entries if sheet.units[i] >= 0]


def given_by(benefit: Kept, sheet: Sheet, entries: Sequence[int], policy: PricingPolicy, buys: Sequence[int] = ()) -> Given | None:
    """What it takes off these entries, or None: nothing. `buys` are the entries that count as bought."""
    if isinstance(benefit, Told):
        return limited(benefit.shares, sheet, entries) if len(benefit.shares) == len(entries) else None
    if isinstance(benefit, FreeGift):
        return None  # of what is there it takes nothing
    able = able_of(sheet, entries)
    if not able:
        return None
    if isinstance(benefit, BuyGet):
        given = _buy_get(benefit, sheet, able, buys, policy)
    else:
        given = _WORK[type(benefit)](benefit, sheet, able, policy)
    if given is None or not any(given.shares):
        return None
    return given if len(given.entries) == len(entries) else spread(given, entries)


def spread(given: Given, entries: Sequence[int]) -> Given:
    """The same over all of these entries: those it takes nothing off are in it, too."""
    shares = _added_up(entries, zip(given.entries, given.shares, strict=True))
    units = _added_up(entries, zip(given.entries, given.units, strict=True)) if given.units else ()
    return evolve(given, entries=tuple(entries), shares=tuple(shares), units=tuple(units))


# Percents.
def _percent(b: Percent, sheet: Sheet, entries: Sequence[int], policy: PricingPolicy) -> Given | None:
    return _per_hundred(b, b.percent, sheet, entries, policy)


def _tiered(b: TieredPercent, sheet: Sheet, entries: Sequence[int], policy: PricingPolicy) -> Given | None:
    percent = b.percent_at(sum(sheet.original[: sheet.goods]), sheet.currency)
    return None if percent is None else _per_hundred(b, percent, sheet, entries, policy)


def _per_hundred(b: Percent | TieredPercent, percent: Ratio, sheet: Sheet, entries: Sequence[int], policy: PricingPolicy) -> Given | None:
    """So much per hundred of each entry, or of the sum, which is then shared out."""
    runs: Sequence[Run] | None = None
    if b.max_units is not None:
        runs = _covered(_runs(sheet, entries, _base(sheet, policy)), b.max_units, b.unit_order)
        entries = sorted({run.entry for run in runs})
        bases = _worth_of(runs, entries)
    elif policy.stacking == "parallel":
        bases = [sheet.original[i] for i in entries]
    else:
        bases = sheet.worth(entries)
    cap = b.cap[sheet.currency].minor if b.cap else None
    of_order = b.on in _SUMS
    if of_order and policy.percent_order_level == "order":
        off = _off(sum(bases), percent, policy)
        return shared(off if cap is None or off < cap else cap, sheet, entries, policy, runs)
    if of_order or policy.percent_line_level == "line":
        wanted = _offs(bases, percent, policy)
    elif runs is None:
        wanted = _unit_by_unit(lambda price: _off(price, percent, policy), sheet, entries, _base(sheet, policy))
    else:
        wanted = _added_up(entries, [(run.entry, run.units * _off(run.price, percent, policy)) for run in runs])
    given = limited(wanted, sheet, entries, _counts(runs, entries))
    return given if cap is None or given.amount <= cap else shared(cap, sheet, entries, policy, runs)


_SUMS: Final[tuple[On, ...]] = ("order", "order_and_shipping")


def _off(amount: int, percent: Ratio, policy: PricingPolicy) -> int:
    """So much per hundred of an amount: the discount rounded, or the reduced price."""
    whole = 100 * percent.denominator
    if policy.discount_target == "price":
        return amount - divide(amount * (whole - percent.numerator), whole, policy.discount_mode)
    return divide(amount * percent.numerator, whole, policy.discount_mode)


def _offs(amounts: Sequence[int], percent: Ratio, policy: PricingPolicy) -> list[int]:
    if policy.discount_mode != "half_up" or policy.discount_target == "price":
        return [_off(amount, percent, policy) for amount in amounts]
    whole, twice = 100 * percent.denominator, 2 * percent.numerator
    return [(amount * twice + whole) // (2 * whole) for amount in amounts]  # half up, amounts of zero or more


# Amounts.
def _amount_off(b: AmountOff, sheet: Sheet, entries: Sequence[int], policy: PricingPolicy) -> Given | None:
    return shared(_in(b.amounts, sheet), sheet, entries, policy, None, told=True)


def _set_total(b: SetTotal, sheet: Sheet, entries: Sequence[int], policy: PricingPolicy) -> Given | None:
    return shared(max(sum(sheet.left(entries)) - _in(b.amounts, sheet), 0), sheet, entries, policy)


def _unit_off(b: UnitOff, sheet: Sheet, entries: Sequence[int], policy: PricingPolicy) -> Given | None:
    value = _in(b.amounts, sheet)
    if b.max_units is None:
        return limited(_unit_by_unit(lambda price: min(value, price), sheet, entries, sheet.current), sheet, entries)
    runs = _covered(_runs(sheet, entries, sheet.current), b.max_units, b.unit_order)
    entries = sorted({run.entry for run in runs})
    wanted = _added_up(entries, [(run.entry, run.units * min(value, run.price)) for run in runs])
    return limited(wanted, sheet, entries, _counts(runs, entries))


def _entry_off(b: EntryOff, sheet: Sheet, entries: Sequence[int], policy: PricingPolicy) -> Given | None:
    return limited([_in(b.amounts, sheet)] * len(entries), sheet, entries)


def _set_price(b: SetPrice, sheet: Sheet, entries: Sequence[int], policy: PricingPolicy) -> Given | None:
    value = _in(b.amounts, sheet)
    return limited(_unit_by_unit(lambda price: max(price - value, 0), sheet, entries, sheet.current), sheet, entries)


def _in(amounts: Amounts, sheet: Sheet) -> int:
    return amounts[sheet.currency].minor


# Chosen units.
def _every_nth(b: EveryNth, sheet: Sheet, entries: Sequence[int], policy: PricingPolicy) -> Given | None:
    runs = _in_order(_runs(sheet, entries, _base(sheet, policy)), b.sort)
    groups = sum([run.units for run in runs]) // b.size
    if b.max_groups is not None:
        groups = min(groups, b.max_groups)
    in_a_row = b.picking == "horizontal" and b.nth == 1
    chosen, position, before = list[Run](), 0, 0
    for run in runs:
        position += run.units
        picked = min(position, groups) if in_a_row else _picks(position, b, groups)
        if picked > before:
            chosen.append(Run(run.entry, run.first, picked - before, run.price))
        before = picked
    return _off_units(chosen, b.percent, sheet, policy)


def _picks(upto: int, b: EveryNth, groups: int) -> int:
    """How many of the chosen positions nth - 1, nth - 1 + size, … lie before `upto`."""
    return min((upto - b.nth) // b.size + 1, groups) if upto >= b.nth else 0


def _buy_get(b: BuyGet, sheet: Sheet, entries: Sequence[int], buys: Sequence[int], policy: PricingPolicy) -> Given | None:
    lines = [i for i in range(sheet.goods) if sheet.units[i] >= 0]
    lines.sort(key=sheet.current.__getitem__, reverse=True)  # stable: ties in line order
    spent, to_buy, to_get = sheet.spent, set(buys), set(entries)
    bought, missing = list[tuple[int, int]](), b.buy_quantity
    for i in lines:
        if not missing:
            break
        if i in to_buy and (count := min(sheet.quantities[i] - spent[i], missing)):
            bought.append((i, count))
            missing -= count
    taken, got, wanted = dict(bought), list[Run](), b.get_quantity
    for i in lines:
        if not wanted:
            break
        first = spent[i] + taken.get(i, 0)
        if i in to_get and (count := min(sheet.quantities[i] - first, wanted)) > 0:
            amount = sheet.original[i] if policy.stacking == "parallel" else sheet.current[i] + sheet.freed[i]
            got += _part(_split(i, amount, sheet.quantities[i]), first, count)
            wanted -= count
    if missing or wanted:
        return None
    return _off_units(got, b.percent, sheet, policy, tuple(bought))


def _bundle(b: Bundle, sheet: Sheet, entries: Sequence[int], policy: PricingPolicy) -> Given | None:
    """The dearest units of every part, bundle by bundle, as long as that saves something."""
    queues = [_dearest(part, sheet, entries, policy) for part in b.parts]
    wanted = [part.quantity for part in b.parts]
    price, left, saved, chosen = _in(b.amounts, sheet), b.max_bundles, 0, list[Run]()
    while left is None or left:
        alike = min([queue[0].units // count if queue else 0 for queue, count in zip(queues, wanted, strict=True)])
        times = max(alike, 1) if left is None else min(max(alike, 1), left)
        taken = [_taken(queue, count * times) for queue, count in zip(queues, wanted, strict=True)]
        if any(sum([run.units for run in runs]) < count * times for runs, count in zip(taken, wanted, strict=True)):
            break
        saving = sum([run.units * run.price for runs in taken for run in runs]) - price * times
        if saving <= 0:
            break
        saved += saving
        chosen += [run for runs in taken for run in runs]
        left = None if left is None else left - times
    return shared(saved, sheet, sorted({run.entry for run in chosen}), policy, chosen) if chosen else None


def _dearest(part: Part, sheet: Sheet, entries: Sequence[int], policy: PricingPolicy) -> list[Run]:
    """The units of a part that no earlier promotion has used, the dearest first. A unit is not cheaper because another one was free."""
    runs = list[Run]()
    for i in entries:
        if sheet.keys[i] in part.skus:
            amount = sheet.original[i] if policy.stacking == "parallel" else sheet.current[i] + sheet.freed[i]
            runs += _part(_split(i, amount, sheet.quantities[i]), sheet.spent[i], sheet.quantities[i] - sheet.spent[i])
    return _in_order(runs, "price_desc")


def _taken(queue: list[Run], count: int) -> list[Run]:
    """The first `count` units, which leave the queue."""
    taken = list[Run]()
    while count and queue:
        run = queue.pop(0)
        units = min(run.units, count)
        taken.append(run._replace(units=units))
        if units < run.units:
            queue.insert(0, Run(run.entry, run.first + units, run.units - units, run.price))
        count -= units
    return taken


def _off_units(
    chosen: Sequence[Run], percent: Ratio, sheet: Sheet, policy: PricingPolicy, bought: tuple[tuple[int, int], ...] = ()
) -> Given | None:
    """So much per hundred of these units, those of one line together or each by itself."""
    if not chosen:
        return None
    entries = sorted({run.entry for run in chosen})
    if policy.percent_line_level == "unit":
        wanted = _added_up(entries, [(run.entry, run.units * _off(run.price, percent, policy)) for run in chosen])
    else:
        wanted = _offs(_worth_of(chosen, entries), percent, policy)
    return limited(wanted, sheet, entries, _counts(chosen, entries), bought)


# Units of one price.
def _base(sheet: Sheet, policy: PricingPolicy) -> Sequence[int]:
    return sheet.original if policy.stacking == "parallel" else sheet.current


def _split(entry: int, amount: int, quantity: int) -> list[Run]:
    """The units of an entry: the first ones a minor unit dearer, if the amount does not divide."""
    price, spare = divmod(amount, quantity)
    runs = [Run(entry, 0, spare, price + 1)] if spare else []
    return [*runs, Run(entry, spare, quantity - spare, price)]


def _unit_by_unit(off: Callable[[int], int], sheet: Sheet, entries: Sequence[int], amounts: Sequence[int]) -> list[int]:
    """What comes off each entry, if `off` says what comes off a unit of that price."""
    quantities, wanted = sheet.quantities, list[int]()
    for i in entries:
        quantity = quantities[i]
        price, spare = divmod(amounts[i], quantity)
        more = spare * off(price + 1) if spare else 0
        wanted.append((quantity - spare) * off(price) + more)
    return wanted


def _runs(sheet: Sheet, entries: Sequence[int], amounts: Sequence[int]) -> list[Run]:
    quantities = sheet.quantities
    return [run for i in entries for run in _split(i, amounts[i], quantities[i])]


def _in_order(runs: list[Run], order: UnitOrder) -> list[Run]:
    if order == "line_order":
        return runs
    return sorted(runs, key=attrgetter("price"), reverse=order == "price_desc")  # stable both ways


def _covered(runs: list[Run], most: int, order: UnitOrder) -> list[Run]:
    """The first `most` units in that order."""
    covered = []
    for run in _in_order(runs, order):
        if most <= 0:
            break
        covered.append(run if run.units <= most else run._replace(units=most))
        most -= run.units
    return covered


def _part(runs: Iterable[Run], first: int, count: int) -> list[Run]:
    """The units from number `first` on, so many."""
    part = []
    for run in runs:
        low, high = max(run.first, first), min(run.first + run.units, first + count)
        if low < high:
            part.append(Run(run.entry, low, high - low, run.price))
    return part


def _added_up(entries: Sequence[int], amounts: Iterable[tuple[int, int]]) -> list[int]:
    """Amounts of entries, added up an entry."""
    sums = dict.fromkeys(entries, 0)
    for i, amount in amounts:
        sums[i] += amount
    return [*sums.values()]


def _worth_of(runs: Iterable[Run], entries: Sequence[int]) -> list[int]:
    return _added_up(entries, [(run.entry, run.units * run.price) for run in runs])


def _counts(runs: Iterable[Run] | None, entries: Sequence[int]) -> tuple[int, ...]:
    return () if runs is None else tuple(_added_up(entries, [(run.entry, run.units) for run in runs]))


# Limits and shares.
def limited(
    wanted: Sequence[int], sheet: Sheet, entries: Sequence[int], units: tuple[int, ...] = (), bought: tuple[tuple[int, int], ...] = ()
) -> Given:
    """What is wanted of each entry, at most what it can give."""
    shares = [want if want < room else room for want, room in zip(wanted, sheet.room(entries), strict=True)]
    return Given(tuple(entries), tuple(shares), units, 0, bought)


def shared(
    amount: int,
    sheet: Sheet,
    entries: Sequence[int],
    policy: PricingPolicy,
    runs: Sequence[Run] | None = None,
    *,
    told: bool = False,
) -> Given | None:
    """The amount, limited to what the entries can give, shared out by the policy; with `told`, the rest is told as unused."""
    room = sheet.room(entries)
    most = min(amount, sum(room))
    if most <= 0:
        return None
    if sheet.plain and runs is None and policy.allocation == "largest_remainder" and policy.allocation_basis == "price":
        shares = by_remainder(most, room)  # a share is at most its exact part rounded up, so never more than the entry
    else:
        weights = _weights(sheet, entries, policy, runs)
        shares = allocate(most, weights, policy.allocation, mode=policy.allocation_mode, caps=room, zero_total="zero")
    return Given(tuple(entries), tuple(shares), _counts(runs, entries), amount - most if told else 0)


def _weights(sheet: Sheet, entries: Sequence[int], policy: PricingPolicy, runs: Sequence[Run] | None) -> list[int]:
    """What the covered units of each entry weigh. An entry that is worth nothing now weighs nothing on any basis."""
    current, basis = sheet.current, policy.allocation_basis
    if runs is None:
        worth = [current[i] for i in entries]
        counts: Sequence[int] = [sheet.quantities[i] for i in entries]
    else:
        whole = {i: _split(i, current[i], sheet.quantities[i]) for i in entries}
        own = [part for run in runs for part in _part(whole[run.entry], run.first, run.units)]
        worth, counts = _worth_of(own, entries), _counts(own, entries)
    if basis == "original":
        return [sheet.units[i] * count if current[i] else 0 for i, count in zip(entries, counts, strict=True)]
    if basis == "gross" and sheet.formulas is not None:
        mode = policy.tax.mode
        return [_gross(sheet, i, amount, mode) if current[i] else 0 for i, amount in zip(entries, worth, strict=True)]
    return worth


def _gross(sheet: Sheet, entry: int, amount: int, mode: Rounding) -> int:
    """An amount of an entry with its added taxes, all together, rounded once."""
    assert sheet.formulas is not None
    formula = sheet.formulas[entry]
    return divide(amount * (formula.denominator + sum([formula.numerators[i] for i in formula.added])), formula.denominator, mode)


_Work = Callable[[Kept, Sheet, Sequence[int], PricingPolicy], Given | None]


_WORK: Final = {
    kind: cast(_Work, work)
    for kind, work in (
        (Percent, _percent),
        (TieredPercent, _tiered),
        (AmountOff, _amount_off),
        (SetTotal, _set_total),
        (UnitOff, _unit_off),
        (EntryOff, _entry_off),
        (SetPrice, _set_price),
        (EveryNth, _every_nth),
        (Bundle, _bundle),
    )
}
