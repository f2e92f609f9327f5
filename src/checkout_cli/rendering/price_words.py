"""What the picture of a price says: every sentence as a template, in one table, so that a host may put its own language in its place.

What follows a bar (`|`) is quiet: a remark, an id, the way a figure was worked out. Facts stand in braces.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from attrs import field, frozen

from checkout_core.money import Money, Ratio

WORDS: Final[Mapping[str, str]] = {
    # a line of goods, or carriage
    "line": "{quantity} × {name}|{about}",
    "each": "{unit} each",
    "carriage": "{name}|{about}",
    "list-price": "list price|{quantity} × {unit}",
    "list-price.one": "list price",
    "parcel": "parcel from {origin}",
    "rate": "rate of {carrier}",
    "rate.away": "list price|{carrier} was away",
    "from-list": "price list {list}|{quantity} × {unit}, {about}",
    "from-list.tier": "from {quantity} on",
    "from-list.floor": "raised to its floor from {price}",
    "from-list.catalogue": "in the catalogue {catalogue}",
    "from-list.only": "not in the catalogue",
    "share": "{name}|{how}",
    "more-discounts": "{count} more discounts",
    "tax.inside": "|{code}: {tax} inside {base}",
    "tax.added": "{code}|on {base}",
    "tax.none": "|{code}: nothing to pay",
    # how the share of a discount came about
    "how.all": "all of {amount}",
    "how.part": "{before} of {of}, so {share} of {amount}",
    "how.shared": "its share of {amount}",
    "how.percent": "{percent} % of {base}",
    "how.percent-limited": "{percent} % of {base}, limited to what it can give",
    "how.percent-units": "{percent} % off {units} of {quantity}",
    "how.free-units": "{units} of {quantity} free",
    "how.each": "{value} off each of {units}",
    "how.each-limited": "up to {value} off each of {units}",
    "how.off": "{value} off",
    "how.off-limited": "{value} off, limited to what it can give",
    "how.price": "{value} each",
    "how.told": "{rule}",
    # how a discount was worked out
    "discounts": "Discounts|taken off above",
    "discount": "{name}|{worked}",
    "discount.named": "{name}|{label}: {worked}",
    "worked.percent": "{percent} % of {base} = {amount}",
    "worked.percent-rounded": "{percent} % of {base} = {amount}, rounded {mode}",
    "worked.percent-capped": "{percent} % of {base}, at most {amount}",
    "worked.percent-limited": "{percent} % of {base}, limited to {amount}",
    "worked.percent-units": "{percent} % of {units} = {amount}",
    "worked.percent-lines": "{percent} % of each of {count}, rounded {mode}",
    "worked.rule": "{rule}",
    "worked.tier": "goods reach {goods}",
    "worked.amount": "{value} off {of}",
    "worked.total": "{of} for {value} together",
    "worked.shared": "shared out by {allocation}",
    "worked.unused": "{unused} found nothing to reduce",
    "worked.group": "counted where it is the best of {group}",
    "worked.when": "{condition}",
    "discounts.sum": "|together {gross} less to pay: {net} net, {tax} tax",
    # taxes
    "taxes": "Taxes|part of the amounts above",
    "tax.code": "{code}|inside {base}",
    "tax.code.added": "{code}|added to {base}",
    "compound": "on the net with the taxes before it",
    "tax.exact": "{code}|exactly {exact}, rounded {mode}",
    "taxes.sum": "|net {net} + tax {tax} = {total}",
    # from the total to what is due
    "card": "Gift card {id}|of its {balance}, {remaining} stay on it",
    "card.empty": "Gift card {id}|there is nothing on it",
    "card.used-up": "Gift card {id}|used up",
    "card.taxed": "Gift card {id}|{used} of its {balance}, and the tax of {tax} with it",
    "cash": "Cash rounding|to {coin}, {mode}",
    "due": "To pay",
    # remarks
    "brief": "|Shown briefly. --json has the discounts and taxes of every line.",
    "alike": "{count} lines of {quantity} × {unit}|{about}",
    "tax-source": "|Tax rates: {provider}, {reference}.",
    "tax-source.plain": "|Tax rates: {provider}.",
    "tax-source.own": "|Tax rates: the shop's own table; {provider} was away.",
    "policy": "|Choices: {choices}. All others: default.",
    "policy.default": "|All choices: default.",
    "miss": "|· {words}",
    "misses.more": "|· and {count} more; --json has them all",
    # counted things
    "lines": "{n} lines",
    "lines.one": "1 line",
    "units": "{n} units",
    "units.one": "1 unit",
    "discounts.count": "{n} discounts",
    "discounts.count.one": "1 discount",
    # choices of a policy, as words
    "half_up": "half up",
    "half_down": "half down",
    "half_even": "half to even",
    "half_odd": "half to odd",
    "half_ceiling": "half to the ceiling",
    "half_floor": "half to the floor",
    "up": "up",
    "down": "down",
    "ceiling": "to the ceiling",
    "floor": "to the floor",
    "floor_first": "floor, the rest to the first",
    "floor_last": "floor, the rest to the last",
    "largest_remainder": "largest remainder",
    "largest_remainder_floor": "largest remainder from the floor",
    "largest_weight": "largest weight",
    "sequential_from_last": "turns from the last",
    "rounded_last_rest": "rounding, the last takes the rest",
    "rounded_then_first": "rounding, the first makes up",
    "cumulative": "rounded running sums",
}


@frozen
class Say:
    """A sentence that is still data: its key, and its facts. A fact may be a sentence, or several."""

    key: str
    facts: Mapping[str, object] = field(factory=dict)


def say(key: str, /, **facts: object) -> Say:
    return Say(key, facts)


def some(key: str, n: int) -> Say:
    """So many of something."""
    return Say(f"{key}.one" if n == 1 else key, {"n": n})


def said(one: Say, words: Mapping[str, str] = WORDS) -> tuple[str, str]:
    """The sentence, and what of it is quiet."""
    loud, _, quiet = words[one.key].partition("|")
    told = {name: shown(fact, words) for name, fact in one.facts.items()}
    return loud.format_map(told), quiet.format_map(told)


def shown(fact: object, words: Mapping[str, str] = WORDS) -> str:
    """A fact as it stands in a sentence; an amount without its currency, which the picture names once."""
    match fact:
        case Money():
            return str(fact).removesuffix(f" {fact.currency}")
        case Ratio() if "/" in str(fact) and fact.numerator > fact.denominator:
            whole, rest = divmod(fact.numerator, fact.denominator)
            return f"{whole} {rest}/{fact.denominator}"
        case Say():
            return "".join(said(fact, words))
        case tuple():
            return ", ".join([shown(each, words) for each in fact])
        case _:
            return str(fact)
