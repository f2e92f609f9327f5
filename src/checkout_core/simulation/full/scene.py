"""What the full checkers look at: the store's tables, the gateway's own books, and what clients and the far side of the mail were told."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Protocol

from attrs import field, fields, frozen

from checkout_core.checkout import Checkout
from checkout_core.memory import Tables
from checkout_core.money import Money
from checkout_core.orders import OrderState
from checkout_core.pricing import Quote


class Known(Protocol):
    """What a gateway knows of one authorize key: its own record, whoever keeps it."""

    @property
    def key(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def amount(self) -> Money: ...
    @property
    def captured_at(self) -> datetime | None: ...


@frozen
class Told:
    """What a client was told of a payment it asked for under `key`, in the order in which it was told: a `checkout.Result`, or a fault."""

    who: str
    checkout: str
    key: str
    said: object


@frozen(slots=False, eq=False)
class Scene:
    """One moment. `before` is an earlier moment's tables, `told` and `notices` (times, by consumer and event) what left the shop.

    `consumers` are those who are told of everything, and those in `noted` note it here; `poisoned` are the events that one of them refused
    for good, by consumer and event (None: nobody knows).
    `excuses` counts what may have made the far side get a notice twice: crashes of whoever sent it, and answers that did not come.
    `calm` says that no fault has struck. `verified` remembers the quotes that were found right, by hash, so that each is recomputed once:
    it is good for as long as the code that makes quotes stays the same, so begin with an empty one after planting a bug.
    """

    tables: Tables
    payments: Sequence[Known] = ()
    now: datetime | None = None
    before: Tables | None = None
    told: Sequence[Told] = ()
    notices: Mapping[tuple[str, str], int] = field(factory=dict)
    excuses: int = 0
    consumers: tuple[str, ...] = ()
    noted: tuple[str, ...] = ()
    poisoned: Collection[tuple[str, str]] | None = None
    calm: bool = False
    attempts_at_most: int = 10
    verified: dict[str, Quote] = field(factory=dict)

    @cached_property
    def by_checkout(self) -> Mapping[str, Sequence[Known]]:
        """The gateway's payments of each checkout that it knows."""
        return by_checkout(self.payments)


def moment(tables: Tables) -> Tables:
    """The tables as they are now, whatever is written to them later: rows are frozen."""
    return Tables(*[type(rows)(rows) for rows in (getattr(tables, one.name) for one in fields(Tables))])


@frozen
class Check:
    """One thing that must be true: the `id` it belongs to, its sentence, and how to find out. `find` raises Violation."""

    id: str
    says: str
    find: Callable[[Scene], None]


def by_checkout(payments: Iterable[Known]) -> dict[str, list[Known]]:
    """Payments by the checkout in their key, `{checkout}/{digest}/authorize`."""
    found: dict[str, list[Known]] = {}
    for payment in payments:
        found.setdefault(payment.key.rsplit("/", 2)[0], []).append(payment)
    return found


def attempt_of(payment: Known) -> str:
    """The key of the attempt that a payment was made for; a second payment under one key (`#2`) is of the same attempt."""
    return payment.key.partition("#")[0].removesuffix("/authorize")


def charged(payment: Known) -> bool:
    """Whether money of the payer is reserved or taken, and not given back."""
    return payment.state in ("authorized", "captured")


def corrected(payment: Known) -> bool:
    """Whether the gateway had declined it before its money came: nobody could know, so it is only asked to go back."""
    return bool(getattr(payment, "corrected", False))


def live(c: Checkout) -> bool:
    """Whether its order stands."""
    return c.order is not None and c.order.state is not OrderState.CANCELLED


def pays_for_order(c: Checkout, attempt: str) -> bool:
    """Whether its order stands, and this attempt paid for it."""
    return live(c) and c.order is not None and c.order.paid_by == attempt
