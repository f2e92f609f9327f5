"""Experiments: who is in which variant follows from a hash; it is kept with the price, and told with the order."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from checkout_adapters.sandbox import SandboxGateway
from checkout_core import (
    AsyncMemoryCatalog,
    AsyncMemoryStorage,
    AsyncShop,
    Card,
    Checkout,
    Experiment,
    MemoryStorage,
    NotFound,
    Placed,
    Policy,
    Promotion,
    Ratio,
    Refused,
    Shop,
)
from checkout_core.codec import decode, decode_checkout, encode, encode_checkout
from checkout_core.difference import diff
from checkout_core.errors import BadSetting
from checkout_core.experiments import assigned, assigned_of, subject_of
from checkout_core.pricing import Basket, Quote, intact
from checkout_core.promotions import AmountOff, InGroup, InVariant, Percent, Quantity
from checkout_core.quote import hash_of, same_price
from tests.world import NOON, SECRET, Numbered, Shelf, TestClock, a_checkout, begin, eur

MANY, FEW = 100_000, 20_000
OFFER = Experiment("tea-offer", {"control": 1, "tenth": 1})
TENTH = Promotion("tenth", "A tenth, tried out", Percent(Ratio(10)), when=[InVariant("tea-offer", {"tenth"})])


def drawn(experiment: Experiment, many: int = MANY) -> list[str | None]:
    return [experiment.variant_of(f"cart:{n}") for n in range(many)]


def is_fair(count: int, expected: int, many: int = MANY) -> bool:
    """Within four standard deviations of a count that is binomial: a fair hash misses that once in 16,000 experiments."""
    return (count - expected) ** 2 <= 16 * expected * (many - expected) / many


# Who is in.
def test_the_assignment_is_the_documented_one() -> None:
    """Whoever works it out elsewhere, from the sentences in the docstring, comes to the same; so does every later release."""
    found = [OFFER.variant_of(subject) for subject in ("cart:1", "cart:2", "cart:3", "customer:ann", "customer:Ünal")]
    assert found == ["tenth", "tenth", "tenth", "control", "tenth"]
    salted = evolve(OFFER, share=Ratio(25, 2), salt="2026", variants={"control": 3, "tenth": 1})
    for n in range(500):
        digest = hashlib.sha256(f'["experiment/1","tea-offer","2026","cart:{n}"]'.encode("ascii")).hexdigest()
        entry, draw = int(digest[:16], 16), int(digest[16:32], 16)
        variant = "control" if draw * 4 // 2**64 < 3 else "tenth"
        assert salted.variant_of(f"cart:{n}") == (variant if entry * 200 < 25 * 2**64 else None)


@pytest.mark.parametrize("weights", [{"a": 1, "b": 1}, {"a": 9, "b": 1}, {"a": 5, "b": 3, "c": 2}, {"a": 999_999, "b": 1_000_000}])
def test_weights_are_met(weights: dict[str, int]) -> None:
    """Of 100,000 subjects each variant has its share, as exactly as chance allows."""
    found = Counter(drawn(Experiment("fair", weights)))
    assert set(found) == set(weights)
    for name, weight in weights.items():
        assert is_fair(found[name], MANY * weight // sum(weights.values())), found


@pytest.mark.parametrize("share", [Ratio(0), Ratio(1, 10), Ratio(10), Ratio(20), Ratio(75, 2), Ratio(100)])
def test_the_share_is_met(share: Ratio) -> None:
    """Of 20,000 subjects so many of a hundred take part: none at 0, all at 100."""
    count = sum(name is not None for name in drawn(evolve(OFFER, share=share), FEW))
    expected = FEW * share.numerator // (100 * share.denominator)
    assert is_fair(count, expected, FEW)
    assert (count == 0) == (share == Ratio(0))


def test_a_larger_share_moves_nobody_who_is_in() -> None:
    """From 10 % to 20 %: everybody who is in stays, in the same variant, and about as many come."""
    ten, twenty = (drawn(evolve(OFFER, share=Ratio(share))) for share in (10, 20))
    moved = [(one, other) for one, other in zip(ten, twenty, strict=True) if one is not None and one != other]
    assert moved == []
    came = [other for one, other in zip(ten, twenty, strict=True) if one is None and other is not None]
    assert is_fair(len(came), MANY // 10)
    assert is_fair(came.count("tenth"), len(came) // 2, len(came))


def test_two_experiments_know_nothing_of_each_other() -> None:
    """Another id, or another salt: each pair of variants is as frequent as chance has it."""
    for other in (evolve(OFFER, id="layout"), evolve(OFFER, salt="again")):
        pairs = Counter(zip(drawn(OFFER, FEW), drawn(other, FEW), strict=True))
        assert len(pairs) == 4
        assert all(is_fair(count, FEW // 4, FEW) for count in pairs.values()), pairs


def test_taking_part_says_nothing_of_the_variant() -> None:
    """Those of a small share are no other people than the rest."""
    found = Counter(drawn(evolve(OFFER, share=Ratio(5))))
    assert is_fair(found["tenth"], (found["tenth"] + found["control"]) // 2, found["tenth"] + found["control"])


@given(st.text(max_size=30), st.integers(1, 50), st.integers(1, 50), st.integers(2, 9))
def test_weights_times_a_number_are_the_same_weights(subject: str, a: int, b: int, times: int) -> None:
    """1 : 1 and 50 : 50 say the same, and so does the assignment."""
    one, other = (Experiment("x", {"a": a * factor, "b": b * factor}) for factor in (1, times))
    assert one.variant_of(subject) == other.variant_of(subject)


def test_customers_and_carts_are_different_subjects() -> None:
    assert subject_of(None, "7") == "cart:7"
    assert subject_of("7", "8") == "customer:7"


# When, and what stays.
def test_it_runs_from_its_start_up_to_its_end() -> None:
    day = evolve(OFFER, starts=NOON, ends=NOON + timedelta(days=1))
    tick = timedelta(microseconds=1)
    at = [(NOON - tick, 0), (NOON, 1), (NOON + timedelta(days=1) - tick, 1), (NOON + timedelta(days=1), 0)]
    assert [(now, len(assigned([day], "cart:1", now))) for now, _ in at] == at


def test_what_somebody_was_in_before_is_kept() -> None:
    """Whatever becomes of weights, salt and share; not beyond the end, and not in a variant that is gone."""
    before = (("tea-offer", "control"),)
    assert OFFER.variant_of("cart:1") == "tenth"
    for changed in (OFFER, evolve(OFFER, salt="x"), evolve(OFFER, share=Ratio(0)), evolve(OFFER, variants={"tenth": 99, "control": 1})):
        assert assigned([changed], "cart:1", NOON, before) == before
    assert assigned([evolve(OFFER, variants={"tenth": 1, "fifth": 1})], "cart:1", NOON, before) != before
    assert assigned([evolve(OFFER, ends=NOON)], "cart:1", NOON, before) == ()
    assert assigned([], "cart:1", NOON, before) == ()


def test_pairs_stand_in_one_order() -> None:
    """The same assignments are one value, in whatever order the experiments are."""
    other = Experiment("layout", {"a": 1, "b": 1})
    assert assigned([OFFER, other], "cart:1", NOON) == assigned([other, OFFER], "cart:1", NOON)
    assert assigned_of({"b": "1", "a": "2"}) == (("a", "2"), ("b", "1"))
    with pytest.raises(ValueError, match="two variants of one experiment"):
        assigned_of([("a", "1"), ("a", "2")])
    with pytest.raises(ValueError, match="two variants of one experiment"):
        assigned([OFFER, OFFER], "cart:1", NOON)


BAD: list[tuple[dict[str, Any], str]] = [
    ({"id": ""}, "is no name"),
    ({"id": "tea offer"}, "is no name"),
    ({"id": "tea=offer"}, "is no name"),
    ({"variants": {"a b": 1, "c": 1}}, "is no name"),
    ({"variants": {"a": 1}}, "t has 1 variant"),
    ({"variants": {f"v{n}": 1 for n in range(21)}}, "it has 21 variants"),
    ({"variants": [("a", 1), ("a", 1)]}, "one name"),
    ({"variants": {"a": 0, "b": 1}}, "the weight of a is 0"),
    ({"variants": {"a": 1.5, "b": 1}}, "the weight of a is 1.5"),
    ({"variants": {"a": True, "b": 1}}, "the weight of a is True"),
    ({"variants": {"a": 1_000_001, "b": 1}}, "whole number from 1 to 1000000"),
    ({"share": 20}, "20 is no ratio"),
    ({"share": Ratio(-1)}, "is no share"),
    ({"share": Ratio(101)}, "is no share"),
    ({"starts": NOON, "ends": NOON}, "ends before it begins"),
    ({"starts": NOON.replace(tzinfo=None)}, "not in UTC"),
]


@pytest.mark.parametrize(("change", "words"), BAD, ids=[words for _, words in BAD])
def test_an_experiment_that_makes_no_sense_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(BadSetting, match=words):
        evolve(OFFER, **change)
    given = {"id": "x", "variants": {"a": 1, "b": 1}, **change}
    with pytest.raises(BadSetting, match=words):
        Experiment(**given)


# A life in a shop.
class Life:
    """A shop that tries something out."""

    def __init__(self, *experiments: Experiment, promotions: Iterable[Promotion] = (TENTH,)) -> None:
        self.clock, self.shelf = TestClock(), Shelf()
        self.promotions = tuple(promotions)
        self.storage = MemoryStorage(self.clock)
        self.try_out(*experiments)
        gateways = [SandboxGateway(clock=self.clock)]
        self.shop = Shop(
            storage=self.storage,
            catalog=self.shelf,
            gateways=gateways,
            clock=self.clock,
            ids=Numbered(),
            policy=Policy(identity_secret=SECRET),
        )
        for sku in ("MUG", "BOOK"):
            self.shop.receive(sku, 100, reason="opening stock", actor="test")

    def try_out(self, *experiments: Experiment) -> None:
        now = self.shelf.now
        self.shelf.now = evolve(now, items=now.items.values(), deals=self.promotions, trials=experiments)

    def checkouts(self) -> dict[str, Checkout]:
        """A checkout of each variant."""
        found: dict[str, Checkout] = {}
        while len(found) < 2:
            c = a_checkout(self.shop)
            found[dict(quote(c).experiments)["tea-offer"]] = c
        return found


def quote(c: Checkout) -> Quote:
    assert c.quote is not None
    return c.quote


def test_a_variant_has_its_price_and_both_keep_what_they_were_in() -> None:
    """The pair is on the quote of either, with its hash; only the one pays less."""
    found = Life(OFFER).checkouts()
    assert {name: quote(c).experiments for name, c in found.items()} == {name: (("tea-offer", name),) for name in ("control", "tenth")}
    assert [used.id for used in quote(found["tenth"]).promotions] == ["tenth"]
    assert quote(found["control"]).promotions == ()
    assert all(intact(quote(c)) for c in found.values())


def test_whoever_is_in_no_experiment_has_the_quote_of_a_shop_without() -> None:
    """To the hash: a shop that tries nothing out changes nothing."""
    plain, closed = (quote(a_checkout(life.shop)) for life in (Life(), Life(evolve(OFFER, share=Ratio(0)))))
    assert plain.hash == closed.hash
    assert plain.experiments == closed.experiments == ()


def test_equal_prices_in_two_variants_are_two_quotes() -> None:
    """A quote is stored once for everybody who got it: without the pair in its hash, one would be told in the other's variant."""
    life = Life(OFFER, promotions=())
    found = life.checkouts()
    one, other = quote(found["control"]), quote(found["tenth"])
    assert one.total == other.total
    assert one.hash != other.hash
    assert same_price(one, other)
    assert [str(change.what) for change in diff(one, other)] == ["experiments"]
    assert hash_of(evolve(one, experiments=other.experiments)) == other.hash
    assert decode(Quote, encode(one)) == one
    assert decode_checkout(encode_checkout(found["tenth"]), other) == found["tenth"]


def test_an_experiment_that_begins_or_ends_changes_no_price_and_no_hash() -> None:
    """Somebody is about to pay by the hash she saw: the beginning of a test of pages is no reason to ask her again."""
    life = Life(promotions=())
    c = a_checkout(life.shop)
    seen = quote(c).hash
    life.try_out(OFFER)
    life.clock.forward(minutes=20)
    assert life.shop.validate(c.id) == ()
    assert isinstance(life.shop.pay(c.id, Card("tok_ok"), expected=seen, key="k"), Placed)


def test_a_checkout_stays_in_its_variant() -> None:
    """Others come with the new weights; who was quoted keeps page and price, when the quote has run out and after every change."""
    life = Life(OFFER)
    for name, c in life.checkouts().items():
        life.try_out(evolve(OFFER, share=Ratio(0), salt="another"))
        life.clock.forward(minutes=20)
        again = begin(life.shop, c.cart, shipping="standard")
        assert quote(again).experiments == (("tea-offer", name),)
        assert life.shop.assignment("tea-offer", cart=c.cart) == name
        life.shop.add(c.cart, sku="BOOK")
        assert quote(begin(life.shop, c.cart)).experiments == (("tea-offer", name),)
    assert quote(a_checkout(life.shop)).experiments == ()


def test_when_it_ends_everybody_has_the_price_of_the_shop() -> None:
    """And hears of it before paying, as of every other price."""
    life = Life(OFFER)
    c = life.checkouts()["tenth"]
    life.try_out(evolve(OFFER, ends=NOON))
    life.clock.forward(minutes=20)
    answer = life.shop.pay(c.id, Card("tok_ok"), expected=quote(c).total, key="k")
    assert isinstance(answer, Refused)
    assert answer.reason == "quote-changed"


def test_an_order_tells_what_it_was_in() -> None:
    """R24: ids of experiments and variants alone; an order that was in none says nothing of it."""
    life = Life(OFFER, Experiment("layout", {"a": 1, "b": 1}))
    c = a_checkout(life.shop)
    assert isinstance(life.shop.pay(c.id, Card("tok_ok"), expected=quote(c).hash, key="k"), Placed)
    (event,) = [event for event in life.storage.tables.events if event.kind == "order.placed"]
    pairs = dict(quote(c).experiments)
    assert dict(event.facts)["experiments"] == f"layout={pairs['layout']} tea-offer={pairs['tea-offer']}"
    life = Life()
    c = a_checkout(life.shop)
    life.shop.pay(c.id, Card("tok_ok"), expected=quote(c).hash, key="k")
    (event,) = [event for event in life.storage.tables.events if event.kind == "order.placed"]
    assert "experiments" not in dict(event.facts)


def test_the_page_and_the_price_say_the_same() -> None:
    """Before a checkout begins, while it is under way, and after."""
    life = Life(OFFER)
    for _ in range(10):
        cart = life.shop.open_cart(currency="EUR")
        life.shop.add(cart.id, sku="MUG")
        shown = life.shop.assignment("tea-offer", cart=cart.id)
        c = begin(life.shop, cart.id)
        assert dict(quote(c).experiments)["tea-offer"] == shown == life.shop.assignment("tea-offer", cart=cart.id)


def test_a_customer_is_in_one_variant_with_every_cart() -> None:
    """A guest is in the one of the cart; signing in brings the customer's own, with the customer's cart."""
    life = Life(OFFER)
    for n in range(10):
        carts = [life.shop.open_cart(currency=currency, customer=f"c{n}") for currency in ("EUR", "USD")]
        shown = {life.shop.assignment("tea-offer", cart=cart.id) for cart in carts}
        assert shown == {OFFER.variant_of(f"customer:c{n}")}
        guest = life.shop.open_cart(currency="EUR")
        life.shop.add(guest.id, sku="MUG")
        assert life.shop.assignment("tea-offer", cart=guest.id) == OFFER.variant_of(f"cart:{guest.id}")
        life.shop.merge(guest.id, carts[0].id)
        assert life.shop.assignment("tea-offer", cart=carts[0].id) in shown


def test_an_experiment_nobody_knows_is_told() -> None:
    """A slip of the pen in a page is not the same as a shopper who takes no part."""
    life = Life(evolve(OFFER, ends=NOON))
    cart = life.shop.open_cart(currency="EUR")
    assert life.shop.assignment("tea-offer", cart=cart.id) is None
    with pytest.raises(NotFound, match="experiment"):
        life.shop.assignment("tea-ofer", cart=cart.id)
    with pytest.raises(NotFound, match="cart"):
        life.shop.assignment("tea-offer", cart="c0")


def test_a_shop_without_experiments_writes_nothing_for_them() -> None:
    """A catalogue that has never heard of them does."""

    class Plain:
        def __init__(self, shelf: Shelf) -> None:
            for name in ("products", "promotions", "rates", "options"):
                setattr(self, name, getattr(shelf, name))

    shop = Shop(storage=MemoryStorage(TestClock()), catalog=Plain(Shelf()), clock=TestClock(), ids=Numbered())  # type: ignore[arg-type]
    shop.receive("MUG", 9, reason="opening stock", actor="test")
    assert quote(a_checkout(shop)).experiments == ()


def test_an_async_shop_does_the_same() -> None:
    life = Life(OFFER)
    cart = life.shop.open_cart(currency="EUR")

    async def shown() -> str | None:
        shop = AsyncShop(storage=AsyncMemoryStorage(life.storage), catalog=AsyncMemoryCatalog(life.shelf.now), clock=life.clock)
        return await shop.assignment("tea-offer", cart=cart.id)

    assert asyncio.run(shown()) == life.shop.assignment("tea-offer", cart=cart.id)


# What is told of promotions for a variant.
def test_nobody_is_told_of_what_only_others_get() -> None:
    """Not as a near miss, whatever else is missing: nothing that this shopper does would bring it."""
    more = Promotion("more", "Five off ten mugs", AmountOff([eur(500)]), when=[Quantity(10), *TENTH.when])
    later = Promotion(
        "later", "Five off", AmountOff([eur(500)]), starts=NOON + timedelta(hours=1), when=[InVariant("tea-offer", {"tenth"})]
    )
    club = Promotion("club", "Club", AmountOff([eur(500)]), when=[InVariant("tea-offer", {"tenth"}), InGroup({"club"})])
    life = Life(OFFER, promotions=[TENTH, more, later, club])
    found = life.checkouts()
    assert [(near.subject, near.reason) for near in quote(found["tenth"]).near_misses] == [
        ("more", "minimum-quantity"),
        ("later", "not-yet"),
        ("club", "shopper-unknown"),
    ]
    assert quote(found["control"]).near_misses == ()
    assert [near.promotion.id for near in life.shop.near_misses(found["tenth"].cart)] == ["more", "later"]
    assert life.shop.near_misses(found["control"].cart) == ()


def test_a_code_for_a_variant_says_so_to_others() -> None:
    """A typed code is answered, always."""
    code = evolve(TENTH, code="TENTH")
    life = Life(OFFER, promotions=[code])
    found = life.checkouts()
    why = life.shop.why(found["control"].cart, "tenth")
    assert why.takes is None
    assert [check.refused for check in why.checks if check.what == "condition"] == [Refused("other-variant", "TENTH", "tenth of tea-offer")]
    assert str(why.checks[0].refused) == "TENTH is tried out with other shoppers (tenth of tea-offer). Remove it."
    assert life.shop.why(found["tenth"].cart, "tenth").takes == eur(125)


def test_an_exclusive_promotion_of_another_variant_shuts_nobody_out() -> None:
    """Nor does one of a group beat anybody: it is not there."""
    alone = evolve(TENTH, exclusive=True)
    rival = [
        Promotion("five", "Five off", AmountOff([eur(500)]), group="g"),
        evolve(TENTH, id="best", benefit=Percent(Ratio(90)), group="g"),
    ]
    found = Life(OFFER, promotions=[alone, *rival]).checkouts()
    assert [used.id for used in quote(found["control"]).promotions] == ["five"]
    assert [used.id for used in quote(found["tenth"]).promotions] == ["tenth"]


def test_a_basket_is_in_one_variant_of_an_experiment() -> None:
    assert Basket("EUR", (), experiments={"b": "1", "a": "2"}).experiments == (("a", "2"), ("b", "1"))
    with pytest.raises(ValueError, match="two variants"):
        Basket("EUR", (), experiments=[("a", "1"), ("a", "2")])


def test_a_condition_names_an_experiment_and_a_variant() -> None:
    for experiment, variants in (("", {"a"}), ("x", set()), ("x", {""})):
        with pytest.raises(BadSetting, match="Name at least one"):
            InVariant(experiment, variants)
    with pytest.raises(TypeError, match="Give a list"):
        InVariant("x", "control")
    assert json.dumps(InVariant("x", {"b", "a"}).words) == '"for a or b of the experiment x"'
