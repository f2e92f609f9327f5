"""`docs/reference/promotions.md`: every benefit under every condition and every rule of stacking, with the figures of one small cart.

python -m tests.core.promotion_tables            compare; exit 1 if the page differs
python -m tests.core.promotion_tables --write    write the tables anew

Each cell is priced by the engine and, in the tests, by the oracle of exact fractions, which knows nothing of conditions: where a condition
does not hold it is given a cart without that promotion.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from attrs import evolve, frozen

from checkout_cli.rendering.benefits import benefit_words
from checkout_core.cart import Line
from checkout_core.catalog import Product
from checkout_core.customers import Destination, Shopper
from checkout_core.money import Money, Ratio
from checkout_core.pricing import Basket, Facts, Quote, price
from checkout_core.promotions import (
    FREE_SHIPPING,
    AmountOff,
    Assortment,
    Benefit,
    Bundle,
    BuyGet,
    Channel,
    Condition,
    EntryOff,
    EveryNth,
    FirstOrder,
    FreeGift,
    Hours,
    InGroup,
    InVariant,
    PaidBy,
    Part,
    Percent,
    Promotion,
    Quantity,
    SetPrice,
    SetTotal,
    ShipTo,
    Tier,
    TieredPercent,
    UnitOff,
)
from checkout_core.refusals import Refused
from checkout_core.shipping import ShippingOption

PAGE: Final = Path(__file__).parents[2] / "docs" / "reference" / "promotions.md"
FRIDAY: Final = datetime(2026, 11, 27, 17, tzinfo=UTC)
SATURDAY: Final = FRIDAY + timedelta(days=1)
OURS: Final = Shopper({"club"}, 0)
Case = dict[str, Any]


def eur(minor: int) -> list[Money]:
    return [Money(minor, "EUR")]


MUG: Final = Product("MUG", "Mug", eur(1000), categories={"mugs"})
TEA: Final = Product("TEA", "Tea", eur(400), categories={"tea"})
BAG: Final = Product("BAG", "Bag", eur(300))
BASKET: Final = Basket(
    *("EUR", (Line("MUG", 3), Line("TEA", 2)), Destination("DE"), ("parcel",), ("CODE",)),
    channel="web",
    pay_by="card",
    experiments={"offer": "b"},
)
"""Three mugs at 10.00 and two teas at 4.00, by parcel for 4.90."""
FACTS: Final = Facts(
    {"MUG": MUG, "TEA": TEA, "BAG": BAG}, (), {"standard": ()}, (ShippingOption("parcel", "Parcel", Money(490, "EUR")),), shopper=OURS
)

BENEFITS_SHOWN: Final[Mapping[str, tuple[Benefit, Case]]] = {
    "percent": (Percent(Ratio(25)), {"type": "percent", "target": "order", "value": "25"}),
    "tiered_percent": (
        TieredPercent([Tier(eur(0), Ratio(5)), Tier(eur(3000), Ratio(20))]),
        {"type": "tiered_percent", "target": "order", "tiers": [[0, "5"], [3000, "20"]]},
    ),
    "fixed": (AmountOff(eur(500)), {"type": "fixed", "target": "order", "value": 500}),
    "free_shipping": (FREE_SHIPPING, {"type": "percent", "target": "shipping", "value": "100"}),
    "set_total": (SetTotal(eur(3000)), {"type": "set_total", "target": "order", "value": 3000}),
    "fixed_unit": (UnitOff(eur(50)), {"type": "fixed_unit", "target": "lines", "value": 50}),
    "fixed_line": (EntryOff(eur(150)), {"type": "fixed_line", "target": "lines", "value": 150}),
    "set_unit": (SetPrice(eur(350)), {"type": "set_unit", "target": "lines", "value": 350}),
    "buy_get": (
        BuyGet(2, 1, buy={"MUG"}, get={"TEA"}),
        {
            "type": "buy_get",
            "target": "lines",
            "buy": {"lines": ["MUG"], "quantity": 2},
            "get": {"lines": ["TEA"], "quantity": 1, "percent": "100"},
        },
    ),
    "group_nth": (
        EveryNth(2, 1, Ratio(50)),
        {"type": "group_nth", "target": "lines", "value": "50", "size": 2, "nth": 1, "sort": "price_asc", "picking": "vertical"},
    ),
    "bundle": (
        Bundle([Part(1, {"MUG"}), Part(1, {"TEA"})], eur(1200)),
        {
            "type": "bundle",
            "target": "lines",
            "parts": [{"lines": ["MUG"], "quantity": 1}, {"lines": ["TEA"], "quantity": 1}],
            "value": 1200,
        },
    ),
    "free_gift": (FreeGift("BAG"), {"type": "percent", "target": "lines", "value": "100", "lines": ["BAG"]}),
}
"""Each kind as promotions.toml calls it: the benefit, and what it is in a worked cart."""


@frozen
class Stack:
    """A rule of stacking: what this promotion says of it, and the other promotion that it meets, 10 % off each mug."""

    words: str
    own: Case
    other: Case | None


def _tenth(**more: Any) -> Case:
    return {"id": "tenth", "type": "percent", "target": "lines", "value": "10", "lines": ["MUG"], **more}


STACKS: Final = (
    Stack("alone", {}, None),
    Stack("after the tenth", {}, _tenth(priority=1)),
    Stack("before the tenth", {"priority": 1}, _tenth()),
    Stack("exclusive", {"exclusive": True}, _tenth(priority=1)),
    Stack("the tenth is exclusive", {"priority": 1}, _tenth(exclusive=True)),
    Stack("the tenth is exclusive in another lane", {"lane": "own", "priority": 1}, _tenth(exclusive=True)),
    Stack("best of one group", {"group": "best", "priority": 1}, _tenth(group="best")),
    Stack("at full price, after the tenth", {"full_price": True}, _tenth(priority=1)),
)


@frozen
class Asked:
    """A requirement: as a key of promotions.toml, how a promotion asks for it, and what keeps it from holding for the cart of this page."""

    key: str
    holds: Callable[[Promotion], Promotion]
    fails: Callable[[Promotion], Promotion]


def _when(yes: Condition, no: Condition) -> tuple[Callable[[Promotion], Promotion], Callable[[Promotion], Promotion]]:
    return (lambda p: evolve(p, when=[yes])), (lambda p: evolve(p, when=[no]))


ASKED: Final = (
    Asked("minimum", lambda p: evolve(p, minimum=eur(3000)), lambda p: evolve(p, minimum=eur(5000))),
    Asked("quantity", *_when(Quantity(3, Assortment({"MUG"})), Quantity(4, Assortment(categories={"mugs"})))),
    Asked("in_group", *_when(InGroup({"club"}), InGroup({"staff"}))),
    Asked("first_order", lambda p: evolve(p, when=[FirstOrder()]), lambda p: evolve(p, when=[FirstOrder()])),
    Asked("channel", *_when(Channel({"web"}), Channel({"counter"}))),
    Asked("ship_to", *_when(ShipTo({"DE"}), ShipTo({"AT", "FR"}))),
    Asked("paid_by", *_when(PaidBy({"card"}), PaidBy({"upi"}))),
    Asked("hours", *_when(Hours({"fri"}, "17:00", "20:00", "Europe/Berlin"), Hours({"sat"}, "17:00", "20:00", "Europe/Berlin"))),
    Asked("in_variant", *_when(InVariant("offer", {"b"}), InVariant("offer", {"a"}))),
    Asked("code", lambda p: evolve(p, code="CODE"), lambda p: evolve(p, code="OTHER")),
    Asked("starts, ends", lambda p: evolve(p, ends=SATURDAY), lambda p: evolve(p, starts=SATURDAY)),
    Asked("limit", lambda p: evolve(p, limit=9), lambda p: evolve(p, limit=1)),
)


def promotion_of(case: Case, benefit: Benefit) -> Promotion:
    """A promotion as a worked cart has it."""
    goods = None if isinstance(benefit, FreeGift) else case.get("lines")  # the oracle has the gift in its cart
    turn = {name: case[name] for name in ("priority", "exclusive", "group", "lane", "full_price") if name in case}
    return Promotion(case["id"], case["id"], benefit, skus=goods, **turn)


def promotions_of(kind: str, stack: Stack, change: Callable[[Promotion], Promotion] = lambda p: p) -> tuple[Promotion, ...]:
    benefit, terms = BENEFITS_SHOWN[kind]
    own = change(promotion_of({"id": "this", **terms, **stack.own}, benefit))
    return (own,) if stack.other is None else (own, promotion_of(stack.other, Percent(Ratio(10), "lines")))


def worked(kind: str, stack: Stack, *, there: bool = True) -> Case:
    """The same for the oracle; without the promotion if it is not `there`."""
    _, terms = BENEFITS_SHOWN[kind]
    deals = [{"id": "this", **terms, **stack.own}] if there else []
    return {
        "id": "x",
        "kind": "cart",
        "currency": "EUR",
        "policy": {},
        "promotions": [*deals, *([stack.other] if stack.other else [])],
        "lines": [
            {"id": "MUG", "unit_amount": 1000, "quantity": 3, "tax": []},
            {"id": "TEA", "unit_amount": 400, "quantity": 2, "tax": []},
            *([{"id": "BAG", "unit_amount": 300, "quantity": 1, "tax": []}] if kind == "free_gift" else []),
        ],
        "shipping": [{"id": "parcel", "amount": 490, "tax": []}],
    }


def answer(promotions: tuple[Promotion, ...], now: datetime = FRIDAY) -> tuple[dict[str, int], tuple[Refused, ...]]:
    """What each promotion takes, and why others do not. One use of the promotion has been made; a code that misses is left out."""
    shopper = OURS
    used = {p.id: Refused("coupon-used-up", p.label) for p in promotions if p.limit == 1}
    facts = evolve(FACTS, promotions=promotions, used_up=used, shopper=shopper)
    quote = price(BASKET, facts, now)
    if not isinstance(quote, Quote):
        quote = price(evolve(BASKET, codes=()), facts, now)
    assert isinstance(quote, Quote), quote
    return {used.id: used.amount for used in quote.promotions}, quote.near_misses


def money(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02}"


def cell(taken: Mapping[str, int], stack: Stack) -> str:
    this = money(taken.get("this", 0)) if "this" in taken else "–"
    return this if stack.other is None else f"{this} + {money(taken['tenth']) if 'tenth' in taken else '–'}"


def stacking_table() -> Iterator[str]:
    yield f"| | {' | '.join(f'`{kind}`' for kind in BENEFITS_SHOWN)} |"
    yield f"|---|{'---|' * len(BENEFITS_SHOWN)}"
    for stack in STACKS:
        yield f"| {stack.words} | {' | '.join(cell(answer(promotions_of(kind, stack))[0], stack) for kind in BENEFITS_SHOWN)} |"


def benefit_table() -> Iterator[str]:
    yield "| kind | here | off |"
    yield "|---|---|---|"
    for kind, (benefit, _) in BENEFITS_SHOWN.items():
        taken, _ = answer(promotions_of(kind, STACKS[0]))
        yield f"| `{kind}` | {benefit_words(benefit)} | {money(taken['this'])} |"


def why_not(asked: Asked) -> str:
    """What is told where it does not hold."""
    p = asked.fails(promotions_of("fixed", STACKS[0])[0])
    if asked.key == "first_order":
        return str(Refused("not-first-order", "this"))
    if asked.key == "code":
        return "nothing: nobody typed it"
    if asked.key == "in_variant":
        return "nothing: nobody can do anything about it"
    _, misses = answer((p,))
    return str(misses[0])


def words_of(p: Promotion) -> str:
    if p.when:
        return p.when[0].words
    if p.minimum:
        return f"goods for {p.minimum['EUR']}"
    if p.code:
        return f"the code {p.code} was typed"
    if p.limit:
        return "a use is left"
    return f"until {p.ends:%Y-%m-%d %H:%M} UTC" if p.ends else f"from {p.starts:%Y-%m-%d %H:%M} UTC"


def condition_table() -> Iterator[str]:
    yield "| key | holds for this cart | does not hold, and what is told |"
    yield "|---|---|---|"
    for asked in ASKED:
        plain = promotions_of("fixed", STACKS[0])[0]
        yield f"| `{asked.key}` | {words_of(asked.holds(plain))} | {why_not(asked)} |"


def product_table() -> Iterator[str]:
    """Condition by benefit, in the stacking where most happens: after the tenth."""
    yield f"| | {' | '.join(f'`{kind}`' for kind in BENEFITS_SHOWN)} |"
    yield f"|---|{'---|' * len(BENEFITS_SHOWN)}"
    stack = STACKS[1]
    for asked in ASKED:
        cells = []
        for kind in BENEFITS_SHOWN:
            yes, no = outcome(kind, stack, asked, there=True), outcome(kind, stack, asked, there=False)
            cells.append(f"{cell(yes, stack)}, else {cell(no, stack)}")
        yield f"| `{asked.key}` | {' | '.join(cells)} |"


def outcome(kind: str, stack: Stack, asked: Asked, *, there: bool) -> dict[str, int]:
    """What is taken where it holds, and where not."""
    if asked.key == "first_order" and not there:
        facts = evolve(FACTS, promotions=promotions_of(kind, stack, asked.fails), shopper=Shopper({"club"}, 4))
        quote = price(evolve(BASKET, codes=()), facts, FRIDAY)
        assert isinstance(quote, Quote)
        return {used.id: used.amount for used in quote.promotions}
    return answer(promotions_of(kind, stack, asked.holds if there else asked.fails))[0]


TABLES: Final[Mapping[str, Callable[[], Iterator[str]]]] = {
    "benefits": benefit_table,
    "stacking": stacking_table,
    "conditions": condition_table,
    "conditions by benefits": product_table,
}


def written(page: str) -> str:
    """The page with its tables as they are now."""
    for name, table in TABLES.items():
        text = f"<!-- {name} -->\n" + "\n".join(table()) + f"\n<!-- end of {name} -->"
        page, count = re.subn(rf"<!-- {name} -->\n.*?<!-- end of {name} -->", lambda _, text=text: text, page, flags=re.DOTALL)  # type: ignore[misc]
        assert count == 1, name
    return page


def main() -> int:
    old = PAGE.read_text(encoding="utf-8")
    new = written(old)
    if "--write" in sys.argv:
        PAGE.write_text(new, encoding="utf-8")
        return 0
    return int(old != new)


if __name__ == "__main__":
    sys.exit(main())
