"""Shoppers outside the shop's processes: they ask over a connection that may break, wait, and ask again with the same key.

A client is what the shop's facade is to a script's player; every command becomes a request that some process serves as a task of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from attrs import define, evolve

from checkout_core.cart import Cart, How, MergeReport
from checkout_core.checkout import Checkout, Result
from checkout_core.customers import Address, Contact
from checkout_core.errors import NoAnswer, Unavailable
from checkout_core.money import Money
from checkout_core.payments import Card, Upi
from checkout_core.player import AsyncPlay
from checkout_core.refusals import Refused
from checkout_core.scripts import LOOKS, PayAgain, Script
from checkout_core.shipping import ShippingOption
from checkout_core.shop import AsyncShop
from checkout_core.simulation.chance import SECOND
from checkout_core.simulation.draws import draw
from checkout_core.simulation.kernel import Call, Coro, Lost, Wish
from checkout_core.stories import Answer

if TYPE_CHECKING:
    from checkout_core.simulation.running import Run

_KEYLESS: Final = b"who asks without a key"
ASKS_AT_MOST: Final = 6
"""How often a shopper who is told to wait comes back."""


class GaveUp(Exception):
    """The shopper has asked often enough, and leaves without knowing."""


def sleep(seconds: float) -> Call:
    """Let so much virtual time pass."""
    return Call("client.sleep", _slept, int(seconds * SECOND))


def _slept(_: str) -> None:
    return None


class Client:
    """One shopper's end of the line."""

    def __init__(self, run: Run, name: str, patience: int) -> None:
        self.run = run
        self.name = name
        self.patience = patience
        self.asked = 0

    async def ask(self, command: str, start: Callable[[AsyncShop], Coro], wish: Wished | None = None, *, once: bool = False) -> Any:
        """Ask until there is an answer; the request is the same each time. Raises GaveUp, and what the shop raises."""
        self.asked += 1
        base = f"{self.name}.{self.asked}"
        for again in range(1 if once else self.patience + 1):
            name = base if not again else f"{base}r{again}"
            try:
                return await Wish("client.ask", lambda task, made, name=name: self.run.submit(task, made, name, command, start, wish))  # type: ignore[misc]
            except (Lost, Unavailable, NoAnswer):
                await sleep(1 << min(again, 5))
        raise GaveUp

    # What a script asks of a shop.
    async def open_cart(self, *, currency: str, customer: str | None = None) -> Cart:
        key = None if customer is None and self._keyless("open_cart") else self._key()
        return await self.ask("open_cart", lambda shop: shop.open_cart(currency=currency, customer=customer, key=key))  # type: ignore[no-any-return]

    async def add(self, cart: str, *, sku: str, quantity: int = 1, options: Mapping[str, str] | None = None) -> Cart:
        key = self._key()
        return await self.ask("add", lambda shop: shop.add(cart, sku=sku, quantity=quantity, options=options, key=key))  # type: ignore[no-any-return]

    async def change(self, cart: str, line: str, *, quantity: int) -> Cart:
        key = self._key()
        return await self.ask("change", lambda shop: shop.change(cart, line, quantity=quantity, key=key))  # type: ignore[no-any-return]

    async def remove(self, cart: str, line: str) -> Cart:
        key = self._key()
        return await self.ask("remove", lambda shop: shop.remove(cart, line, key=key))  # type: ignore[no-any-return]

    async def merge(self, guest: str, into: str, *, how: How = "sum") -> tuple[Cart, MergeReport]:
        came = await self.ask("merge", lambda shop: shop.merge(guest, into, how=how))
        self.run.history.merged(guest, into)
        return came  # type: ignore[no-any-return]

    async def begin(
        self,
        cart: str,
        *,
        ship_to: Address | None = None,
        shipping: str | None = None,
        codes: Iterable[str] | None = None,
        gift_cards: Iterable[str] | None = None,
        contact: Contact | None = None,
        channel: str | None = None,
        pay_by: str | None = None,
    ) -> Checkout:
        return await self.ask(  # type: ignore[no-any-return]
            "begin",
            lambda shop: shop.begin(
                cart,
                ship_to=ship_to,
                shipping=shipping,
                codes=codes,
                gift_cards=gift_cards,
                contact=contact,
                channel=channel,
                pay_by=pay_by,
            ),
        )

    async def update(
        self,
        checkout: str,
        *,
        ship_to: Address | None = None,
        shipping: str | None = None,
        codes: Iterable[str] | None = None,
        gift_cards: Iterable[str] | None = None,
        contact: Contact | None = None,
        channel: str | None = None,
        pay_by: str | None = None,
    ) -> Checkout:
        return await self.ask(  # type: ignore[no-any-return]
            "update",
            lambda shop: shop.update(
                checkout,
                ship_to=ship_to,
                shipping=shipping,
                codes=codes,
                gift_cards=gift_cards,
                contact=contact,
                channel=channel,
                pay_by=pay_by,
            ),
        )

    async def validate(self, checkout: str) -> tuple[Refused, ...]:
        return await self.ask("validate", lambda shop: shop.validate(checkout))  # type: ignore[no-any-return]

    async def shipping_options(self, checkout: str) -> Sequence[ShippingOption | Refused]:
        return await self.ask("shipping_options", lambda shop: shop.shipping_options(checkout))  # type: ignore[no-any-return]

    async def status(self, checkout: str) -> Checkout:
        return await self.ask("status", lambda shop: shop.status(checkout))  # type: ignore[no-any-return]

    async def pay(self, checkout: str, instrument: Card | Upi | None = None, *, expected: Money | str, key: str) -> Result:
        wish = Wished(self.name, checkout, instrument, expected, key)
        self.run.history.wishes(wish)
        return await self.ask("pay", wish.on, wish)  # type: ignore[no-any-return]

    async def cancel(self, checkout: str, *, reason: str) -> Checkout:
        return await self.ask("cancel", lambda shop: shop.cancel(checkout, reason=reason))  # type: ignore[no-any-return]

    async def receive(self, sku: str, quantity: int, *, reason: str, location: str) -> Any:
        """Goods come in, or go out, by the shopkeeper's hand."""
        key = None if self._keyless("receive") else self._key()
        return await self.ask(
            "receive",
            lambda shop: shop.receive(sku, quantity, reason=reason, actor=self.name, location=location, key=key),
            once=key is None,  # nobody could tell a repetition from another delivery
        )

    async def allow_backorders(self, sku: str, limit: int, *, reason: str, location: str) -> Any:
        """So many may be sold that are not there, by the shopkeeper's hand."""
        key = self._key()
        return await self.ask(
            "allow_backorders",
            lambda shop: shop.allow_backorders(sku, limit, reason=reason, actor=self.name, location=location, key=key),
        )

    async def load_gift_card(self, number: str, amount: Money, *, reason: str) -> Any:
        """Money is put on a gift card, or taken off, by the shopkeeper's hand."""
        key = self._key()
        return await self.ask("load_gift_card", lambda shop: shop.load_gift_card(number, amount, reason=reason, actor=self.name, key=key))

    def _keyless(self, command: str) -> bool:
        """Whether this one gives no key with that command, as every other does."""
        return bool(draw(_KEYLESS, f"{command} {self.name}") & 1)

    def _key(self) -> str:
        return f"{self.name}/{self.asked + 1}"


@define(eq=False)
class Wished:
    """A wish to pay, and every answer it was given."""

    who: str
    checkout: str
    instrument: Card | Upi | None
    expected: Money | str
    key: str

    def on(self, shop: AsyncShop) -> Coro:
        """The request, on that shop."""
        return shop.pay(self.checkout, self.instrument, expected=self.expected, key=self.key)


class Outside:
    """What a script does to the world around the shop."""

    def __init__(self, run: Run, client: Client) -> None:
        self.run = run
        self.client = client

    async def reprice(self, sku: str, price: Money) -> None:
        """The catalogue has this price from now on."""
        await Call("world.price", lambda _: self.run.reprice(sku, price))

    async def move_stock(self, sku: str, location: str, delta: int, reason: str) -> None:
        """Goods come in or go out."""
        await self.client.receive(sku, delta, reason=reason, location=location)

    async def allow_backorders(self, sku: str, location: str, limit: int, reason: str) -> None:
        """So many may be sold that are not there."""
        await self.client.allow_backorders(sku, limit, reason=reason, location=location)

    async def load_gift_card(self, number: str, amount: Money, reason: str) -> None:
        """Money is put on a gift card, or taken off."""
        await self.client.load_gift_card(number, amount, reason=reason)

    async def left(self, skus: Sequence[str]) -> Mapping[str, int]:
        return {}

    async def mails(self) -> int:
        return 0


class Times:
    """Time as a shopper passes it."""

    async def wait(self, seconds: int, begun: Sequence[str]) -> None:
        await sleep(seconds)

    async def tick(self) -> None:
        await sleep(1)


async def shopping(run: Run, name: str, script: Script, patience: int) -> None:
    """One shopper's whole journey: each step in turn; who is refused unasked leaves, who is told to wait comes back."""
    client = Client(run, name, patience)
    play = AsyncPlay(client, script, Outside(run, client), Times(), keys=name)
    try:
        for step in script.steps:
            came = await play.take(step)
            for again in range(ASKS_AT_MOST):
                if came.outcome not in ("pending", "action") or step.expect == came.outcome:
                    break
                await sleep(5 << again)
                came = await play.take(evolve(step, do=PayAgain()))
            run.history.step(came)
            if leaves(came) and step.expect != "refused" and not isinstance(step.do, LOOKS):
                return
    except GaveUp:
        return


def leaves(came: Answer) -> bool:
    """Whether a shopper goes away at this answer."""
    return came.outcome == "refused"
