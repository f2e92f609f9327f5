"""Three shoppers' stories, told by the shop itself: each step is what a call answered, and the books are compared at the end."""

from __future__ import annotations

from collections import Counter

from attrs import define, field, frozen

from checkout_cli.wiring import OPENING, DemoShop
from checkout_core import ActionRequired, Address, Broken, Card, Checkout, Contact, Pending, Placed, Quote, Result
from checkout_core.holds import HoldState, Stock
from checkout_core.orders import OrderState

BERLIN = Address("Ada Example", ["Torstrasse 1"], "Berlin", "10119", "DE")


@define
class Story:
    """What one shopper did and was told."""

    title: str
    quote: Quote | None = None
    steps: list[tuple[str, str]] = field(factory=list)
    order: str = ""

    def tell(self, mark: str, text: str) -> None:
        self.steps.append((mark, text))


@frozen
class Told:
    """The whole demo: the stories, the stock before and after, what was delivered, and what does not balance (nothing, it is hoped)."""

    stories: tuple[Story, ...]
    stock: tuple[tuple[str, int, int], ...]
    delivered: tuple[str, ...]
    charged: int
    imbalances: tuple[str, ...]


def tell(demo: DemoShop) -> Told:
    """Live through the three stories. Raises Broken if one does not end as it must."""
    stories = (guest_with_coupon(demo), declined_then_another(demo), challenge(demo))
    while demo.worker.tick():
        pass
    levels = demo.shop.stock(*OPENING)
    stock = tuple((sku, units, levels[sku].available) for sku, units in OPENING.items())
    charged = sum(p.captured - p.refunded for p in demo.gateway.books.payments())
    return Told(stories, stock, tuple(demo.outbox.getvalue().splitlines()), charged, imbalances(demo))


def guest_with_coupon(demo: DemoShop) -> Story:
    story = Story("A guest with a coupon")
    shop = demo.shop
    cart = shop.open_cart(currency="EUR")
    shop.add(cart.id, sku="MUG", quantity=2)
    shop.add(cart.id, sku="BOOK")
    contact = Contact("ada@example.com")
    checkout = shop.begin(cart.id, ship_to=BERLIN, shipping="standard", codes=["welcome10"], contact=contact)
    story.quote = checkout.quote
    story.tell("·", "types the code 'welcome10'; it is held for her while she pays, and used only if she buys")
    finish(story, shop.pay(checkout.id, Card("tok_ok"), expected=checkout.total, key="ada-1"))
    again = shop.pay(checkout.id, Card("tok_ok"), expected=checkout.total, key="ada-1")
    story.tell("·", f"presses pay twice: the same key tells the same order {again.number if isinstance(again, Placed) else again}")
    return story


def declined_then_another(demo: DemoShop) -> Story:
    story = Story("A card declined, then another")
    shop = demo.shop
    checkout = bought(demo, "TEAPOT", 1, customer="customer-7")
    story.quote = checkout.quote
    refused = shop.pay(checkout.id, Card("tok_insufficient_funds"), expected=checkout.total, key="ben-1")
    story.tell("✗", str(refused))
    pool = shop.stock("TEAPOT")["TEAPOT"]
    story.tell("·", f"his teapot stays held meanwhile: {pool.held} held, {pool.available} of {pool.on_hand} can be had by others")
    finish(story, shop.pay(checkout.id, Card("tok_ok"), expected=checkout.total, key="ben-2"))
    return story


def challenge(demo: DemoShop) -> Story:
    story = Story("A 3-D Secure challenge")
    shop = demo.shop
    checkout = bought(demo, "MUG", 3, customer="customer-9")
    story.quote = checkout.quote
    first = shop.pay(checkout.id, Card("tok_3ds_ok"), expected=checkout.total, key="cleo-1")
    if not isinstance(first, ActionRequired):
        raise Broken(f"The sandbox asked for no challenge: {first}.")
    story.tell("…", f"action required: her bank asks her to confirm, until {first.until:%H:%M} UTC")
    demo.clock.forward(20)
    story.tell("·", "she confirms and comes back: the shop repeats the same call, with the same key")
    finish(story, shop.pay(checkout.id, Card("tok_3ds_ok"), expected=checkout.total, key="cleo-1"))
    return story


def bought(demo: DemoShop, sku: str, quantity: int, customer: str) -> Checkout:
    cart = demo.shop.open_cart(currency="EUR", customer=customer)
    demo.shop.add(cart.id, sku=sku, quantity=quantity)
    return demo.shop.begin(cart.id, ship_to=BERLIN, shipping="standard", contact=Contact(f"{customer}@example.com"))


def finish(story: Story, result: Result) -> None:
    if not isinstance(result, Placed):
        waits = f"it waits until {result.until}" if isinstance(result, Pending) else str(result)
        raise Broken(f"{story.title!r} did not end with an order: {waits}")
    story.order = result.number
    story.tell("✓", f"paid {result.total}, order {result.number} placed")


def imbalances(demo: DemoShop) -> tuple[str, ...]:
    """What does not agree between the ledger, the gateway's own books, the orders and the holds; empty if all does (I1, I3, I11, I20)."""
    tables, found = demo.store.tables, list[str]()
    ledger: Counter[str] = Counter()
    for posting in tables.postings:
        if sum(entry.amount for entry in posting.entries):
            found.append(f"the posting {posting.id} does not add up to zero")
        for entry in posting.entries:
            ledger[entry.account] += entry.amount
    cash = sum(p.captured - p.refunded for p in demo.gateway.books.payments())
    if ledger["gateway"] != cash:
        found.append(f"the ledger has {ledger['gateway']} at the gateway, the gateway itself has {cash}")
    if ledger["receivable"]:
        found.append(f"{ledger['receivable']} are still owed")
    sold: Counter[str] = Counter()
    for c in tables.checkouts.values():
        if c.order is not None and c.order.state is OrderState.PLACED and c.quote is not None:
            sold.update({line.sku: line.quantity for line in c.quote.lines})
    kept: Counter[str] = Counter()
    for hold in (hold for holds in tables.holds.values() for hold in holds):
        if isinstance(hold.pool, Stock) and hold.state is HoldState.COMMITTED:
            kept[hold.pool.sku] += hold.amount
    if sold != kept:
        found.append(f"orders say {dict(sold)} are sold, the stock says {dict(kept)}")
    for key, pool in tables.pools.items():
        moved = sum(m.delta for m in tables.movements if m.pool == key)
        if isinstance(key, Stock) and pool.on_hand != moved:
            found.append(f"{key.sku} has {pool.on_hand} on hand, its movements add up to {moved}")
    return tuple(found)
