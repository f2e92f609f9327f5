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
    return MappingProxyType(dict(prices))


@frozen
class Product:
    """One thing for sale, as the host's catalogue knows it now.

    `prices` holds one unit price a currency (give a sequence of `Money`); whether it contains tax is a property of the tax rates,
    not of the price. `weight` is in grams. `tracked` False means stock is not counted (a download, a service). `floors`: the least price
    of a unit, by currency, below which no discount goes. `credit`: it may cost less than nothing (a deposit given back, an agreed
    rebate); promotions pass such a line over. Raises ValueError for a price below zero without it, and for a floor below zero.
    """

    sku: str
    name: str
    prices: Mapping[str, Money] = field(converter=_by_currency, hash=False)
    tax_category: str = "standard"
    weight: int = field(default=0, validator=validators.ge(0))
    tracked: bool = True
    floors: Mapping[str, Money] = field(default=(), converter=_by_currency, hash=False, kw_only=True)
    credit: bool = field(default=False, kw_only=True)

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
