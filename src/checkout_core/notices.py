"""What a notifier is given: a committed fact, and what it may say about it to whom."""

from __future__ import annotations

from attrs import frozen

from checkout_core.checkout import Checkout
from checkout_core.customers import Contact
from checkout_core.events import Event


@frozen
class Notice:
    """An event; how to reach the shopper, read from the person row at delivery; and the checkout it is about, as it is at delivery.

    The event says what happened then, the checkout what is true now: it may have gone on since. Either is None once it is erased.
    """

    event: Event
    contact: Contact | None = None
    checkout: Checkout | None = None

    @property
    def id(self) -> str:
        """De-duplicate by this."""
        return self.event.id
