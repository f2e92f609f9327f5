"""What the host's catalogue must tell us about a thing it sells."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from attrs import field, frozen, validators

from checkout_core.money import Money


def _by_currency(prices: Mapping[str, Money] | tuple[Money, ...] | list[Money]) -> Mapping[str, Money]:
    if not isinstance(prices, Mapping):
        table = {price.currency: price for price in prices}
        if len(table) != len(prices):
            raise ValueError("A product has two prices in one currency. Keep one.")
        prices = table
    for currency, price in prices.items():
        if price.currency != currency:
            raise ValueError(f"The price filed under {currency} is in {price.currency}.")
        if price.minor < 0:
            raise ValueError(f"A price cannot be negative: {price}.")
    return MappingProxyType(dict(prices))


@frozen
class Product:
    """One thing for sale, as the host's catalogue knows it now.

    `prices` holds one unit price a currency (give a sequence of `Money`); whether it contains tax is a property of the tax rates,
    not of the price. `weight` is in grams. `tracked` False means stock is not counted (a download, a service).
    """

    sku: str
    name: str
    prices: Mapping[str, Money] = field(converter=_by_currency, hash=False)
    tax_category: str = "standard"
    weight: int = field(default=0, validator=validators.ge(0))
    tracked: bool = True

    def price_in(self, currency: str) -> Money | None:
        """The unit price in that currency, or None: a price is never converted or guessed."""
        return self.prices.get(currency)
