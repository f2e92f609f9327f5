"""A worked cart of the numeric vectors (tests/vectors/README.md), read strictly into what `price` takes.

The vectors describe a cart by bare numbers and a policy: no catalogue, no destination. So every line becomes a product of its own with
its own tax category, and the goods go to a place that does not matter. What the schema does not know is a mistake, never skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeVar, cast, get_args

from attrs import frozen

from checkout_cli.exits import listed
from checkout_core.cart import Line
from checkout_core.catalog import Product
from checkout_core.customers import Destination
from checkout_core.money import CURRENCIES, MAX_MINOR, Money, Ratio, allocate
from checkout_core.pricing import Basket, Facts, GiftCard, PricedLine, PricedShipping, PricingPolicy, Quote
from checkout_core.pricing_policy import policy_from
from checkout_core.promotions import (
    AmountOff,
    Benefit,
    Bundle,
    BuyGet,
    EntryOff,
    EveryNth,
    On,
    Part,
    Percent,
    Promotion,
    SetPrice,
    SetTotal,
    Tier,
    TieredPercent,
    UnitOff,
)
from checkout_core.promotions.benefits import Naming, Picking, Sort, UnitOrder
from checkout_core.promotions.rules import Basis
from checkout_core.shipping import ShippingOption
from checkout_core.tax import TaxRate

T = TypeVar("T")
Amount = TypeVar("Amount", int, Money, Ratio)

PLACE: Final = Destination("DE")
TEXTS: Final = ("id", "kind", "source", "rule", "tags", "provenance", "notes", "matches_default")
ANSWERS: Final = ("expected", "expected_error", "derived", "peer_expected")
CART: Final = ("currency", "policy", "lines", "shipping", "promotions", "gift_cards")
TYPES: Final = (
    "percent",
    "tiered_percent",
    "fixed",
    "set_total",
    "fixed_unit",
    "fixed_line",
    "set_unit",
    "buy_get",
    "group_nth",
    "bundle",
)


@frozen
class Worked:
    """A worked cart, ready to be priced."""

    basket: Basket
    facts: Facts
    policy: PricingPolicy


class Unreadable(ValueError):
    """The case says what the schema does not know, or cannot mean. `mistakes` has every one, each with its place."""

    def __init__(self, mistakes: Iterable[str]) -> None:
        self.mistakes = tuple(dict.fromkeys(mistakes))
        super().__init__("\n".join(self.mistakes))


class Strange(Unreadable):
    """The case has a field, a type, a setting or a value that the schema does not know, or lacks one: nobody can tell what it means."""


class Fractional(Unreadable):
    """The case sells fractions of a unit. We sell whole units, so this alone is not supported."""


def is_worked(table: object) -> bool:
    """Whether a described cart is written in the schema of the vectors."""
    return isinstance(table, dict) and table.get("kind") == "cart"


def read_worked(case: Mapping[str, Any]) -> Worked:
    """The cart of a case of kind `cart`. Raises Unreadable with every mistake, or Fractional for quantities that are not whole."""
    reader = _Reader()
    worked = reader.cart(case)
    if worked is None or reader.mistakes:
        fractional = reader.fractional == len(reader.mistakes) > 0
        raise (Fractional if fractional else Strange if reader.strange else Unreadable)(reader.mistakes)
    return worked


@frozen
class _Entries:
    """What is in the cart: the undiscounted amount of each line by its id, and the ids of carriage."""

    currency: str
    worth: Mapping[str, int]
    methods: frozenset[str]


class _Reader:
    """Notes what is wrong, and goes on."""

    def __init__(self) -> None:
        self.mistakes: list[str] = []
        self.fractional = 0
        self.strange = False
        self.home: dict[str, tuple[TaxRate, ...] | None] = {}
        self.nothing: set[str] = set()
        """The promotions that can take nothing by their own words. A shop has none such; here they keep their turn, and give zero."""

    # Pieces.
    def only(self, at: str, table: Mapping[str, Any], known: Iterable[str], needs: Iterable[str] = ()) -> None:
        names = tuple(known)
        found = [f"{at}{key!s:.40} is unknown. Known: {listed(names, 'and')}." for key in table if key not in names]
        found += [f"{at}{key} is missing." for key in needs if table.get(key) is None]
        self.strange |= bool(found)
        self.mistakes += found

    def tables(self, table: Mapping[str, Any], key: str) -> list[tuple[str, Mapping[str, Any]]]:
        """The tables of a list, each with its place."""
        given = _given(table, key, [])
        if not isinstance(given, list):
            self.mistakes.append(f"{key} is a list of tables.")
            return []
        found: list[tuple[str, Mapping[str, Any]]] = []
        for n, each in enumerate(given, start=1):
            if isinstance(each, dict):
                found.append((f"{key}[{n}].", each))
            else:
                self.mistakes.append(f"{key}[{n}] is a table.")
        ids = [each["id"] for _, each in found if "id" in each]
        self.mistakes += [f"{key}: the id {id!r} is there twice. Give each its own." for id in {str(id) for id in ids if ids.count(id) > 1}]
        return found

    def text(self, at: str, value: object) -> str:
        if isinstance(value, str) and value:
            return value
        self.mistakes.append(f"{at} is a text, not {value!r:.40}.")
        return "?"

    def number(self, at: str, value: object, least: int | None = None) -> int:
        if type(value) is int and (least is None or value >= least) and abs(value) <= MAX_MINOR:
            return value
        wanted = f"a whole number from {least} to {MAX_MINOR}" if least is not None else f"a whole number up to {MAX_MINOR} in size"
        self.mistakes.append(f"{at} is {wanted}, not {value!r:.40}.")
        return least or 0

    def choice(self, at: str, value: object, known: tuple[str, ...]) -> str:
        if value not in known:
            self.strange = True
            self.mistakes.append(f"{at} {value!r:.40} is unknown. Use one of {', '.join(known)}.")
            return known[0]
        return str(value)

    def ratio(self, at: str, value: object) -> Ratio:
        if isinstance(value, str) or type(value) is int:
            try:
                return Ratio.parse(value)
            except ValueError as error:
                self.mistakes.append(f"{at}: {error}")
        else:
            self.mistakes.append(f"{at} is a number in quotes, such as '0.19' or '1/3', not {value!r:.40}.")
        return Ratio(1)

    def flag(self, at: str, value: object) -> bool:
        if not isinstance(value, bool):
            self.mistakes.append(f"{at} is true or false, not {value!r:.40}.")
        return value is True

    def ids(self, at: str, value: object) -> frozenset[str]:
        if isinstance(value, list) and all(isinstance(each, str) for each in value):
            return frozenset(value)
        self.mistakes.append(f"{at} is a list of ids.")
        return frozenset()

    def made(self, at: str, make: Callable[[], T]) -> T | None:
        """A value of the library, or None with its complaint noted."""
        try:
            return make()
        except (ValueError, TypeError) as error:
            self.mistakes.append(f"{at.rstrip('.')}: {error}")
            return None

    # The cart.
    def cart(self, case: Mapping[str, Any]) -> Worked | None:
        self.only("", case, (*TEXTS, *ANSWERS, *CART), ("currency", "lines"))
        currency = self.choice("currency", case.get("currency"), tuple(CURRENCIES))
        policy = self.policy(_given(case, "policy", {}))
        taxes: dict[str, tuple[TaxRate, ...] | None] = {}
        products, lines = self.lines(case, currency, taxes)
        options = self.shipping(case, currency, taxes)
        if not lines and not self.mistakes:
            self.mistakes.append("lines: there are none. Add one.")
        worth = {line.sku: products[line.sku].prices[currency].minor * line.quantity for line in lines}
        entries = _Entries(currency, worth, frozenset(option.id for option in options))
        deals = self.tables(case, "promotions")
        promotions = [self.promotion(at, each, entries, alone=len(deals) == 1) for at, each in deals]
        cards = [self.card(at, each) for at, each in self.tables(case, "gift_cards")]
        if self.mistakes:
            return None
        basket = Basket(
            currency, tuple(lines), PLACE, tuple([option.id for option in options]), (), tuple([card for card in cards if card is not None])
        )
        facts = Facts(products, [p for p in promotions if p is not None], taxes, tuple(options), home=self.home)
        return Worked(basket, facts, policy)

    def policy(self, given: object) -> PricingPolicy:
        if not isinstance(given, dict):
            self.mistakes.append("policy is a table.")
            return PricingPolicy()
        made = policy_from(given)
        if isinstance(made, PricingPolicy):
            return made
        self.strange |= any(not isinstance(policy_from({name: value}), PricingPolicy) for name, value in given.items())
        self.mistakes += [f"policy.{mistake}" for mistake in made]
        return PricingPolicy()

    def lines(
        self, case: Mapping[str, Any], currency: str, taxes: dict[str, tuple[TaxRate, ...] | None]
    ) -> tuple[dict[str, Product], list[Line]]:
        products: dict[str, Product] = {}
        lines: list[Line] = []
        for at, each in self.tables(case, "lines"):
            known = ("id", "unit_amount", "quantity", "tax", "unit_floor", "home_tax")
            self.only(at, each, known, ("id", "unit_amount", "quantity", "tax"))
            id, unit = self.text(f"{at}id", each.get("id")), self.number(f"{at}unit_amount", each.get("unit_amount"))
            quantity, floor = each.get("quantity"), self.number(f"{at}unit_floor", _given(each, "unit_floor", 0), 0)
            if isinstance(quantity, str):
                self.mistakes.append(f"{at}quantity: {quantity!r:.40} is not a whole number of units, and we sell whole units.")
                self.fractional += 1
                quantity = 1
            quantity = self.number(f"{at}quantity", quantity, 1)
            category = f"line {id}"
            taxes[category] = self.rates(at, each.get("tax", []))
            self.at_home(at, each, category, taxes)
            floors = [Money(floor, currency)] if floor else []
            product = self.made(
                at,
                lambda id=id, unit=unit, category=category, floors=floors: Product(  # type: ignore[misc]
                    id, id, [Money(unit, currency)], category, tracked=False, floors=floors, credit=unit < 0
                ),
            )
            if product is not None:
                products[id] = product
                lines.append(Line(id, quantity))
        return products, lines

    def shipping(self, case: Mapping[str, Any], currency: str, taxes: dict[str, tuple[TaxRate, ...] | None]) -> list[ShippingOption]:
        options = []
        for at, each in self.tables(case, "shipping"):
            self.only(at, each, ("id", "amount", "tax", "home_tax"), ("id", "amount", "tax"))
            id, amount = self.text(f"{at}id", each.get("id")), self.number(f"{at}amount", each.get("amount"), 0)
            taxes[f"shipping {id}"] = self.rates(at, each.get("tax", []))
            self.at_home(at, each, f"shipping {id}", taxes)
            options.append(ShippingOption(id, id, Money(amount, currency), f"shipping {id}"))
        return options

    def at_home(self, at: str, each: Mapping[str, Any], category: str, taxes: Mapping[str, tuple[TaxRate, ...] | None]) -> None:
        """The taxes that its price contains at home; if nothing is said, those that are due."""
        self.home[category] = taxes[category] if each.get("home_tax") is None else self.rates(f"{at}home_", each["home_tax"])

    def rates(self, at: str, given: object) -> tuple[TaxRate, ...]:
        if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
            self.mistakes.append(f"{at}tax is a list of tables.")
            return ()
        rates = []
        for n, each in enumerate(given, start=1):
            here = f"{at}tax[{n}]."
            self.only(here, each, ("code", "rate", "included", "compound"), ("code", "rate", "included"))
            code, rate = self.text(f"{here}code", each.get("code")), self.ratio(f"{here}rate", each.get("rate"))
            flags = (
                self.flag(f"{here}included", each.get("included", False)),
                self.flag(f"{here}compound", _given(each, "compound", False)),
            )
            made = self.made(here, lambda code=code, rate=rate, flags=flags: TaxRate(code, rate, *flags))  # type: ignore[misc]
            rates += [made] if made is not None else []
        if len({rate.code for rate in rates}) != len(rates):
            self.mistakes.append(f"{at}tax: two rates share a code. Give each its own.")
        return tuple(rates)

    def card(self, at: str, each: Mapping[str, Any]) -> GiftCard | None:
        self.only(at, each, ("id", "balance", "limit", "tax_rate"), ("id", "balance"))
        id, balance = self.text(f"{at}id", each.get("id")), self.number(f"{at}balance", each.get("balance"), 0)
        limit = None if each.get("limit") is None else self.number(f"{at}limit", each["limit"], 0)
        rate = None if each.get("tax_rate") is None else self.ratio(f"{at}tax_rate", each["tax_rate"])
        return self.made(at, lambda: GiftCard(id, balance, limit, rate))

    # Promotions.
    def promotion(self, at: str, p: Mapping[str, Any], entries: _Entries, *, alone: bool) -> Promotion | None:
        kind = self.choice(f"{at}type", p.get("type"), TYPES)
        id = self.text(f"{at}id", p.get("id"))
        on = cast(On, self.choice(f"{at}target", p.get("target", "order"), get_args(On)))
        common = ("id", "type", "target", "lines", "priority", "exclusive", "min_amount", "group", "lane", "full_price")
        own, needs = _FIELDS[kind]
        self.only(at, p, (*common, *own), ("target", *needs))
        goods, methods, currency = frozenset(entries.worth), entries.methods, entries.currency
        ids = None if p.get("lines") is None else self.ids(f"{at}lines", p["lines"])
        self.mistakes += [f"{at}lines: there is no {each!r:.40} in this cart." for each in sorted((ids or frozenset()) - goods - methods)]
        before = len(self.mistakes)
        if kind in ("buy_get", "group_nth", "bundle"):
            on = self.only_goods(at, kind, p, on, methods if ids is None else ids & methods, id)
        benefit = self.made(at, lambda: self.benefit(kind, at, p, on, currency, ids))
        turn: dict[str, Any] = {
            "priority": self.number(f"{at}priority", _given(p, "priority", 0)),
            "exclusive": self.flag(f"{at}exclusive", _given(p, "exclusive", False)),
            "group": None if p.get("group") is None else self.text(f"{at}group", p["group"]),
            "lane": "" if p.get("lane") is None else self.text(f"{at}lane", p["lane"]),
            "full_price": self.flag(f"{at}full_price", _given(p, "full_price", False)),
        }
        more: dict[str, Any] = {}
        if ids is not None and not isinstance(benefit, Naming):
            more["skus" if on in ("lines", "order") else "methods"] = ids
            if on == "order_and_shipping":
                more = {"skus": ids & goods, "methods": ids & methods}
        if p.get("min_amount") is not None:
            more |= self.minimum(f"{at}min_amount", p["min_amount"], entries, id, alone=alone)
        if benefit is None or len(self.mistakes) > before:
            return None
        if id in self.nothing:
            benefit, more = TieredPercent([Tier([Money(0, currency)], Ratio(0))]), {}
        return self.made(at, lambda: Promotion(id, id, benefit, **more, **turn))

    def only_goods(self, at: str, kind: str, p: Mapping[str, Any], on: On, carriage: frozenset[str], id: str) -> On:
        """What a promotion of units of goods is on: lines. Its target may name carriage as well, as long as none is meant by it."""
        if on in ("lines", "order"):
            return on
        if kind == "buy_get":
            get = p.get("get")
            carriage &= self.ids(f"{at}get.lines", get.get("lines")) if isinstance(get, dict) else frozenset()
        if carriage:
            self.mistakes.append(f"{at}target: a {kind} works on units of goods. Use lines.")
        elif on == "shipping":
            self.nothing.add(id)
        return "lines"

    def minimum(self, at: str, given: object, entries: _Entries, id: str, *, alone: bool) -> dict[str, Any]:
        if not isinstance(given, dict):
            self.mistakes.append(f"{at} is a table with a value and a basis.")
            return {}
        self.only(f"{at}.", given, ("value", "basis", "lines"), ("value", "basis"))
        value = self.number(f"{at}.value", given.get("value"), 0)
        basis = cast(Basis, self.choice(f"{at}.basis", given.get("basis", "current"), get_args(Basis)))
        skus = None if given.get("lines") is None else self.ids(f"{at}.lines", given["lines"])
        if value:
            return {"minimum_basis": basis, "minimum": [Money(value, entries.currency)], "minimum_skus": skus}
        # A minimum of nothing is reached, unless credits outweigh the goods.
        amounts = [worth for sku, worth in entries.worth.items() if skus is None or sku in skus]
        if sum(amounts) < 0:
            self.nothing.add(id)
        elif min(amounts, default=0) < 0 and basis == "current" and not alone:
            self.mistakes.append(f"{at}: whether a credit outweighs what other promotions leave is not judged. Write at least 1.")
        return {}

    def benefit(self, kind: str, at: str, p: Mapping[str, Any], on: On, currency: str, ids: frozenset[str] | None) -> Benefit | None:
        def amount(name: str = "value") -> list[Money]:
            return [Money(self.number(f"{at}{name}", p.get(name), 0), currency)]

        def units() -> dict[str, Any]:
            most = None if p.get("max_units") is None else count(f"{at}max_units", p["max_units"])
            order = cast(UnitOrder, self.choice(f"{at}unit_order", _given(p, "unit_order", "line_order"), get_args(UnitOrder)))
            return {"max_units": most, "unit_order": order}

        def cap() -> list[Money]:
            return [] if p.get("cap") is None else amount("cap")

        def percent(given: object, place: str) -> Ratio:
            return some(self.ratio(place, given), Ratio(100))

        def worth(amounts: list[Money]) -> list[Money]:
            return [some(each, Money(1, currency)) for each in amounts]

        def count(place: str, given: object) -> int:
            return some(self.number(place, given, 0), 1)

        def some(given: Amount, instead: Amount) -> Amount:
            """What is given, or a stand-in where that is zero, so that the promotion takes nothing."""
            if given in (0, Ratio(0), Money(0, currency)):
                self.nothing.add(str(p.get("id")))
                return instead
            return given

        match kind:
            case "percent":
                return Percent(percent(p.get("value"), f"{at}value"), on, cap=worth(cap()), **units())
            case "tiered_percent":
                return TieredPercent(self.tiers(at, p, currency), on, cap=worth(cap()), **units())
            case "fixed":
                return AmountOff(worth(amount()), on)
            case "set_total":
                return SetTotal(amount(), on)
            case "fixed_unit":
                return UnitOff(worth(amount()), on, **units())
            case "fixed_line":
                return EntryOff(worth(amount()), on)
            case "set_unit":
                return SetPrice(amount(), on)
            case _:
                pass  # of units of goods: below
        if kind == "group_nth":
            return EveryNth(
                self.number(f"{at}size", p.get("size"), 1),
                self.number(f"{at}nth", p.get("nth"), 1),
                percent(p.get("value"), f"{at}value"),
                sort=cast(Sort, self.choice(f"{at}sort", p.get("sort"), get_args(Sort))),
                picking=cast(Picking, self.choice(f"{at}picking", p.get("picking"), get_args(Picking))),
                max_groups=None if p.get("max_groups") is None else count(f"{at}max_groups", p["max_groups"]),
            )
        if kind == "bundle":
            return self.bundle(at, p, currency, ids)
        buy, get = p.get("buy"), p.get("get")
        if not isinstance(buy, dict) or not isinstance(get, dict):
            self.mistakes.append(f"{at}buy and get are tables with lines and a quantity.")
            return None
        self.only(f"{at}buy.", buy, ("lines", "quantity"), ("lines", "quantity"))
        self.only(f"{at}get.", get, ("lines", "quantity", "percent"), ("lines", "quantity", "percent"))
        cheaper = self.ids(f"{at}get.lines", get.get("lines"))
        if ids is not None:
            cheaper &= ids
        bought = self.ids(f"{at}buy.lines", buy.get("lines"))
        if not cheaper or not bought:  # nothing to get, or nothing that could be bought
            self.nothing.add(str(p.get("id")))
            cheaper = bought = frozenset("?")
        return BuyGet(
            self.number(f"{at}buy.quantity", buy.get("quantity"), 1),
            count(f"{at}get.quantity", get.get("quantity")),
            percent(get.get("percent"), f"{at}get.percent"),
            buy=bought,
            get=cheaper,
        )

    def bundle(self, at: str, p: Mapping[str, Any], currency: str, ids: frozenset[str] | None) -> Benefit:
        parts = []
        for here, part in self.tables(p, "parts"):
            self.only(f"{at}{here}", part, ("lines", "quantity"), ("lines", "quantity"))
            goods = self.ids(f"{at}{here}lines", part.get("lines"))
            goods = goods if ids is None else goods & ids
            if not goods:  # there is never one of these
                self.nothing.add(str(p.get("id")))
                goods = frozenset({f"?{here}"})
            parts.append(Part(self.number(f"{at}{here}quantity", part.get("quantity"), 1), goods))
        most = None if p.get("max_bundles") is None else self.number(f"{at}max_bundles", p["max_bundles"], 1)
        return Bundle(parts, [Money(self.number(f"{at}value", p.get("value"), 0), currency)], max_bundles=most)

    def tiers(self, at: str, p: Mapping[str, Any], currency: str) -> list[Tier]:
        """The tiers that count, rising: the last one reached has its say, so one that a later and no higher one follows has none."""
        given = p.get("tiers")
        if not isinstance(given, list) or not all(isinstance(each, list) and len(each) == 2 for each in given):
            self.mistakes.append(f"{at}tiers is a list of pairs: a threshold and a percent.")
            return []
        tiers: list[tuple[int, Ratio]] = []
        for n, (threshold, percent) in reversed(list(enumerate(given, start=1))):
            reached, ratio = self.number(f"{at}tiers[{n}]", threshold, 0), self.ratio(f"{at}tiers[{n}]", percent)
            if not tiers or reached < tiers[0][0]:
                tiers.insert(0, (reached, ratio))
        if not tiers:
            self.nothing.add(str(p.get("id")))
        return [Tier([Money(reached, currency)], percent) for reached, percent in tiers or [(0, Ratio(0))]]


def _given(table: Mapping[str, Any], key: str, default: object) -> Any:
    """What the table says; null says nothing."""
    value = table.get(key)
    return default if value is None else value


_FIELDS: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "percent": (("value", "cap", "max_units", "unit_order"), ("value",)),
    "tiered_percent": (("tiers", "cap", "max_units", "unit_order"), ("tiers",)),
    "fixed": (("value",), ("value",)),
    "set_total": (("value",), ("value",)),
    "fixed_unit": (("value", "max_units", "unit_order"), ("value",)),
    "fixed_line": (("value",), ("value",)),
    "set_unit": (("value",), ("value",)),
    "buy_get": (("buy", "get"), ("buy", "get")),
    "group_nth": (("value", "size", "nth", "sort", "picking", "max_groups"), ("value", "size", "nth", "sort", "picking")),
    "bundle": (("value", "parts", "max_bundles"), ("value", "parts")),
}
"""The fields of each type besides the common ones, and which of them it needs."""


def answer_of(worked: Worked, quote: Quote) -> dict[str, Any]:
    """The result of a worked cart in the shape of the vectors' `derived`: every figure that a case may expect."""
    lines = {line.sku: _figures(line) for line in quote.lines}
    shipping = {sent.id: _figures(sent) for sent in quote.shipping}
    given = dict.fromkeys([promotion.id for promotion in worked.facts.promotions], 0)
    return {
        "lines": lines,
        "shipping": shipping,
        "tax_by_code": dict(quote.totals.tax_by_code),
        "promotions": given | {used.id: used.amount for used in quote.promotions},
        "units": {line.sku: allocate(line.discount, [1] * line.quantity, "floor_first") for line in quote.lines},
        "gift_cards": {card.id: {"used": card.used, "remaining": card.remaining} for card in quote.cards},
        "totals": _totals(quote, lines, shipping),
    }


def _figures(entry: PricedLine | PricedShipping) -> dict[str, Any]:
    amount = entry.subtotal - entry.discount
    return {
        "subtotal": entry.subtotal,
        "discount": entry.discount,
        "amount": amount,
        "tax_included": amount - entry.net,
        "tax_added": entry.gross - amount,
        "tax": entry.tax,
        "net": entry.net,
        "gross": entry.gross,
        "components": dict(entry.taxes),
    }


def _totals(quote: Quote, lines: Mapping[str, dict[str, Any]], shipping: Mapping[str, dict[str, Any]]) -> dict[str, int]:
    totals = quote.totals
    found = {f"items_{name}": sum(line[name] for line in lines.values()) for name in _ITEM_SUMS}
    found |= {f"shipping_{name}": sum(sent[name] for sent in shipping.values()) for name in _SHIPPING_SUMS}
    found |= {
        "discount_total": totals.discount,
        "tax_included": totals.tax - totals.tax_added,
        "tax_added": totals.tax_added,
        "tax_total": totals.tax,
        "net_total": totals.net,
        "total": totals.total,
        "gift_card_total": totals.cards,
        "amount_due": totals.due,
        "cash_adjustment": totals.rounded,
    }
    if any(card.tax_rate is not None for card in quote.cards):
        return found | {"gift_card_tax_total": totals.card_tax, "tax_due": totals.tax - totals.card_tax}
    return found | {"net_due": quote.net_due}


_ITEM_SUMS: Final = ("subtotal", "discount", "amount", "net", "gross", "tax")
_SHIPPING_SUMS: Final = ("subtotal", "discount", "net", "gross", "tax")
