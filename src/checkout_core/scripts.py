"""A purchase told in a table: who shops, what they do step by step, and what is expected of it.

    title = "A card declined, then another"
    [shoppers.ben]
    email = "ben@example.com"
    [[steps]]
    do = "open"
    currency = "EUR"

`script_of` reads what a TOML or JSON parser gives into a frozen `Script`, or raises `BadScript` with every mistake and its place. It asks
nobody: whether a SKU exists or a code is valid is for the shop to answer when the script is played (`checkout_core.player`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

from attrs import evolve, frozen

from checkout_core.cart import How, Options
from checkout_core.customers import Address, Contact
from checkout_core.errors import CheckoutError
from checkout_core.money import Money
from checkout_core.payments import Card, Upi

Outcome = Literal["done", "placed", "action", "pending", "refused"]


class BadScript(CheckoutError):
    """A script cannot be read: correct it. `mistakes` has all of them, each with its place."""

    def __init__(self, name: str, mistakes: tuple[str, ...]) -> None:
        super().__init__(name, mistakes)
        self.name = name
        self.mistakes = mistakes

    def __str__(self) -> str:
        return "\n".join(f"{self.name}: {mistake}" for mistake in self.mistakes)


@frozen
class Shopper:
    """Who acts. With `customer` they have an account; `address` is where their parcels go unless a step says otherwise."""

    name: str
    customer: str | None = None
    contact: Contact | None = None
    address: Address | None = None


# What a shopper does. Carts are known by the names the script gives them; each shopper has one that is current.
@frozen
class Open:
    """A cart, current from now on: a new one, or the account's open one in that currency; `guest` opens it without the account."""

    cart: str
    currency: str
    guest: bool = False


@frozen
class Login:
    """The current guest's cart goes into the account's cart `into`, which is current from now on."""

    into: str
    how: How = "sum"


@frozen
class Merge:
    """One named cart goes into another."""

    cart: str
    into: str
    how: How = "sum"


@frozen
class Add:
    """So many more of something."""

    sku: str
    quantity: int = 1
    options: Options = ()


@frozen
class Change:
    """Another quantity of a line."""

    sku: str
    quantity: int
    options: Options = ()


@frozen
class Remove:
    """A line is taken out."""

    sku: str
    options: Options = ()


@frozen
class Begin:
    """The checkout of the current cart, with what is said; `again` brings it up to date instead. None leaves what was said before."""

    ship_to: Address | None = None
    contact: Contact | None = None
    shipping: str | None = None
    codes: tuple[str, ...] | None = None
    gift_cards: tuple[str, ...] | None = None
    channel: str | None = None
    pay_by: str | None = None
    again: bool = False


@frozen
class Validate:
    """A look at everything that keeps the checkout from being paid."""


@frozen
class ShippingOptions:
    """A look at the ways to send it."""


@frozen
class Pay:
    """Pay with this. `agreed` is the total the shopper agrees to; None is the one last shown. `key` None is a new one."""

    instrument: Card | Upi | None = None
    agreed: Money | None = None
    key: str | None = None


@frozen
class PayAgain:
    """The last payment once more, word for word and with the same key."""


@frozen
class Status:
    """A look at what became of it."""


@frozen
class Cancel:
    """Turn back."""

    reason: str


# What happens around them.
@frozen
class WaitFor:
    """So much time passes; a worker does what falls due meanwhile."""

    seconds: int


@frozen
class Tick:
    """A worker comes by."""


@frozen
class Reprice:
    """The catalogue changes under the shopper."""

    sku: str
    price: Money


@frozen
class MoveStock:
    """Goods come in, or go out."""

    sku: str
    delta: int
    location: str
    reason: str


@frozen
class Backorder:
    """So many may be sold that are not there yet."""

    sku: str
    limit: int
    location: str
    reason: str


@frozen
class Load:
    """Money is put on a gift card, or taken off, by its number."""

    card: str
    amount: Money
    reason: str


Do = (
    Open
    | Login
    | Merge
    | Add
    | Change
    | Remove
    | Begin
    | Validate
    | ShippingOptions
    | Pay
    | PayAgain
    | Status
    | Cancel
    | WaitFor
    | Tick
    | Reprice
    | MoveStock
    | Backorder
    | Load
)

LOOKS: Final = (Validate, ShippingOptions, Status)
"""What changes nothing: a refusal found by looking is news, not a failure."""


@frozen
class Step:
    """One step. `word` is its `do`, `says` what a narrator adds; `expect`, `reason` and `total` are compared with what came of it."""

    word: str
    who: str
    do: Do
    says: str = ""
    expect: Outcome | None = None
    reason: str | None = None
    total: Money | None = None


@frozen
class Expect:
    """What must be true when the script is over. None, and what is not listed, is not looked at.

    `orders` that stand, money `kept` of this script's payments, what is `left` of a SKU over all locations, by how much that has `moved`
    since the script began, and how many `mails` were written.
    """

    orders: int | None = None
    kept: tuple[Money, ...] | None = None
    left: tuple[tuple[str, int], ...] = ()
    moved: tuple[tuple[str, int], ...] = ()
    mails: int | None = None


@frozen
class Script:
    """A whole story: its people, its steps, and how it must end."""

    name: str
    title: str
    about: str
    shoppers: tuple[Shopper, ...]
    steps: tuple[Step, ...]
    expect: Expect = Expect()

    def shopper(self, name: str) -> Shopper:
        """The shopper of that name. Raises KeyError."""
        return {shopper.name: shopper for shopper in self.shoppers}[name]

    @property
    def skus(self) -> tuple[str, ...]:
        """Every SKU that is named anywhere, once."""
        named: Iterable[str] = (s.do.sku for s in self.steps if isinstance(s.do, Add | Change | Remove | Reprice | MoveStock | Backorder))
        expected = (sku for sku, _ in (*self.expect.left, *self.expect.moved))
        return tuple(dict.fromkeys((*named, *expected)))


def renamed(script: Script, suffix: str) -> Script:
    """The same script played by other people: each account and each e-mail address is one of its own.

    `ben@example.com` becomes `ben.3@example.com` and `customer-1` becomes `customer-1.3` for the suffix `3`. A `+tag` would not do: the
    two addresses would be one person (R22).
    """
    people = tuple(
        evolve(one, customer=None if one.customer is None else f"{one.customer}.{suffix}", contact=_reached_at(one.contact, suffix))
        for one in script.shoppers
    )
    steps = tuple(
        evolve(step, do=evolve(step.do, contact=_reached_at(step.do.contact, suffix))) if isinstance(step.do, Begin) else step
        for step in script.steps
    )
    return evolve(script, shoppers=people, steps=steps)


def _reached_at(contact: Contact | None, suffix: str) -> Contact | None:
    if contact is None or contact.email is None:
        return contact
    name, at, domain = contact.email.rpartition("@")
    return evolve(contact, email=f"{name}.{suffix}{at}{domain}")
