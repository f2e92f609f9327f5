"""`examples/promotions`: what a shop manager asks for, as it is written down there, gives what was meant; and where not, says why."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from attrs import evolve, frozen

from checkout_adapters.files import read_shop
from checkout_core import Refused, why_not
from checkout_core.cart import Line
from checkout_core.codes import parted
from checkout_core.customers import Destination, Shopper
from checkout_core.gifts import gift_skus
from checkout_core.pricing import Basket, Facts, Quote, price
from checkout_core.promotions.checking import never
from checkout_core.promotions.clashes import clashes
from checkout_core.receipt import figures_of, receipt_of, recompute
from checkout_core.shipping import Parcel, Shipment, ShippingOption
from tests.cli.conftest import EXAMPLES

FILES: Final = read_shop(EXAMPLES / "promotions")
MONDAY: Final = datetime(2026, 11, 23, 12, tzinfo=UTC)
FRIDAY: Final = datetime(2026, 11, 27, 16, 30, tzinfo=UTC)  # half past five in the evening in Berlin


@frozen
class Cart:
    """What is bought, and by whom; at noon on a Monday, sent to Germany, by somebody who has ordered before."""

    goods: dict[str, int]
    codes: tuple[str, ...] = ()
    country: str = "DE"
    at: datetime = MONDAY
    shopper: Shopper = Shopper((), 3)
    pay_by: str = ""


def laid(cart: Cart) -> tuple[Basket, Facts]:
    catalog, to = FILES.catalog(), Destination(cart.country)
    deals, _ = parted(catalog.promotions(cart.codes))
    products = catalog.products([*cart.goods, *gift_skus(deals)])
    weight = sum(products[sku].weight * count for sku, count in cart.goods.items())
    sent = catalog.options(Shipment(to, "EUR", [Parcel(weight)]))
    categories = sorted({product.tax_category for product in products.values()} | {"shipping"})
    facts = Facts(products, deals, catalog.rates(to, categories, cart.at), tuple(sent), {}, cart.shopper)
    ways = tuple(option.id for option in sent if isinstance(option, ShippingOption)) if weight else ()
    lines = tuple(Line(sku, count) for sku, count in cart.goods.items())
    return Basket("EUR", lines, to, ways, cart.codes, pay_by=cart.pay_by), facts


def quoted(cart: Cart) -> Quote:
    answer = price(*laid(cart), cart.at)
    assert isinstance(answer, Quote), answer
    return answer


def given(cart: Cart) -> dict[str, int]:
    """What each promotion takes, in cents."""
    return {used.id: used.amount for used in quoted(cart).promotions}


def why_of(id: str, cart: Cart) -> why_not.Why:
    (promotion,) = [each for each in FILES.promotions if each.id == id]
    return why_not.why(promotion, *laid(cart), cart.at)


STAFF: Final = Shopper({"staff"}, 3)
CLUB: Final = Shopper({"tea-club"}, 3)
NEW: Final = Shopper((), 0)
SIX_RED: Final = {"SOCK-RED": 4, "SCARF-RED": 1, "HAT-RED": 1}

APPLIES: list[tuple[str, Cart, int]] = [
    ("socks-3-for-2", Cart({"SOCK-RED": 1, "SOCK-BLUE": 1, "SOCK-GREY": 1}), 600),
    ("socks-3-for-2", Cart({"SOCK-RED": 2, "SOCK-BLUE": 2, "SOCK-GREY": 2}), 600 + 800),  # 6 6 8 | 8 9 9
    ("more-is-less", Cart({"BOOK-TEA": 2, "POT": 1}), 720),  # 10 % of 72.00
    ("more-is-less", Cart({"BOOK-TEA": 5}), 1500),  # 15 % of 100.00: reaching it is enough
    ("more-is-less", Cart({"BOOK-TEA": 15}), 3000),  # 45.00, capped
    ("more-is-less", Cart({"BOOK-TEA": 2, "CARD-25": 1}), 400),  # 65.00 reach the tier, 40.00 are made cheaper
    ("first-order", Cart({"BOOK-TEA": 1}, ("HELLO5",), shopper=NEW), 500),
    ("free-parcel", Cart({"BOOK-TEA": 2}), 490),
    ("free-parcel", Cart({"BOOK-TEA": 2}, country="AT"), 990),
    ("free-parcel", Cart({"SOCK-RED": 7}), 490),  # 63.00 less 18.00; and carriage is another lane than the exclusive socks
    ("happy-hour", Cart({"TEA-MINT": 2, "BOOK-TEA": 1}, at=FRIDAY), 130),
    ("tea-club", Cart({"TEA-MINT": 2, "BOOK-TEA": 1}, at=FRIDAY, shopper=CLUB), 195),  # better than the happy hour's 1.30
    ("staff", Cart({"POT": 1, "BOOK-TEA": 1}, shopper=STAFF), 960),
    ("pot-and-tea", Cart({"POT": 1, "TEA-MINT": 1, "TEA-ASSAM": 1}), 890),  # the dearer line first
    ("second-pair", Cart({"SOCK-RED": 1, "SOCK-GREY": 1}, ("SECONDPAIR",)), 300),
    ("upi", Cart({"BOOK-TEA": 2}, pay_by="upi"), 200),
    ("upi", Cart({"POT": 2, "BOOK-TEA": 1}, pay_by="upi"), 300),  # 5 % of 75.60 are 3.78, capped
    ("red-week", Cart({"SCARF-RED": 6}), 900),
    ("warm-set", Cart({"HAT-RED": 2, "SCARF-RED": 1}), 600),  # 42.00 for 36.00, once
    ("strainer", Cart({"BOOK-TEA": 6}), 450),  # 120.00, and 102.00 after 15 %
    ("strainer", Cart({"BOOK-TEA": 6, "STRAINER": 1}), 450),  # one is bought, one is given
]

REFUSES: list[tuple[str, Cart, Refused]] = [
    ("socks-3-for-2", Cart({"SOCK-RED": 2, "POT": 1}), Refused("no-effect", "socks-3-for-2")),
    ("more-is-less", Cart({"BOOK-TEA": 2}), Refused("no-effect", "more-is-less")),
    ("more-is-less", Cart({"CARD-25": 4}), Refused("not-these-goods", "more-is-less")),
    ("first-order", Cart({"BOOK-TEA": 1}, ("HELLO5",)), Refused("not-first-order", "HELLO5")),
    ("first-order", Cart({"CARD-25": 1}, ("HELLO5",), shopper=NEW), Refused("not-these-goods", "HELLO5")),
    ("first-order", Cart({"BOOK-TEA": 1}, ("HELLO5",), shopper=Shopper()), Refused("shopper-unknown", "HELLO5", "a first order")),
    ("free-parcel", Cart({"BOOK-TEA": 1}), Refused("minimum-spend", "free-parcel")),
    ("free-parcel", Cart({"BOOK-TEA": 2}, country="FR"), Refused("other-place", "free-parcel", "AT or DE")),
    ("happy-hour", Cart({"TEA-MINT": 2}), Refused("not-these-hours", "happy-hour", "fri from 17:00 to 20:00 in Europe/Berlin")),
    ("tea-club", Cart({"TEA-MINT": 2}), Refused("not-in-group", "tea-club", "tea-club")),
    ("staff", Cart({"BOOK-TEA": 1}, shopper=STAFF), Refused("not-these-goods", "staff")),
    ("staff", Cart({"POT": 1}), Refused("not-in-group", "staff", "staff")),
    ("pot-and-tea", Cart({"POT": 1, "BOOK-TEA": 1}), Refused("not-these-goods", "pot-and-tea")),
    ("second-pair", Cart({"SOCK-RED": 3}, ("SECONDPAIR",)), Refused("not-combinable", "SECONDPAIR", "socks-3-for-2")),
    ("upi", Cart({"BOOK-TEA": 2}, pay_by="card"), Refused("other-method", "upi", "upi")),
    ("red-week", Cart({"SCARF-RED": 4, "SOCK-BLUE": 2}), Refused("minimum-quantity", "red-week")),
    ("warm-set", Cart({"HAT-RED": 1, "SOCK-RED": 1}), Refused("no-effect", "warm-set")),
    ("strainer", Cart({"BOOK-TEA": 4}), Refused("minimum-spend", "strainer")),
]


@pytest.mark.parametrize(("id", "cart", "amount"), APPLIES, ids=[f"{id}-{n}" for n, (id, _, _) in enumerate(APPLIES)])
def test_each_gives_what_was_asked_for(id: str, cart: Cart, amount: int) -> None:
    """To the cent; its receipt works it out again, and `why` says the same with every requirement met."""
    quote = quoted(cart)
    assert given(cart)[id] == amount
    assert recompute(receipt_of(quote)) == figures_of(quote)
    found = why_of(id, cart)
    assert found.takes is not None
    assert found.takes.minor == amount
    assert all(check.refused is None for check in found.checks)


@pytest.mark.parametrize(("id", "cart", "refused"), REFUSES, ids=[f"{id}-{n}" for n, (id, _, _) in enumerate(REFUSES)])
def test_each_says_why_not(id: str, cart: Cart, refused: Refused) -> None:
    """As a reason with its facts: what a code gets as a refusal, an automatic one as news."""
    answer = price(*laid(cart), cart.at)
    told = answer.near_misses if isinstance(answer, Quote) else answer
    (found,) = [each for each in told if each.subject == refused.subject]
    assert evolve(found, missing=None, missing_units=None, until=None) == refused
    explained = why_of(id, cart)
    assert explained.takes is None
    assert refused.reason in {check.refused.reason for check in explained.checks if check.refused is not None}


def test_how_far_away_they_are() -> None:
    """Twenty more for the parcel, two red things, and Friday at five in the evening of Berlin."""
    assert why_of("free-parcel", Cart({"BOOK-TEA": 1})).checks[-1].refused == evolve(
        Refused("minimum-spend", "free-parcel"), missing=FILES.products[8].prices["EUR"]
    )
    (red,) = [check.refused for check in why_of("red-week", Cart({"SCARF-RED": 4})).checks if check.refused]
    assert red.missing_units == 2
    (hours,) = [check.refused for check in why_of("happy-hour", Cart({"TEA-MINT": 2})).checks if check.refused]
    assert hours.until == datetime(2026, 11, 27, 16, tzinfo=UTC)


def test_what_goes_with_what() -> None:
    """Free socks shut out the percent, not the carriage; the club's tea beats the happy hour's; the red week comes before the tiers."""
    assert given(Cart({"SOCK-RED": 6, "BOOK-TEA": 2})) == {"socks-3-for-2": 1800, "free-parcel": 490}
    assert given(Cart({"TEA-MINT": 2, "BOOK-TEA": 1}, at=FRIDAY, shopper=CLUB)) == {"tea-club": 195}
    assert given(Cart({"SCARF-RED": 6})) == {"red-week": 900, "more-is-less": 2025, "free-parcel": 490, "strainer": 450}
    assert given(Cart(SIX_RED)) == {"socks-3-for-2": 900, "free-parcel": 490}


def test_they_make_sense_together() -> None:
    """Each can apply, none keeps another out, no turn is left to chance; and each is tried above, both ways."""
    assert [one for each in FILES.promotions for one in never(each, FILES.products, FILES.shipping.methods, MONDAY)] == []
    assert clashes(FILES.promotions, FILES.products) == ()
    ids = {promotion.id for promotion in FILES.promotions}
    assert len(ids) == 13
    assert ids == {id for id, _, _ in APPLIES} == {id for id, _, _ in REFUSES}


def test_each_stands_below_the_words_it_was_asked_for_with() -> None:
    text = (EXAMPLES / "promotions" / "promotions.toml").read_text(encoding="utf-8")
    asked: dict[str, Any] = {each["id"]: None for each in tomllib.loads(text)["promotions"]}
    for part in text.split("[[promotions]]")[:-1]:
        assert part.rstrip().splitlines()[-1].startswith("#"), part[-200:]
    assert text.count('# "') == len(asked)
