"""What a cart costs, slowly and obviously: the judge of the price engine.

`calculate(case)` takes a case of kind `cart` (tests/vectors/README.md) and gives its complete result, in the shape of `derived`. Every
figure is a Fraction until the rule that rounds it, every rule is a sentence of that page, and nothing is shared with the library.

Choices, where the page leaves something open; *numbers* marks those that the given cases decide:

Promotions
 1. A unit's price is the current amount of its line split equally over its units, spare minor units to the first: the split of
    `tax_level` `unit`. A shipping entry is one unit. Nothing remembers which unit an earlier promotion meant.
 2. Units of equal price are picked in line order, within a line from the first. `max_units` and `unit_order` look at these prices,
    over all targets together. Under `parallel`, a percent looks at the undiscounted unit prices instead.
 3. `percent_line_level` `unit`: each covered unit's price (see 1) times the percent is rounded, and these are added up. `line`: the
    covered units of an entry are added up first. Shipping is an entry like any other. `group_nth` and `buy_get` round the same way.
 4. `discount_target` `price`: every percent gives x - round(x less the percent), whatever x is: units, an entry, or the whole sum.
 5. `percent_order_level` `line`: each entry's covered amount is rounded whole, `percent_line_level` has no say. `target`
    `order_and_shipping` follows the rules of `order`. On `order`, all lines are targets of every type, as with `lines`.
 6. `cap`: if the discounts, each limited to what its entry can give, add up to more, exactly `cap` is allocated instead, like a
    `fixed`. An order percent is capped before it is limited and allocated.
 7. With `max_units`, an allocation weighs only the covered units, and an entry without any takes no part. The limit stays the entry's.
 8. `allocation_basis`: an entry worth zero now weighs nothing on any basis. `gross` is the current amount plus its exact added taxes,
    the sum rounded once with `tax_mode`. `original` is the undiscounted price of the (covered) units.
 9. An entry that can give nothing because of its floor still weighs its amount, and leaves in the first round (*numbers*: cascades).
    What an allocation has given in one round stays; only the excess is allocated again.
10. No share turns negative: `rounded_last_rest` gives no entry more than is left, `rounded_then_first` takes only from shares above zero.
11. `parallel`: percents (also those of `group_nth` and `buy_get`) take the undiscounted amount; limits and weights stay current.
12. `set_total` compares with the targets' current amounts as entered, without tax. `fixed_unit`, `set_unit`: see 1 for the unit price.
13. A line with a negative unit price is no target and no buy line, but counts in `min_amount` and in the total that `tiers` look at.
    These totals are of goods only: never shipping, and `tiers` ignore `lines`. `tiers` are in list order; none reached means no discount.
14. `exclusive`: the first that takes something applies, alone in its `lane`, before all that are not exclusive; one that misses shuts
    nobody out. Lanes take their turn by the priority of their exclusive ones. Who is shut out or below `min_amount` does not appear in
    the result; who applied but gave nothing appears with 0. `group`s are a lane's own. `full_price`: entries that have a discount
    are no targets.
15. `group`: "earlier" is the order in which promotions are worked out. Conditions are looked at when the group's turn comes. Each is
    worked out whole, with its cap and allocation; then each entry keeps its best. The rest of a losing discount is given to nobody.
16. `buy_get`: applies once. Buy units are taken before get units, both from the lines by descending current amount of the line. A
    unit costs what it would without earlier `buy_get` discounts (split as in 1) (*numbers*: 20 of 1080 units, after 1000 went free).
    `lines` limits what gets the discount, not what must be bought. Units are used up only if the promotion keeps a discount.
17. `group_nth`: units sorted by price (see 1, 2, 11); the units that fill no group are the last. The chosen units of a line are
    discounted together (see 3). `horizontal` with another `nth` than 1 picks the same units as `vertical`.
18. A discount never exceeds its entry's amount less `unit_floor` x quantity; a floor above the price means nothing to give. `bundle`:
    bundle by bundle the dearest units of each part that no `buy_get` or `bundle` used (prices as in 16), while they are all there and
    dearer than `value`. What is saved in all is shared over these units (see 7).

Tax
19. A compound rate counts all rates before it in the list, included or added. No two rates of an entry share a code.
20. `combined`: the included rates together, the added rates together, each sum rounded once. Included taxes never exceed the amount:
    what rounding up would take beyond it is cut, and the amount shared by largest remainder (not at level `order`).
21. A negative amount is the mirror image at every level, in every mode: `floor` of a credit goes towards zero.
22. `tax_level` `order`: each code, whether included here and added there, is rounded on its own with `tax_mode`; `tax_target` and
    `tax_components` have no say (*numbers*: one rate under `combined`). An entry's taxes are its shares, lines before shipping.
    `cumulative` rounds the running sum of the exact taxes (*numbers*: 0.83 + 0.90). `largest_remainder` with entries of both signs:
    the negative ones together take the mirror image of their rounded sum, the positive ones the rest of the code's total.
23. `discount_line_tax` `separate`: the whole calculation, at any level, on the undiscounted amounts less the same on the discounts.
24. `before_discount`: the tax of the undiscounted amounts; `discount_line_tax` has no say. Net = amount - tax included may be negative.

Tenders
25. Cards are used in list order. A taxed card's `balance`, `limit` and `used` are net; its tax is rounded with `tax_mode`. If both exceed
    what is due, the due amount is taken as gross: tax = round(due x rate / (1 + rate)), used = the rest. Nothing due: nothing used.
26. With any taxed card there are `gift_card_tax_total` and `tax_due` (tax total less the first), and no `net_due`. With plain cards only,
    `net_due` is net total x due / total before cash rounding, rounded with `tax_mode`; 0 if the total is 0.
27. `amount_due` is after cash rounding, `cash_adjustment` what that added (0 without `cash`). A negative amount is rounded as it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor, trunc
from typing import Any, Final

from attrs import define, field

Case = dict[str, Any]
Units = list[tuple[int, int, int]]  # position of the entry, number of the unit within it, price

DEFAULT: Final[Case] = {
    "tax_level": "line",
    "tax_mode": "half_up",
    "tax_target": "tax",
    "tax_components": "separate",
    "tax_base": "after_discount",
    "order_tax_allocation": "largest_remainder",
    "discount_line_tax": "net_of_discount",
    "discount_mode": "half_up",
    "discount_target": "discount",
    "percent_line_level": "line",
    "percent_order_level": "order",
    "allocation": "largest_remainder",
    "allocation_mode": "half_up",
    "allocation_basis": "price",
    "stacking": "sequential",
    "shipping_tax": "own",
    "prices_keep": "gross",
    "cash": None,
}


class Unsupported(Exception):
    """The case asks for what the oracle does not judge: a quantity that is no whole number."""


@define
class Entry:
    """A line or a shipping entry, and what has been taken off so far."""

    id: str
    goods: bool
    unit: int
    quantity: int
    floor: int
    rates: list[Case]
    discount: int = 0
    free: int = 0
    """The part of the discount that `buy_get` promotions gave."""
    used: set[int] = field(factory=set)
    """The units that `buy_get` promotions have used."""

    @property
    def subtotal(self) -> int:
        return self.unit * self.quantity

    @property
    def amount(self) -> int:
        return self.subtotal - self.discount

    @property
    def can_give(self) -> int:
        return max(self.amount - self.floor * self.quantity, 0)


def calculate(case: Case) -> Case:
    """The complete result of a cart case. Raises Unsupported for a quantity that is no whole number."""
    policy = {**DEFAULT, **case["policy"]}
    entries = _entries(case)
    if policy["prices_keep"] == "net":
        _keep_net([entry for entry in entries if entry.goods], case["lines"], policy)
    homes = [each.get("home_tax", each["tax"]) for each in case.get("shipping", [])]
    if policy["shipping_tax"] != "own":
        _tax_like_goods(entries, policy["shipping_tax"])
    if policy["prices_keep"] == "net":
        _keep_net([entry for entry in entries if not entry.goods], [{"tax": home} for home in homes], policy)
    promotions = _promote(entries, case.get("promotions", []), policy)
    taxes = _taxes(entries, policy)
    results = [_result(entry, tax) for entry, tax in zip(entries, taxes, strict=True)]
    lines = {entry.id: result for entry, result in zip(entries, results, strict=True) if entry.goods}
    shipping = {entry.id: result for entry, result in zip(entries, results, strict=True) if not entry.goods}
    by_code: dict[str, int] = {}
    for entry, tax in zip(entries, taxes, strict=True):
        for rate, share in zip(entry.rates, tax, strict=True):
            by_code[rate["code"]] = by_code.get(rate["code"], 0) + share
    totals = _totals(lines, shipping)
    cards = _pay(totals, case.get("gift_cards", []), policy)
    return {
        "lines": lines,
        "shipping": shipping,
        "tax_by_code": by_code,
        "promotions": promotions,
        "units": {entry.id: split(entry.discount, entry.quantity) for entry in entries if entry.goods},
        "gift_cards": cards,
        "totals": totals,
    }


def _entries(case: Case) -> list[Entry]:
    if any(type(line["quantity"]) is not int for line in case["lines"]):
        raise Unsupported("A quantity is no whole number.")
    return [
        *(Entry(each["id"], True, each["unit_amount"], each["quantity"], each.get("unit_floor", 0), each["tax"]) for each in case["lines"]),
        *(Entry(each["id"], False, each["amount"], 1, 0, each["tax"]) for each in case.get("shipping", [])),
    ]


def _keep_net(entries: list[Entry], cases: Sequence[Case], policy: Case) -> None:
    """Each unit price as one with the taxes that are due, whose exact net is that of the price at home."""
    for entry, case in zip(entries, cases, strict=True):
        home, here = (net_of(rates) for rates in (case["home_tax"] if "home_tax" in case else case["tax"], entry.rates))
        entry.unit = mirrored(entry.unit * home / here, policy["tax_mode"])


def net_of(rates: list[Case]) -> Fraction:
    """The share of an amount that is no included tax."""
    taxes = exact_taxes(1, rates)
    return 1 - sum((tax for tax, rate in zip(taxes, rates, strict=True) if rate["included"]), Fraction())


def _said(entry: Entry) -> list[tuple[str, bool, bool, int, int]]:
    exact = [Fraction(rate["rate"]) for rate in entry.rates]
    named = [(rate["code"], not rate["included"], bool(rate.get("compound"))) for rate in entry.rates]
    return [(*name, rate.numerator, rate.denominator) for name, rate in zip(named, exact, strict=True)]


def _tax_like_goods(entries: list[Entry], how: str) -> None:
    """Carriage with the rates of the goods: the highest together on the net, of equals the first by what they say; or all in proportion."""
    goods = sorted([entry for entry in entries if entry.goods], key=_said)
    worth = [max(entry.subtotal, 0) for entry in goods]
    if not sum(worth):
        return
    if how == "highest":
        heights = [sum(exact_taxes(1, entry.rates), Fraction()) / net_of(entry.rates) for entry in goods]
        rates = goods[heights.index(max(heights))].rates
    elif all(entry.rates == goods[0].rates for entry in goods):
        rates = goods[0].rates
    else:
        parts: dict[tuple[str, bool], Fraction] = {}
        for entry, amount in zip(goods, worth, strict=True):
            for rate, tax in zip(entry.rates, exact_taxes(1, entry.rates), strict=True):
                key = (rate["code"], rate["included"])
                parts[key] = parts.get(key, Fraction()) + tax * Fraction(amount, sum(worth))
        if len({code for code, _ in parts}) < len(parts):
            return
        net = 1 - sum((part for (_, included), part in parts.items() if included), Fraction())
        rates = [{"code": code, "rate": str(part / net), "included": included} for (code, included), part in parts.items() if part]
    for entry in entries:
        if not entry.goods:
            entry.rates = rates


# --- rounding and splitting ------------------------------------------------------------------------------------------------------


def rounded(value: Fraction, mode: str) -> int:
    """The whole number that `mode` makes of the value."""
    low, high = floor(value), ceil(value)
    if low == high:
        return low
    towards_zero, away = (low, high) if value > 0 else (high, low)
    even, odd = (low, high) if low % 2 == 0 else (high, low)
    if mode in ("up", "down", "ceiling", "floor"):
        return {"up": away, "down": towards_zero, "ceiling": high, "floor": low}[mode]
    tie = {"half_up": away, "half_down": towards_zero, "half_even": even, "half_odd": odd, "half_ceiling": high, "half_floor": low}[mode]
    half = low + Fraction(1, 2)
    return tie if value == half else low if value < half else high


def mirrored(value: Fraction, mode: str) -> int:
    """Rounded, where a negative value is the mirror image of the positive one."""
    return rounded(value, mode) if value >= 0 else -rounded(-value, mode)


def split(amount: int, quantity: int) -> list[int]:
    """The amount split equally over units, spare minor units to the first."""
    if amount < 0:
        return [-unit for unit in split(-amount, quantity)]
    unit, spare = divmod(amount, quantity)
    return [unit + 1] * spare + [unit] * (quantity - spare)


def allocate(amount: int, weights: Sequence[Fraction], method: str, mode: str) -> list[int]:
    """The amount shared out by weights, of which one at least is above zero. A zero weight gets nothing."""
    if amount < 0 and method != "largest_remainder_floor":
        return [-share for share in allocate(-amount, weights, method, mode)]
    whole = sum(weights)
    exact = [amount * weight / whole for weight in weights]
    weighing = [i for i, weight in enumerate(weights) if weight]
    shares = [0] * len(weights)
    if method == "sequential_from_last":
        for i in reversed(weighing):
            shares[i] = trunc((amount - sum(shares)) * weights[i] / sum(weights[: i + 1]))
    elif method == "cumulative":
        for i in weighing:
            shares[i] = rounded(sum(exact[: i + 1], Fraction()), mode) - sum(shares)
    elif method == "rounded_last_rest":
        for i in weighing[:-1]:
            shares[i] = min(rounded(exact[i], mode), amount - sum(shares))
        shares[weighing[-1]] = amount - sum(shares)
    elif method == "rounded_then_first":
        shares = [rounded(share, mode) for share in exact]
        step = 1 if sum(shares) < amount else -1
        while sum(shares) != amount:
            for i in weighing:
                if sum(shares) != amount and shares[i] + step >= 0:
                    shares[i] += step
    else:
        shares = [floor(share) for share in exact]
        first: dict[str, Callable[[int], Fraction]] = {  # who gets a spare unit first; sorting keeps ties in order
            "floor_first": lambda i: Fraction(i),
            "floor_last": lambda i: Fraction(-i),
            "largest_weight": lambda i: -weights[i],
            "largest_remainder": lambda i: floor(exact[i]) - exact[i],
            "largest_remainder_floor": lambda i: floor(exact[i]) - exact[i],
        }
        for i in sorted(weighing, key=first[method])[: amount - sum(shares)]:
            shares[i] += 1
    return shares


def by_remainder(amount: int, weights: Sequence[Fraction]) -> list[int]:
    """The amount shared by largest remainder; nobody gets anything if nobody weighs anything."""
    return allocate(amount, weights, "largest_remainder", "half_up") if any(weights) else [0] * len(weights)


# --- promotions ------------------------------------------------------------------------------------------------------------------


def _promote(entries: list[Entry], promotions: list[Case], policy: Case) -> dict[str, int]:
    """Takes every promotion off the entries, in its turn. The discount each promotion gave, by its id."""
    ordered = sorted(promotions, key=lambda promotion: -promotion.get("priority", 0))
    given: dict[str, int] = {}
    closed = set()
    for promotion in ordered:
        lane = promotion.get("lane", "")
        offer = Offer(promotion, entries, policy)
        if promotion.get("exclusive") and lane not in closed and offer.reached() and any(offer.discounts()):
            closed.add(lane)
            _compete([promotion], entries, policy, given)
    groups_done = set()
    for promotion in ordered:
        lane, group = promotion.get("lane", ""), promotion.get("group")
        if lane in closed:
            continue
        if group is None:
            _compete([promotion], entries, policy, given)
        elif (lane, group) not in groups_done:
            groups_done.add((lane, group))
            _compete([rival for rival in ordered if (rival.get("lane", ""), rival.get("group")) == (lane, group)], entries, policy, given)
    return given


def _compete(rivals: list[Case], entries: list[Entry], policy: Case, given: dict[str, int]) -> None:
    """Of each entry the best of these takes its share."""
    offers = [offer for rival in rivals if (offer := Offer(rival, entries, policy)).reached()]
    given |= {offer.promotion["id"]: 0 for offer in offers}
    discounts = [offer.discounts() for offer in offers]  # all of them before any is taken off
    for i, entry in enumerate(entries if offers else []):
        of_this = [discount[i] for discount in discounts]
        best = offers[of_this.index(max(of_this))].promotion  # the earlier on equality
        entry.discount += max(of_this)
        given[best["id"]] += max(of_this)
        if best["type"] in ("buy_get", "bundle"):
            entry.free += max(of_this)
    for offer in offers:
        if given[offer.promotion["id"]]:
            for i, unit, _ in offer.taken:
                entries[i].used.add(unit)


@define
class Offer:
    """One promotion against the cart as it stands. Only `_promote` changes the cart."""

    promotion: Case
    entries: list[Entry]
    policy: Case
    taken: Units = field(factory=list)
    """The units that a `buy_get` bought and got, or a `bundle` took."""

    def reached(self) -> bool:
        """Whether the goods reach `min_amount`."""
        if "min_amount" not in self.promotion:
            return True
        minimum = self.promotion["min_amount"]
        goods = [entry for entry in self.entries if entry.goods and ("lines" not in minimum or entry.id in minimum["lines"])]
        return bool(sum(entry.subtotal if minimum["basis"] == "original" else entry.amount for entry in goods) >= minimum["value"])

    def discounts(self) -> list[int]:
        """What comes off each entry."""
        promotion, value = self.promotion, Fraction(str(self.promotion.get("value", 0)))
        targets = self.targets()
        match promotion["type"]:
            case "percent":
                return self.percent(value)
            case "tiered_percent":
                goods = sum(entry.subtotal for entry in self.entries if entry.goods)
                reached = [percent for threshold, percent in promotion["tiers"] if goods >= threshold]
                return self.percent(Fraction(str(reached[-1])) if reached else Fraction())
            case "fixed":
                return self.shared(int(value), self.units(targets))
            case "set_total":
                return self.shared(max(sum(self.entries[i].amount for i in targets) - int(value), 0), self.units(targets))
            case "fixed_unit":
                units = self.covered(self.units(targets))
                return self.limited({i: sum(min(int(value), price) for price in prices) for i, prices in by_entry(units).items()})
            case "fixed_line":
                return self.limited({i: int(value) for i in targets})
            case "set_unit":
                units = self.units(targets)
                return self.limited({i: sum(max(price - int(value), 0) for price in prices) for i, prices in by_entry(units).items()})
            case "buy_get":
                return self.buy_get()
            case "group_nth":
                return self.group_nth(value)
            case "bundle":
                return self.bundle(int(value))
            case unknown:
                raise ValueError(f"{unknown!r} is no type of promotion.")

    def targets(self) -> list[int]:
        """The positions of the entries it is for. Surcharges and credits are never discounted."""
        target, only = self.promotion["target"], self.promotion.get("lines")
        return [
            i
            for i, entry in enumerate(self.entries)
            if target in (("lines", "order", "order_and_shipping") if entry.goods else ("shipping", "order_and_shipping"))
            and (only is None or entry.id in only)
            and not (self.promotion.get("full_price") and entry.discount)
            and entry.unit >= 0
        ]

    def percent(self, value: Fraction) -> list[int]:
        """`value` per cent off the covered units: on each entry, or on the sum, rounded once and allocated."""
        units = self.covered(self.units(self.targets(), self.base))
        cap = self.promotion.get("cap")
        of_the_order = self.promotion["target"] in ("order", "order_and_shipping")
        if of_the_order and self.policy["percent_order_level"] == "order":
            off = self.off(sum(price for _, _, price in units), value)
            return self.shared(off if cap is None else min(off, cap), units)
        if of_the_order:
            given = self.limited({i: self.off(sum(prices), value) for i, prices in by_entry(units).items()})
        else:
            given = self.limited({i: self.off_entry(prices, value) for i, prices in by_entry(units).items()})
        return given if cap is None or sum(given) <= cap else self.shared(cap, units)

    def off(self, amount: int, percent: Fraction) -> int:
        """That many per cent of the amount: the discount is rounded, or the reduced price."""
        exact = amount * percent / 100
        if self.policy["discount_target"] == "price":
            return amount - rounded(amount - exact, self.policy["discount_mode"])
        return rounded(exact, self.policy["discount_mode"])

    def off_entry(self, prices: list[int], percent: Fraction) -> int:
        """That many per cent of units of one entry."""
        if self.policy["percent_line_level"] == "unit":
            return sum(self.off(price, percent) for price in prices)
        return self.off(sum(prices), percent)

    def base(self, entry: Entry) -> int:
        """The amount that percents are taken of."""
        return entry.subtotal if self.policy["stacking"] == "parallel" else entry.amount

    def units(self, positions: list[int], amount: Callable[[Entry], int] = lambda entry: entry.amount) -> Units:
        """All units of these entries in line order, at their share of the amount."""
        return [(i, unit, price) for i in positions for unit, price in enumerate(split(amount(self.entries[i]), self.entries[i].quantity))]

    def covered(self, units: Units) -> Units:
        """The units that `max_units` leaves, taken in `unit_order`."""
        order = self.promotion.get("unit_order", "line_order")
        return _sorted(units, order)[: self.promotion.get("max_units", len(units))]

    def buy_get(self) -> list[int]:
        """The percent off the units that are got, if both quantities are there."""
        buy, get = self.promotion["buy"], self.promotion["get"]
        lines = [i for i, entry in enumerate(self.entries) if entry.unit >= 0]
        lines.sort(key=lambda i: -self.entries[i].amount)
        units = [each for each in self.units(lines, self.base_of_buy_get) if each[1] not in self.entries[each[0]].used]
        buyable = [each for each in units if self.entries[each[0]].goods and self.entries[each[0]].id in buy["lines"]]
        bought = buyable[: buy["quantity"]]
        targets, left = self.targets(), set(units) - set(bought)
        gettable = [each for each in units if each in left and each[0] in targets and self.entries[each[0]].id in get["lines"]]
        got = gettable[: get["quantity"]]
        if len(bought) < buy["quantity"] or len(got) < get["quantity"]:
            return [0] * len(self.entries)
        self.taken = bought + got
        percent = Fraction(str(get["percent"]))
        return self.limited({i: self.off_entry(prices, percent) for i, prices in by_entry(got).items()})

    def bundle(self, price: int) -> list[int]:
        """Bundles of the dearest unused units, as long as each saves something."""
        units = [each for each in self.units(self.targets(), self.base_of_buy_get) if each[1] not in self.entries[each[0]].used]
        parts = self.promotion["parts"]
        stacks = [_sorted([each for each in units if self.entries[each[0]].id in part["lines"]], "price_desc") for part in parts]
        saved, chosen = 0, list[tuple[int, int, int]]()
        for n in range(self.promotion.get("max_bundles", len(units))):
            bundle = list[tuple[int, int, int]]()
            for stack, part in zip(stacks, parts, strict=True):
                bundle += stack[n * part["quantity"] : (n + 1) * part["quantity"]]
            saving = sum(each[2] for each in bundle) - price
            if len(bundle) < sum(part["quantity"] for part in parts) or saving <= 0:
                break
            saved, chosen = saved + saving, chosen + bundle
        self.taken = chosen
        return self.shared(saved, chosen)

    def base_of_buy_get(self, entry: Entry) -> int:
        """As `base`, but a unit is not cheaper because another one was free."""
        return entry.subtotal if self.policy["stacking"] == "parallel" else entry.amount + entry.free

    def group_nth(self, value: Fraction) -> list[int]:
        """`value` per cent off the units picked from complete groups."""
        size, nth = self.promotion["size"], self.promotion["nth"]
        units = _sorted(self.units(self.targets(), self.base), self.promotion["sort"])
        groups = len(units) // size
        groups = min(groups, self.promotion.get("max_groups", groups))
        grouped = units[: groups * size]
        if self.promotion["picking"] == "horizontal" and nth == 1:
            chosen = grouped[:groups]
        elif self.promotion["picking"] == "horizontal":
            chosen = grouped[nth - 1 :: size]
        else:
            chosen = [grouped[group * size + nth - 1] for group in range(groups)]
        return self.limited({i: self.off_entry(prices, value) for i, prices in by_entry(chosen).items()})

    def limited(self, wanted: Mapping[int, int]) -> list[int]:
        """What is wanted of each entry, at most what it can give."""
        return [min(wanted.get(i, 0), entry.can_give) for i, entry in enumerate(self.entries)]

    def shared(self, amount: int, units: Units) -> list[int]:
        """The amount, limited to what the entries of these units can give, allocated over them."""
        weights = self.weights(units)
        left = min(amount, sum(self.entries[i].can_give for i in weights))
        given = [0] * len(self.entries)
        open_ = list(weights)
        while left and any(weights[i] for i in open_):
            shares = allocate(left, [weights[i] for i in open_], self.policy["allocation"], self.policy["allocation_mode"])
            for i, share in zip(open_, shares, strict=True):
                given[i] += share
            left = sum(max(given[i] - self.entries[i].can_give, 0) for i in open_)
            full = {i for i in open_ if given[i] >= self.entries[i].can_give}
            for i in full:
                given[i] = self.entries[i].can_give
            open_ = [i for i in open_ if i not in full]
        return given

    def weights(self, units: Units) -> dict[int, Fraction]:
        """What the covered units of each entry weigh, by position of the entry in line order."""
        weights = {}
        for i in sorted({i for i, _, _ in units}):
            entry, mine = self.entries[i], {unit for j, unit, _ in units if j == i}
            worth = sum(price for unit, price in enumerate(split(entry.amount, entry.quantity)) if unit in mine)
            if entry.amount == 0:
                weights[i] = Fraction(0)
            elif self.policy["allocation_basis"] == "original":
                weights[i] = Fraction(entry.unit * len(mine))
            elif self.policy["allocation_basis"] == "gross":
                added = [tax for tax, rate in zip(exact_taxes(worth, entry.rates), entry.rates, strict=True) if not rate["included"]]
                weights[i] = Fraction(rounded(worth + sum(added, Fraction()), self.policy["tax_mode"]))
            else:
                weights[i] = Fraction(worth)
        return weights


def _sorted(units: Units, order: str) -> Units:
    """The units by price, ties as they stand."""
    sign = {"line_order": 0, "price_asc": 1, "price_desc": -1}[order]
    return sorted(units, key=lambda unit: sign * unit[2])


def by_entry(units: Units) -> dict[int, list[int]]:
    """The prices of the units of each entry."""
    prices: dict[int, list[int]] = {}
    for i, _, price in units:
        prices.setdefault(i, []).append(price)
    return prices


# --- tax -------------------------------------------------------------------------------------------------------------------------


def exact_taxes(amount: int, rates: list[Case]) -> list[Fraction]:
    """The tax of each rate on the amount, unrounded."""
    effective: list[Fraction] = []
    for rate in rates:
        own = Fraction(str(rate["rate"]))
        effective.append(own * (1 + sum(effective, Fraction())) if rate.get("compound") else own)
    net = amount / (1 + sum((tax for tax, rate in zip(effective, rates, strict=True) if rate["included"]), Fraction()))
    return [net * rate for rate in effective]


def _taxes(entries: list[Entry], policy: Case) -> list[list[int]]:
    """The tax of each rate of each entry."""
    subtotals = [entry.subtotal for entry in entries]
    if policy["tax_base"] == "before_discount":
        return taxes_of(subtotals, entries, policy)
    if policy["discount_line_tax"] == "separate":
        full, off = taxes_of(subtotals, entries, policy), taxes_of([entry.discount for entry in entries], entries, policy)
        return [[f - o for f, o in zip(*pair, strict=True)] for pair in zip(full, off, strict=True)]
    return taxes_of([entry.amount for entry in entries], entries, policy)


def taxes_of(amounts: list[int], entries: list[Entry], policy: Case) -> list[list[int]]:
    """The tax of each rate of each entry, if the entries had these amounts."""
    if policy["tax_level"] == "order":
        return order_taxes(amounts, entries, policy)
    result = []
    for amount, entry in zip(amounts, entries, strict=True):
        parts = split(amount, entry.quantity) if policy["tax_level"] == "unit" else [amount]
        result.append([sum(tax) for tax in zip(*(amount_taxes(part, entry.rates, policy) for part in parts), strict=True)])
    return result


def amount_taxes(amount: int, rates: list[Case], policy: Case) -> list[int]:
    """The rounded tax of each rate on one amount."""
    if amount < 0:
        return [-tax for tax in amount_taxes(-amount, rates, policy)]
    exact, mode = exact_taxes(amount, rates), policy["tax_mode"]
    taxes = [rounded(tax, mode) for tax in exact]
    for included in (True, False):
        own = [i for i, rate in enumerate(rates) if rate["included"] is included]
        weights = [exact[i] for i in own]
        together = None
        if included and policy["tax_target"] == "net":
            together = amount - rounded(amount - sum(weights, Fraction()), mode)
        elif policy["tax_components"] == "combined":
            together = rounded(sum(weights, Fraction()), mode)
        if included:
            wanted = sum(taxes[i] for i in own) if together is None else together
            together = amount if wanted > amount else together
        if together is not None:
            for i, share in zip(own, by_remainder(together, weights), strict=True):
                taxes[i] = share
    return taxes


def order_taxes(amounts: list[int], entries: list[Entry], policy: Case) -> list[list[int]]:
    """The exact taxes of one code added up over lines and shipping, rounded once, shared out over the entries."""
    exact = [exact_taxes(amount, entry.rates) for amount, entry in zip(amounts, entries, strict=True)]
    taxes = [[0] * len(entry.rates) for entry in entries]
    for code in {rate["code"]: None for entry in entries for rate in entry.rates}:
        places = [(i, j) for i, entry in enumerate(entries) for j, rate in enumerate(entry.rates) if rate["code"] == code]
        own = [exact[i][j] for i, j in places]
        if policy["order_tax_allocation"] == "cumulative":
            running = [mirrored(sum(own[:n], Fraction()), policy["tax_mode"]) for n in range(len(own) + 1)]
            shares = [after - before for before, after in pairwise(running)]
        else:
            credits_ = [max(-tax, Fraction()) for tax in own]
            charges = [max(tax, Fraction()) for tax in own]
            back = rounded(sum(credits_, Fraction()), policy["tax_mode"])
            total = mirrored(sum(own, Fraction()), policy["tax_mode"])
            shares = [up - down for up, down in zip(by_remainder(total + back, charges), by_remainder(back, credits_), strict=True)]
        for (i, j), share in zip(places, shares, strict=True):
            taxes[i][j] = share
    return taxes


# --- results, totals, tenders ----------------------------------------------------------------------------------------------------


def _result(entry: Entry, taxes: list[int]) -> Case:
    included = sum(tax for tax, rate in zip(taxes, entry.rates, strict=True) if rate["included"])
    added = sum(taxes) - included
    result: Case = {
        "subtotal": entry.subtotal,
        "discount": entry.discount,
        "amount": entry.amount,
        "tax_included": included,
        "tax_added": added,
        "tax": included + added,
        "net": entry.amount - included,
        "gross": entry.amount + added,
    }
    if len(taxes) > 1:
        result["components"] = {rate["code"]: tax for rate, tax in zip(entry.rates, taxes, strict=True)}
    return result


def _totals(lines: Mapping[str, Case], shipping: Mapping[str, Case]) -> dict[str, int]:
    goods, freight = list(lines.values()), list(shipping.values())
    totals = {f"items_{name}": sum(each[name] for each in goods) for name in ("subtotal", "discount", "amount", "net", "gross", "tax")}
    totals |= {f"shipping_{name}": sum(each[name] for each in freight) for name in ("subtotal", "discount", "net", "gross", "tax")}
    return totals | {
        "discount_total": totals["items_discount"] + totals["shipping_discount"],
        "tax_included": sum(each["tax_included"] for each in goods + freight),
        "tax_added": sum(each["tax_added"] for each in goods + freight),
        "tax_total": totals["items_tax"] + totals["shipping_tax"],
        "net_total": totals["items_net"] + totals["shipping_net"],
        "total": totals["items_gross"] + totals["shipping_gross"],
    }


def _pay(totals: dict[str, int], cards: list[Case], policy: Case) -> Case:
    """Adds to the totals what gift cards and coins leave. What is used and remains, by card."""
    due, card_total, card_tax, result = totals["total"], 0, 0, {}
    for card in cards:
        used, tax = min(card["balance"], card.get("limit", card["balance"]), max(due, 0)), 0
        if "tax_rate" in card:
            rate = Fraction(str(card["tax_rate"]))
            tax = rounded(used * rate, policy["tax_mode"])
            if used + tax > due > 0:
                tax = rounded(due * rate / (1 + rate), policy["tax_mode"])
                used = due - tax
        due -= used + tax
        card_total += used
        card_tax += tax
        result[card["id"]] = {"used": used, "remaining": card["balance"] - used}
    totals["gift_card_total"] = card_total
    if any("tax_rate" in card for card in cards):
        totals["gift_card_tax_total"] = card_tax
        totals["tax_due"] = totals["tax_total"] - card_tax
    elif cards:
        total = totals["total"]
        totals["net_due"] = rounded(Fraction(totals["net_total"] * due, total), policy["tax_mode"]) if total else 0
    totals["amount_due"] = due
    if policy["cash"]:
        increment = policy["cash"]["increment"]
        totals["amount_due"] = rounded(Fraction(due, increment), policy["cash"]["mode"]) * increment
    totals["cash_adjustment"] = totals["amount_due"] - due
    return result
