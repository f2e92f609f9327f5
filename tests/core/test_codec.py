"""Stored documents: what is written comes back equal, what was written by an older release still does, and nothing else is believed."""

from __future__ import annotations

import json
import os
import pickle
import re
import subprocess
import sys
import time
import traceback
import types
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import pytest
from attrs import evolve, fields, has, resolve_types
from hypothesis import given, settings
from hypothesis import strategies as st

from checkout_core import codec
from checkout_core.cart import Cart, Line, MergedLine, MergeReport
from checkout_core.catalog import Product
from checkout_core.checkout import Checkout, Deadlines
from checkout_core.codec import (
    TAGS,
    UPCASTERS,
    VERSIONS,
    EventFacts,
    TooNew,
    Unreadable,
    decode,
    decode_answer,
    decode_checkout,
    decode_facts,
    encode,
    encode_answer,
    encode_checkout,
    encode_facts,
    hooks,
    pool_of,
    pool_text,
)
from checkout_core.customers import Address, Contact, Destination
from checkout_core.effects import Authorize, Capture, Done, Inquire, Refund, Void, Wait
from checkout_core.errors import Broken, Misconfigured
from checkout_core.events import Event
from checkout_core.holds import KINDS, CartTurn, Claim, CouponUses, CouponUsesBy, PoolKey, Stock
from checkout_core.money import Money, Ratio
from checkout_core.orders import FulfilmentState, Order, OrderState
from checkout_core.payments import Attempt, AttemptState, Card, Challenge, Terms, Upi, UpiIntent, ZeroTender
from checkout_core.promotions import Promotion
from checkout_core.receipt import AppliedPromotion, PricedLine, PricedShipping, PricingPolicy, Quote, Totals, hash_of, intact
from checkout_core.refusals import Change, Refused
from checkout_core.shipping import Band, ShippingMethod, Zone
from checkout_core.tax import TaxRate, TaxRow
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
    shipping = PricedShipping("standard", "Standard", 490, 0, 412, 78, 490, (("VAT19", 78),), "standard")
    percent = AppliedPromotion("spring", "Spring", "SAVE10", "percent", Ratio(10), (2500,) * lines, (250,) * lines, 0, 0, 100, 1)
    fixed = AppliedPromotion("auto", "Automatic", None, "fixed", None, (0,) * lines, (0,) * lines, 0, 7, None, None)
    total = 2250 * lines + 490
    totals = Totals(2500 * lines, 490, 250 * lines, total - 359 * lines - 78, 359 * lines + 78, 0, total, (("VAT19", 359 * lines + 78),))
    content = (
        "EUR",
        priced,
        shipping,
        (percent, fixed),
        Destination("DE", None, "10117"),
        (("standard", (vat, third)),),
        PricingPolicy(),
        totals,
    )
    near = Refused(
        "minimum-spend", "BIG", missing=eur(410), until=NOON, changes=(Change("a", "b", "c"),), others=(Refused("expired", "OLD"),)
    )
    return Quote(*content, hash_of(*content), (near,))


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
POOLS: tuple[PoolKey, ...] = (CartTurn("c1"), CouponUses("spring"), CouponUsesBy("spring", "9f/2%"), Stock("MUG/2", "hall 1"))


def a_checkout(quote: Quote | None = None, **more: Any) -> Checkout:
    claims = tuple(Claim(pool, 1, limit=1 if isinstance(pool, CartTurn) else None) for pool in POOLS)
    given: dict[str, Any] = {
        "customer": "ann",
        "identities": ("9f2c", "77aa"),
        "lines": (Line("MUG", 2), Line("MUG", 1, (("text", "Für Ada"),))),
        "destination": Destination("DE", "BE", "10117"),
        "shipping": "standard",
        "codes": ("SAVE10",),
        "deadlines": Deadlines(hold_for=1),
        "quote": quote,
        "quote_until": NOON,
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
MUG = Product("MUG", "Tasse №1", [Money(1200, "JPY"), eur(1250)], "standard", 380, False)
SPRING = Promotion(
    *("spring", "Spring", "fixed"),
    amounts=[Money(500, "USD"), eur(500)],
    skus={"MUG", "BOOK"},
    code="SAVE5",
    starts=NOON,
    ends=NOON + timedelta(days=1),
    minimum=[eur(2000), Money(2000, "USD")],
    minimum_basis="original",
    limit=100,
    per_person=1,
    priority=3,
    exclusive=True,
)
CENT = Promotion("cent", "One per cent", "percent", percent=Ratio(1))
PARCEL = ShippingMethod(
    *("parcel", "Parcel"),
    [
        Zone({"FR", "DE"}, [Band(1000, [Money(590, "USD"), eur(490)]), Band(5000, [eur(990)])], days=(2, 3)),
        Zone({"US"}, [Band(500, [])], regions={"NY", "CA"}),
    ],
    "carriage",
)
ROW = TaxRow("IN", "KA", "standard", [TaxRate("CGST", Ratio.parse("0.09"), True), TaxRate("CESS", Ratio(1, 3), compound=True)], "Act 12")


def fixtures() -> dict[str, str]:
    """Documents of the current versions, by name of their file."""
    quote = a_quote()
    placed = a_checkout(quote, attempts=ATTEMPTS[5:6], next=NEXT[7], order=PLACED, due_at=None, abandoned="", claims=(), held=())
    return {
        f"cart-v{VERSIONS['cart']}": encode(CART),
        f"checkout-v{VERSIONS['checkout']}": encode_checkout(a_checkout(quote)),
        f"checkout-v{VERSIONS['checkout']}-placed": encode_checkout(placed),
        f"checkout-v{VERSIONS['checkout']}-begun": encode_checkout(Checkout("ch2", "N2", "c2", 1, "JPY", NOON, NOON, NOON)),
        f"facts-v{VERSIONS['facts']}": encode_facts(FACTS),
        f"person-v{VERSIONS['person']}": encode(PERSON),
        f"product-v{VERSIONS['product']}": encode(MUG),
        f"promotion-v{VERSIONS['promotion']}": encode(SPRING),
        f"promotion-v{VERSIONS['promotion']}-percent": encode(CENT),
        f"shipping-v{VERSIONS['shipping']}": encode(PARCEL),
        f"tax-v{VERSIONS['tax']}": encode(ROW),
        f"quote-v{VERSIONS['quote']}": encode(quote),
    }


# Round trips


texts = st.text(max_size=12)
times = st.datetimes(timezones=st.just(UTC))
currencies = st.sampled_from(["EUR", "JPY", "KWD", "INR"])
money = st.builds(Money, st.integers(-(2**53) + 1, 2**53 - 1), currencies)
counts = st.integers(0, 2**63)
lines = st.builds(Line, texts, counts, st.lists(st.tuples(texts, texts), max_size=3))
pools: st.SearchStrategy[PoolKey] = st.one_of(
    st.builds(Stock, texts, texts), st.builds(CouponUses, texts), st.builds(CouponUsesBy, texts, texts), st.builds(CartTurn, texts)
)
claims = st.lists(st.builds(Claim, pools, st.integers(1, 2**63), st.none() | counts), max_size=4).map(tuple)
instruments = st.one_of(st.builds(Card, texts), st.builds(Upi, texts), st.just(ZeroTender()))
actions = st.one_of(st.none(), st.builds(Challenge, texts), st.builds(UpiIntent, texts))
attempts = st.builds(
    Attempt,
    key=texts,
    gateway=texts,
    instrument=instruments,
    amount=money,
    capture=st.booleans(),
    terms=st.builds(Terms, st.booleans(), st.booleans(), counts, counts),
    state=st.sampled_from(AttemptState),
    reference=texts,
    received=st.none() | money,
    action=actions,
    until=st.none() | times,
    unwanted=texts,
    verdict=st.none() | st.tuples(texts, texts),
    doubt=st.booleans(),
    calls=counts,
    ask_at=st.none() | times,
)
call = {"attempt": texts, "gateway": texts, "nth": counts, "reference": texts, "authorization": texts}
nexts = st.one_of(
    st.none(),
    st.just(Done()),
    st.builds(Wait, st.none() | times),
    st.builds(Authorize, texts, texts, counts, texts, money, instruments, st.booleans(), by=times),
    st.builds(Capture, key=texts, amount=money, **call),
    st.builds(Refund, key=texts, amount=money, **call),
    st.builds(Void, key=texts, **call),
    st.builds(Inquire, **call),
)
orders = st.builds(Order, texts, texts, money, times, texts, st.sampled_from(OrderState), st.sampled_from(FulfilmentState), texts)
checkouts = st.builds(
    Checkout,
    id=texts,
    number=texts,
    cart=texts,
    cart_version=counts,
    currency=currencies,
    begun_at=times,
    deadline=times,
    latest=times,
    customer=st.none() | texts,
    identities=st.lists(texts, max_size=2).map(tuple),
    lines=st.lists(lines, max_size=3).map(tuple),
    destination=st.none() | st.builds(Destination, texts, st.none() | texts, st.none() | texts),
    hold_early=st.booleans(),
    quote=st.none() | st.integers(0, 3).map(a_quote),
    claims=claims,
    held=claims,
    attempts=st.lists(attempts, max_size=3).map(tuple),
    order=st.none() | orders,
    next=nexts,
    due_at=st.none() | times,
    version=counts,
)


@settings(deadline=None)
@given(checkouts)
def test_a_checkout_comes_back_equal_with_its_quote(checkout: Checkout) -> None:
    """R7: the document names the quote by hash, and holds nothing else of it."""
    text = encode_checkout(checkout)
    again = decode_checkout(text, checkout.quote)
    assert again == checkout
    assert again.quote is checkout.quote
    assert encode_checkout(again) == text == compact(json.loads(text))
    assert json.loads(text)["quote"] == (checkout.quote.hash if checkout.quote else None)


@pytest.mark.parametrize("next_", NEXT, ids=repr)
def test_every_decision_comes_back_equal(next_: Any) -> None:
    checkout = a_checkout(next=next_)
    assert decode_checkout(encode_checkout(checkout), None) == checkout


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda attempt: attempt.state.value)
def test_an_attempt_in_every_state_comes_back_equal_and_of_the_same_types(attempt: Attempt) -> None:
    (again,) = decode_checkout(encode_checkout(a_checkout(attempts=(attempt,))), None).attempts
    assert again == attempt
    assert again.state is attempt.state


def test_a_quote_comes_back_equal_intact_and_with_its_near_misses() -> None:
    """R7: the hash still names what was read, and what `==` does not look at is there as well."""
    quote = a_quote()
    again = decode(Quote, encode(quote))
    assert (again, again.near_misses) == (quote, quote.near_misses)
    assert intact(again)


def test_a_cart_and_a_person_come_back_equal() -> None:
    assert decode(Cart, encode(CART)) == CART
    assert decode(Person, encode(PERSON)) == PERSON
    assert decode(Person, encode(Person("ch1"))) == Person("ch1")


def test_what_a_catalogue_holds_comes_back_equal() -> None:
    """Products, promotions, shipping methods and tax rows, with prices in several currencies and in whatever order they were given."""
    assert decode(Product, encode(MUG)) == MUG
    assert decode(Promotion, encode(SPRING)) == SPRING
    assert decode(Promotion, encode(CENT)) == CENT
    assert decode(ShippingMethod, encode(PARCEL)) == PARCEL
    assert decode(TaxRow, encode(ROW)) == ROW
    assert encode(Product("MUG", "Mug", [eur(1), Money(2, "USD")])) == encode(Product("MUG", "Mug", [Money(2, "USD"), eur(1)]))


@given(st.lists(st.tuples(texts, texts | st.integers()), max_size=4).map(tuple))
def test_facts_come_back_equal_in_their_order(facts: EventFacts) -> None:
    assert decode_facts(encode_facts(facts)) == facts


def test_facts_make_the_event_again() -> None:
    event = Event("ch1", 1, "payment.received", NOON, FACTS)
    assert Event("ch1", 1, "payment.received", NOON, decode_facts(encode_facts(event.facts))) == event


def test_an_answer_comes_back_as_what_it_was() -> None:
    """R23: the quote of a checkout is looked up by hash, and only then."""
    quote = a_quote()
    checkout, plain = a_checkout(quote), a_checkout()
    asked: list[str] = []

    def find(hash_: str) -> Quote | None:
        asked.append(hash_)
        return quote

    assert decode_answer(encode_answer(CART), find) == CART
    assert decode_answer(encode_answer(plain), find) == plain
    assert asked == []
    assert decode_answer(encode_answer(checkout), find) == checkout
    assert asked == [quote.hash]


@pytest.mark.parametrize("kind", ["cart ", "person", "", None, 1, ["cart"]])
def test_an_answer_of_no_known_type_is_refused(kind: object) -> None:
    with pytest.raises(Unreadable) as caught:
        decode_answer(changed(encode_answer(CART), lambda d: d.update(type=kind)), lambda _: None)
    assert caught.value.paths == ("type",)


@pytest.mark.parametrize(("stored", "given_"), [(1, 2), (1, None), (None, 1)])
def test_a_checkout_is_refused_with_another_quote_than_it_names(stored: int | None, given_: int | None) -> None:
    """R7: a quote that is not the frozen one is never taken for it."""
    text = encode_checkout(a_checkout(a_quote(stored) if stored else None))
    with pytest.raises(Unreadable) as caught:
        decode_checkout(text, a_quote(given_) if given_ else None)
    assert caught.value.paths == ("quote",)
    if stored:
        with pytest.raises(Unreadable):
            decode_answer(changed(text, lambda d: d.update(type="checkout")), lambda _: a_quote(given_) if given_ else None)


# Pools as text


@given(pools, pools)
def test_a_pool_comes_back_from_its_text_and_no_two_share_one(one: PoolKey, other: PoolKey) -> None:
    assert pool_of(pool_text(one)) == one
    assert (pool_text(one) == pool_text(other)) == (one == other)


def test_the_text_of_a_pool_can_be_read_by_people() -> None:
    assert [pool_text(pool) for pool in (Stock("MUG"), *POOLS)] == [
        "stock/MUG/main",
        "cart/c1",
        "coupon/spring",
        "coupon-by/spring/9f%2F2%25",
        "stock/MUG%2F2/hall 1",
    ]


@pytest.mark.parametrize(
    "text", ["", "stock", "stock/MUG", "stock/MUG/main/x", "Stock/MUG/main", "cart/%2f", "cart/%", "cart/%41", "cart/\ud800"]
)
def test_a_text_that_is_no_pool_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        pool_of(text)


def test_every_pool_is_in_one_place_of_the_document() -> None:
    document = json.loads(encode_checkout(a_checkout()))
    assert [claim["pool"] for claim in document["claims"]] == [pool_text(pool) for pool in POOLS]


# Strictness


NOT_INTS = [True, 1.0, 1.9, "1", None, [1], {}, float("nan")]
NOT_TEXTS: list[object] = [1, True, 1.5, None, ["a"], {}, "\ud800"]
NOT_BOOLS = [0, 1, "true", None, 1.0]
NOT_TIMES = [
    "2026-06-01T12:00:00.000000",
    "2026-06-01T12:00:00.000000Z",
    "2026-06-01T12:00:00+00:00",
    "2026-06-01T14:00:00.000000+02:00",
    "2026-06-01 12:00:00.000000+00:00",
    "2026-06-01",
    "20260601T120000.000000+00:00",
    "2026-06-31T12:00:00.000000+00:00",
    1_780_000_000,
    True,
]
NOT_MONEY = [
    [1, "eur"],
    [1.0, "EUR"],
    [True, "EUR"],
    ["1", "EUR"],
    [1],
    [1, "EUR", 2],
    1,
    "1 EUR",
    {"minor": 1, "currency": "EUR"},
    [2**53, "EUR"],
    None,
]
NOT_RATIOS = [0.19, "0.190", "19/100", "1/0", "19 %", 1, "١"]


def put(path: str, value: object) -> Callable[[Any], object]:
    """A change that sets one place of a document; the value is wrapped, so that it is JSON as it stands."""

    def change(document: Any) -> None:
        *way, last = [int(step) if step.isdigit() else step for step in re.findall(r"\w+", path)]
        for step in way:
            document = document[step]
        document[last] = value

    return change


def wrong_places() -> Iterator[tuple[str, str, object]]:
    for kind, path, values in (
        ("checkout", "version", NOT_INTS),
        ("checkout", "lines[1].quantity", NOT_INTS),
        ("checkout", "claims[0].amount", NOT_INTS),
        ("checkout", "claims[0].limit", [v for v in NOT_INTS if v is not None]),
        ("checkout", "deadlines.hold_for", NOT_INTS),
        ("checkout", "next.nth", NOT_INTS),
        ("checkout", "id", NOT_TEXTS),
        ("checkout", "customer", [v for v in NOT_TEXTS if v is not None]),
        ("checkout", "codes[0]", NOT_TEXTS),
        ("checkout", "codes", ["SAVE10", {"a": 1}, None, 1]),
        ("checkout", "lines[1].options[0]", [["a"], ["a", "b", "c"], "ab", {"a": 1, "b": 2}]),
        ("checkout", "hold_early", NOT_BOOLS),
        ("checkout", "attempts[0].capture", NOT_BOOLS),
        ("checkout", "begun_at", [*NOT_TIMES, None]),
        ("checkout", "attempts[1].until", NOT_TIMES),
        ("checkout", "attempts[0].amount", NOT_MONEY),
        ("checkout", "next.amount", NOT_MONEY),
        ("checkout", "attempts[0].state", ["CAPTURED", "captured ", 1, True, None, ["captured"]]),
        ("checkout", "next.type", ["Authorize", "wait ", "card", 1, None, ["wait"]]),
        ("checkout", "attempts[0].instrument.type", ["upi-intent", "zero ", "", 1]),
        ("checkout", "claims[0].pool", ["stock/MUG", "x/y", 1, None, {"sku": "MUG"}, ["stock", "MUG", "main"]]),
        ("checkout", "quote", [1, True, [], {}]),
        ("checkout", "destination", ["DE", [], 1]),
        ("quote", "policy.tax.mode", ["HALF_UP", 1, True, ["half_up"], None]),
        ("quote", "rates[0][1][0].rate", NOT_RATIOS),
        ("quote", "promotions[0].percent", NOT_RATIOS),
        ("quote", "near_misses[0].others[0].limit", [v for v in NOT_INTS if v is not None]),
        ("cart", "merge_report.rows[0].what", ["Added", 1, None]),
        ("product", "prices", ["EUR", None, {"EUR": 1250}, [[1, "USD"], [1, "EUR"]], [[1, "EUR"], [2, "EUR"]]]),
        ("product", "prices[0]", NOT_MONEY),
        ("product", "weight", NOT_INTS),
        ("promotion", "amounts[1]", NOT_MONEY),
        ("promotion", "skus", ["MUG", ["MUG", "BOOK"], ["MUG", "MUG"], {"MUG": 1}, 1]),
        ("promotion", "kind", ["Fixed", 1, None]),
        ("shipping", "zones[0].days[0]", NOT_INTS),
        ("shipping", "zones[0].days", [[1], [1, 2, 3], "12", 1]),
        ("shipping", "zones[0].bands[0].prices[0]", NOT_MONEY),
        ("tax", "rates[1].rate", NOT_RATIOS),
        ("facts", "facts[1][1]", [True, 1.5, None, [1]]),
    ):
        for value in values:
            yield kind, path, value


def read(kind: str, text: str) -> object:
    match kind:
        case "cart":
            return decode(Cart, text)
        case "quote":
            return decode(Quote, text)
        case "person":
            return decode(Person, text)
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


@pytest.mark.parametrize(("kind", "path", "value"), list(wrong_places()))
def test_nothing_is_coerced_and_the_error_says_where(kind: str, path: str, value: object) -> None:
    """R13, R14, R15, K8: a stored `true` is not 1, 1.0 is not 1, and a time without a zone is not a time."""
    with pytest.raises(Unreadable) as caught:
        read(kind, changed(written(kind), put(path, value)))
    assert caught.value.paths == (path,)
    assert path in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "path", "value", "told"),
    [
        ("checkout", "claims[0].amount", 0, "claims[0]"),
        ("quote", "rates[0][1][0].code", "", "rates[0][1][0]"),
        ("quote", "policy.tax.increment", 0, "policy.tax"),
    ],
)
def test_what_a_class_itself_refuses_is_refused(kind: str, path: str, value: object, told: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read(kind, changed(written(kind), put(path, value)))
    assert caught.value.paths == (told,)


def objects(document: object, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object in a document, with its path."""
    if isinstance(document, dict):
        yield path, document
        for name, value in document.items():
            yield from objects(value, f"{path}.{name}" if path else name)
    elif isinstance(document, list):
        for n, value in enumerate(document):
            yield from objects(value, f"{path}[{n}]")


@pytest.mark.parametrize("name", sorted(fixtures()))
def test_a_field_too_few_or_too_many_is_refused_wherever_it_is(name: str) -> None:
    """R13: also a field that has a default: whoever wrote the document said everything. The name of an unknown one is not repeated."""
    kind, text = name.partition("-")[0], fixtures()[name]
    for path, there in list(objects(json.loads(text))):
        for field in sorted(there):
            document = json.loads(text)
            dict(objects(document))[path].pop(field)
            with pytest.raises(Unreadable) as caught:
                read(kind, compact(document))
            assert caught.value.paths == (f"{path}.{field}" if path else field,)
        document = json.loads(text)
        dict(objects(document))[path]["Lovelace"] = "Lovelace"
        with pytest.raises(Unreadable) as caught:
            read(kind, compact(document))
        assert caught.value.paths == (f"{path}.?" if path else "?",)
        assert "Lovelace" not in str(caught.value)


def test_everything_wrong_is_told_at_once() -> None:
    text = encode_checkout(a_checkout())
    for path, value in (("version", 1.0), ("lines[0].quantity", True), ("lines[1].sku", 7)):
        text = changed(text, put(path, value))
    with pytest.raises(Unreadable) as caught:
        decode_checkout(text, None)
    assert caught.value.paths == ("lines[0].quantity", "lines[1].sku", "version")


@pytest.mark.parametrize(
    "text",
    ["", "null", "[]", "1", '"v"', "{", "{}", '{"v":1}x', '{"v":NaN}', '{"v":1,"v":1}', '{"v":true}', "[" * 100_000, "9" * 5000],
    ids=lambda text: text[:12],
)
def test_what_is_no_document_is_refused(text: str) -> None:
    """S13: broken, deep, huge, or with a name twice."""
    with pytest.raises(Unreadable):
        decode(Cart, text)


def test_a_name_that_is_there_twice_deep_inside_is_refused() -> None:
    """S13: of two quantities none is believed."""
    text = encode(CART).replace('"quantity":2', '"quantity":2,"quantity":3')
    with pytest.raises(Unreadable):
        decode(Cart, text)


@pytest.mark.parametrize("value", [None, True, "1", 1.0, 0, -1], ids=repr)
def test_a_version_that_is_none_is_refused(value: object) -> None:
    with pytest.raises(Unreadable) as caught:
        decode(Cart, changed(encode(CART), lambda d: d.update(v=value)))
    assert caught.value.paths == ("v",)


BROKEN_VALUES: list[tuple[str, Callable[[], str]]] = [
    ("a bool as a number", lambda: encode(evolve(CART, lines=(Line("MUG", True),)))),
    ("a float as a number", lambda: encode(evolve(CART, version=1.9))),  # type: ignore[arg-type]
    ("a number as a text", lambda: encode(evolve(CART, id=1))),  # type: ignore[arg-type]
    ("a number as a bool", lambda: encode_checkout(a_checkout(hold_early=1))),
    ("half a letter", lambda: encode(evolve(CART, id="\ud800"))),
    ("half a letter in a pool", lambda: encode_checkout(a_checkout(claims=(Claim(Stock("\ud800"), 1),)))),
    ("a time without a zone", lambda: encode_checkout(a_checkout(due_at=datetime(2026, 6, 1)))),  # noqa: DTZ001
    ("a time in another zone", lambda: encode_checkout(a_checkout(due_at=NOON.astimezone(timezone(timedelta(hours=2)))))),
    ("a stranger in a union", lambda: encode_checkout(a_checkout(next=PERSON))),
    ("a float in facts", lambda: encode_facts((("amount", 1.5),))),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("what", "write"), BROKEN_VALUES, ids=[what for what, _ in BROKEN_VALUES])
def test_what_could_not_be_read_again_is_not_written(what: str, write: Callable[[], str]) -> None:
    with pytest.raises((TypeError, ValueError, KeyError)) as caught:
        write()
    assert "ada@" not in str(caught.value)


# Errors tell no values


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["contact"].update(email=["ada@example.com"]),
        lambda d: d["address"].update(lines="Unter den Linden 1"),
        lambda d: d["address"].update(name={"first": "Lovelace"}),
        lambda d: d["address"].pop("country"),
        lambda d: d["address"].update(**{"ada@example.com": "10117"}),
        lambda d: d.update(contact="ada@example.com"),
        lambda d: d.update(v="ada@example.com"),
        lambda d: d.update(v=2),
    ],
)
def test_no_error_and_nothing_it_drags_along_holds_a_value(change: Callable[[Any], object]) -> None:
    """R24, S11: not in its text, its arguments, its notes, its traceback, nor in an exception behind it."""
    with pytest.raises((Unreadable, TooNew)) as caught:
        decode(Person, changed(encode(PERSON), change))
    error = caught.value
    told = [str(error), repr(error), repr(vars(error)), "".join(traceback.format_exception(error)), pickle.dumps(error).decode("latin-1")]
    assert not [secret for secret in SECRETS for text in told if secret in text]
    assert error.__cause__ is None
    assert error.__context__ is None


def test_text_that_is_not_json_is_not_dragged_along() -> None:
    """R24: json's own error keeps the whole document."""
    with pytest.raises(Unreadable) as caught:
        decode(Person, encode(PERSON)[:-1])
    assert caught.value.__context__ is None


def test_the_errors_say_what_the_caller_may_do() -> None:
    with pytest.raises(Broken, match=r"A stored cart cannot be read.*lines\[0\]\.sku"):
        decode(Cart, changed(encode(CART), put("lines[0].sku", 1)))
    with pytest.raises(Misconfigured, match="Upgrade"):
        decode(Cart, changed(encode(CART), lambda d: d.update(v=VERSIONS["cart"] + 1)))
    for error in (Unreadable("cart", ("v",)), TooNew("cart", 1)):
        assert str(pickle.loads(pickle.dumps(error))) == str(error)


# Unions and shapes


def parts(kind: Any) -> tuple[Any, ...]:
    return get_args(kind) if isinstance(kind, types.UnionType) or get_origin(kind) in (Union, tuple) else ()


def reached(kind: Any, seen: dict[str, Any]) -> dict[str, Any]:
    """Every type that can be met in a document of this one."""
    if repr(kind) not in seen:
        seen[repr(kind)] = kind
        inner = [a.type for a in fields(resolve_types(kind)) if a.init] if has(kind) else [part for part in parts(kind) if part is not ...]
        for each in inner:
            reached(each, seen)
    return seen


def all_types() -> list[Any]:
    seen: dict[str, Any] = {}
    for kind in codec._KINDS.values():
        reached(kind, seen)
    return list(seen.values())


def test_every_member_of_every_union_has_a_tag_and_every_tag_a_member() -> None:
    members = {Cart, Checkout}  # of an answer
    for kind in all_types():
        classes = [part for part in parts(kind) if has(part)] if get_origin(kind) is not tuple else []
        if len(classes) > 1 and set(classes) != set(get_args(PoolKey)):
            members |= set(classes)
            tags = [TAGS[part] for part in classes]
            assert len(tags) == len(set(tags)), f"Two members of {kind} have one tag."
    assert members == set(TAGS)


def test_no_field_is_called_like_what_a_document_adds() -> None:
    assert not [kind for kind in TAGS if "type" in {a.name for a in fields(kind)}]
    assert not [kind for kind in codec._KINDS.values() if "v" in {a.name for a in fields(kind)}]


def shape(kind: Any, above: tuple[Any, ...] = ()) -> object:
    """What a document of this type looks like, without the name of any class; raises for a type that the codec does not know."""
    if kind in (str, int, bool, datetime):
        return kind.__name__
    if kind in (Money, Ratio, type(None)):
        return {Money: "[minor, currency]", Ratio: "ratio", type(None): None}[kind]
    if kind == PoolKey:
        return "pool: " + ", ".join(sorted(f"{KINDS[part]}({', '.join(a.name for a in fields(part))})" for part in get_args(PoolKey)))
    if kind in above:
        return f"as {len(above) - above.index(kind)} above"
    if kind is Quote and Checkout in above:
        return "hash"
    if kind == Mapping[str, Money]:
        return ["[minor, currency], by currency", "…"]
    if get_origin(kind) is frozenset:
        return [*(shape(part, above) for part in get_args(kind)), "…, sorted"]
    if get_origin(kind) is Literal:
        return "one of: " + ", ".join(sorted(get_args(kind)))
    if get_origin(kind) is tuple:
        return ["…" if part is ... else shape(part, above) for part in get_args(kind)]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return "one of: " + ", ".join(sorted(member.value for member in kind))
    if has(kind):
        return {a.name: shape(a.type, (*above, kind)) for a in fields(resolve_types(kind)) if a.init}
    if parts(kind):
        several = len([part for part in parts(kind) if has(part)]) > 1
        return {"either": sorted(([TAGS[p], shape(p, above)] if several and has(p) else shape(p, above) for p in parts(kind)), key=repr)}
    raise TypeError(f"The codec has no hook for {kind}. Write one, and a test.")


def shapes() -> dict[str, object]:
    return {f"{kind}-v{VERSIONS[kind]}": json.loads(json.dumps(shape(cls))) for kind, cls in codec._KINDS.items()}


@pytest.mark.parametrize("name", sorted(shapes()))
def test_no_shape_changes_without_a_new_version(name: str) -> None:
    """A release that meets a document of another shape must know it by its number: then it can raise it, or say that it is too new."""
    known = json.loads((DOCUMENTS / "shapes.json").read_text(encoding="utf-8"))
    assert known.get(name) == shapes()[name], (
        f"The documents of {name} look different now. Raise the version in codec.VERSIONS, add to UPCASTERS the step from the one before, "
        "then run `python tests/core/test_codec.py` to write the new shape and a new fixture, and keep the old ones."
    )


def test_a_planted_change_of_shape_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    before = shapes()
    monkeypatch.setitem(codec.TAGS, Wait, "pause")  # type: ignore[misc, index, arg-type, unused-ignore]
    after = shapes()
    assert {name for name in before if before[name] != after[name]} == {f"checkout-v{VERSIONS['checkout']}"}


def test_a_type_without_a_hook_is_seen() -> None:
    with pytest.raises(TypeError):
        shape(tuple[float, ...])


def test_a_float_is_neither_written_nor_read() -> None:
    """R14: also where a class should come to ask for one."""
    converter = hooks.converter()
    with pytest.raises(TypeError):
        converter.get_unstructure_hook(float)(1.5)
    with pytest.raises(TypeError):
        converter.get_structure_hook(float)(1.5, float)


def test_a_frozen_set_is_a_sorted_list() -> None:
    """Its text must not depend on the order of a set."""
    converter, kind = hooks.converter(), frozenset[str]
    text = converter.get_unstructure_hook(kind)(frozenset("zebra"))
    assert text == sorted(set("zebra"))
    hook = converter.get_structure_hook(kind)
    assert hook(text, kind) == frozenset("zebra")
    for wrong in (["b", "a"], ["a", "a"], "ab", [1], {"a": 1}, None):
        with pytest.raises(hooks.Wrong):
            hook(wrong, kind)


# Versions


def stored() -> list[Path]:
    return sorted(DOCUMENTS.glob("*-v*.json"))


def kind_and_version(path: Path) -> tuple[str, int]:
    found = re.fullmatch(r"([a-z]+)-v(\d+)(?:-[a-z]+)?", path.stem)
    assert found
    return found[1], int(found[2])


def quotes_stored() -> dict[str, Quote]:
    found = (decode(Quote, path.read_text(encoding="utf-8")) for path in stored() if kind_and_version(path)[0] == "quote")
    return {quote.hash: quote for quote in found}


@pytest.mark.parametrize("path", stored(), ids=lambda path: path.stem)
def test_every_document_ever_written_can_be_read(path: Path) -> None:
    """Read, written, and equal: the same document if it is of the current version, else the one it is raised to."""
    kind, version = kind_and_version(path)
    text = path.read_text(encoding="utf-8")
    document = json.loads(text)
    assert document["v"] == version

    def load(text: str) -> Any:
        return decode_checkout(text, quotes_stored().get(json.loads(text)["quote"])) if kind == "checkout" else read(kind, text)

    def dump(value: Any) -> str:
        return encode_checkout(value) if kind == "checkout" else encode_facts(value) if kind == "facts" else encode(value)

    value = load(text)
    again = dump(value)
    assert load(again) == value
    assert again == dump(load(again))
    if version == VERSIONS[kind]:
        assert again == compact(document)


def test_every_version_has_its_fixture_its_shape_and_its_step_up() -> None:
    versions = {(kind, version) for kind, last in VERSIONS.items() for version in range(1, last + 1)}
    assert {kind_and_version(path) for path in stored()} == versions
    assert {f"{kind}-v{version}" for kind, version in versions} == set(json.loads((DOCUMENTS / "shapes.json").read_text(encoding="utf-8")))
    assert set(UPCASTERS) == {(kind, version) for kind, version in versions if version < VERSIONS[kind]}
    assert set(codec._KINDS) == set(VERSIONS)


def test_an_old_document_is_raised_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two made-up older shapes: first the lines were called items, before that a quantity was a text."""

    def counted(document: dict[str, Any]) -> dict[str, Any]:
        return document | {"items": [item | {"quantity": int(item["quantity"])} for item in document["items"]]}

    def renamed(document: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in document.items() if name != "items"} | {"lines": document["items"]}

    monkeypatch.setitem(UPCASTERS, ("cart", -1), counted)
    monkeypatch.setitem(UPCASTERS, ("cart", 0), renamed)

    def age(document: Any) -> None:
        document.update(v=-1, items=[line | {"quantity": str(line["quantity"])} for line in document.pop("lines")])

    assert decode(Cart, changed(encode(CART), age)) == CART
    answer = changed(encode_answer(CART), age)
    assert decode_answer(answer, lambda _: None) == CART
    with pytest.raises(Unreadable) as caught:  # a step that meets what it cannot raise
        decode(Cart, changed(encode(CART), lambda d: d.update(v=-1, items=[{"quantity": "Lovelace"}])))
    assert caught.value.paths == ("v",)
    assert caught.value.__context__ is None


# Stable, and fast


STABLE = """
import sys
sys.path.insert(0, sys.argv[1])
import hashlib
import test_codec
print(hashlib.sha256(repr(sorted(test_codec.fixtures().items())).encode()).hexdigest())
"""


def test_a_text_is_the_same_in_every_process() -> None:
    """Q4: whatever the seed of Python's hashes."""
    digests = set()
    for seed in ("0", "1", "4711"):
        env = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run(
            [sys.executable, "-c", STABLE, str(Path(__file__).parent)], capture_output=True, text=True, check=True, env=env
        )
        digests.add(done.stdout.strip())
    assert len(digests) == 1


def measured(times_: int = 200) -> tuple[int, int, int]:
    """Nanoseconds to write and read a checkout of ten lines, its quote, and, as a measure, to dump and load the checkout as plain JSON."""
    quote = a_quote(10)
    ten = tuple(Line(f"SKU{n}", n + 1) for n in range(10))
    checkout = a_checkout(quote, lines=ten, attempts=ATTEMPTS[:1], claims=tuple(Claim(Stock(line.sku), 1) for line in ten))
    plain = json.loads(encode_checkout(checkout))

    def best(work: Callable[[], object]) -> int:
        spent = []
        for _ in range(times_):
            start = time.perf_counter_ns()
            work()
            spent.append(time.perf_counter_ns() - start)
        return min(spent)

    return (
        best(lambda: decode_checkout(encode_checkout(checkout), quote)),
        best(lambda: decode(Quote, encode(quote))),
        best(lambda: json.loads(compact(plain))),
    )


def test_a_checkout_of_ten_lines_is_written_and_read_in_a_small_multiple_of_plain_json() -> None:
    checkout, _, plain = measured()
    assert checkout < 20 * plain


if __name__ == "__main__":  # writes the fixtures and shapes of the current versions; those of past versions are never touched
    DOCUMENTS.mkdir(exist_ok=True)
    for name, text in fixtures().items():
        (DOCUMENTS / f"{name}.json").write_text(json.dumps(json.loads(text), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    known = DOCUMENTS / "shapes.json"
    past = json.loads(known.read_text(encoding="utf-8")) if known.exists() else {}
    known.write_text(json.dumps(past | shapes(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print("{} ns, {} ns, {} ns".format(*measured()))
