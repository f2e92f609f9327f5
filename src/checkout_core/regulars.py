"""What a shop's own orders say of who buys: the `Customers` port of a host that has no better one.

shop = Shop(storage=storage, customers=OwnOrders(queries), …)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from attrs import field, frozen

from checkout_core.customers import UNKNOWN, Shopper
from checkout_core.orders import OrderState
from checkout_core.ports import AsyncQueries

COUNTED_AT_MOST: Final = 100
"""So many orders are as good as any more: a list has a bound (R25)."""


def _groups(groups: Mapping[str, Iterable[str]]) -> Mapping[str, frozenset[str]]:
    return {customer: frozenset(of) for customer, of in groups.items()}


@frozen
class AsyncOwnOrders:
    """How many orders a signed-in customer has that stand or are done (a cancelled one was none), and their groups, if the host says so.

    Of a guest nothing is known: whoever gives an address has not shown that it is theirs. `queries` may be a replica that lags (E8), so
    two orders within a moment may both be first ones; a limit per person is what counts uses for certain.
    """

    queries: AsyncQueries
    groups: Mapping[str, frozenset[str]] = field(factory=dict, converter=_groups)

    async def shopper(self, customer: str | None, email: str | None) -> Shopper:
        if customer is None:
            return UNKNOWN
        orders = 0
        for state in (OrderState.PLACED, OrderState.COMPLETED):
            orders += len(await self.queries.orders(customer=customer, status=state, limit=COUNTED_AT_MOST))
        return Shopper(self.groups.get(customer, frozenset()), orders)
