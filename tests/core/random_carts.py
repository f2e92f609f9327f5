"""Carts of the whole schema of tests/vectors/README.md, drawn from a seed: `cart(Random(7))` is always the same one.

Ties, spare units and limits are likely: few prices, few rates, amounts from one minor unit to millions. Every case has an answer; what
must be refused (an unknown name, two rates of one code on an entry, a group shorter than its `nth`) is never drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any, Final

Case = dict[str, Any]

CURRENCIES: Final = ("EUR", "USD", "JPY", "KWD")
PRICES: Final = ((1, 2, 3, 5, 7, 9), (1, 5, 25, 33, 99, 100, 1000, 1995), (99_999, 1_000_000, 1_234_567, 33_333_333))
QUANTITIES: Final = (1, 1, 1, 2, 3, 4, 7, 10)
RATES: Final = ("0", "0.05", "0.07", "0.19", "0.0875", "0.20", "0.5", "1/3", "101/700", "67746/632200")
PERCENTS: Final = ("0", "1", "3", "10", "12.5", "15", "25", "100/3", "50", "99", "100")

MODES: Final = ("half_up", "half_down", "half_even", "half_odd", "half_ceiling", "half_floor", "up", "down", "ceiling", "floor")
METHODS: Final = (
    "floor_first",
    "floor_last",
    "largest_remainder",
    "largest_weight",
    "sequential_from_last",
    "rounded_last_rest",
    "rounded_then_first",
    "cumulative",
    "largest_remainder_floor",
)
POLICY: Final[dict[str, Sequence[object]]] = {
    "tax_level": ("line", "unit", "order"),
    "tax_mode": MODES,
    "tax_target": ("tax", "net"),
    "tax_components": ("separate", "combined"),
    "tax_base": ("after_discount", "before_discount"),
    "order_tax_allocation": ("largest_remainder", "cumulative"),
    "discount_line_tax": ("net_of_discount", "separate"),
    "discount_mode": MODES,
    "discount_target": ("discount", "price"),
    "percent_line_level": ("line", "unit"),
    "percent_order_level": ("order", "line"),
    "allocation": METHODS,
    "allocation_mode": MODES,
    "allocation_basis": ("price", "gross", "original"),
    "stacking": ("sequential", "parallel"),
    "shipping_tax": ("own", "highest", "weighted"),
    "prices_keep": ("gross", "net"),
    "cash": tuple({"increment": increment, "mode": mode} for increment in (1, 5, 10, 100) for mode in MODES),
}
TYPES: Final = ("percent", "tiered_percent", "fixed", "set_total", "fixed_unit", "fixed_line", "set_unit", "buy_get", "group_nth", "bundle")
TARGETS: Final = ("lines", "order", "shipping", "order_and_shipping")
TAX_STYLES: Final = ("none", "included", "added", "mixed")


def cart(random: Random) -> Case:
    """One valid case of kind `cart`: what goes in, without `expected`. Fields that a case may leave out are at times left out."""
    prices = random.choice(PRICES)
    style = random.choice(TAX_STYLES)
    lines = [_line(random, f"L{n}", prices, style) for n in range(1, random.randint(1, 8) + 1)]
    lines[0]["unit_amount"] = abs(lines[0]["unit_amount"])  # something is for sale
    shipping = [
        {"id": f"S{n}", "amount": random.choice((0, *prices)), "tax": _rates(random, style)} for n in range(1, random.randint(0, 3) + 1)
    ]
    count = random.choice((0, 1, 1, 2, 2, 3, 4, 5, 6))
    case: Case = {
        "id": f"random-{random.getrandbits(32):08x}",
        "kind": "cart",
        "currency": random.choice(CURRENCIES),
        "policy": _policy(random),
        "lines": lines,
        "shipping": shipping,
        "promotions": [_promotion(random, f"P{n}", lines, shipping) for n in range(1, count + 1)],
        "gift_cards": [_gift_card(random, f"G{n}", prices) for n in range(1, random.choice((0, 0, 0, 1, 2, 3)) + 1)],
    }
    for each in (*lines, *shipping):
        if random.random() < 0.2:
            each["home_tax"] = _rates(random, style)
    for name in ("shipping", "promotions", "gift_cards"):
        if not case[name] and random.random() < 0.5:
            del case[name]
    return case


def _policy(random: Random) -> Case:
    if random.random() < 0.5:
        return {}
    return {name: random.choice(values) for name, values in POLICY.items() if random.random() < 0.4}


def _line(random: Random, name: str, prices: Sequence[int], style: str) -> Case:
    price = random.choice(prices)
    line: Case = {"id": name, "unit_amount": price, "quantity": random.choice(QUANTITIES), "tax": _rates(random, style)}
    if random.random() < 0.01:
        line["quantity"] = 1080
    kind = random.random()
    if kind < 0.1:
        line["unit_amount"] = -price  # a credit; it has no floor
    elif kind < 0.15:
        line["unit_amount"] = 0
    elif kind < 0.3:
        line["unit_floor"] = random.choice((0, price // 2, price * 9 // 10, price))
    return line


def _rates(random: Random, style: str) -> list[Case]:
    """Up to three rates, none twice; a code stands for one rate."""
    if style == "none":
        return []
    rates: list[Case] = []
    for rate in random.sample(RATES, random.choice((0, 1, 1, 1, 1, 2, 2, 3))):
        included = style == "included" or (style == "mixed" and random.random() < 0.5)
        rates.append({"code": f"T{rate}", "rate": rate, "included": included})
        if len(rates) > 1 and random.random() < 0.3:
            rates[-1]["compound"] = True
    return rates


def _promotion(random: Random, name: str, lines: Sequence[Case], shipping: Sequence[Case]) -> Case:
    kind = random.choice(TYPES)
    only_lines = kind in ("buy_get", "group_nth", "bundle")
    target = "lines" if only_lines else random.choice(TARGETS)
    goods, freight = [line["id"] for line in lines], [entry["id"] for entry in shipping]
    promotion: Case = {"id": name, "type": kind, "target": target} | _terms(random, kind, lines)
    named = {"lines": goods, "order": goods, "shipping": freight, "order_and_shipping": goods + freight}[target]
    if named and random.random() < 0.3:
        promotion["lines"] = _some(random, named)
    if random.random() < 0.4:
        promotion["priority"] = random.choice((-1, 0, 1, 2))
    if random.random() < 0.05:
        promotion["exclusive"] = True
    if random.random() < 0.15:
        promotion["lane"] = random.choice("xy")
    if random.random() < 0.15:
        promotion["full_price"] = True
    if random.random() < 0.25 and not _worthless(promotion):
        promotion["group"] = random.choice("ab")
    if random.random() < 0.2:
        promotion["min_amount"] = {"value": max(_near(random, lines), 1), "basis": random.choice(("current", "original"))}
        if random.random() < 0.3:
            promotion["min_amount"]["lines"] = _some(random, goods)
    return promotion


def _worthless(promotion: Case) -> bool:
    """Whether it can take nothing by its own words: no promotion of a shop, and so no rival of one."""
    percent = promotion["get"]["percent"] if promotion["type"] == "buy_get" else promotion.get("value")
    own, allowed = set(promotion.get("lines", ())), set(promotion["get"]["lines"]) if promotion["type"] == "buy_get" else None
    return percent in (0, "0") or (bool(own) and allowed is not None and not own & allowed)


def _terms(random: Random, kind: str, lines: Sequence[Case]) -> Case:
    """What a promotion of this type says besides the fields that all have."""
    terms: Case = {}
    goods = [line["id"] for line in lines]
    match kind:
        case "buy_get":
            terms["buy"] = {"lines": _some(random, goods), "quantity": random.randint(1, 4)}
            terms["get"] = {"lines": _some(random, goods), "quantity": random.randint(1, 3), "percent": random.choice(PERCENTS)}
        case "bundle":
            mixed = _some(random, goods)
            cut = random.randint(1, len(mixed))
            parts = [part for part in (mixed[:cut], mixed[cut:]) if part]
            terms["parts"] = [{"lines": part, "quantity": random.randint(1, 3)} for part in parts]
            terms["value"] = _near(random, lines) // random.choice((1, 2, 5))
            if random.random() < 0.4:
                terms["max_bundles"] = random.randint(1, 3)
        case "group_nth":
            terms["value"] = random.choice(PERCENTS)
            terms["size"] = random.randint(1, 4)
            terms["nth"] = random.randint(1, terms["size"])
            terms["sort"] = random.choice(("price_asc", "price_desc"))
            terms["picking"] = random.choice(("vertical", "horizontal"))
            if random.random() < 0.4:
                terms["max_groups"] = random.randint(1, 3)
        case "tiered_percent":
            thresholds = sorted({_near(random, lines) for _ in range(random.randint(1, 3))})
            terms["tiers"] = [[threshold, random.choice(PERCENTS)] for threshold in thresholds]
        case "percent":
            terms["value"] = random.choice(PERCENTS)
        case "fixed_unit" | "set_unit" | "fixed_line":
            price = abs(random.choice(lines)["unit_amount"])
            terms["value"] = random.choice((0, 1, price // 3, price, price + 1, 2 * price))
        case _:
            terms["value"] = _near(random, lines)
    if kind in ("percent", "tiered_percent") and random.random() < 0.3:
        terms["cap"] = max(_near(random, lines) // random.choice((1, 10)), 1)
    if kind in ("percent", "tiered_percent", "fixed_unit") and random.random() < 0.4:
        terms["max_units"] = random.choice((1, 2, 3, 5, 100))
        if random.random() < 0.7:
            terms["unit_order"] = random.choice(("line_order", "price_desc", "price_asc"))
    return terms


def _near(random: Random, lines: Sequence[Case]) -> int:
    """An amount that matters to this cart: nothing, a part of the goods, exactly all of them, one beside, or far more."""
    goods = max(sum(line["unit_amount"] * line["quantity"] for line in lines), 0)
    return int(random.choice((0, 1, goods // 10, goods // 3, goods // 2, goods, goods + 1, 2 * goods)))


def _some(random: Random, names: Sequence[str]) -> list[str]:
    return random.sample(names, random.randint(1, len(names)))


def _gift_card(random: Random, name: str, prices: Sequence[int]) -> Case:
    card: Case = {"id": name, "balance": random.choice((0, 1, *prices)) * random.choice((1, 2, 10))}
    if random.random() < 0.3:
        card["limit"] = random.choice((0, 1, *prices))
    if random.random() < 0.25:
        card["tax_rate"] = random.choice(RATES)
    return card
