# Made from ../shop.py by tests/project/twins.py; do not edit.
"""The facade a host imports: carts, checkouts, payments, stock. It asks the ports for facts, runs a command in a unit, and lets the
runner perform what the unit decided. It holds no state of its own: any number of processes may have one on the same storage.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar, cast

from attrs import evolve

from checkout_core import cart as carts
from checkout_core import commands, drive, edge, plugins
from checkout_core.addresses import PlainAddresses
from checkout_core.card_numbers import shown_number
from checkout_core.cart import Cart, How, MergeReport
from checkout_core.checkout import Checkout, Pending, Result
from checkout_core.commands import Asked, Details, Known, Payment, Seen
from checkout_core.customers import COUNTRIES, Address, Contact
from checkout_core.drive import Shortage, Step
from checkout_core.errors import Broken, Misconfigured, NoAnswer, NotFound, Unavailable
from checkout_core.experiments import Experiment
from checkout_core.sync.facts_first import FactsFirst
from checkout_core.holds import CardBalance, Level, MovedPool, Pool, PoolKey, Stock
from checkout_core.money import Money
from checkout_core.payments import Attempt, Card, Fact, Upi
from checkout_core.policy import Policy
from checkout_core.sync.ports import (
    AddressBook,
    Catalog,
    Customers,
    Experiments,
    Gateway,
    Prices,
    ShippingRates,
    Storage,
    TaxProvider,
    TaxRates,
    Clock,
    Ids,
)
from checkout_core.prices import Buyer, ShownPrice, shown_price
from checkout_core.promotions import Promotion
from checkout_core.refusals import Refusal, Refused
from checkout_core.sync.runner import Runner
from checkout_core.shadow import Shadow
from checkout_core.shipping import ShippingOption
from checkout_core.system import SystemClock, SystemIds
from checkout_core.unit import Unit
from checkout_core.why_not import NearMiss, Why, near_misses, why

_T = TypeVar("_T")
_STARTS_AT_MOST = 8  # a command that keeps finding other versions gives up as Unavailable (R25)
_MAKE_ROOM = 10  # overdue checkouts that a short one lets go at most (R25)


class Shop(FactsFirst):
    """A shop on your storage, gateways and catalogue. Commands with one happy result raise `Refusal`; `pay` returns what became of it.

    `taxes`, `shipping`, `prices` and `experiments` default to the catalogue, if it answers for them too. Without `prices` there are no
    price lists, without `experiments` nothing is tried out, and without `customers` nothing is known of who buys.
    A `tax_provider` is asked before `taxes`, the shop's own table: that says what tax is in prices at home, and with
    `Policy(tax_outage="fallback")` what is due while the provider is away.
    `addresses` checks addresses and phone numbers; without it those of every country are taken as they are typed.
    `production` refuses adapters that are not meant for real money. Raises Misconfigured at once if the mix could lose money.
    """

    def __init__(
        self,
        *,
        storage: Storage,
        catalog: Catalog,
        gateways: Iterable[Gateway] = (),
        taxes: TaxRates | None = None,
        tax_provider: TaxProvider | None = None,
        shipping: ShippingRates | None = None,
        customers: Customers | None = None,
        prices: Prices | None = None,
        experiments: Experiments | None = None,
        addresses: AddressBook | None = None,
        policy: Policy | None = None,
        clock: Clock | None = None,
        ids: Ids | None = None,
        production: bool = False,
    ) -> None:
        listed = tuple(gateways)
        plugins.check(listed, production=production)
        self.storage = storage
        self.catalog = catalog
        self.gateways: Mapping[str, Gateway] = {gateway.name: gateway for gateway in listed}
        self.taxes = taxes or cast(TaxRates, _answers("taxes", catalog, "rates"))
        self.tax_provider = tax_provider
        self.shipping = shipping or cast(ShippingRates, _answers("shipping", catalog, "options"))
        self.customers = customers
        self.prices = prices or (cast(Prices, catalog) if hasattr(catalog, "prices") else None)
        self.experiments = experiments or (cast(Experiments, catalog) if hasattr(catalog, "experiments") else None)
        self.addresses = addresses or PlainAddresses()
        self.policy = policy or Policy()
        self.clock = clock or SystemClock()
        self.ids = ids or SystemIds()
        self.runner = Runner(storage, self.gateways, self.clock)

    # Carts.
    def open_cart(self, *, currency: str, customer: str | None = None, key: str | None = None) -> Cart:
        """The open cart of a customer in that currency, or a new, empty one; without `customer` it is a guest's, and always new (RB-77).

        All guests share one scope of keys: a guest's `key` has to be a random one.
        """
        asked = self._asked(f"customer:{customer or ''}", "open_cart", key, currency)
        cart = commands.said_yes(carts.open_cart(self.ids.new(), currency, customer, self.clock.now()))
        return self.storage.transact(lambda unit: commands.open_cart(unit, cart, asked))

    def cart(self, id: str) -> Cart:
        """The cart as it is now. Raises NotFound."""
        return self.storage.look(lambda view: view.cart(id))

    def add(
        self, cart: str, *, sku: str, quantity: int = 1, options: Mapping[str, str] | None = None, key: str | None = None
    ) -> Cart:
        """Put more of something into a cart. Raises Refusal if it is not for sale in the cart's currency."""
        seen = self.cart(cart)
        edge.refuse(edge.checked_text("sku", sku))
        product = (self.catalog.products([sku])).get(sku)
        if product is None:
            raise Refusal(Refused("unknown-sku", sku))
        if product.price_in(seen.currency) is None and not (self._lists([sku])).names(sku, seen.currency):
            raise Refusal(Refused("no-price", sku, seen.currency))
        given, limits = tuple((options or {}).items()), self.policy.limits
        asked = self._asked(cart, "add", key, sku, quantity, *(text for pair in sorted(given, key=repr) for text in pair))
        return self._edit(cart, lambda old, now: carts.add(old, sku, quantity, given, now, limits), asked)

    def change(self, cart: str, line: str, *, quantity: int, key: str | None = None) -> Cart:
        """Set the quantity of a line."""
        limits = self.policy.limits
        asked = self._asked(cart, "change", key, line, quantity)
        return self._edit(cart, lambda old, now: carts.change(old, line, quantity, now, limits), asked)

    def remove(self, cart: str, line: str, *, key: str | None = None) -> Cart:
        """Take a line out."""
        return self._edit(cart, lambda old, now: carts.remove(old, line, now), self._asked(cart, "remove", key, line))

    def _edit(self, id: str, edit: Callable[[Cart, datetime], Cart | Refused], asked: Asked) -> Cart:
        return self.storage.transact(lambda unit: commands.edit_cart(unit, id, edit, asked))

    def merge(self, guest: str, into: str, *, how: How = "sum") -> tuple[Cart, MergeReport]:
        """A guest's cart into the account's, at login, with a report of what became of every line. Doing it twice is doing it once (K4)."""
        limits = self.policy.limits
        return self.storage.transact(lambda unit: commands.merge_carts(unit, guest, into, how, limits))

    # The shop window.
    def price_of(
        self, sku: str, *, currency: str, quantity: int = 1, customer: str | None = None, channel: str = "", at: datetime | None = None
    ) -> ShownPrice:
        """What a unit costs this customer (None: anybody) now, or `at` an instant in UTC; and the lowest price before, if it was reduced.

        Before promotions, as entered: whether tax is in it is for the tax rates to say. Raises Refusal.
        """
        wrong = [*edge.checked_text("sku", sku), *edge.checked_channel(channel, self.policy)]
        if type(quantity) is not int or quantity < 1:
            wrong.append(Refused("invalid", "quantity", repr(quantity)[:40], hint="Give a whole number, 1 or more."))
        edge.refuse(wrong)
        product = (self.catalog.products([sku])).get(sku)
        if product is None:
            raise Refusal(Refused("unknown-sku", sku))
        shopper = self._shopper(customer, None)
        buyer, now = Buyer(shopper.groups or frozenset(), channel), at or self.clock.now()
        shown = shown_price(product, currency, now, self._lists([sku]), buyer, quantity=quantity)
        if shown is None:
            raise Refusal(Refused("no-price", sku, f"{currency!s:.20}"))
        return shown

    def assignment(self, experiment: str, *, cart: str) -> str | None:
        """The variant that this cart is in, for the page that goes with it; None: in none, or the experiment does not run.

        A customer who is signed in is in one variant with all carts. Raises NotFound for a cart or an experiment that is not there.
        """
        seen = self.storage.look(lambda view: commands.look_at_cart(view, cart))
        experiments = self._experiments()
        if all(one.id != experiment for one in experiments):
            raise NotFound("experiment", experiment[:60])
        quote = seen.checkout.quote if seen.checkout else None
        return dict(commands.variants_of(seen.cart.customer_id, cart, quote, experiments, self.clock.now())).get(experiment)

    def shadow(self, cart: str, promotions: Iterable[Promotion], *, experiments: Iterable[Experiment] | None = None) -> Shadow:
        """What this cart would cost with these promotions instead of the shop's, beside what it costs. Changes nothing.

        `experiments` stand in for the shop's as well, if they are given. Raises NotFound, and Refusal for a channel that is gone.
        """
        seen, others = self.storage.look(lambda view: commands.look_at_cart(view, cart)), tuple(promotions)
        known = self._known(seen, Details(), seen.cart.lines, others)
        trials = known.experiments if experiments is None else tuple(experiments)
        return commands.shadowed(known, others, trials, self.clock.now(), self.policy)

    # Checkouts.
    def begin(
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
        """The one live checkout of a cart, with its quote; begun if there is none, else brought up to date. Raises Refusal.

        `channel` is where it is sold, one of the Policy's: prices are worked out as that says. It keeps what was said before for None, and
        is the shop's own way for "". `pay_by` is the means of payment, such as `card`, for promotions that ask for one; a price that
        depends on it is paid by no other. `gift_cards` are the numbers of those to pay with first, each as far as it goes; the quote's
        total is what they leave.
        """
        details = self._details(ship_to, shipping, codes, contact, channel, pay_by, gift_cards)

        def once() -> tuple[Step | None, datetime]:
            seen = self.storage.look(lambda view: commands.look_at_cart(view, cart))
            said = self._reached(details, seen)
            known = self._known(seen, said, seen.cart.lines)
            # Its names are drawn anew each time the unit is run: what an earlier run committed after all may be over by now (R12).
            return self._in_unit(lambda unit: commands.begin(unit, said, known, self._names(), self.policy))

        return self._until_facts_hold(once)

    def update(
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
        """Change what was said, and take over the cart as it is now, at today's prices. Refused while money is on its way."""
        details = self._details(ship_to, shipping, codes, contact, channel, pay_by, gift_cards)

        def once() -> tuple[Step | None, datetime]:
            seen = self.storage.look(lambda view: commands.look_at_checkout(view, checkout))
            said = self._reached(details, seen)
            known = self._known(seen, said, seen.cart.lines)
            return self._in_unit(lambda unit: commands.update(unit, said, known, self.policy))

        return self._until_facts_hold(once)

    def validate(self, checkout: str) -> tuple[Refused, ...]:
        """Everything that keeps this checkout from being paid now, each with how far away it is; empty if nothing does."""
        known = self._known_now(checkout)
        return self.storage.look(lambda view: commands.everything_wrong(view, known, self.policy))

    def near_misses(
        self, cart: str, *, ship_to: Address | None = None, channel: str | None = None, pay_by: str | None = None
    ) -> tuple[NearMiss, ...]:
        """The automatic promotions that this cart is near to, the nearest first, for the shop window: "4.10 more for free carriage".

        Each says what is missing or until when, as data. Nothing need be said yet of address or payment; what is said counts.
        """
        details = self._details(ship_to, None, None, None, channel, pay_by)
        seen = self.storage.look(lambda view: commands.look_at_cart(view, cart))
        known = self._known(seen, details, seen.cart.lines)
        now = self.clock.now()
        basket, facts, pricing = commands.would_be(known, details, now, self.policy)
        return near_misses(basket, facts, now, pricing)

    def why(
        self, cart: str, code: str, *, ship_to: Address | None = None, channel: str | None = None, pay_by: str | None = None
    ) -> Why:
        """What a code does for this cart, or why it does not work: everything that it asks for, and how far away the rest is.

        As if it was typed besides the codes of the cart's checkout; nothing changes. Raises Refusal for a code that nobody knows.
        """
        (typed,) = edge.checked_codes([code], 1)
        seen = self.storage.look(lambda view: commands.look_at_cart(view, cart))
        before = seen.checkout.codes if seen.checkout else ()
        details = evolve(self._details(ship_to, None, None, None, channel, pay_by), codes=tuple(dict.fromkeys((*before, typed))))
        known = self._known(seen, details, seen.cart.lines)
        deal = next((deal for deal in known.facts.promotions if deal.code == typed), None)
        if deal is None:
            raise Refusal(known.facts.codes.get(typed) or Refused("unknown-code", typed))
        now = self.clock.now()
        basket, facts, pricing = commands.would_be(known, details, now, self.policy)
        return why(deal, basket, facts, now, pricing)

    def shipping_options(self, checkout: str) -> Sequence[ShippingOption | Refused]:
        """The ways to send this checkout's goods, each with its price or why not."""
        return (self._known_now(checkout)).facts.shipping

    def status(self, checkout: str) -> Checkout:
        """The checkout as it is now; its `order` is there once it is placed. Raises NotFound."""
        return self.storage.look(lambda view: view.checkout(checkout))

    def pay(self, checkout: str, instrument: Card | Upi | None = None, *, expected: Money | str, key: str) -> Result:
        """Pay, and place the order: `Placed | ActionRequired | Pending | Refused`.

        `expected` is the total (or quote hash) that the shopper saw. `key` is the client's own id of this wish to pay: repeating the call
        with the same key never charges twice, and tells what became of it. Raises NotFound; Unavailable if nothing has happened yet, and
        NoAnswer if the store cannot tell.
        """
        try:
            edge.refuse((*edge.checked_key(key), *edge.checked_instrument(instrument)))
            (stored, attempt), since = self._start_paying(checkout, self._payment(checkout, instrument, expected, key))
        except Refusal as refusal:
            return refusal.refused[0] if len(refusal.refused) == 1 else evolve(refusal.refused[0], others=refusal.refused[1:])
        try:
            return commands.result_of(self.runner.run(stored, since), attempt)
        except (Unavailable, NoAnswer):
            return Pending(stored[0].due_at)  # the intent is stored: repeating the call, or a worker, goes on with it

    def cancel(self, checkout: str, *, reason: str, actor: str = "") -> Checkout:
        """Turn back: what is held is let go, what was paid goes back. While a call is under way the wish is noted (O1).

        `actor` is the operator who does it, kept with the reason; empty for the shopper.
        """
        edge.refuse((*edge.checked_text("reason", reason), *edge.checked_text("actor", actor, empty=True)))
        return self._run(lambda unit: commands.cancel(unit, checkout, reason, actor))

    def ask(self, checkout: str) -> Checkout:
        """Ask the gateway now about payments that are not decided, instead of when they fall due."""
        return self._run(lambda unit: commands.ask(unit, checkout))

    def retry(self, attempt: str, *, reason: str, actor: str) -> Checkout:
        """Go on with a payment that waited for a person, such as a refund that the gateway refused. Raises NotFound."""
        edge.refuse((*edge.checked_text("reason", reason), *edge.checked_text("actor", actor)))
        return self._run(lambda unit: commands.retry(unit, attempt, reason, actor))

    def learn(self, attempt: str, fact: Fact, *, reason: str = "", actor: str = "") -> Checkout:
        """Verified news of an attempt: a webhook's, a report's, an operator's (R6, R17). The caller has verified who says so.

        A person's statement names the `actor` and the `reason`, and is kept as an event of its own. Raises NotFound.
        """
        edge.refuse((*edge.checked_text("reason", reason, empty=not actor), *edge.checked_text("actor", actor, empty=True)))
        asked = self._asked(attempt.rsplit("/", 1)[0], "learn", None)
        return self._run(lambda unit: commands.learn(unit, attempt, fact, reason, actor, asked))

    def tick(self, limit: int = 100) -> int:
        """Go on with checkouts whose time has come, at most `limit`. Returns how many; what is unavailable stays due.

        One that cannot be gone on with stops none of the others: its fault is raised when all had their turn (A11).
        """
        due, broken = self.storage.due(limit), list[Exception]()
        for id in due:
            try:
                self.go_on(id)
            except (Unavailable, NoAnswer):
                continue
            except Exception as fault:
                broken.append(fault)
        if broken:
            raise broken[0]
        return len(due)

    def go_on(self, checkout: str) -> Checkout:
        """Go on with one checkout, if its time has come."""
        return self._run(lambda unit: drive.go_on(unit, checkout))

    # Stock.
    def stock(self, *skus: str, location: str | None = None) -> Mapping[str, Level]:
        """The numbers of these SKUs now, for display: over all locations, or at one. Raises Refusal."""
        places = self.policy.locations if location is None else (self._place(location),)
        pools = self.storage.pools([Stock(sku, place) for sku in skus for place in places])
        return {sku: Level.of([pools[Stock(sku, place)] for place in places]) for sku in skus}

    def receive(
        self, sku: str, quantity: int, *, reason: str, actor: str, location: str | None = None, force: bool = False, key: str | None = None
    ) -> Pool:
        """Move stock in (or out, below zero), at the first location unless named; repeated with the same `key` it is moved once.

        What is promised is not taken away unless forced, which leaves a visible shortfall. Raises Refusal.
        """
        place = self.policy.locations[0] if location is None else self._place(location)
        edge.refuse((*edge.checked_text("sku", sku), *edge.checked_text("reason", reason), *edge.checked_text("actor", actor)))
        if type(quantity) is not int or not quantity or abs(quantity) > 10**9:
            raise Refusal(Refused("invalid", "quantity", repr(quantity)[:40], hint="Give a whole number other than 0."))
        asked = self._asked(f"stock:{sku}", "receive", key, place, quantity, int(force))
        return self._move(Stock(sku, place), quantity, reason, actor, asked, force=force)

    def allow_backorders(
        self, sku: str, limit: int, *, reason: str, actor: str, location: str | None = None, force: bool = False, key: str | None = None
    ) -> Pool:
        """Let up to `limit` units be sold that are not there yet, at the first location unless named; 0 ends it.

        Lowered below what is promised so already only if forced, which leaves a visible shortfall (F11). Raises Refusal.
        """
        place = self.policy.locations[0] if location is None else self._place(location)
        edge.refuse((*edge.checked_text("sku", sku), *edge.checked_text("reason", reason), *edge.checked_text("actor", actor)))
        if type(limit) is not int or not 0 <= limit <= 10**9:
            raise Refusal(Refused("invalid", "limit", repr(limit)[:40], hint="Give a whole number, 0 or more."))
        asked = self._asked(f"stock:{sku}", "allow_backorders", key, place, limit, int(force))
        return self._move(Stock(sku, place), 0, reason, actor, asked, force=force, beyond=limit)

    def _move(
        self, pool: MovedPool, delta: int, reason: str, actor: str, asked: Asked, *, force: bool = False, beyond: int | None = None
    ) -> Pool:
        return self.storage.transact(lambda unit: commands.move(unit, pool, delta, reason, actor, force, asked, beyond))

    def _place(self, location: str) -> str:
        if location not in self.policy.locations:
            known = ", ".join(self.policy.locations)
            raise Refusal(Refused("invalid", "location", repr(location)[:40], hint=f"Use one of {known}."))
        return location

    # Gift cards.
    def gift_card(self, card: str, currency: str) -> Pool:
        """The money on a gift card, in minor units: `on_hand` was loaded, `committed` is spent, `held` is being spent, `available` is left.

        `card` is its number, or its reference. Raises Refusal.
        """
        pool = CardBalance(edge.checked_card(card), currency)
        found = (self.storage.pools([pool]))[pool]
        if not found.on_hand:
            raise Refusal(Refused("unknown-gift-card", shown_number(pool.card)))
        return found

    def load_gift_card(self, card: str, amount: Money, *, reason: str, actor: str, key: str | None = None) -> Pool:
        """Put money on a gift card, or take it off, below zero; repeated with the same `key` it is done once. The card as it is then.

        A number that `new_gift_card` made is a card from now on. What is being spent or is spent cannot be taken off. Raises Refusal.
        """
        wrong = [*edge.checked_text("reason", reason), *edge.checked_text("actor", actor)]
        if type(amount) is not Money:
            wrong.append(Refused("invalid", "amount", f"a {type(amount).__name__}", hint='Give Money, such as Money(5000, "EUR").'))
        edge.refuse(wrong)
        pool = CardBalance(edge.checked_card(card), amount.currency)
        if not amount.minor:
            raise Refusal(Refused("invalid", "amount", str(amount), hint="Give more than nothing, or less to take it off."))
        asked = self._asked(f"gift-card:{pool.card}", "load", key, str(amount))
        return self._move(pool, amount.minor, reason, actor, asked)

    # What the commands share.
    def _asked(self, scope: str, operation: str, key: str | None, *said: str | int | None) -> Asked:
        """The identity of a request. One without a key gets its own, so that a unit run again finds its record (R12)."""
        if key is None:
            return Asked.of(scope, operation, self.ids.new(), *said, own=True)
        edge.refuse(edge.checked_key(key))
        return Asked.of(scope, operation, key, *said)

    def _details(
        self,
        ship_to: Address | None,
        shipping: str | None,
        codes: Iterable[str] | None,
        contact: Contact | None,
        channel: str | None,
        pay_by: str | None,
        gift_cards: Iterable[str] | None = None,
    ) -> Details:
        ship_to, contact, wrong = checked_by(self.addresses, ship_to, contact)
        wrong += [*edge.checked_text("shipping", shipping)] if shipping is not None else []
        wrong += [*edge.checked_channel(channel, self.policy)] if channel is not None else []
        wrong += [*edge.checked_text("pay_by", pay_by, empty=True)] if pay_by is not None else []
        edge.refuse(wrong)
        typed = None if codes is None else edge.checked_codes(codes, self.policy.codes_at_most)
        cards = None if gift_cards is None else edge.checked_cards(gift_cards)
        return Details(ship_to, contact, shipping, typed, cards, channel, pay_by)

    def _reached(self, details: Details, seen: Seen) -> Details:
        """A contact that came without an address: its phone number is typed as where the parcel goes, if that is known."""
        if details.contact is None or details.ship_to is not None:
            return details
        address = seen.person.address if seen.person else None
        contact, wrong = _dialled(self.addresses, details.contact, address.country if address else None)
        edge.refuse(wrong)
        return evolve(details, contact=contact)

    def _payment(self, checkout: str, instrument: Card | Upi | None, expected: Money | str, key: str) -> Payment:
        method, token = (instrument.method, instrument.token) if instrument else ("zero", "")
        said = str(expected) if isinstance(expected, Money) else expected
        return Payment(instrument, tuple(self.gateways.values()), expected, Asked.of(checkout, "pay", key, method, token, said))

    def _start_paying(self, checkout: str, wish: Payment) -> tuple[tuple[Step, Attempt | None], datetime]:
        known: Known | None = None
        for _ in range(_STARTS_AT_MOST):
            try:
                return self._try_to_pay(checkout, wish, known)
            except commands.Stale:
                known = self._known_now(checkout)
        raise Unavailable("This checkout keeps changing. Repeat the call, with the same key.")

    def _try_to_pay(self, checkout: str, wish: Payment, known: Known | None) -> tuple[tuple[Step, Attempt | None], datetime]:
        return self._in_unit(lambda unit: commands.pay(unit, checkout, wish, known, self.policy))

    def _names(self) -> tuple[str, str]:
        return self.ids.new(), self.ids.order_number()

    def _run(self, work: Callable[[Unit], Step]) -> Checkout:
        since = self.clock.now()
        return self.runner.run(self.storage.transact(work), since)

    def _in_unit(self, work: Callable[[Unit], _T]) -> tuple[_T, datetime]:
        """Run a command; if something is short, let overdue checkouts go that hold it, and try once more. With it, when it was begun."""
        try:
            since = self.clock.now()
            return self.storage.transact(work), since
        except Shortage as shortage:
            self._make_room(shortage.short.pool)
        try:
            since = self.clock.now()
            return self.storage.transact(work), since
        except Shortage as shortage:
            raise Refusal(commands.why_short(shortage.short, shortage.quote)) from None

    def _make_room(self, pool: PoolKey) -> None:
        """Let overdue checkouts go that hold what is short, wherever it lies."""
        pools = [Stock(pool.sku, place) for place in self.policy.locations] if isinstance(pool, Stock) else [pool]
        for short in pools:
            for id in self.storage.blocking(short, _MAKE_ROOM):
                try:
                    self.go_on(id)
                except Broken:  # not this shopper's trouble: a tick tells whoever looks after the shop
                    continue

    def _until_facts_hold(self, once: Callable[[], tuple[Step | None, datetime]]) -> Checkout:
        for _ in range(_STARTS_AT_MOST):
            stored, since = once()
            if stored is not None:
                return self.runner.run(stored, since)
        raise Unavailable("The cart keeps changing. Repeat the call.")


def checked_by(book: AddressBook, ship_to: Address | None, contact: Contact | None) -> tuple[Address | None, Contact | None, list[Refused]]:
    """Both as the book writes them, a phone number as typed where the parcel goes; and all that is wrong, each field once."""
    wrong = [*edge.checked_address(ship_to)] if ship_to is not None else []
    unreachable = [*edge.checked_contact(contact)] if contact is not None else []
    if isinstance(ship_to, Address) and edge.is_readable(ship_to):
        if contact is not None and not unreachable and ship_to.country in COUNTRIES:
            contact, unreachable = _dialled(book, contact, ship_to.country)
        checked = book.checked(ship_to)
        if isinstance(checked, Address):
            ship_to = checked
        else:
            named = {one.subject for one in wrong}
            wrong += [one for one in checked if one.subject not in named]
    return ship_to, contact, [*wrong, *unreachable]


def _dialled(book: AddressBook, contact: Contact, country: str | None) -> tuple[Contact, list[Refused]]:
    number = None if contact.phone is None else book.phone(contact.phone, country)
    return (contact, [number]) if isinstance(number, Refused) else (evolve(contact, phone=number), [])


def _answers(port: str, catalog: object, method: str) -> object:
    if not hasattr(catalog, method):
        raise Misconfigured(f"The shop has no {port}. Give Shop({port}=…), or a catalogue that has `{method}` too.")
    return catalog
