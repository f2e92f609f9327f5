"""What the host's catalogue must tell us about a thing it sells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from attrs import field, frozen, validators

from checkout_core.money import Money, by_currency

SIDE_AT_MOST: Final = 100_000  # millimetres


def _prices(prices: Mapping[str, Money] | Iterable[Money]) -> Mapping[str, Money]:
    return by_currency(prices, "A product")


def _attributes(attributes: Mapping[str, str] | Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """In the order of their names: equal attributes are equal values."""
    pairs = attributes.items() if isinstance(attributes, Mapping) else attributes
    return tuple(sorted([(name, value) for name, value in pairs]))


def _size(size: Iterable[int] | None) -> tuple[int, int, int] | None:
    if size is None:
        return None
    given = tuple(size)
    if len(given) != 3 or any(type(side) is not int or not 0 < side <= SIDE_AT_MOST for side in given):
        raise ValueError(f"A size is three whole numbers of millimetres, such as (300, 200, 100), each at most {SIDE_AT_MOST}.")
    return given[0], given[1], given[2]


def _categories(categories: Iterable[str]) -> frozenset[str]:
    if isinstance(categories, str):
        raise TypeError(f"Give a list of categories, not the text {categories!r}.")
    return frozenset(categories)


@frozen
class Product:
    """One thing for sale, as the host's catalogue knows it now.

    `prices` holds one unit price a currency (give a sequence of `Money`); whether it contains tax is a property of the tax rates,
    not of the price. `weight` is in grams; `size` in millimetres: length, width, height of one unit as it is sent, None if not measured.
    `tracked` False means stock is not counted (a download, a service). `floors`: the least price
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
    size: tuple[int, int, int] | None = field(default=None, converter=_size, kw_only=True)
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

    @property
    def volume(self) -> int:
        """Cubic millimetres of one unit; 0 if it is not measured."""
        return 0 if self.size is None else self.size[0] * self.size[1] * self.size[2]

    @property
    def travels(self) -> bool:
        """Whether it has to be sent: it is counted as stock, or weighs something."""
        return self.tracked or self.weight > 0

    def price_in(self, currency: str) -> Money | None:
        """The unit price in that currency, or None: a price is never converted or guessed."""
        return self.prices.get(currency)
