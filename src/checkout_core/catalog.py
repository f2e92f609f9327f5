"""What the host's catalogue must tell us about a thing it sells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import field, frozen, validators

from checkout_core.money import Money, by_currency


def _prices(prices: Mapping[str, Money] | Iterable[Money]) -> Mapping[str, Money]:
    return by_currency(prices, "A product")


def _attributes(attributes: Mapping[str, str] | Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """In the order of their names: equal attributes are equal values."""
    pairs = attributes.items() if isinstance(attributes, Mapping) else attributes
    return tuple(sorted([(name, value) for name, value in pairs]))


def _categories(categories: Iterable[str]) -> frozenset[str]:
    if isinstance(categories, str):
        raise TypeError(f"Give a list of categories, not the text {categories!r}.")
    return frozenset(categories)


@frozen
class Product:
    """One thing for sale, as the host's catalogue knows it now.

    `prices` holds one unit price a currency (give a sequence of `Money`); whether it contains tax is a property of the tax rates,
    not of the price. `weight` is in grams. `tracked` False means stock is not counted (a download, a service). `floors`: the least price
    of a unit, by currency, below which no discount goes. `credit`: it may cost less than nothing (a deposit given back, an agreed
    rebate); promotions pass such a line over. `categories` and `attributes` (name and value: give a table) are what promotions choose goods
    by. Raises ValueError for a price below zero without `credit`, and for a floor below zero.
    """

    sku: str
    name: str
    prices: Mapping[str, Money] = field(converter=_prices, hash=False)
    tax_category: str = "standard"
    weight: int = field(default=0, validator=validators.ge(0))
    tracked: bool = True
    floors: Mapping[str, Money] = field(default=(), converter=_prices, hash=False, kw_only=True)
    credit: bool = field(default=False, kw_only=True)
    categories: frozenset[str] = field(default=frozenset(), converter=_categories, kw_only=True)
    attributes: tuple[tuple[str, str], ...] = field(default=(), converter=_attributes, kw_only=True)

    def __attrs_post_init__(self) -> None:
        for price in self.prices.values():
            if price.minor < 0 and not self.credit:
                raise ValueError(f"A price cannot be negative: {price}. Only a credit costs less than nothing.")
        for floor in self.floors.values():
            if floor.minor < 0:
                raise ValueError(f"The price floor of {self.sku} is below zero: {floor}. Leave it out.")

    def price_in(self, currency: str) -> Money | None:
        """The unit price in that currency, or None: a price is never converted or guessed."""
        return self.prices.get(currency)
