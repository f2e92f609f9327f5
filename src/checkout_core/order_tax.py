"""The tax of all entries of an order, lines and carriage, under the policy of the shop.

At level `line` and `unit` every entry stands alone. At level `order` the exact taxes of one code are added up over all entries, rounded
once, and shared out again: the total is what an authority computes, and every entry still has its part (RB-49, G15).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, reduce
from itertools import accumulate, pairwise
from math import lcm

from attrs import evolve

from checkout_core.money import Ratio, allocate, divide
from checkout_core.pricing_policy import PricingPolicy
from checkout_core.sheet import Sheet
from checkout_core.shipping import ShippingOption
from checkout_core.tax import DEFAULT, Taxed, TaxFormula, TaxPolicy, TaxRate, formula
from checkout_core.tax_relief import Taxes

Alone = Callable[[int, int], Taxed]


def taxes_of(sheet: Sheet, formulas: Sequence[TaxFormula], policy: TaxPolicy) -> list[Taxed]:
    """What each entry of the sheet is taxed: its net, tax and gross after discounts, and the tax of each of its rates."""
    if policy.base == "before_discount":
        return _on(sheet.current, _rows(sheet.original, sheet.quantities, formulas, policy), formulas)
    if policy.discount_tax == "separate" and sheet.current != sheet.original:
        full = _rows(sheet.original, sheet.quantities, formulas, policy)
        off = [before - after for before, after in zip(sheet.original, sheet.current, strict=True)]
        less = _rows(off, sheet.quantities, formulas, policy)
        rows = [[tax - back for tax, back in zip(*pair, strict=True)] for pair in zip(full, less, strict=True)]
        return _on(sheet.current, rows, formulas)
    if policy.level == "order":
        return _on(sheet.current, _together(sheet.current, formulas, policy), formulas)
    makers = {formula: alone(formula, policy) for formula in dict.fromkeys(formulas)}
    return [makers[formula](amount, units) for formula, amount, units in zip(formulas, sheet.current, sheet.quantities, strict=True)]


def like_the_goods(
    sent: Sequence[ShippingOption], goods: Sequence[tuple[str, int]], taxes: Taxes, policy: PricingPolicy
) -> tuple[list[ShippingOption], Taxes]:
    """The carriage in the tax category that the policy puts it in, by the goods' categories and what they cost; and the taxes with that.

    The highest is the category with the highest rates together; of equals the first by their rates (code, inside before on top, rate) and
    its name, so that the order of the lines has no say. Weighted is a category of its own, whose rates on the net are exactly
    those of the goods in proportion. Carriage keeps its own without goods that cost something, where a rate is not known, and where
    one tax is inside the price of some goods and on top of that of others.
    """
    worth = dict[str, int]()
    for category, amount in goods:
        worth[category] = worth.get(category, 0) + max(amount, 0)
    worth = dict(sorted(worth.items(), key=lambda each: (_said(taxes.get(each[0]) or ()), each[0])))
    known = {category: formula(rates) for category in worth if (rates := taxes.get(category)) is not None}
    if not sent or len(known) < len(worth) or not any(worth.values()):
        return list(sent), taxes
    if policy.shipping_tax == "highest":
        category = reduce(lambda a, b: b if _higher(known[b], known[a]) else a, known)
    elif len({taxes[each] for each in worth}) == 1:
        category = next(iter(worth))
    elif len(flags := {(rate.code, rate.included) for each in worth for rate in taxes[each] or ()}) > len({code for code, _ in flags}):
        return list(sent), taxes  # one tax, here inside the price and there on top of it: no rate says that
    else:
        category = "by the goods"
        taxes = {**taxes, category: _weighted({each: taxes[each] or () for each in worth}, known, worth)}
    return [evolve(option, tax_category=category) for option in sent], taxes


def _said(rates: Sequence[TaxRate]) -> list[tuple[str, bool, bool, int, int]]:
    """What an order of rates goes by."""
    return [(rate.code, not rate.included, rate.compound, rate.rate.numerator, rate.rate.denominator) for rate in rates]


def _higher(a: TaxFormula, b: TaxFormula) -> bool:
    """Whether all rates of `a` together are a greater share of the net than those of `b`."""
    nets = [made.denominator - sum([made.numerators[i] for i in made.included]) for made in (a, b)]
    return sum(a.numerators) * nets[1] > sum(b.numerators) * nets[0]


def _weighted(
    rates: Mapping[str, tuple[TaxRate, ...]], formulas: Mapping[str, TaxFormula], worth: Mapping[str, int]
) -> tuple[TaxRate, ...]:
    """Rates whose taxes on an amount are those of these categories, each on its part of the amount."""
    whole, scale = sum(worth.values()), lcm(*[each.denominator for each in formulas.values()])
    parts = dict[tuple[str, bool], int]()  # the tax of each code on an amount of whole × scale
    for category, made in formulas.items():
        for rate, numerator in zip(rates[category], made.numerators, strict=True):
            key = (rate.code, rate.included)
            parts[key] = parts.get(key, 0) + numerator * worth[category] * (scale // made.denominator)
    net = whole * scale - sum([part for (_, included), part in parts.items() if included])
    return tuple([TaxRate(code, Ratio(part, net), included) for (code, included), part in parts.items() if part])


def _on(amounts: Sequence[int], rows: Sequence[Sequence[int]], formulas: Sequence[TaxFormula]) -> list[Taxed]:
    return [formula.taxed(amount, taxes) for formula, amount, taxes in zip(formulas, amounts, rows, strict=True)]


def _rows(amounts: Sequence[int], quantities: Sequence[int], formulas: Sequence[TaxFormula], policy: TaxPolicy) -> Sequence[Sequence[int]]:
    """The tax of each rate of each entry on these amounts."""
    if policy.level == "order":
        return _together(amounts, formulas, policy)
    return [f.taxes(amount, policy, quantity) for f, amount, quantity in zip(formulas, amounts, quantities, strict=True)]


@lru_cache(maxsize=4096)
def alone(formula: TaxFormula, policy: TaxPolicy) -> Alone:
    """The tax of one entry as a function of its amount and quantity, with everything decided that can be."""
    rates = len(formula.codes)
    by_unit = policy.level == "unit"
    if rates == 0:
        return lambda amount, quantity: Taxed(amount, 0, amount, ())
    if rates > 1 or (policy.mode, policy.target, policy.increment) != (DEFAULT.mode, DEFAULT.target, DEFAULT.increment):
        return lambda amount, quantity: formula.of(amount, policy, quantity)
    (code,), (numerator,), denominator = formula.codes, formula.numerators, formula.denominator
    twice, above, inside = 2 * denominator, 2 * numerator, bool(formula.included)

    def one_rate(amount: int, quantity: int) -> Taxed:
        if amount < 0 or (by_unit and quantity > 1):
            return formula.of(amount, policy, quantity)
        tax = (amount * above + denominator) // twice
        if inside:
            return Taxed(amount - tax, tax, amount, ((code, tax),))
        return Taxed(amount, tax, amount + tax, ((code, tax),))

    return one_rate


def _together(amounts: Sequence[int], formulas: Sequence[TaxFormula], policy: TaxPolicy) -> list[list[int]]:
    """The rounded tax of each code over all entries, shared out to the rates of the entries.

    A code is one tax, wherever it is included or added: `target` and `components`, which are about one entry, have no say here.
    """
    rows = [[0] * len(made.codes) for made in formulas]
    scale = lcm(*[made.denominator for made in formulas])
    exact: dict[str, list[tuple[int, int, int]]] = {}  # entry, rate, and the tax in units of 1 / scale
    for entry, (amount, made) in enumerate(zip(amounts, formulas, strict=True)):
        times = amount * (scale // made.denominator)
        for rate, (code, numerator) in enumerate(zip(made.codes, made.numerators, strict=True)):
            exact.setdefault(code, []).append((entry, rate, times * numerator))
    for places in exact.values():
        shares = _shares([tax for _, _, tax in places], scale, policy)
        for (entry, rate, _), share in zip(places, shares, strict=True):
            rows[entry][rate] = share
    return rows


def _shares(exact: Sequence[int], scale: int, policy: TaxPolicy) -> list[int]:
    """The rounded sum of these exact taxes, shared out. Credits together take the mirror image of their rounded sum, charges the rest."""
    if policy.order_shares == "cumulative":
        running = [_to_grid(upto, scale, policy) for upto in accumulate(exact, initial=0)]
        return [after - before for before, after in pairwise(running)]
    total = _to_grid(sum(exact), scale, policy)
    charges = [tax if tax > 0 else 0 for tax in exact]
    credit = [-tax if tax < 0 else 0 for tax in exact]
    back = _to_grid(sum(credit), scale, policy)
    grid = policy.increment
    up = allocate(total + back, charges, step=grid, zero_total="zero")
    return [more - less for more, less in zip(up, allocate(back, credit, step=grid, zero_total="zero"), strict=True)]


def _to_grid(exact: int, scale: int, policy: TaxPolicy) -> int:
    """Rounded to the grid; a negative one is the mirror image."""
    if exact < 0:
        return -_to_grid(-exact, scale, policy)
    grid = policy.increment
    return grid * divide(exact, scale * grid, policy.mode)
