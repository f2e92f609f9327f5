"""What the host's catalogue must tell us about a thing it sells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import field, frozen, validators

from checkout_core.money import Money, by_currency


def _prices(prices: Mapping[str, Money] | Iterable[Money]) -> Mapping[str, Money]:
    return by_currency(prices, "A product")


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
    prices: Mapping[str, Money] = field(converter=_prices, hash=False)
    tax_category: str = "standard"
    weight: int = field(default=0, validator=validators.ge(0))
    tracked: bool = True
    floors: Mapping[str, Money] = field(default=(), converter=_prices, hash=False, kw_only=True)
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
