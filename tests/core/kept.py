"""Documents for tests of the codec: values with something in every field, their texts, and changes to them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from checkout_core.arrivals import Arrival, Calendar
from checkout_core.cart import Cart, Line, MergedLine, MergeReport
from checkout_core.catalog import Product
from checkout_core.checkout import Checkout, Deadlines
from checkout_core.codec import (
    VERSIONS,
    EventFacts,
    decode,
    decode_checkout,
    decode_facts,
    encode,
    encode_checkout,
    encode_facts,
)
from checkout_core.customers import Address, Contact, Destination
from checkout_core.effects import Authorize, Capture, Done, Inquire, Refund, Void, Wait
from checkout_core.experiments import Experiment
from checkout_core.gift_cards import GiftCard, UsedCard
from checkout_core.holds import CardBalance, CartTurn, Claim, CouponUses, CouponUsesBy, PoolKey, Stock
from checkout_core.money import Money, Ratio
from checkout_core.orders import FulfilmentState, Order, OrderState
from checkout_core.payments import Attempt, AttemptState, Card, Challenge, Terms, Upi, UpiIntent, ZeroTender
from checkout_core.prices import PriceList, PriceOrigin, PriceRow, Promise
from checkout_core.pricing import (
    AppliedPromotion,
    Basket,
    CashRounding,
    Facts,
    PricedLine,
    PricedShipping,
    PricingPolicy,
    Quote,
    Totals,
    price,
)
from checkout_core.promotions import (
    FREE_SHIPPING,
    AmountOff,
    Assortment,
    Bundle,
    BuyGet,
    Channel,
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
from checkout_core.quote import hash_text
from checkout_core.refusals import Change, Refused
from checkout_core.shipping import Band, Leg, PickupPoint, RateSource, ShippingMethod, ShippingOption, Zone
from checkout_core.tax import TaxRate, TaxRow
from checkout_core.tax_provider import TaxSource
from checkout_core.unit import Person

DOCUMENTS = Path(__file__).parent / "documents"
NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
SECRETS = ("Lovelace", "Unter den Linden", "ada@example.com", "10117")


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def compact(document: object) -> str:
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def changed(text: str, change: Callable[[Any], object]) -> str:
    """The text after a change to its object."""
    document = json.loads(text)
    change(document)
    return compact(document)


# Values with something in every field.


def a_quote(lines: int = 2) -> Quote:
    vat = TaxRate("VAT19", Ratio.parse("0.19"), included=True)
    third = TaxRate("THIRD", Ratio(1, 3), compound=True)
    taxes = (("VAT19", 359),)
    priced = tuple(
        PricedLine(
            f"SKU{n}", f"SKU{n}", f"Tasse №{n}", 2, 1250, 2500, 250, 1891, 359, 2250, taxes, "standard", n > 0, (("colour", "grün"),)
        )
        for n in range(lines)
    )
    shipping = (PricedShipping("standard", "Standard", 490, 0, 412, 78, 490, (("VAT19", 78),), "standard"),)
    percent = AppliedPromotion("spring", "Spring", "SAVE10", Percent(Ratio(10)), None, (250,) * lines, (), (), 0, None, 100, 1)
    fixed = AppliedPromotion("auto", "Automatic", None, AmountOff([eur(7)]), (0,), (0,), (1,), ((0, 1),), 7, "best", None, None)
    cards = (UsedCard("gc1", 5000, 300, Ratio.parse("0.19"), 300, 57),)
    total, tax = 2250 * lines + 490, 359 * lines + 78
    totals = Totals(2500 * lines, 490, 250 * lines, total - tax, tax, 0, total, (("VAT19", tax),), 300, 57, 2, total - 355)
    content = (
        *("EUR", priced, shipping, (percent, fixed), cards, Destination("DE", None, "10117"), (("standard", (vat, third)),)),
        PricingPolicy(cash=CashRounding(5)),
        totals,
    )
    near = Refused(
        "minimum-spend", "BIG", missing=eur(410), until=NOON, changes=(Change("a", "b", "c"),), others=(Refused("expired", "OLD"),)
    )
    return Quote(*content, hash_text(*content), (near,))


WHEN = (
    PaidBy({"card", "upi"}),
    InGroup({"staff"}),
    FirstOrder(),
    Channel({"", "counter"}),
    InVariant("tea-offer", {"tenth", "fifth"}),
    ShipTo({"DE", "US-CA"}),
    Hours({"mon", "tue"}, "22:00", "02:00", "Europe/Berlin"),
    Hours({"mon"}, "00:00", "24:00", "Asia/Kolkata"),
    Quantity(2, Assortment({"MUG"}, {"books", "tea"}, {"colour": ["red", "blue"]})),
    Quantity(1),
)
"""Every condition there is."""

RULES = (
    Promotion("buyget", "Two mugs, half a tea", BuyGet(2, 1, Ratio(50), buy={"MUG"}, get={"TEA"}), full_price=True),
    Promotion("bundle", "Tea and a book", Bundle([Part(1, {"TEA"}), Part(1, {"BOOK"})], [eur(2300)], max_bundles=1), lane="sets"),
    Promotion("gift", "A book with it", FreeGift("BOOK")),
    Promotion("nth", "Every third", EveryNth(3, 2, Ratio(30), sort="price_desc", picking="horizontal", max_groups=2), skus={"TEA", "BOOK"}),
    Promotion("unit", "Off each", UnitOff([eur(20), Money(30, "USD")], max_units=2, unit_order="price_desc"), group="best"),
    Promotion("percent", "A tenth", Percent(Ratio(10), "lines", cap=[eur(300)], max_units=4, unit_order="price_asc"), group="best"),
    Promotion("entry", "Off each line", EntryOff([eur(15)]), minimum=[eur(1000)], minimum_skus={"BOOK"}),
    Promotion("price", "Tea at two", SetPrice([eur(200)]), skus={"TEA"}),
    Promotion("total", "Books at 30", SetTotal([eur(3000)]), skus={"BOOK"}),
    Promotion("tiers", "More is less", TieredPercent([Tier([eur(0)], Ratio(1)), Tier([eur(5000)], Ratio(7, 3))], "order_and_shipping")),
    Promotion("amount", "Five off", AmountOff([eur(500)]), code="FIVE", limit=9, per_person=1, priority=-1),
    Promotion("carriage", "Carriage paid", FREE_SHIPPING, methods={"parcel"}, priority=-2, when=WHEN[-3:]),
)
"""A promotion with each benefit there is, made to apply together."""


TRIAL = Experiment(
    "tea-offer", {"control": 2, "tenth": 1, "fifth": 1}, share=Ratio(25, 2), starts=NOON, ends=NOON + timedelta(days=9), salt="2026"
)
TRADE = PriceList(
    "trade",
    [
        PriceRow("TEA", eur(320), 3, NOON - timedelta(days=1), NOON + timedelta(days=1)),
        PriceRow("TEA", Money(400, "USD")),
        PriceRow("BOOK", eur(2100)),
    ],
    None,
    {"", "counter"},
    -1,
)


def a_full_quote() -> Quote:
    """Priced by the library, with everything that can be in a quote: all benefits, floors, a credit, two carriages, cards and coins."""
    goods = (
        Product("MUG", "Mug", [eur(1250)], floors=[eur(1100)]),
        Product("TEA", "Tea", [eur(333)], "reduced"),
        Product("BOOK", "Book", [eur(1999)], "reduced"),
        Product("DEPOSIT", "Deposit", [eur(-200)], credit=True, tracked=False),
    )
    taxes = {"standard": (TaxRate("VAT19", Ratio.parse("0.19"), included=True),), "reduced": (TaxRate("VAT7", Ratio.parse("0.07")),)}
    legs = (Leg("main", 300, (1, 2)), Leg("attic", 190))
    point = PickupPoint("p", "Point", ["Street 1"], Destination("DE"))
    sent = (
        ShippingOption("parcel", "Parcel", eur(490), legs=legs, source=RateSource("acme", answered=False)),
        ShippingOption("letter", "Letter", eur(190), "reduced", point=point, source=RateSource("acme")),
    )
    lines = (Line("MUG", 3), Line("TEA", 4), Line("BOOK", 2), Line("DEPOSIT", 1))
    cards = (GiftCard("gc1", 500), GiftCard("gc2", 1000, 300, Ratio.parse("0.07")))
    basket = Basket(
        "EUR",
        lines,
        Destination("DE", None, "10117"),
        ("parcel", "letter"),
        ("FIVE",),
        cards,
        experiments={"tea-offer": "tenth", "layout": "b"},
    )
    facts = Facts({product.sku: product for product in goods}, RULES, taxes, sent, prices=[TRADE], tax_source=TaxSource("acme", "DE, 2026"))
    quote = price(basket, facts, NOON, PricingPolicy(cash=CashRounding(5)))
    assert isinstance(quote, Quote), quote
    return quote


ATTEMPTS = tuple(
    Attempt(
        f"ch1/{n}",
        "sandbox",
        (Card("tok_1"), Upi("upi_1"), ZeroTender())[n % 3],
        eur(4990),
        capture=n % 2 == 0,
        terms=Terms(False, False, 60, 5),
        state=state,
        reference=f"ref{n}",
        received=eur(4990) if n % 2 else None,
        reason="do-not-honour",
        action=(Challenge("https://bank.example/3ds"), UpiIntent("upi://pay?am=1"), None)[n % 3],
        until=NOON if n % 2 else None,
        unwanted="expired" if n % 2 else "",
        verdict=("declined", "do-not-honour") if n % 2 else None,
        doubt=n % 2 == 0,
        calls=n,
        asked=n,
        ask_at=NOON + timedelta(microseconds=n),
    )
    for n, state in enumerate(AttemptState)
)
CALL = ("ch1/1", "sandbox", 3)
NEXT = (
    Authorize(*CALL, "ch1/1/authorize", eur(4990), Card("tok_1"), True, by=NOON),
    Capture(*CALL, "ch1/1/capture", "ch1/1/authorize", "ref1", eur(4990)),
    Void(*CALL, "ch1/1/void", "ch1/1/authorize", ""),
    Refund(*CALL, "ch1/1/refund", "ch1/1/authorize", "ref1", eur(4990)),
    Inquire(*CALL, "ch1/1/authorize", "ref1"),
    Wait(NOON),
    Wait(None),
    Done(),
    None,
)
POOLS: tuple[PoolKey, ...] = (
    CartTurn("c1"),
    CouponUses("spring"),
    CouponUsesBy("spring", "9f/2%"),
    CardBalance("V4RS-6b19", "EUR"),
    Stock("MUG/2", "hall 1"),
)


def a_checkout(quote: Quote | None = None, **more: Any) -> Checkout:
    claims = tuple(Claim(pool, 1, limit=1 if isinstance(pool, CartTurn) else None) for pool in POOLS)
    given: dict[str, Any] = {
        "customer": "ann",
        "identities": ("9f2c", "77aa"),
        "lines": (Line("MUG", 2), Line("MUG", 1, (("text", "Für Ada"),))),
        "destination": Destination("DE", "BE", "10117"),
        "shipping": "standard",
        "codes": ("SAVE10",),
        "channel": "counter",
        "pay_by": "card",
        "deadlines": Deadlines(hold_for=1),
        "quote": quote,
        "quote_until": NOON,
        "promises": (
            Promise("MUG", eur(1100), PriceOrigin("trade", 2, 1000, None), "counter", NOON),
            Promise("TEA", eur(333), None, "", NOON),
        ),
        "arrival": Arrival(date(2026, 6, 2), date(2026, 6, 4), date(2026, 6, 5)),
        "claims": claims,
        "held": claims[:2],
        "attempts": ATTEMPTS,
        "next": NEXT[0],
        "due_at": NOON,
        "version": 7,
        "events": 9,
    }
    return Checkout("ch1", "ABCDE-FGHJ*", "c1", 3, "EUR", NOON, NOON + timedelta(hours=1), NOON, **(given | more))


PLACED = Order("ch1", "ABCDE-FGHJ*", eur(4990), NOON, "ch1/5", OrderState.CANCELLED, FulfilmentState.PARTIAL, "changed my mind")
REPORT = MergeReport("sum", (MergedLine("MUG", "MUG", 1, 2, 3, "changed"),), ("USD", "EUR"))
CART = Cart("c1", "EUR", "ann", (Line("MUG", 2, (("a", "b"), ("c", ""))), Line("BOOK", 1)), 4, NOON, NOON, None, "c2", REPORT)
PERSON = Person(
    "ch1", Contact("ada@example.com", "+49 30 1", "de"), Address("Ada Lovelace", ("Unter den Linden 1",), "Berlin", "10117", "DE", "BE")
)
FACTS: EventFacts = (("attempt", "ch1/1"), ("amount", 4990), ("currency", "EUR"))
MUG = Product(
    *("MUG", "Tasse №1", [Money(1200, "JPY"), eur(1250)], "standard", 380, False),
    size=(300, 200, 100),
    floors=[eur(900), Money(800, "JPY")],
    credit=True,
    categories={"cups", "gifts"},
    attributes={"size": "s", "colour": "red"},
)
SPRING = Promotion(
    *("spring", "Spring", AmountOff([Money(500, "USD"), eur(500)])),
    skus={"MUG", "BOOK"},
    methods={"parcel"},
    code="SAVE5",
    starts=NOON,
    ends=NOON + timedelta(days=1),
    minimum=[eur(2000), Money(2000, "USD")],
    minimum_basis="original",
    minimum_skus={"MUG"},
    limit=100,
    per_person=1,
    priority=3,
    exclusive=True,
    group="season",
    categories={"cups"},
    attributes={"colour": "red"},
    but_not=Assortment({"MUG-2"}, {"outlet"}, {"size": ["s"]}),
    when=WHEN,
)
CENT = Promotion("cent", "One per cent", Percent(Ratio(1)), by_code=True, per_code=2)
PARCEL = ShippingMethod(
    *("parcel", "Parcel"),
    [
        Zone({"FR", "DE"}, [Band(1000, [Money(590, "USD"), eur(490)]), Band(5000, [eur(990)])], days=(2, 3)),
        Zone({"US"}, [Band(500, [])], regions={"NY", "CA"}),
        Zone(
            {"DE"},
            [Band(500, []), Band(None, [eur(1)])],
            postcodes=["1*", "27498"],
            origins={"hall 1", "attic"},
            by="volumetric",
            divisor=6000,
        ),
        Zone(
            {"CH"}, [Band(None, [eur(5)], worth=[eur(50), Money(60, "USD")])], by="worth", calendar=Calendar({"sat"}, [date(2026, 12, 25)])
        ),
    ],
    "carriage",
    parcels="each",
    points=[PickupPoint("p", "Point", ["Street 1", "10115 Berlin"], Destination("DE", "BE", "10115"))],
)
NOTHING = TaxRate("UTGST", Ratio(0), reason="out-of-scope")
ROW = TaxRow(
    "IN",
    "KA",
    "standard",
    [TaxRate("CGST", Ratio.parse("0.09"), True), TaxRate("CESS", Ratio(1, 3), compound=True), NOTHING],
    "Act 12",
    date(2017, 7, 1),
    None,
    "Asia/Kolkata",
)


def fixtures() -> dict[str, str]:
    """Documents of the current versions, by name of their file."""
    quote = a_quote()
    placed = a_checkout(quote, attempts=ATTEMPTS[5:6], next=NEXT[7], order=PLACED, due_at=None, abandoned="", claims=(), held=())
    return {
        f"cart-v{VERSIONS['cart']}": encode(CART),
        f"checkout-v{VERSIONS['checkout']}": encode_checkout(a_checkout(quote)),
        f"checkout-v{VERSIONS['checkout']}-placed": encode_checkout(placed),
        f"checkout-v{VERSIONS['checkout']}-begun": encode_checkout(Checkout("ch2", "N2", "c2", 1, "JPY", NOON, NOON, NOON)),
        f"experiment-v{VERSIONS['experiment']}": encode(TRIAL),
        f"facts-v{VERSIONS['facts']}": encode_facts(FACTS),
        f"person-v{VERSIONS['person']}": encode(PERSON),
        f"prices-v{VERSIONS['prices']}": encode(TRADE),
        f"product-v{VERSIONS['product']}": encode(MUG),
        f"promotion-v{VERSIONS['promotion']}": encode(SPRING),
        f"promotion-v{VERSIONS['promotion']}-cent": encode(CENT),
        **{f"promotion-v{VERSIONS['promotion']}-{rule.id}": encode(rule) for rule in RULES},
        f"shipping-v{VERSIONS['shipping']}": encode(PARCEL),
        f"tax-v{VERSIONS['tax']}": encode(ROW),
        f"quote-v{VERSIONS['quote']}": encode(quote),
        f"quote-v{VERSIONS['quote']}-full": encode(a_full_quote()),
    }


def put(path: str, value: object) -> Callable[[Any], object]:
    """A change that sets one place of a document; the value is wrapped, so that it is JSON as it stands."""

    def change(document: Any) -> None:
        *way, last = [int(step) if step.isdigit() else step for step in re.findall(r"\w+", path)]
        for step in way:
            document = document[step]
        document[last] = value

    return change


def read(kind: str, text: str) -> object:
    match kind:
        case "cart":
            return decode(Cart, text)
        case "quote":
            return decode(Quote, text)
        case "person":
            return decode(Person, text)
        case "experiment":
            return decode(Experiment, text)
        case "prices":
            return decode(PriceList, text)
        case "product":
            return decode(Product, text)
        case "promotion":
            return decode(Promotion, text)
        case "shipping":
            return decode(ShippingMethod, text)
        case "tax":
            return decode(TaxRow, text)
        case "facts":
            return decode_facts(text)
        case _:
            quote = a_quote()
            return decode_checkout(text, quote if json.loads(text).get("quote") == quote.hash else None)


def written(kind: str) -> str:
    return fixtures()[f"{kind}-v{VERSIONS[kind]}"]
