"""Plays a script on a shop: each step is one call of the shop's own, and what it answers is told. Nothing is decided here.

`AsyncPlayer` plays a whole script on virtual time: `wait` moves the clock from one due checkout to the next, and a worker comes by at each.
`AsyncPlay` takes the steps one by one, on whatever answers as a shop does and whoever passes the time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol, assert_never

from attrs import define, evolve, field

from checkout_core import stories
from checkout_core.cart import Cart, How, Line, MergeReport
from checkout_core.checkout import Checkout, Result
from checkout_core.customers import Address, Contact
from checkout_core.errors import NotFound
from checkout_core.money import Money
from checkout_core.payments import Card, Upi
from checkout_core.refusals import WORDS, Refusal, Refused
from checkout_core.scripts import (
    Add,
    Backorder,
    Begin,
    Cancel,
    Change,
    Load,
    Login,
    Merge,
    MoveStock,
    Open,
    Pay,
    PayAgain,
    Remove,
    Reprice,
    Script,
    ShippingOptions,
    Shopper,
    Status,
    Step,
    Tick,
    Validate,
    WaitFor,
)
from checkout_core.shipping import ShippingOption
from checkout_core.shop import AsyncShop
from checkout_core.stories import Answer, Story, Told
from checkout_core.worker import AsyncWorker

_STOPS_AT_MOST, _TICKS_AT_MOST = 1000, 20  # what cannot be done stays due: a wait ends all the same (R25)


class MovableClock(Protocol):
    """A clock that stands until it is moved."""

    def now(self) -> datetime:
        """Now, aware UTC."""
        ...

    def forward(self, seconds: int) -> None:
        """Let so much time pass."""
        ...


class AsyncWorld(Protocol):
    """What a script may do to the shop from outside, and see of it."""

    async def reprice(self, sku: str, price: Money) -> None:
        """The catalogue has this price from now on, in its currency. Raises NotFound."""
        ...

    async def move_stock(self, sku: str, location: str, delta: int, reason: str) -> None:
        """Goods come in or go out. Raises Refusal for what is promised."""
        ...

    async def allow_backorders(self, sku: str, location: str, limit: int, reason: str) -> None:
        """So many may be sold that are not there. Raises Refusal for fewer than are sold so already."""
        ...

    async def load_gift_card(self, number: str, amount: Money, reason: str) -> None:
        """Money is put on a gift card, or taken off. Raises Refusal."""
        ...

    async def left(self, skus: Sequence[str]) -> Mapping[str, int]:
        """What can still be had of each SKU, over all locations; 0 for an unknown one."""
        ...

    async def mails(self) -> int:
        """How many mails were written until now."""
        ...


class AsyncCommands(Protocol):
    """What a script asks of a shop: the shop itself, or a client somewhere else who asks it. Documented at `AsyncShop`."""

    async def open_cart(self, *, currency: str, customer: str | None = None) -> Cart: ...
    async def add(self, cart: str, *, sku: str, quantity: int = 1, options: Mapping[str, str] | None = None) -> Cart: ...
    async def change(self, cart: str, line: str, *, quantity: int) -> Cart: ...
    async def remove(self, cart: str, line: str) -> Cart: ...
    async def merge(self, guest: str, into: str, *, how: How = "sum") -> tuple[Cart, MergeReport]: ...
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
    ) -> Checkout: ...
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
    ) -> Checkout: ...
    async def validate(self, checkout: str) -> tuple[Refused, ...]: ...
    async def shipping_options(self, checkout: str) -> Sequence[ShippingOption | Refused]: ...
    async def status(self, checkout: str) -> Checkout: ...
    async def pay(self, checkout: str, instrument: Card | Upi | None = None, *, expected: Money | str, key: str) -> Result: ...
    async def cancel(self, checkout: str, *, reason: str) -> Checkout: ...


class AsyncTimes(Protocol):
    """How time passes while a script is played."""

    async def wait(self, seconds: int, begun: Sequence[str]) -> None:
        """So much time passes; `begun` are the checkouts of this script until now."""
        ...

    async def tick(self) -> None:
        """A worker comes by."""
        ...


class AsyncPlayer:
    """Plays scripts on one shop, one after the other."""

    def __init__(
        self, shop: AsyncShop, worker: AsyncWorker, clock: MovableClock, world: AsyncWorld, words: Mapping[str, str] = WORDS
    ) -> None:
        self.shop = shop
        self.times = AsyncStageTimes(shop, worker, clock)
        self.world = world
        self.words = words

    async def play(self, script: Script) -> Story:
        """Take the steps in order, up to the first that is not answered as expected. Raises Unavailable if the shop cannot be reached."""
        play = AsyncPlay(self.shop, script, self.world, self.times, self.words)
        skus = script.skus
        before, mails = await self.world.left(skus), await self.world.mails()
        told, wrong = list[Told](), list[stories.Mismatch]()
        for number, step in enumerate(script.steps, start=1):
            came = await play.take(step)
            told.append(Told(number, step.who, step.word, step.says, came))
            wrong += stories.surprises(number, step, came)
            if wrong:
                break
        await self.times.tick()
        bought = [(who, await self.shop.status(id)) for id, who in play.begun.items()]
        story = Story(script, tuple(told), tuple(bought), await self.world.mails() - mails, tuple(wrong))
        if wrong:
            return story
        return evolve(story, mismatches=stories.at_the_end(script.expect, story, before, await self.world.left(skus)))


@define
class _Shopping:
    """How far one shopper has come. Asked for what is not there, because the step that makes it was refused, it raises NotFound."""

    carts: dict[str, str] = field(factory=dict)
    current: str = ""
    id: str = ""
    seen: Money | None = None
    last: tuple[Card | Upi | None, Money | str, str] | None = None
    payments: int = 0

    @property
    def cart(self) -> str:
        return self.named(self.current)

    @property
    def checkout(self) -> str:
        if not self.id:
            raise NotFound("checkout", self.current)
        return self.id

    @property
    def payment(self) -> tuple[Card | Upi | None, Money | str, str]:
        if self.last is None:
            raise NotFound("payment", self.current)
        return self.last

    def named(self, cart: str) -> str:
        if cart not in self.carts:
            raise NotFound("cart", cart)
        return self.carts[cart]

    def turn_to(self, cart: str) -> None:
        self.current, self.id, self.last = cart, "", None


class AsyncPlay:
    """One script being played. `begun` are its checkouts until now, each with its shopper.

    Its payments have the keys `{keys}/{shopper}/{number}`: the same for every play of the script, unless `keys` names this play.
    """

    def __init__(
        self,
        shop: AsyncCommands,
        script: Script,
        world: AsyncWorld,
        times: AsyncTimes,
        words: Mapping[str, str] = WORDS,
        *,
        keys: str | None = None,
    ) -> None:
        self.shop = shop
        self.script = script
        self.world = world
        self.times = times
        self.words = words
        self.keys = script.name if keys is None else keys
        self.begun: dict[str, str] = {}
        self._shopping = {shopper.name: _Shopping() for shopper in script.shoppers}

    async def take(self, step: Step) -> Answer:
        """One step, and what it was answered. One for which a step before it would have had to go well is refused as `not-found`."""
        mine, shopper = self._shopping[step.who], self.script.shopper(step.who)
        try:
            came = await self._act(step, mine, shopper)
        except Refusal as no:
            came = stories.refusal(no.refused, self.words)
        except NotFound as error:
            came = Answer("refused", str(error), (Refused("not-found", error.kind),))
        mine.seen = mine.seen if came.total is None else came.total
        return evolve(came, total=mine.seen)

    async def _act(self, step: Step, mine: _Shopping, shopper: Shopper) -> Answer:
        do = step.do
        match do:
            case Open(cart, currency, guest):
                opened = await self.shop.open_cart(currency=currency, customer=None if guest else shopper.customer)
                mine.carts[cart] = opened.id
                mine.turn_to(cart)
                return stories.done(f"opens a cart in {currency}", quiet=True)
            case Login(into, how):
                return await self._merge(mine, mine.current, into, how)
            case Merge(cart, into, how):
                return await self._merge(mine, cart, into, how)
            case Add(sku, quantity, options):
                await self.shop.add(mine.cart, sku=sku, quantity=quantity, options=dict(options))
                return stories.done(f"puts {quantity} × {sku} into the cart", quiet=True)
            case Change(sku, quantity, options):
                await self.shop.change(mine.cart, Line(sku, quantity, options).id, quantity=quantity)
                return stories.done(f"wants {quantity} × {sku} now")
            case Remove(sku, options):
                await self.shop.remove(mine.cart, Line(sku, 1, options).id)
                return stories.done(f"takes {sku} out of the cart")
            case Begin():
                return await self._begin(do, mine, step.who)
            case Validate():
                wrong = await self.shop.validate(mine.checkout)
                return stories.refusal(wrong, self.words) if wrong else stories.done("nothing keeps it from being paid")
            case ShippingOptions():
                return stories.offered(await self.shop.shipping_options(mine.checkout), self.words)
            case Pay(instrument, agreed, key):
                mine.payments += 1
                shown = agreed if agreed is not None else mine.seen
                mine.last = (instrument, "" if shown is None else shown, key or f"{self.keys}/{step.who}/{mine.payments}")
                return await self._pay(mine)
            case PayAgain():
                return await self._pay(mine)
            case Status():
                return stories.standing(await self.shop.status(mine.checkout), self.words)
            case Cancel(reason):
                return stories.done(stories.over(await self.shop.cancel(mine.checkout, reason=reason)))
            case WaitFor(seconds):
                await self.times.wait(seconds, tuple(self.begun))
                return stories.done(f"{stories.span(seconds)} later", quiet=bool(step.says))
            case Tick():
                await self.times.tick()
                return stories.done("a worker comes by", quiet=bool(step.says))
            case Reprice(sku, price):
                await self.world.reprice(sku, price)
                return stories.done(f"{sku} costs {price} from now on")
            case MoveStock(sku, delta, location, reason):
                await self.world.move_stock(sku, location, delta, reason)
                return stories.moved(do)
            case Backorder(sku, limit, location, reason):
                await self.world.allow_backorders(sku, location, limit, reason)
                return stories.allowed(do)
            case Load(card, amount, reason):
                await self.world.load_gift_card(card, amount, reason)
                return stories.loaded(do)
            case _:
                assert_never(do)

    async def _merge(self, mine: _Shopping, cart: str, into: str, how: How) -> Answer:
        _, report = await self.shop.merge(mine.named(cart), mine.named(into), how=how)
        mine.turn_to(into)
        return stories.merged(report)

    async def _begin(self, said: Begin, mine: _Shopping, who: str) -> Answer:
        act, of = (self.shop.update, mine.checkout) if said.again else (self.shop.begin, mine.cart)
        checkout = await act(
            of,
            ship_to=said.ship_to,
            shipping=said.shipping,
            codes=said.codes,
            gift_cards=said.gift_cards,
            contact=said.contact,
            channel=said.channel,
            pay_by=said.pay_by,
        )
        if said.again:
            return stories.begun(checkout)
        mine.id = checkout.id
        self.begun.setdefault(checkout.id, who)
        return evolve(stories.begun(checkout), quiet=True)

    async def _pay(self, mine: _Shopping) -> Answer:
        instrument, expected, key = mine.payment
        return stories.paid(await self.shop.pay(mine.checkout, instrument, expected=expected, key=key), self.words)


class AsyncStageTimes:
    """Time on a stage: the clock is moved from one due checkout to the next, and a worker comes by at each."""

    def __init__(self, shop: AsyncCommands, worker: AsyncWorker, clock: MovableClock) -> None:
        self.shop = shop
        self.worker = worker
        self.clock = clock

    async def wait(self, seconds: int, begun: Sequence[str]) -> None:
        """So much time passes; whatever falls due of these checkouts is done at its time."""
        end = self.clock.now() + timedelta(seconds=seconds)
        await self.tick()
        for _ in range(_STOPS_AT_MOST):
            due = await self._next_due(begun, end)
            if due is None:
                break
            self._move_to(due)
            await self.tick()
        self._move_to(end)
        await self.tick()

    async def tick(self) -> None:
        """A worker comes by until nothing is due."""
        for _ in range(_TICKS_AT_MOST):
            if not await self.worker.tick():
                return

    async def _next_due(self, begun: Sequence[str], end: datetime) -> datetime | None:
        """When the next of these checkouts falls due before the end."""
        now = self.clock.now()
        standing = [await self.shop.status(id) for id in begun]
        return min((c.due_at for c in standing if c.due_at is not None and now < c.due_at <= end), default=None)

    def _move_to(self, instant: datetime) -> None:
        missing = instant - self.clock.now()
        if missing > timedelta():
            self.clock.forward(-(-missing // timedelta(seconds=1)))  # whole seconds, never too early
