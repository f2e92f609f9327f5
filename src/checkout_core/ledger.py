"""Double entry: every movement of money is a posting whose entries add up to nothing (R28, I11).

    money received        gateway + amount      | receivable − amount
    order placed          receivable + due, gift cards + what they pay  | sales − net, shipping − net, tax − tax, rounding − what coins add
    order cancelled       the same, reversed
    money sent back       receivable + amount   | gateway − amount

`receivable` is a clearing account: for each checkout it is zero at rest. `gift_cards` is what their holders have spent of what the shop
owes them. Corrections are new postings.
"""

from __future__ import annotations

from datetime import datetime

from attrs import field, frozen

GATEWAY, RECEIVABLE, SALES, SHIPPING, TAX, ROUNDING = "gateway", "receivable", "sales", "shipping", "tax", "rounding"
GIFT_CARDS = "gift_cards"


@frozen
class Entry:
    """One side of a posting, in minor units: positive is debit, negative is credit."""

    account: str
    amount: int


@frozen
class Posting:
    """What one event did to the books. Raises ValueError unless its entries add up to zero."""

    id: str
    checkout: str
    currency: str
    reason: str
    at: datetime
    entries: tuple[Entry, ...] = field()

    def __attrs_post_init__(self) -> None:
        if sum(entry.amount for entry in self.entries) != 0:
            raise ValueError(f"The posting {self.id} does not add up to zero.")


def entries(**amounts: int) -> tuple[Entry, ...]:
    """Entries by account, those of zero left out."""
    return tuple(Entry(account, amount) for account, amount in amounts.items() if amount)


def reversed_entries(posted: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """The entries that undo these."""
    return tuple(Entry(entry.account, -entry.amount) for entry in posted)
