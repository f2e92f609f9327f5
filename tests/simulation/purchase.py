"""Small worlds to explore: one purchase, two purchases of the last unit; cards, or UPI intents that cannot be called back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from attrs import define, field

from checkout_core.checkout import Placed
from checkout_core.memory import Tables
from checkout_core.money import Ratio
from checkout_core.payments import Card, Instrument, Upi
from checkout_core.promotions import Percent, Promotion
from checkout_core.refusals import Refused
from checkout_core.shop import AsyncShop
from tests.simulation import invariants
from tests.simulation.explorer import (
    Actor,
    Call,
    Explorer,
    Frozen,
    Move,
    Proxy,
    Report,
    Spec,
    State,
    World,
    Worlds,
    answer_to,
    perform,
    snapshot,
    spawn,
)
from tests.simulation.gateway import Books, GatewayModel
from tests.world import NOON, Numbered, a_shop, begin, catalog, total


class GatewayProxy(Proxy):
    """The gateway as the shop sees it: its declarations at once, its calls through the world."""

    def __init__(self, model: GatewayModel) -> None:
        super().__init__("gateway")
        self.name = model.name
        self.capabilities = model.capabilities


LAST_USE = Promotion("last", "The last one", Percent(Ratio(10)), code="LAST", limit=1)


@define
class Purchase:
    """`checkouts` shoppers, each with a cart of one mug, of which there are `stock`."""

    checkouts: int = 1
    stock: int = 1
    gateway: GatewayModel = GatewayModel()
    coupon: bool = False
    shop_class: type[AsyncShop] = AsyncShop
    ids: tuple[str, ...] = ()
    shop: Any = None
    total: Any = None
    known: dict[Actor, tuple[Move, ...]] = field(factory=dict)
    evidence: dict[World, tuple[tuple[str, Move], ...]] = field(factory=dict)
    worlds: Worlds = field(init=False)

    @worlds.default
    def _none_met(self) -> Worlds:
        return Worlds(self.check_step)

    def start(self, faults: int) -> State:
        """The world just before everybody presses pay."""
        clock = Frozen(NOON)
        deals, codes = ([LAST_USE], ["LAST"]) if self.coupon else ([], [])
        shop, store = a_shop(clock=clock, stock=self.stock, promotions=deals)
        begun = []
        for _ in range(self.checkouts):
            cart = shop.open_cart(currency="EUR")
            shop.add(cart.id, sku="MUG", quantity=1)
            begun.append(begin(shop, cart.id, codes=codes))
        self.ids = tuple(c.id for c in begun)
        self.total = total(begun[0])
        self.shop = self.shop_class(
            storage=Proxy("store"),  # type: ignore[arg-type]
            gateways=[GatewayProxy(self.gateway)],  # type: ignore[list-item]
            catalog=catalog(deals, asynchronous=True),
            ids=Numbered("x"),
            clock=clock,
        )
        self.worlds, self.known, self.evidence = self._none_met(), {}, {}
        state = State(self.worlds.one(World(snapshot(store.tables), Books(), NOON), World(Tables(), Books(), NOON)), budget=faults)
        for n, id in enumerate(self.ids):
            state = self.spawn(state, self.paying(id, f"pay{n}"))
        return state

    def paying(self, id: str, key: str) -> Spec:
        total = self.total
        instrument: Instrument = Upi("upi") if self.gateway.upi else Card("tok")
        return Spec(f"{key} {id}", lambda shop: shop.pay(id, instrument, expected=total, key=key))

    def spawn(self, state: State, spec: Spec) -> State:
        return self.worlds.step(state, ("spawn", spec.name), (), lambda bare: spawn(bare, spec, self.shop))

    # What can happen.
    def moves(self, state: State) -> Iterator[Move]:
        for actor in state.actors:
            found = self.known.get(actor)
            if found is None:
                found = self.known[actor] = tuple(self.moves_of(actor))
            yield from found
        yield from self.moves_of_world(state)

    def moves_of(self, actor: Actor) -> Iterator[Move]:
        wanted = actor.wants
        name = f"{actor.spec.name}, {wanted.op}"
        yield Move(f"{name}", partial(self.perform, actor=actor))
        yield Move(f"{name}: crash before", partial(self.crash, actor=actor), 1)
        yield Move(f"{name}: crash after", partial(self.crash, actor=actor, wanted=wanted), 1)
        if wanted.port == "gateway":
            yield Move(f"{name}: no answer, no effect", partial(self.perform, actor=actor, variant="lost"), 1)
            yield Move(f"{name}: no answer, with effect", partial(self.perform, actor=actor, variant="applied"), 1)
            if wanted.op == "authorize":
                yield Move(f"{name}: late money", partial(self.perform, actor=actor, variant="late"), 1)
            if wanted.op in ("authorize", "capture"):
                yield Move(f"{name}: refusal", partial(self.perform, actor=actor, variant="refused"), 1)

    def moves_of_world(self, state: State) -> Iterator[Move]:
        first = self.ids[0]
        for late in state.late:
            if not self.gateway.tombstone and state.now > late[2] + timedelta(seconds=self.gateway.capabilities.settle_window):
                continue  # the gateway's own promise: after the settle window nothing arrives
            yield Move("the late call arrives", partial(self.arrive, late=late))
        for key, payment in state.books.payments:
            if payment.state == "asked":
                yield Move("the payer approves", partial(self.approve, key=key))
        if "cancel" not in state.used:
            cancel = Spec("cancel", lambda shop: shop.cancel(first, reason="changed my mind"), told=False)
            yield Move("the shopper: cancel", partial(self.wish, spec=cancel, use="cancel"), 1)
        if "second" not in state.used:
            yield Move("a second tab: second pay", partial(self.wish, spec=self.paying(first, "second"), use="second"), 1)
        evidence = self.evidence.get(state.world)
        if evidence is None:
            evidence = self.evidence[state.world] = tuple(self.evidence_in(state.books))
        for use, move in evidence:
            if use not in state.used:
                yield move
        if state.world.armed is not None and state.actors:
            yield Move("everybody stalls: deadline reached", partial(self.later, at=state.world.armed), 1)
        due = state.world.due
        busy = any(actor.spec.name == "worker" for actor in state.actors)
        if due is not None and not busy and (due <= state.now or not state.actors):
            yield Move("the worker comes by", partial(self.work, at=max(due, state.now)))

    def evidence_in(self, books: Books) -> Iterator[tuple[str, Move]]:
        """What the provider may say of its books once more, or late; each under the name of its use."""
        for key, payment in books.payments:
            for was in dict.fromkeys((*payment.history, payment.state)):
                if was not in ("asked", "authorized", "captured", "declined"):
                    continue
                fact = self.gateway.fact(payment, was)
                attempt = key.removesuffix("/authorize")
                spec = Spec(f"webhook {was} {attempt}", lambda shop, a=attempt, f=fact: shop.learn(a, f), told=False)  # type: ignore[misc]
                name = "duplicate evidence" if was == payment.state else "old evidence"
                use = f"evidence {was} {key}"
                yield use, Move(f"a webhook says {was}: {name}", partial(self.wish, spec=spec, use=use), 1)

    # How it happens.
    def perform(self, state: State, actor: Actor, variant: str = "") -> State:
        key = actor.spec.name, actor.exact, variant
        return self.worlds.step(state, key, (actor,), lambda bare: perform(bare, actor, self.shop, self.gateway, variant=variant))

    def crash(self, state: State, actor: Actor, wanted: Call | None = None) -> State:
        if wanted is None:
            return state.but(actors=tuple([a for a in state.actors if a is not actor]))

        def unheard(bare: State) -> State:
            after, _ = answer_to(bare, wanted, self.gateway)
            return after.but(actors=())

        return self.worlds.step(state, (actor.spec.name, actor.exact, "unheard"), (actor,), unheard)

    def wish(self, state: State, spec: Spec, use: str) -> State:
        return self.spawn(state, spec).but(used=state.used | {use})

    def later(self, state: State, at: datetime) -> State:
        return self.worlds.step(state, ("later", at), (), lambda bare: bare.at(now=at))

    def work(self, state: State, at: datetime) -> State:
        return self.spawn(self.later(state, at), Spec("worker", lambda shop: shop.tick(10), told=False))

    def arrive(self, state: State, late: Any) -> State:
        rest = list(state.late)
        rest.remove(late)
        after = self.worlds.step(
            state, ("arrive", late), (), lambda bare: bare.at(books=self.gateway.act(bare.books, late[0], late[1], bare.now)[0])
        )
        return after.but(late=tuple(rest))

    def approve(self, state: State, key: str) -> State:
        payment = state.books.get(key)
        assert payment is not None
        approved = payment.becomes("captured", state.now)
        return self.worlds.step(state, ("approve", key), (), lambda bare: bare.at(books=bare.books.put(approved)))

    # What must hold.
    def check(self, before: State, after: State) -> None:
        for _, said in after.told[len(before.told) :]:
            if isinstance(said, Exception):
                raise AssertionError(f"a client saw {said!r}")
            invariants.told(after.tables, said)

    def check_step(self, before: World, after: World) -> None:
        if after.tables.checkouts != before.tables.checkouts or after.tables.pools != before.tables.pools:
            invariants.stock(after.tables)
            invariants.backing(after.tables)
            invariants.booked(before.tables, after.tables, after.books)
        if after.books is not before.books or after.tables.checkouts != before.tables.checkouts:
            invariants.money(after.tables, after.books)
        if after.now != before.now:
            invariants.holds_end(after.tables, after.now)

    def at_rest(self, state: State) -> None:
        cancelled = frozenset({self.ids[0]}) if "cancel" in state.used else frozenset[str]()
        lapses = {c.id: c.begun_at + self.patience(c) for c in state.tables.checkouts.values()}
        invariants.at_rest(state.tables, state.books, cancelled=cancelled, lapsed_first=lapses, refused=frozenset())
        for name, said in state.told:
            key, id = name.split(" ")
            if not self.attempt_of(state, id, key):
                continue  # a refusal that changed nothing is not recorded: asking again is asking anew
            invariants.replied(said, self.ask_again(state, self.paying(id, key)))
            if isinstance(said, Refused):
                attempt = next((a for a in state.tables.checkouts[id].attempts if a.key == self.attempt_of(state, id, key)), None)
                kept = attempt is not None and (p := state.books.get(attempt.authorization)) is not None and p.charged
                invariants.ensure(not kept, "I21", lambda: f"{name} was told {said.reason}, and is charged")
        if not state.used and state.budget == self.budget(state):
            self.undisturbed(state)

    def budget(self, state: State) -> int:
        return self.faults

    faults: int = field(default=0)

    def undisturbed(self, state: State) -> None:
        """Q2: without a fault, as many succeed as there are goods, and the others are refused and not charged."""
        placed = [said for _, said in state.told if isinstance(said, Placed)]
        refused = [said for _, said in state.told if isinstance(said, Refused)]
        wanted = min(self.stock, self.checkouts, 1 if self.coupon else self.checkouts)
        if self.gateway.upi:
            return
        invariants.ensure(len(placed) == wanted, "Q2", lambda: f"{len(placed)} of {wanted} shoppers succeeded, although nothing went wrong")
        reasons = {said.reason for said in refused}
        invariants.ensure(reasons <= {"out-of-stock", "coupon-used-up"}, "Q2", lambda: f"refused for {reasons}")

    def patience(self, c: Any) -> Any:
        return c.lapses_at - c.begun_at if c.attempts else c.deadline - c.begun_at

    def attempt_of(self, state: State, id: str, key: str) -> str:
        record = state.tables.requests.get((id, "pay", key))
        return record.attempt if record else ""

    def ask_again(self, state: State, spec: Spec) -> Any:
        """Repeat a client's request at rest, undisturbed."""
        state = self.spawn(state.but(actors=(), told=()), spec)
        for _ in range(50):
            if state.told:
                return state.told[0][1]
            state = self.perform(state, state.actors[0])
        raise AssertionError("a repeated request never ends")


def explore(world: Purchase, faults: int) -> Report:
    """Explore a world with up to so many faults."""
    world.faults = faults
    return Explorer(world).run(world.start(faults))
