"""Bad input is refused by type and in words, nothing changes, and nobody is asked for money."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

import pytest
from attrs import evolve
from hypothesis import example, given
from hypothesis import strategies as st

from checkout_adapters.sandbox import SandboxGateway
from checkout_core import Address, Card, Contact, Money, NotFound, Policy, Refusal, Refused, Upi
from checkout_core.customers import looks_like_card_number
from checkout_core.payments import Captured
from checkout_core.refusals import WORDS
from tests.world import ADA, BERLIN, SECRET, TestClock, Troubled, a_checkout, a_shop, begin, eur, everything, total

CARD_NUMBERS = ["4111111111111111", "4111 1111 1111 1111", "5500-0055-5555-5559", "pan:378282246310005"]
CARD_NUMBERS += ["４１１１１１１１１１１１１１１１"]
TO_DO = re.compile(
    r"\b(Add|amount is at most|Ask|Begin|Check|Choose|confirm|Give|It needs|Leave|Look|must be|Name|Never|Offer|open)\b"
    r"|\b(Read|Remove|Take|Use)\b",
    re.IGNORECASE,
)
Act = Callable[[], object]


class Room:
    """A shop with a cart, a live checkout of it, and a gateway that counts its calls."""

    def __init__(self) -> None:
        self.clock = TestClock()
        self.gateway = Troubled(SandboxGateway(clock=self.clock))
        self.shop, self.store = a_shop(gateways=[self.gateway], clock=self.clock)
        self.checkout = a_checkout(self.shop, quantity=2)
        self.cart = self.checkout.cart
        self.due = total(self.checkout)

    def refuses(self, act: Act) -> Sequence[Refused]:
        """What it refuses, with words that help; the whole store is as it was and no gateway was called."""
        before, calls = everything(self.store), list(self.gateway.calls)
        try:
            answer = act()
        except Refusal as refusal:
            refused: Sequence[Refused] = refusal.refused
        else:
            assert isinstance(answer, Refused), f"expected a refusal, got {answer!r}"
            refused = (answer, *answer.others)
        assert everything(self.store) == before
        assert self.gateway.calls == calls
        for one in refused:
            assert one.reason in WORDS
            assert TO_DO.search(str(one)), f"{one} does not say what to do"
        return refused

    def reasons(self, act: Act) -> set[str]:
        return {refused.reason for refused in self.refuses(act)}

    def pay(self, **said: Any) -> Any:
        given: dict[str, Any] = {"instrument": Card("tok_ok"), "expected": self.due, "key": "k1"} | said
        return self.shop.pay(self.checkout.id, **given)


@pytest.fixture
def room() -> Room:
    return Room()


# Quantities.
NO_QUANTITIES = [
    -1,
    0,
    1000,
    10**12,
    10**5000,
    1.5,
    1.0,
    math.nan,
    math.inf,
    True,
    False,
    "1",
    "one",
    None,
    Decimal(1),
    Fraction(1),
    b"1",
    [1],
]


@pytest.mark.parametrize("key", [None, "k1"])
@pytest.mark.parametrize("quantity", NO_QUANTITIES, ids=lambda it: repr(it)[:12] if it != 10**5000 else "huge")
@pytest.mark.fault("K8")
def test_only_a_whole_number_in_range_is_a_quantity(room: Room, quantity: Any, key: str | None, struck: set[str]) -> None:
    """K8: adding or changing to anything else is refused, with the limit, whether or not the request has a key (R25)."""
    struck.add("K8")
    for act in (
        lambda: room.shop.add(room.cart, sku="MUG", quantity=quantity, key=key),
        lambda: room.shop.change(room.cart, "MUG", quantity=quantity, key=key),
    ):
        (refused,) = room.refuses(act)
        assert (refused.reason, refused.limit) == ("quantity", 999)
        assert len(str(refused)) < 200


@pytest.mark.parametrize("quantity", [0, 1.5, True, "1", None, 10**10, -(10**10), Decimal(1)])
def test_only_a_whole_number_moves_stock(room: Room, quantity: Any) -> None:
    """K8: an operator's movement is a whole number other than zero, within a bound (R25)."""
    assert room.reasons(lambda: room.shop.receive("MUG", quantity, reason="count", actor="ops")) == {"invalid"}


def test_the_sum_over_lines_counts(room: Room) -> None:
    """K9: the limit of a SKU is a limit over all its lines, however they are engraved."""
    room.shop.add(room.cart, sku="MUG", quantity=900, options={"engraving": "A"})
    assert room.reasons(lambda: room.shop.add(room.cart, sku="MUG", quantity=98, options={"engraving": "B"})) == {"quantity"}


def test_a_cart_holds_so_many_lines_and_no_more() -> None:
    """R25: the line after the last is refused, with the limit."""
    room = Room()
    for n in range(199):
        room.shop.add(room.cart, sku="PDF", options={"copy": str(n)})
    (refused,) = room.refuses(lambda: room.shop.add(room.cart, sku="PDF", options={"copy": "200"}))
    assert (refused.reason, refused.limit) == ("too-many-lines", 200)


def test_more_than_can_be_counted_is_refused(room: Room) -> None:
    """R25: a total beyond what is exact everywhere is refused, not rounded."""
    shop, _ = a_shop(gateways=[room.gateway], clock=room.clock)
    cart = shop.open_cart(currency="EUR").id
    shop.catalog.items["DEAR"] = evolve(shop.catalog.items["PDF"], sku="DEAR", prices=[Money(2**53 - 1, "EUR")])  # type: ignore[attr-defined]
    shop.add(cart, sku="DEAR", quantity=2)
    with pytest.raises(Refusal, match="at most 9007199254740991"):
        begin(shop, cart, shipping=None)


# What is not for sale.
@pytest.mark.parametrize("sku", ["NOPE", "mug", "MUG ", "'; DROP TABLE carts; --"])
def test_an_unknown_sku_is_refused(room: Room, sku: str) -> None:
    assert room.reasons(lambda: room.shop.add(room.cart, sku=sku)) == {"unknown-sku"}


@pytest.mark.parametrize("sku", ["", "   ", "x" * 201, 5, None, b"MUG", ["MUG"]], ids=repr)
def test_what_is_no_sku_at_all_is_refused(room: Room, sku: Any) -> None:
    assert room.reasons(lambda: room.shop.add(room.cart, sku=sku)) == {"invalid"}


def test_an_unknown_line_is_refused(room: Room) -> None:
    assert room.reasons(lambda: room.shop.change(room.cart, "BOOK", quantity=1)) == {"unknown-line"}
    assert room.reasons(lambda: room.shop.remove(room.cart, "BOOK")) == {"unknown-line"}


@pytest.mark.fault("F9")
def test_what_was_withdrawn_meanwhile_is_refused_before_the_price(struck: set[str]) -> None:
    """F9: a SKU that is gone from the catalogue is named, and the cart stays as it is."""
    room = Room()
    room.shop.catalog = evolve(room.shop.catalog, items=[])  # type: ignore[misc]
    struck.add("F9")
    assert room.reasons(lambda: room.shop.update(room.checkout.id, shipping="standard", codes=["X"])) >= {"unknown-sku"}


# Currencies and money.
@pytest.mark.parametrize("currency", ["XXX", "eur", "", "EURO", "DEM", None, 978, "4111111111111111"])
def test_an_unknown_currency_opens_no_cart(room: Room, currency: Any) -> None:
    (refused,) = room.refuses(lambda: room.shop.open_cart(currency=currency))
    assert refused.reason == "unknown-currency"
    assert "4111" not in str(refused)


def test_a_price_is_never_converted(room: Room) -> None:
    """G12: a product without a price in the cart's currency is refused when it is added."""
    cart = room.shop.open_cart(currency="USD").id
    assert room.reasons(lambda: room.shop.add(cart, sku="BOOK")) == {"no-price"}


@pytest.mark.fault("G12")
def test_a_total_in_another_currency_is_no_total(room: Room, struck: set[str]) -> None:
    """G12: the right number in the wrong currency pays nothing (I8)."""
    struck.add("G12")
    assert room.reasons(lambda: room.pay(expected=Money(room.due.minor, "USD"))) == {"mixed-currencies"}


@pytest.mark.parametrize(
    "expected", [29.9, 2990, Decimal("29.90"), None, True, object(), b"x", ("EUR", 2990)], ids=lambda it: type(it).__name__
)
def test_only_money_or_a_hash_is_expected(room: Room, expected: Any) -> None:
    """R14: a float, a bare number or anything else is no total."""
    assert room.reasons(lambda: room.pay(expected=expected)) == {"invalid"}


@pytest.mark.parametrize("minor", [29.9, 29.0, "2990", True, None, Decimal(2990), math.nan, 2**53])
def test_money_is_a_whole_number(minor: Any) -> None:
    """R14, RB-53: a float cannot become money, nor anything else but an int that is exact everywhere."""
    with pytest.raises((TypeError, ValueError)):
        Money(minor, "EUR")


@given(st.integers(-(10**9), 10**9), st.text(max_size=70))
def test_any_other_total_or_hash_is_shown_the_right_one(off: int, typed: str) -> None:
    """RB-88: whatever the shopper saw that is not the total pays nothing and is told the total."""
    room = Room()
    for expected in (eur(room.due.minor + off) if off else eur(0), typed):
        (refused,) = room.refuses(lambda expected=expected: room.pay(expected=expected))  # type: ignore[misc]
        assert (refused.reason, refused.total) == ("quote-changed", room.due)


# Where it goes.
@pytest.mark.parametrize("country", ["XX", "de", "Germany", "", "UK", 49, None])
def test_an_unknown_country_is_refused(room: Room, country: Any) -> None:
    assert room.reasons(lambda: room.shop.update(room.checkout.id, ship_to=evolve(BERLIN, country=country))) <= {
        "unknown-country",
        "invalid",
    }


def test_where_we_do_not_send_or_know_no_tax_is_refused(room: Room) -> None:
    """G2: no tax is guessed, and each thing in the way is named."""
    assert room.reasons(lambda: room.shop.update(room.checkout.id, ship_to=evolve(BERLIN, country="US"))) == {
        "not-shipped-there",
        "tax-unknown",
    }


@pytest.mark.parametrize(
    "wrong",
    [{"name": ""}, {"lines": ()}, {"lines": ("a",) * 6}, {"city": "x" * 201}, {"postcode": "1" * 21}, {"region": "\t"}, {"lines": (5,)}],
    ids=str,
)
def test_an_address_has_its_shape(room: Room, wrong: dict[str, Any]) -> None:
    """R25: every field has its bounds, and the field is named."""
    refused = room.refuses(lambda: room.shop.update(room.checkout.id, ship_to=evolve(BERLIN, **wrong)))
    assert {one.subject.split("[")[0] for one in refused} == {f"ship_to.{name}" for name in wrong}


def test_everything_wrong_with_an_address_is_told_at_once(room: Room) -> None:
    wrong = Address("", ("\x00",), "", "", "XX")
    assert len(room.refuses(lambda: begin(room.shop, room.cart, ship_to=wrong))) == 4


@pytest.mark.parametrize(
    "email", ["", "ada", "@example.com", "ada@", "a@b", "ada@example..com", "x" * 300 + "@example.com", 5, "a b@example.com"]
)
def test_what_is_no_address_is_refused(room: Room, email: Any) -> None:
    assert room.reasons(lambda: room.shop.update(room.checkout.id, contact=Contact(email=email))) == {"invalid"}


@pytest.mark.parametrize("name", ["ship_to", "contact"])
def test_a_dictionary_is_no_address_and_no_contact(room: Room, name: str) -> None:
    """R13: fields that nobody declared cannot come in."""
    assert room.reasons(lambda: room.shop.update(room.checkout.id, **{name: {"total": 1}})) == {"invalid"}  # type: ignore[arg-type]


def test_an_unknown_shipping_method_is_refused(room: Room) -> None:
    assert room.reasons(lambda: room.shop.update(room.checkout.id, shipping="drone")) == {"unknown-method"}


# Empty, over, or bought.
def test_an_empty_cart_begins_nothing(room: Room) -> None:
    cart = room.shop.open_cart(currency="EUR").id
    assert room.reasons(lambda: begin(room.shop, cart)) == {"empty-cart"}
    room.shop.remove(room.cart, "MUG")
    assert room.reasons(lambda: room.shop.update(room.checkout.id)) == {"empty-cart"}


def test_an_abandoned_checkout_is_not_paid(room: Room) -> None:
    """The refusal says so, and that one may begin again."""
    room.shop.cancel(room.checkout.id, reason="changed my mind")
    (refused,) = room.refuses(room.pay)
    assert refused.reason == "abandoned"
    assert "Begin again" in str(refused)
    assert room.reasons(lambda: room.shop.update(room.checkout.id, codes=[])) == {"abandoned"}


def test_a_placed_checkout_is_not_paid_again(room: Room) -> None:
    """RB-20: with another key it is told its order number, and stays as it was to the byte."""
    placed = room.pay()
    (refused,) = room.refuses(lambda: room.pay(key="k2"))
    assert (refused.reason, refused.subject) == ("already-placed", placed.number)
    assert room.reasons(lambda: room.shop.update(room.checkout.id, codes=[])) == {"already-placed"}
    assert room.reasons(lambda: room.shop.add(room.cart, sku="MUG")) == {"cart-closed"}
    assert room.reasons(lambda: begin(room.shop, room.cart)) == {"cart-closed"}


def test_what_is_not_said_yet_cannot_be_paid() -> None:
    """Each missing thing is asked for by name."""
    room = Room()
    cart = room.shop.open_cart(currency="EUR").id
    room.shop.add(cart, sku="MUG")
    bare = room.shop.begin(cart)
    refused = room.refuses(lambda: room.shop.pay(bare.id, Card("tok_ok"), expected=eur(1), key="k"))
    assert {one.reason for one in refused} == {"needs-address", "needs-shipping"}


@pytest.mark.parametrize(
    "instrument",
    [None, "tok_ok", {"number": "1"}, Card(""), Card("x" * 501), Upi("\n"), Card(5)],  # type: ignore[arg-type]
    ids=lambda it: type(it).__name__,
)
def test_without_a_means_of_payment_nothing_is_paid(room: Room, instrument: Any) -> None:
    assert room.reasons(lambda: room.pay(instrument=instrument)) <= {"needs-payment", "invalid"}


def test_a_method_that_no_gateway_takes_is_refused() -> None:
    """B18: asked of the capabilities, before anybody is called."""
    room = Room()
    room.gateway.capabilities = evolve(room.gateway.capabilities, methods=frozenset({"card"}))
    assert room.reasons(lambda: room.pay(instrument=Upi("upi_paid"))) == {"no-gateway"}


# Keys.
@pytest.mark.parametrize("key", ["", "x" * 201, "a\nb", "a\x00", None, 5, b"k", "\u202ek"], ids=repr)
def test_a_payment_needs_a_proper_key(room: Room, key: Any) -> None:
    assert room.reasons(lambda: room.pay(key=key)) == {"needs-key"}


@pytest.mark.parametrize(
    "other", [{"expected": eur(1)}, {"instrument": Card("tok_other")}, {"instrument": Upi("upi_paid")}, {"instrument": None}], ids=str
)
@pytest.mark.fault("S4")
def test_a_key_that_paid_is_not_used_for_another_payment(room: Room, other: dict[str, Any], struck: set[str]) -> None:
    """S4, I17: the same key with other content has no effect and is told so."""
    room.pay()
    struck.add("S4")
    (refused,) = room.refuses(lambda: room.pay(**other))
    assert refused.reason == "key-reused"
    assert "use a new key" in str(refused)


def test_a_key_of_a_cart_is_not_used_for_another_edit(room: Room) -> None:
    """R23, I17: a repeated edit answers itself; another edit under its key is refused."""
    once = room.shop.add(room.cart, sku="BOOK", key="k")
    assert room.shop.add(room.cart, sku="BOOK", key="k") == once
    assert room.reasons(lambda: room.shop.add(room.cart, sku="BOOK", quantity=2, key="k")) == {"key-reused"}
    assert room.reasons(lambda: room.shop.add(room.cart, sku="PDF", key="k")) == {"key-reused"}


def test_the_order_of_options_is_no_other_content(room: Room) -> None:
    """R23: the same edit, its options in another order, is the same edit."""
    once = room.shop.add(room.cart, sku="BOOK", options={"paper": "white", "ribbon": "red"}, key="k")
    assert room.shop.add(room.cart, sku="BOOK", options={"ribbon": "red", "paper": "white"}, key="k") == once


# Codes.
def test_so_many_codes_and_no_more(room: Room) -> None:
    """R25: six are refused with the limit, and 31 are not even read."""
    for n in (6, 31, 1000):
        (refused,) = room.refuses(lambda n=n: room.shop.update(room.checkout.id, codes=[f"C{i}" for i in range(n)]))  # type: ignore[misc]
        assert (refused.reason, refused.limit) == ("too-many-codes", 5)


@pytest.mark.parametrize("code", ["NOPE", "", "Ѕ", "A\u200bB", "x" * 41, "a b", "<script>", 5, None, "A\x00"], ids=repr)
def test_an_unknown_code_is_refused(room: Room, code: Any) -> None:
    """S7, R22: a homoglyph, a zero-width letter or a stranger is no code of ours."""
    assert room.reasons(lambda: room.shop.update(room.checkout.id, codes=[code])) == {"unknown-code"}


def test_one_text_is_no_list_of_codes(room: Room) -> None:
    assert room.reasons(lambda: room.shop.update(room.checkout.id, codes="SAVE10")) == {"invalid"}


# Texts.
TEXTS: dict[str, Callable[[Room, str], object]] = {
    "name": lambda room, text: room.shop.update(room.checkout.id, ship_to=evolve(BERLIN, name=text)),
    "line": lambda room, text: room.shop.update(room.checkout.id, ship_to=evolve(BERLIN, lines=("a", text))),
    "city": lambda room, text: room.shop.update(room.checkout.id, ship_to=evolve(BERLIN, city=text)),
    "postcode": lambda room, text: room.shop.update(room.checkout.id, ship_to=evolve(BERLIN, postcode=text)),
    "region": lambda room, text: room.shop.update(room.checkout.id, ship_to=evolve(BERLIN, region=text)),
    "country": lambda room, text: room.shop.update(room.checkout.id, ship_to=evolve(BERLIN, country=text)),
    "phone": lambda room, text: room.shop.update(room.checkout.id, contact=evolve(ADA, phone=text)),
    "locale": lambda room, text: room.shop.update(room.checkout.id, contact=evolve(ADA, locale=text)),
    "email": lambda room, text: room.shop.update(room.checkout.id, contact=evolve(ADA, email=f"{text}@example.com")),
    "shipping": lambda room, text: room.shop.update(room.checkout.id, shipping=text),
    "code": lambda room, text: room.shop.update(room.checkout.id, codes=[text]),
    "sku": lambda room, text: room.shop.add(room.cart, sku=text),
    "option": lambda room, text: room.shop.add(room.cart, sku="MUG", options={"engraving": text}),
    "option key": lambda room, text: room.shop.add(room.cart, sku="MUG", options={text: "A"}),
    "line id": lambda room, text: room.shop.change(room.cart, text, quantity=1),
    "quantity": lambda room, text: room.shop.add(room.cart, sku="MUG", quantity=text),  # type: ignore[arg-type]
    "edit key": lambda room, text: room.shop.add(room.cart, sku="MUG", key=text),
    "cart key": lambda room, text: room.shop.open_cart(currency="EUR", key=text),
    "currency": lambda room, text: room.shop.open_cart(currency=text),
    "pay key": lambda room, text: room.pay(key=text),
    "token": lambda room, text: room.pay(instrument=Card(text)),
    "upi token": lambda room, text: room.pay(instrument=Upi(text)),
    "expected": lambda room, text: room.pay(expected=text),
    "cancel reason": lambda room, text: room.shop.cancel(room.checkout.id, reason=text),
    "stock sku": lambda room, text: room.shop.receive(text, 1, reason="count", actor="ops"),
    "stock reason": lambda room, text: room.shop.receive("MUG", 1, reason=text, actor="ops"),
    "stock actor": lambda room, text: room.shop.receive("MUG", 1, reason="count", actor=text),
}


@pytest.mark.parametrize("where", TEXTS)
@pytest.mark.fault("S10")
def test_a_card_number_enters_nowhere_and_is_not_echoed(room: Room, where: str, struck: set[str]) -> None:
    """S10, R24, I22: typed into any text, however grouped, it is refused, and the refusal does not hold it."""
    for number in CARD_NUMBERS:
        struck.add("S10")
        refused = room.refuses(lambda number=number: TEXTS[where](room, number))  # type: ignore[misc]
        said = repr(refused) + " ".join(map(str, refused)) + repr(Refusal(*refused))
        assert not looks_like_card_number(said)
        assert number not in said


@pytest.mark.parametrize("where", [name for name in TEXTS if name not in ("expected", "quantity", "option", "option key")])
@pytest.mark.parametrize("text", ["\x00", "a\x1b[2Jb", "a\r\nBcc: b", "a\x7f", "a\x85b", "\ud800"], ids=ascii)
def test_control_characters_enter_nowhere(room: Room, where: str, text: str) -> None:
    """S14: what steers a terminal, splits a header or no database keeps is refused, and not echoed."""
    refused = room.refuses(lambda: TEXTS[where](room, text))
    assert all(str(one).isprintable() for one in refused)


@pytest.mark.parametrize("text", ["\x00", "a\x1b[2Jb", "a\x7f", "\ud800"], ids=ascii)
def test_an_engraving_may_have_lines_and_no_other_controls(room: Room, text: str) -> None:
    """S14: two lines of text are a fine engraving; anything that steers is not."""
    room.shop.add(room.cart, sku="MUG", options={"engraving": "Ada\nLovelace"})
    room.refuses(lambda: TEXTS["option"](room, text))
    room.refuses(lambda: TEXTS["option key"](room, text))


@given(st.uuids(version=4))
@example(UUID("a1b2c3d4-4111-4111-8111-111111111111"))
@example(UUID("55ab41d4-a716-4664-8544-000012345678"))
def test_a_uuid_is_always_a_good_key(key: Any) -> None:
    """Q2: its digits are no card number, whatever they add up to: one in some hundred would be refused by chance."""
    assert not looks_like_card_number(str(key))
    assert not looks_like_card_number(key.hex)
    assert not looks_like_card_number(f"order-{key}")


# Ids.
NOBODY: dict[str, Callable[[Room, str], object]] = {
    "cart": lambda room, id: room.shop.cart(id),
    "add": lambda room, id: room.shop.add(id, sku="MUG"),
    "change": lambda room, id: room.shop.change(id, "MUG", quantity=1),
    "remove": lambda room, id: room.shop.remove(id, "MUG"),
    "merge from": lambda room, id: room.shop.merge(id, room.cart),
    "merge into": lambda room, id: room.shop.merge(room.cart, id),
    "begin": lambda room, id: begin(room.shop, id),
    "update": lambda room, id: room.shop.update(id, codes=[]),
    "validate": lambda room, id: room.shop.validate(id),
    "shipping options": lambda room, id: room.shop.shipping_options(id),
    "status": lambda room, id: room.shop.status(id),
    "pay": lambda room, id: room.shop.pay(id, Card("tok_ok"), expected=room.due, key="k"),
    "cancel": lambda room, id: room.shop.cancel(id, reason="why not"),
    "go on": lambda room, id: room.shop.go_on(id),
    "learn": lambda room, id: room.shop.learn(f"{id}/x", Captured("r", room.due)),
}


@pytest.mark.parametrize("where", NOBODY)
def test_an_id_that_nobody_has_is_not_found(room: Room, where: str) -> None:
    """R21: an unknown id says which, and to check it; nothing happens."""
    before = everything(room.store)
    for id in ("nope", "", "🛒"):
        with pytest.raises(NotFound, match="Check the id"):
            NOBODY[where](room, id)
    assert everything(room.store) == before
    assert room.gateway.calls == []


def test_a_cart_of_somebody_else_looks_as_if_it_were_not_there(room: Room) -> None:
    """R21: merging a stranger's cart is refused like merging none."""
    mine, theirs = (room.shop.open_cart(currency="EUR", customer=name).id for name in ("me", "them"))
    before = everything(room.store)
    with pytest.raises(NotFound):
        room.shop.merge(theirs, mine)
    assert everything(room.store) == before


def test_a_cart_is_not_merged_into_itself(room: Room) -> None:
    cart = room.shop.open_cart(currency="EUR").id
    assert room.reasons(lambda: room.shop.merge(cart, cart)) == {"same-cart"}


def test_news_of_an_attempt_that_nobody_made_changes_nothing(room: Room) -> None:
    """R17: evidence about an unknown attempt of a known checkout moves no state."""
    before = everything(room.store)
    room.shop.learn(f"{room.checkout.id}/deadbeef", Captured("r", room.due))
    assert everything(room.store) == before


def test_a_secret_never_shows() -> None:
    """R24: names, addresses, tokens and the shop's own secret are masked wherever a value is shown."""
    shown = repr((BERLIN, ADA, Card("tok_secret"), Upi("upi_secret"), Policy(identity_secret=SECRET)))
    for secret in ("Lovelace", "Linden", "10117", "ada@", "tok_secret", "upi_secret", SECRET.decode()):
        assert secret not in shown
