"""An exhaustive explorer: every interleaving and every choice of up to N faults of a small world, on the shipped AsyncShop.

A state is a snapshot: the world (the store's tables, the gateway's own books, the clock), and for each actor the answers its coroutine
has been given so far. The coroutine of an actor is made again from its answers, so any state can be taken up again without replaying the
world, and states that were seen before are not explored twice. A fault costs one of the budget; scheduling costs nothing.

What an actor's call does follows from the world and that actor alone: not from who else is about, nor from the budget that is left. So
equal worlds are one object, and a step from a world is performed, and what must hold of it is checked, the first time it is met.

An execution is a path from the start to rest; how many there are is counted over the graph, so it is what a replay of each would find.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from attrs import define, field, fields, frozen

from checkout_core.checkout import Checkout
from checkout_core.errors import CheckoutError, NoAnswer
from checkout_core.memory import MemoryStorage, Tables
from checkout_core.values import evolve
from tests.simulation.gateway import Books, GatewayModel

T = TypeVar("T")


@frozen(eq=False)
class Call:
    """One call of a port: the only place where control passes (FAULTS: yield points)."""

    port: str
    op: str
    argument: Any

    def __await__(self) -> Generator[Call, Any, Any]:
        return (yield self)


@frozen
class Spec:
    """What an actor does: one command of the shop. `told` says whether its reply counts as said to a client."""

    name: str
    start: Callable[[Any], Coroutine[Any, Any, Any]] = field(eq=False)
    told: bool = True


@frozen(eq=False)
class Actor:
    """A process with its coroutine: what it was given so far, and what it wants now.

    `digest` is a number for what its future depends on, `exact` one for every answer to the letter.
    """

    spec: Spec
    wants: Call
    given: tuple[Any, ...] = ()
    digest: int = 0
    exact: int = 0


@define(eq=False)
class World:
    """Everything durable, and the time.

    `rows` is a hash of each table, and `essence` what the future can depend on, as two hashes of 64 bits. `due` is when anybody may first
    go on with some checkout, `armed` the next time at which something lapses or falls due. `steps` is what has followed from it.
    """

    tables: Tables
    books: Books
    now: datetime
    rows: tuple[int, ...] = (0,) * len(fields(Tables))
    essence: tuple[int, int] = (0, 0)
    due: datetime | None = None
    armed: datetime | None = None
    steps: dict[Any, Step] = field(factory=dict)

    def after(self, before: World) -> World:
        """The same, with its `rows`; a table that is as it was before is that very table, and its hash is known."""
        tables, rows = [], []
        for name, row in zip(NAMES, before.rows, strict=True):
            was, table = getattr(before.tables, name), getattr(self.tables, name)
            same = table == was
            tables.append(was if same else table)
            rows.append(row if same else hash_of(table))
        self.tables, self.rows = Tables(*tables), tuple(rows)
        return self

    def settled(self) -> World:
        """The same, with everything that follows from its tables."""
        checkouts = self.tables.checkouts.values()
        self.due = min((c.due_at for c in checkouts if c.due_at is not None), default=None)
        self.armed = min((at for c in checkouts for at in deadlines(c) if at > self.now), default=None)
        self.essence = self.essential()
        return self

    def essential(self) -> tuple[int, int]:
        t = self.tables
        rest = frozenset(t.pools.items()), frozenset(t.requests.items()), self.books.key(), self.now
        checkouts = frozenset(essence(c) for c in t.checkouts.values())
        return hash((rest, checkouts)), hash((checkouts, 1, rest))


def hash_of(table: dict[Any, Any] | list[Any]) -> int:
    """A hash of a table, to the last row."""
    return hash(frozenset(table.items()) if isinstance(table, dict) else tuple(table))


@frozen
class Step:
    """What a step leads to: the world, the actor if it goes on, and what it told and left on its way."""

    world: World
    actors: tuple[Actor, ...]
    told: tuple[tuple[str, Any], ...]
    late: tuple[Any, ...]


@define
class Worlds:
    """The worlds met so far: equal ones are one object. `check` raises what is wrong with a step from one to the next."""

    check: Callable[[World, World], None]
    met: dict[tuple[int, int], World] = field(factory=dict)

    def one(self, world: World, before: World) -> World:
        """That world, as the object that stands for all its equals."""
        if world is before:
            return world
        everything = (*world.after(before).rows, world.books.key(), world.now)
        key = hash(everything), hash((1, *reversed(everything)))
        known = self.met.get(key)
        if known is None:
            known = self.met[key] = world.settled()
        return known

    def step(self, state: State, key: Any, actors: tuple[Actor, ...], take: Callable[[State], State]) -> State:
        """The state after a step that only these of its actors take part in; `key` says which step it is."""
        step = state.world.steps.get(key)
        if step is None:
            after = take(State(state.world, actors))
            self.check(state.world, after.world)
            step = state.world.steps[key] = Step(self.one(after.world, state.world), after.actors, after.told, after.late)
        others = tuple([a for a in state.actors if a not in actors]) if actors else state.actors
        told = (*state.told, *step.told) if step.told else state.told
        late = (*state.late, *step.late) if step.late else state.late
        return State(step.world, others + step.actors, told, late, state.budget, state.used)


@define(slots=False, eq=False)
class State:
    """The world, everything volatile, and the budget. Copied, never shared."""

    world: World
    actors: tuple[Actor, ...] = ()
    told: tuple[tuple[str, Any], ...] = ()
    late: tuple[Any, ...] = ()
    budget: int = 0
    used: frozenset[str] = frozenset()

    @property
    def tables(self) -> Tables:
        return self.world.tables

    @property
    def books(self) -> Books:
        return self.world.books

    @property
    def now(self) -> datetime:
        return self.world.now

    def but(self, **new: Any) -> State:
        """The same state with these differences."""
        return evolve(self, **new)

    def at(self, *, tables: Tables | None = None, books: Books | None = None, now: datetime | None = None) -> State:
        """The same state in a world with these differences."""
        world = self.world
        return self.but(world=World(tables or world.tables, books or world.books, now or world.now))

    def key(self) -> tuple[int, int]:
        """What makes two states one: whatever the future can depend on, as two hashes of 64 bits."""
        actors = frozenset([(a.spec.name, a.digest) for a in self.actors])
        rest = (actors, self.told, self.late, self.budget, self.used)
        one, other = self.world.essence
        return hash((rest, one)), hash((other, 1, rest))


def essence(c: Checkout) -> tuple[Any, ...]:
    """What of a checkout the future depends on: not how often it was written, nor what it has told the outbox (checked on the way)."""
    return c.id, c.next, c.due_at, c.attempts, c.held, c.claims, c.abandoned, c.because, c.order, c.deadline, c.latest


NAMES = tuple(a.name for a in fields(Tables))


def snapshot(tables: Tables) -> Tables:
    """A copy of the tables; the rows are frozen."""
    return Tables(*[getattr(tables, name).copy() for name in NAMES])


class Frozen:
    """The clock of a state."""

    def __init__(self, now: datetime) -> None:
        self.time = now

    def now(self) -> datetime:
        return self.time


@frozen
class Move:
    """One thing that can happen next; `cost` 1 is a fault."""

    name: str
    go: Callable[[State], State]
    cost: int = 0


class Found(AssertionError):
    """A violation, with the path to it."""

    def __init__(self, what: str, path: tuple[str, ...]) -> None:
        super().__init__("\n  ".join([what, *path]))
        self.what = what
        self.path = path


@define
class Report:
    """What was explored."""

    states: int = 0
    moves: int = 0
    executions: int = 0
    struck: dict[str, int] = field(factory=dict)

    def __str__(self) -> str:
        faults = ", ".join(f"{name} {count:,}" for name, count in sorted(self.struck.items()))
        return f"{self.executions:,} executions over {self.states:,} states and {self.moves:,} moves; faults struck: {faults or 'none'}"


@define
class Explorer:
    """Explores the world given by `moves` and `check`; `resume` gives the pending call of an actor."""

    world: Any
    report: Report = field(factory=Report)
    _seen: dict[tuple[int, int], int] = field(factory=dict)

    def run(self, start: State) -> Report:
        """Every execution from here. Raises Found at the first violation."""
        self.report.executions = self._explore(start)
        self.report.states = len(self._seen)
        return self.report

    def _explore(self, start: State) -> int:
        # Depth first with an explicit stack: [state's key, its moves, executions so far, path]
        counts = self._seen
        key = start.key()
        stack: list[list[Any]] = [[key, self._moves(start, ()), 0, (), start]]
        counts[key] = 0
        while stack:
            frame = stack[-1]
            move = next(frame[1], None)
            if move is None:
                counts[frame[0]] = max(frame[2], 1)
                stack.pop()
                if stack:
                    stack[-1][2] += counts[frame[0]]
                continue
            path = (*frame[3], move.name)
            self.report.moves += 1
            if move.cost:
                name = move.name.split(": ")[-1]
                self.report.struck[name] = self.report.struck.get(name, 0) + 1
            try:
                before = frame[4]
                state = move.go(before.but(budget=before.budget - move.cost) if move.cost else before)
                self.world.check(before, state)
            except AssertionError as wrong:
                raise Found(str(wrong), path) from wrong
            except CheckoutError as wrong:
                raise Found(f"{type(wrong).__name__}: {wrong}", path) from wrong
            key = state.key()
            if key in counts:
                frame[2] += counts[key]
                continue
            counts[key] = 0
            stack.append([key, self._moves(state, path), 0, path, state])
        return counts[start.key()]

    def _moves(self, state: State, path: tuple[str, ...]) -> Iterator[Move]:
        moves = [move for move in self.world.moves(state) if move.cost <= state.budget]
        if not any(move.cost == 0 for move in moves):
            try:
                self.world.at_rest(state)
            except AssertionError as wrong:
                raise Found(f"at rest: {wrong}", path) from wrong
        return iter(moves)


# Actors.
QUIET = frozenset({"due", "blocking", "pools", "undelivered"})  # reads that decide nothing: answered at once


def resume(actor: Actor, shop: Any) -> Coroutine[Any, Any, Any]:
    """The actor's coroutine brought to where it was."""
    coroutine = actor.spec.start(shop)
    coroutine.send(None)
    for answer in actor.given:
        coroutine.throw(answer) if isinstance(answer, BaseException) else coroutine.send(answer)
    return coroutine


def spawn(state: State, spec: Spec, shop: Any) -> State:
    """A new process that has come to its first call."""
    coroutine = spec.start(shop)
    return quietly(state, Actor(spec, coroutine.send(None)), coroutine)


STORE = MemoryStorage(Frozen(datetime.min.replace(tzinfo=UTC)))


def store_at(state: State) -> MemoryStorage:
    """A store with the state's tables (a copy) at the state's time."""
    STORE.clock = Frozen(state.now)
    STORE.tables = snapshot(state.tables)
    return STORE


class Proxy:
    """The ports as the shop sees them: each call passes control."""

    def __init__(self, port: str) -> None:
        self.port = port

    def __getattr__(self, op: str) -> Callable[[Any], Call]:
        async def call(*arguments: Any) -> Any:
            return await Call(self.port, op, arguments)

        return call  # type: ignore[return-value]


def perform(state: State, actor: Actor, shop: Any, gateway: GatewayModel, *, variant: str = "") -> State:
    """Perform the call the actor wants, with the gateway's behaviour `variant`, and let it run to its next call."""
    coroutine = resume(actor, shop)
    others = tuple(a for a in state.actors if a is not actor)
    state, answer = answer_to(state.but(actors=others), actor.wants, gateway, variant)
    return quietly(*give(state, actor, coroutine, answer))


def answer_to(state: State, call: Call, gateway: GatewayModel, variant: str = "") -> tuple[State, Any]:
    """What the world does with a call."""
    if call.port == "store":
        store = store_at(state)
        if call.op in QUIET:
            store.index()
        try:
            answer = getattr(store, call.op)(*call.argument)
        except Exception as error:
            return state, error
        return state.at(tables=store.tables), answer
    books, late, fact = gateway.perform(state.books, call.op, call.argument[0], state.now, variant)
    return state.at(books=books).but(late=(*state.late, *late)), fact


def give(state: State, actor: Actor, coroutine: Coroutine[Any, Any, Any], answer: Any) -> tuple[State, Actor | None, Any]:
    """Give the actor its answer; None if that was its last call."""
    digest = hash((actor.digest, answer_digest(answer)))
    exact = hash((actor.exact, answer_digest(answer, hash)))
    try:
        wants = coroutine.throw(answer) if isinstance(answer, BaseException) else coroutine.send(answer)
    except StopIteration as stop:
        told = (*state.told, (actor.spec.name, stop.value)) if actor.spec.told else state.told
        return state.but(told=told), None, coroutine
    return state, Actor(actor.spec, wants, (*actor.given, answer), digest, exact), coroutine


def quietly(state: State, actor: Actor | None, coroutine: Coroutine[Any, Any, Any]) -> State:
    """The state with that actor, its quiet calls answered."""
    while actor is not None and actor.wants.op in QUIET:
        state, answer = answer_to(state, actor.wants, GatewayModel())
        state, actor, coroutine = give(state, actor, coroutine, answer)
    coroutine.close()
    return state if actor is None else state.but(actors=(*state.actors, actor))


def answer_digest(answer: Any, of: Callable[[Checkout], int] = lambda c: hash(essence(c))) -> int:
    """A number for an answer: equal answers, equal numbers. `of` says which checkouts are equal."""
    if isinstance(answer, BaseException):
        return hash(repr(answer))
    if isinstance(answer, tuple):
        return hash(tuple([answer_digest(part, of) for part in answer]))
    if isinstance(answer, Checkout):
        return of(answer)
    try:
        return hash(answer)
    except TypeError:
        return hash(repr(answer))


def deadlines(c: Checkout) -> Iterator[datetime]:
    """The armed times of a checkout."""
    if c.due_at is not None:
        yield c.due_at
    if c.order is None and not c.abandoned:
        yield c.lapses_at


EPSILON = timedelta(seconds=1)
NO_ANSWER = NoAnswer("no answer")
