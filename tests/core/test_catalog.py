"""What the catalogue tells us: prices as they are filed, never converted, never guessed."""

from __future__ import annotations

import pytest

from checkout_core.catalog import Product
from checkout_core.money import Money

MUG = Product("mug", "Mug", (Money(1000, "EUR"), Money(1100, "USD")))


def test_a_product_has_one_price_a_currency() -> None:
    """The price is the one filed for the currency."""
    assert MUG.price_in("USD") == Money(1100, "USD")


def test_no_price_is_no_guess() -> None:
    """A currency without a price has none: nothing is converted."""
    assert MUG.price_in("INR") is None


def test_prices_may_be_given_as_a_table() -> None:
    """A mapping by currency means the same as a sequence."""
    assert Product("mug", "Mug", {"EUR": Money(1000, "EUR"), "USD": Money(1100, "USD")}) == MUG


def test_two_prices_in_one_currency_are_refused() -> None:
    """Which of them would be charged is not left to chance."""
    with pytest.raises(ValueError, match="two amounts"):
        Product("mug", "Mug", (Money(1000, "EUR"), Money(900, "EUR")))


def test_a_price_is_filed_under_its_own_currency() -> None:
    """Ten dollars filed as euros are a mistake, not a price."""
    with pytest.raises(ValueError, match="filed under EUR is in USD"):
        Product("mug", "Mug", {"EUR": Money(1000, "USD")})


def test_a_price_is_never_negative() -> None:
    """Nothing is sold for less than nothing, unless it says that it is a credit; whoever reads the refusal learns of that."""
    with pytest.raises(ValueError, match=r"negative.*Only a credit"):
        Product("mug", "Mug", (Money(-1, "EUR"),))


def test_a_credit_may_cost_less_than_nothing() -> None:
    """A deposit given back is a product with a price below zero; a credit may also cost something."""
    back = Product("empties", "Empties", (Money(-25, "EUR"), Money(10, "USD")), credit=True)
    assert back.price_in("EUR") == Money(-25, "EUR")
    assert back.price_in("USD") == Money(10, "USD")
    assert not MUG.credit


def test_a_floor_is_filed_as_a_price_is() -> None:
    """One a currency, in its own currency, zero or more; a currency without one has none."""
    mug = Product("mug", "Mug", MUG.prices, floors=[Money(900, "EUR")])
    assert dict(mug.floors) == {"EUR": Money(900, "EUR")}
    assert mug == Product("mug", "Mug", MUG.prices, floors={"EUR": Money(900, "EUR")})
    assert not MUG.floors
    with pytest.raises(ValueError, match="floor of mug is below zero"):
        Product("mug", "Mug", MUG.prices, floors=[Money(-1, "EUR")])
    with pytest.raises(ValueError, match="two amounts"):
        Product("mug", "Mug", MUG.prices, floors=[Money(1, "EUR"), Money(2, "EUR")])
    with pytest.raises(ValueError, match="filed under EUR is in USD"):
        Product("mug", "Mug", MUG.prices, floors={"EUR": Money(1, "USD")})
    with pytest.raises(TypeError):
        mug.floors["EUR"] = Money(1, "EUR")  # type: ignore[index]


def test_a_free_product_has_a_price() -> None:
    """Zero is a price, and not the same as none."""
    assert Product("gift", "Gift", (Money(0, "EUR"),)).price_in("EUR") == Money(0, "EUR")


def test_a_weight_is_never_negative() -> None:
    """No product makes the parcel lighter, and its delivery cheaper."""
    with pytest.raises(ValueError, match="weight"):
        Product("balloon", "Balloon", (), weight=-1)


def test_a_product_does_not_change() -> None:
    """Neither a product nor its table of prices can be written to, even through the table it was made from."""
    table = {"EUR": Money(1000, "EUR")}
    product = Product("mug", "Mug", table)
    table["EUR"] = Money(1, "EUR")
    assert product.price_in("EUR") == Money(1000, "EUR")
    with pytest.raises(TypeError):
        product.prices["EUR"] = Money(1, "EUR")  # type: ignore[index]


def test_equal_products_are_one_key() -> None:
    """Products can be put into sets and tables."""
    assert len({MUG, Product("mug", "Mug", [Money(1100, "USD"), Money(1000, "EUR")])}) == 1
