"""Stored documents: what is written comes back equal, what was written by an older release still does, and nothing else is believed."""

from __future__ import annotations

import json
import pickle
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from checkout_core.cart import Cart, Line
from checkout_core.catalog import Product
from checkout_core.checkout import Checkout
from checkout_core.codec import (
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
    pool_of,
    pool_text,
)
from checkout_core.customers import Destination
from checkout_core.effects import Authorize, Capture, Done, Inquire, Refund, Void, Wait
from checkout_core.errors import Broken, Misconfigured
from checkout_core.events import Event
from checkout_core.holds import CardBalance, CartTurn, Claim, CouponUses, CouponUsesBy, PoolKey, Stock
from checkout_core.money import Money
from checkout_core.orders import FulfilmentState, Order, OrderState
from checkout_core.payments import Attempt, AttemptState, Card, Challenge, Terms, Upi, UpiIntent, ZeroTender
from checkout_core.pricing import (
    Quote,
)
from checkout_core.promotions import (
    BENEFITS,
    Promotion,
)
from checkout_core.quote import intact
from checkout_core.receipt import figures_of, receipt_of, recompute
from checkout_core.shipping import ShippingMethod
from checkout_core.tax import TaxRow
from checkout_core.unit import Person
from tests.core.kept import (
    ATTEMPTS,
    CART,
    CENT,
    FACTS,
    MUG,
    NEXT,
    NOON,
    PARCEL,
    PERSON,
    POOLS,
    ROW,
    RULES,
    SECRETS,
    SPRING,
    a_checkout,
    a_full_quote,
    a_quote,
    changed,
    compact,
    eur,
    fixtures,
    put,
    read,
    written,
)

# Round trips


texts = st.text(max_size=12)
times = st.datetimes(timezones=st.just(UTC))
currencies = st.sampled_from(["EUR", "JPY", "KWD", "INR"])
money = st.builds(Money, st.integers(-(2**53) + 1, 2**53 - 1), currencies)
counts = st.integers(0, 2**63)
lines = st.builds(Line, texts, counts, st.lists(st.tuples(texts, texts), max_size=3))
pools: st.SearchStrategy[PoolKey] = st.one_of(
    st.builds(Stock, texts, texts),
    st.builds(CouponUses, texts),
    st.builds(CouponUsesBy, texts, texts),
    st.builds(CardBalance, texts, texts),
    st.builds(CartTurn, texts),
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


def test_a_quote_of_everything_there_is_comes_back_equal_and_can_be_worked_out_again() -> None:
    """R7: every benefit, floor, credit, card and coin; the receipt of what was read is that of what was written."""
    quote = a_full_quote()
    assert {type(used.benefit) for used in quote.promotions} == {*BENEFITS}
    assert quote.totals.rounded
    assert [card.used > 0 for card in quote.cards] == [True, True]
    again = decode(Quote, encode(quote))
    assert again == quote
    assert intact(again)
    assert receipt_of(again).rows == receipt_of(quote).rows
    assert recompute(receipt_of(again)) == figures_of(quote)


def test_a_cart_and_a_person_come_back_equal() -> None:
    assert decode(Cart, encode(CART)) == CART
    assert decode(Person, encode(PERSON)) == PERSON
    assert decode(Person, encode(Person("ch1"))) == Person("ch1")


def test_what_a_catalogue_holds_comes_back_equal() -> None:
    """Products, promotions, shipping methods and tax rows, with prices in several currencies and in whatever order they were given."""
    assert decode(Product, encode(MUG)) == MUG
    assert decode(Promotion, encode(SPRING)) == SPRING
    for rule in (CENT, *RULES):
        assert decode(Promotion, encode(rule)) == rule
        assert decode(Promotion, encode(rule)).currencies == rule.currencies
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
        "gift-card/V4RS-6b19/EUR",
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
        ("quote", "promotions[0].benefit.percent", NOT_RATIOS),
        ("quote", "promotions[0].benefit.type", ["Percent", "fixed", "card", 1, None, ["percent"]]),
        ("quote", "promotions[0].benefit", [None, "percent", 10]),
        ("quote", "promotions[1].entries", ["0", 0, {}]),
        ("quote", "promotions[1].entries[0]", NOT_INTS),
        ("quote", "promotions[1].bought[0]", [[1], [1, 2, 3], 1]),
        ("quote", "shipping", [None, "standard", {"id": "standard"}]),
        ("quote", "cards[0].tax_rate", [v for v in NOT_RATIOS if v is not None]),
        ("quote", "totals.due", NOT_INTS),
        ("quote", "policy.cash.mode", ["HALF_UP", 5, None]),
        ("quote", "policy.stacking", ["Parallel", 1, None]),
        ("quote", "policy.tax.base", ["after", 1, None]),
        ("quote", "scheme", [*NOT_INTS, 0, 3]),
        ("quote", "near_misses[0].others[0].limit", [v for v in NOT_INTS if v is not None]),
        ("cart", "merge_report.rows[0].what", ["Added", 1, None]),
        ("product", "prices", ["EUR", None, {"EUR": 1250}, [[1, "USD"], [1, "EUR"]], [[1, "EUR"], [2, "EUR"]]]),
        ("product", "prices[0]", NOT_MONEY),
        ("product", "weight", NOT_INTS),
        ("product", "floors[1]", NOT_MONEY),
        ("product", "credit", NOT_BOOLS),
        ("promotion", "benefit.amounts[1]", NOT_MONEY),
        ("promotion", "methods", ["parcel", ["parcel", "letter"], 1]),
        ("promotion", "skus", ["MUG", ["MUG", "BOOK"], ["MUG", "MUG"], {"MUG": 1}, 1]),
        ("promotion", "benefit.on", ["Order", "goods", 1, None]),
        ("promotion", "benefit.type", ["fixed", "AmountOff", 1, None]),
        ("shipping", "zones[0].days[0]", NOT_INTS),
        ("shipping", "zones[0].days", [[1], [1, 2, 3], "12", 1]),
        ("shipping", "zones[0].bands[0].prices[0]", NOT_MONEY),
        ("tax", "rates[1].rate", NOT_RATIOS),
        ("facts", "facts[1][1]", [True, 1.5, None, [1]]),
    ):
        for value in values:
            yield kind, path, value


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
        ("quote", "policy.cash.increment", 0, "policy.cash"),
        ("quote", "promotions[0].benefit.percent", "101", "promotions[0].benefit"),
        ("promotion", "benefit.amounts", [], "benefit"),
        ("promotion", "per_person", 101, "."),
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
