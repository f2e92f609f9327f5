"""What is priced, as columns of whole numbers: the lines of goods first, then what carriage there is.

Pricing is the library's hot loop. Promotions and taxes work on these columns and on positions in them; names, products and objects
stay at the edge. All amounts are minor units of one currency, as entered: included taxes are inside, added taxes are not.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import sub

from checkout_core.catalog import Product
from checkout_core.tax import TaxFormula


class Sheet:
    """The columns, entry by entry. Only `current` and `spent` change, as promotions take something.

    - `goods`: how many of the entries are lines, `lines`: their positions. `keys`: the SKU of a line, the method of carriage.
    - `units`, `quantities`, and `original` = unit × quantity. `floors`: what discounts must leave of an entry, whole.
    - `formulas`: the taxes of each entry, for shares by gross amount; None while they are not known.
    - `carriage_known`: False while no shipping method has been chosen and there may still be something to pay for it.
    - `current`: what earlier promotions left. `spent`: how many units of each line buy-and-get promotions have used, always its first
      ones, and `freed` what they took off it: a unit is not cheaper because another one was free.
    - `products`: what the catalogue says of each line; empty: not known, and nothing is in any category.
    - `plain`: nothing is below zero and nothing has a floor, so an entry can give all that it is worth.
    """

    __slots__ = (
        "carriage_known",
        "currency",
        "current",
        "floors",
        "formulas",
        "freed",
        "goods",
        "keys",
        "lines",
        "original",
        "plain",
        "products",
        "quantities",
        "spent",
        "units",
    )

    def __init__(
        self,
        currency: str,
        goods: int,
        keys: Sequence[str],
        units: Sequence[int],
        quantities: Sequence[int],
        floors: Sequence[int] | None = None,
        formulas: Sequence[TaxFormula] | None = None,
        *,
        carriage_known: bool = True,
        products: Sequence[Product] = (),
    ) -> None:
        """`floors` is the least price of one unit of each entry, as `units` is the price; None is no floor at all."""
        self.currency = currency
        self.goods = goods
        self.lines = tuple(range(goods))  # whoever means all lines names this very tuple: then a column is cut, not picked from
        self.keys = keys
        self.units = units
        self.quantities = quantities
        self.original: Sequence[int] = [unit * quantity for unit, quantity in zip(units, quantities, strict=True)]
        self.current: list[int] = list(self.original)
        self.floors: Sequence[int] | None = None
        if floors is not None and any(floors):
            self.floors = [floor * quantity for floor, quantity in zip(floors, quantities, strict=True)]
        self.formulas = formulas
        self.carriage_known = carriage_known
        self.products = products
        self.spent: list[int] = [0] * goods
        self.freed: list[int] = [0] * goods
        self.plain = self.floors is None and (not self.original or min(self.original) >= 0)

    def left(self, entries: Sequence[int]) -> list[int]:
        """What earlier promotions left of each of these entries."""
        current = self.current
        return current[: self.goods] if entries is self.lines else [current[i] for i in entries]

    def worth(self, entries: Sequence[int]) -> list[int]:
        """What each of these entries is worth now; a credit, which is below zero, counts as nothing."""
        found = self.left(entries)
        return found if self.plain else [max(amount, 0) for amount in found]

    def room(self, entries: Sequence[int]) -> list[int]:
        """What each of these entries can still give: down to its floor, or to nothing."""
        if self.plain:
            return self.left(entries)
        current, floors = self.current, self.floors
        if floors is None:
            return self.worth(entries)
        return [max(current[i] - max(floors[i], 0), 0) for i in entries]

    def take(self, entries: Sequence[int], shares: Sequence[int]) -> None:
        """Take these shares off these entries."""
        current = self.current
        if entries is self.lines:
            current[: self.goods] = map(sub, current, shares)
        else:
            for i, share in zip(entries, shares, strict=True):
                current[i] -= share

    def spend(
        self, got: Sequence[int], units: Sequence[int], shares: Sequence[int], bought: Sequence[tuple[int, int]], before: Sequence[int]
    ) -> None:
        """Note which units a buy-and-get promotion has used, if it kept a discount, and what it took off them.

        `before` is `spent` as the promotion found it: rivals of a group find the same, and may have used the same units.
        """
        if any(shares):
            used = dict.fromkeys([i for i, _ in bought], 0) | dict.fromkeys(got, 0)
            for i, count in (*bought, *zip(got, units, strict=True)):
                used[i] += count
            for i, count in used.items():
                self.spent[i] = max(self.spent[i], before[i] + count)
            for i, share in zip(got, shares, strict=True):
                self.freed[i] += share
