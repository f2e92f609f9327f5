"""Gift cards as a means to pay: their money is spent once, whoever asks at the same time, and comes back when the order does not stand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from checkout_core import Card, Placed, Refusal, Refused
from checkout_core.card_numbers import card_number, card_reference
from checkout_core.money import Money
from checkout_core.system import new_gift_card
from tests.scenarios.stage import Stage
from tests.world import ADA, BERLIN, interleave

pytestmark = pytest.mark.filterwarnings("error")


def a_card(stage: Stage, worth: int, currency: str = "EUR") -> str:
    """A new card with so much on it."""
    number = new_gift_card()
    stage.shop.load_gift_card(number, Money(worth, currency), reason="sold", actor="till")
    return number


def left(stage: Stage, number: str, currency: str = "EUR") -> tuple[int, int, int]:
    """What can be spent of it, what is being spent, and what is spent."""
    pool = stage.shop.gift_card(number, currency)
    return pool.available, pool.held, pool.committed


def test_a_card_pays_what_it_can_and_the_gateway_the_rest(stage: Callable[..., Stage]) -> None:
    at = stage()
    number = a_card(at, 1000)
    plain = at.begin("MUG")
    c = at.begin("MUG", gift_cards=[number.lower().replace("-", " ")])  # however it is typed
    assert plain.total - c.total == Money(1000, "EUR")
    assert left(at, number) == (1000, 0, 0)  # nothing is taken before somebody pays
    said = at.pay(c)
    assert isinstance(said, Placed)
    assert said.total == c.total
    assert at.charged == [c.total.minor]
    assert left(at, number) == (0, 0, 1000)
    at.ends_well()


def test_a_card_that_pays_all_of_it_needs_no_gateway(stage: Callable[..., Stage]) -> None:
    at = stage()
    number = a_card(at, 10_000)
    c = at.begin("MUG", gift_cards=[number])
    assert c.total == Money(0, "EUR")
    assert isinstance(at.pay(c), Placed)
    assert at.charged == []
    spent = c.quote.totals.total if c.quote else 0
    assert left(at, number) == (10_000 - spent, 0, spent)
    at.ends_well()


@pytest.mark.fault("G10", "S5")
def test_two_tabs_spend_one_card_once(stage: Callable[..., Stage], struck: set[str]) -> None:
    """RB-71: a card of 50.00 and two orders of about 40.00 at once: the second is offered what is left, and pays the rest otherwise."""
    at = stage()
    number = a_card(at, 5000)
    first, second = [at.begin("MUG", 3, gift_cards=[number]) for _ in range(2)]
    price = first.quote.totals.total if first.quote else 0
    assert 4000 < price < 5000
    assert first.total == second.total == Money(0, "EUR")
    assert isinstance(at.pay(first, key="a"), Placed)
    struck |= {"G10", "S5"}
    said = at.pay(second, key="b")
    assert isinstance(said, Refused)
    assert (said.reason, said.total) == ("quote-changed", Money(2 * price - 5000, "EUR"))
    assert left(at, number) == (5000 - price, 0, price)
    again = at.shop.begin(second.cart)  # the shopper looks at the new total
    assert again.total == said.total
    assert isinstance(at.pay(again, key="c"), Placed)
    assert at.charged == [2 * price - 5000]
    assert left(at, number) == (0, 0, 5000)
    at.ends_well()


@pytest.mark.fault("G10")
@pytest.mark.parametrize("seed", range(5))
def test_a_crowd_spends_no_card_twice(stage: Callable[..., Stage], seed: int, struck: set[str]) -> None:
    """Eight at once, on a card that is good for not quite two: never more than there was, and the others pay what they are told then."""
    at = stage()
    number = a_card(at, 3000)
    shop = at.crowd()

    async def buys(n: int) -> Any:
        cart = await shop.open_cart(currency="EUR")
        await shop.add(cart.id, sku="MUG")
        c = await shop.begin(cart.id, ship_to=BERLIN, shipping="standard", contact=ADA, gift_cards=[number])
        said, tries = await shop.pay(c.id, Card("tok_ok"), expected=c.total, key=f"k{n}"), 0
        while isinstance(said, Refused) and said.reason == "quote-changed":
            assert said.total is not None
            tries += 1
            said = await shop.pay(c.id, Card("tok_ok"), expected=said.total, key=f"k{n}-{tries}")
        return said

    told = interleave(seed, *(buys(n) for n in range(8)))
    struck.add("G10")
    assert all(isinstance(one, Placed) for one in told), told
    assert left(at, number) == (0, 0, 3000)
    at.ends_well()


def test_what_a_cancelled_order_took_is_on_the_card_again(stage: Callable[..., Stage]) -> None:
    at = stage()
    number = a_card(at, 1000)
    c = at.begin("MUG", gift_cards=[number])
    at.pay(c)
    at.shop.cancel(c.id, reason="changed my mind")
    at.drain()
    assert left(at, number) == (1000, 0, 0)
    assert at.charged == []
    at.ends_well()


def test_a_declined_payment_gives_the_card_back_in_time(stage: Callable[..., Stage]) -> None:
    at = stage()
    number = a_card(at, 1000)
    c = at.begin("MUG", gift_cards=[number])
    assert at.pay(c, "tok_declined").reason == "declined"
    assert left(at, number) == (0, 1000, 0)  # while another means is tried, it is kept
    at.drain()
    assert left(at, number) == (1000, 0, 0)
    at.ends_well()


def test_what_an_overdue_checkout_holds_of_a_card_is_let_go_for_the_next(stage: Callable[..., Stage]) -> None:
    """Q2: nobody is refused for what lies with a purchase whose time is up."""
    at = stage()
    number = a_card(at, 1000)
    c = at.begin("MUG", gift_cards=[number])
    at.pay(c, "tok_declined")
    at.clock.forward(hours=2)
    again = at.begin("MUG", gift_cards=[number])
    assert again.quote is not None
    assert again.quote.cards[0].used == 1000
    assert isinstance(at.pay(again, key="k2"), Placed)
    at.ends_well()


def test_a_card_is_clamped_to_a_cart_that_shrinks(stage: Callable[..., Stage]) -> None:
    """RB-70: what a card pays is worked out anew with every price; it never pays more than there is to pay."""
    at = stage()
    number = a_card(at, 8000)
    c = at.begin("MUG", 5, gift_cards=[number])
    assert c.quote is not None
    assert c.quote.cards[0].used == c.quote.totals.total == 7240
    line = c.lines[0].id
    at.shop.change(c.cart, line, quantity=1)
    less = at.shop.update(c.id)
    assert less.quote is not None
    assert less.total == Money(0, "EUR")
    assert less.quote.cards[0].used == less.quote.totals.total < 8000
    assert isinstance(at.pay(less), Placed)
    at.ends_well()


def test_several_cards_are_used_in_turn_and_can_be_left_out_again(stage: Callable[..., Stage]) -> None:
    at = stage()
    one, two = a_card(at, 300), a_card(at, 50_000)
    c = at.begin("MUG", gift_cards=[one, two, one])
    assert c.quote is not None
    assert [card.used for card in c.quote.cards] == [300, c.quote.totals.total - 300]
    bare = at.shop.update(c.id, gift_cards=[])
    assert bare.quote is not None
    assert (bare.cards, bare.quote.cards) == ((), ())
    kept = at.shop.update(at.shop.update(c.id, gift_cards=[two]).id, shipping="standard")
    assert kept.cards == (card_reference(two),)  # what is not said stays
    assert isinstance(at.pay(kept), Placed)
    assert left(at, one) == (300, 0, 0)
    at.ends_well()


# The clumsy.
def test_what_is_no_card_is_refused_and_never_told_back(stage: Callable[..., Stage]) -> None:
    at = stage()
    number, never = a_card(at, 1000), card_number(12345)
    other = number[:-1] + ("0" if number[-1] != "0" else "1")
    unknown, misspelt = "unknown-gift-card", "gift-card-misspelt"
    for typed, reason in ((never, unknown), (other, misspelt), ("SAVE10", unknown), (7, unknown)):
        with pytest.raises(Refusal) as caught:
            at.begin("MUG", gift_cards=[typed])
        assert caught.value.refused[0].reason == reason
        assert str(typed) not in str(caught.value)
    with pytest.raises(Refusal, match="At most 10 gift cards"):
        at.begin("MUG", gift_cards=[card_number(n) for n in range(11)])
    with pytest.raises(Refusal, match="list of numbers"):
        at.begin("MUG", gift_cards=number)
    with pytest.raises(Refusal, match="looks like a card number"):
        at.begin("MUG", gift_cards=["4111 1111 1111 1111"])
    at.ends_well()


def test_a_reference_is_public_and_pays_nothing(stage: Callable[..., Stage]) -> None:
    """What orders and lists show of a card is worth nothing to whoever reads it (R24)."""
    at = stage()
    number = a_card(at, 1000)
    c = at.begin("MUG", gift_cards=[number])
    assert number.replace("-", "") not in repr(c)
    with pytest.raises(Refusal):
        at.begin("MUG", gift_cards=[c.cards[0]])
    assert at.shop.gift_card(c.cards[0], "EUR").on_hand == 1000  # the shop's own people may look by it
    at.ends_well()


def test_a_card_has_a_currency(stage: Callable[..., Stage]) -> None:
    at = stage()
    number = a_card(at, 1000, "USD")
    with pytest.raises(Refusal) as caught:
        at.begin("MUG", gift_cards=[number])
    assert caught.value.refused[0].reason == "unknown-gift-card"
    with pytest.raises(Refusal):
        at.shop.gift_card(number, "EUR")
    assert left(at, number, "USD") == (1000, 0, 0)


def test_a_card_is_loaded_once_a_key_and_never_below_what_is_spent(stage: Callable[..., Stage]) -> None:
    at = stage()
    number = new_gift_card()
    for _ in range(2):
        at.shop.load_gift_card(number, Money(1000, "EUR"), reason="sold", actor="till", key="order 7")
    with pytest.raises(Refusal, match="another request"):
        at.shop.load_gift_card(number, Money(2000, "EUR"), reason="sold", actor="till", key="order 7")
    assert left(at, number) == (1000, 0, 0)
    at.pay(at.begin("MUG", gift_cards=[number]))
    with pytest.raises(Refusal) as caught:
        at.shop.load_gift_card(number, Money(-1, "EUR"), reason="a mistake", actor="till")
    assert caught.value.refused[0].reason == "gift-card-promised"
    for wrong in (Money(0, "EUR"), "10.00"):
        with pytest.raises(Refusal, match="amount"):
            at.shop.load_gift_card(number, wrong, reason="sold", actor="till")  # type: ignore[arg-type]
    at.ends_well()


def test_a_quote_that_is_still_good_is_paid_though_the_card_has_less(stage: Callable[..., Stage]) -> None:
    """Only what the quote takes matters: another purchase with the same card changes nothing while there is enough."""
    at = stage()
    number = a_card(at, 50_000)
    first, second = [at.begin("MUG", gift_cards=[number]) for _ in range(2)]
    assert isinstance(at.pay(first, key="a"), Placed)
    assert isinstance(at.pay(second, key="b", expected=second.quote.hash if second.quote else ""), Placed)
    at.ends_well()


def test_money_that_comes_late_buys_nothing_when_the_card_is_spent_elsewhere(stage: Callable[..., Stage]) -> None:
    """R8: what a purchase needs is held together or not at all, and the late money goes back."""
    at = stage()
    number = a_card(at, 1000)
    c = at.begin("MUG", gift_cards=[number])
    at.pay(c, "upi_pending")
    at.clock.forward(minutes=2)
    for minutes in (29, 1):
        at.clock.forward(minutes=minutes)
        at.shop.tick()
    other = at.begin("MUG", gift_cards=[number])
    assert isinstance(at.pay(other, key="k2"), Placed)
    at.comes_through(c)
    assert at.charged == [other.total.minor]
    assert at.now(c).order is None
    assert left(at, number) == (0, 0, 1000)
    at.clock.time += timedelta(days=1)
    at.ends_well()
