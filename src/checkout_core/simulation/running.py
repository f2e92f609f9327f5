"""One run of a scenario, in three phases, and a last look.

    storm    everybody does what they do while things go wrong
    heal     nothing goes wrong any more; everything drains
    rest     every promise is looked at once more, and every shopper asks once more

The shop, the runner and the worker are the shipped ones; only what is behind their ports is a model, or a real store under a layer of
faults.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from itertools import count
from typing import Any, Final

from attrs import define, evolve, frozen

from checkout_core.card_numbers import reference_of
from checkout_core.checkout import ActionRequired, Checkout, Placed
from checkout_core.errors import NoAnswer, NotFound, Unavailable
from checkout_core.holds import CardBalance, Movement, Pool, PoolKey, Stock
from checkout_core.memory import Tables
from checkout_core.money import Money
from checkout_core.orders import OrderState
from checkout_core.payments import Card, Fact
from checkout_core.ports import AsyncNotifier
from checkout_core.pricing import Quote
from checkout_core.refusals import Refusal
from checkout_core.shop import AsyncShop
from checkout_core.simulation import full
from checkout_core.simulation.books import POLL, Books
from checkout_core.simulation.chance import SECOND, Decides, Exactly, Seeded, Taped, drawn_as
from checkout_core.simulation.clients import Wished, shopping, sleep
from checkout_core.simulation.coverage import Coverage
from checkout_core.simulation.draws import draw
from checkout_core.simulation.expecting import End, missed
from checkout_core.simulation.history import History
from checkout_core.simulation.incremental import Incremental, state_of
from checkout_core.simulation.kernel import Call, Kernel, Lost, Process, Task, Wish
from checkout_core.simulation.levels import Level, ModelLevel, WithGateway
from checkout_core.simulation.parts import (
    FaultyStore,
    Mailbox,
    Shelf,
    SimCatalog,
    SimClock,
    SimGateway,
    SimIds,
    SimNotifier,
    SimStorage,
)
from checkout_core.simulation.people import cast
from checkout_core.simulation.provider import Provider
from checkout_core.simulation.scenarios import Scenario
from checkout_core.simulation.tapes import Decision, Tape
from checkout_core.simulation.taxing import CONSUMER, Bureau, SimTaxProvider
from checkout_core.simulation.violations import Violation, crashed
from checkout_core.simulation.watching import Watched
from checkout_core.tax_reports import AsyncTaxReporter
from checkout_core.worker import AsyncWorker

STEPS_WITHIN: Final = 1800 * SECOND
"""The time in which a wrong clock is set right."""
TIMEOUT: Final = 60 * SECOND
"""How long a shopper's browser waits for an answer."""
_ROUTE: Final = b"which process"
LEASE_OVER: Final = 60 * SECOND
"""How long a worker may sleep with a message in its hand before another may have taken it over."""
MAIL_TWICE: Final = ("mail_unsure", "pause", "sigterm", "busy", "disk_full", "unsure_applied", "unsure_lost")
"""Faults for which a message may arrive twice: who sent it could not know, or could not note it (Q3)."""
_VERIFIED: Final = dict[str, Quote]()
"""Quotes that were found to add up, by hash: the same few are made in every run of a scenario."""
_CALM_ERRORS: Final = (Refusal, NotFound, Unavailable, NoAnswer, Lost)


@frozen
class Outcome:
    """What came of one run. `violation` is None if every promise held; `digest` names everything that happened."""

    scenario: str
    seed: int | None
    violation: Violation | None
    tape: Tape
    digest: str
    checkouts: int
    orders: int
    steps: int
    faults: int
    contended: bool
    coverage: Coverage
    mix: str = ""


@define(eq=False)
class Waiting:
    """A shopper's task that waits for a request."""

    client: Task
    deaf: bool = False
    reuses: bool = False
    over: bool = False


class Run:
    """One run, from the empty store to the last look."""

    def __init__(
        self,
        scenario: Scenario,
        decides: Decides,
        *,
        level: Level | None = None,
        checks: bool = True,
        without: frozenset[str] = frozenset(),
    ) -> None:
        world = scenario.world
        self.scenario = scenario
        exact = scenario.faults.exact if isinstance(decides, Seeded) else ()
        self.kernel = Kernel(world.starts, Exactly(decides, exact) if exact else decides)
        self.coverage = Coverage()
        self.shelf = Shelf(world.catalog)
        self.opened = (level or ModelLevel()).open(SimClock(self.kernel))
        own = self.opened.provider(self._later) if isinstance(self.opened, WithGateway) else None
        self.provider = own or Provider(world.gateway, lambda: self.kernel.instant, self._later, self._news)
        tables = self.opened.tables
        self.consumers = ((SimNotifier.name,) if world.notifier else ()) + ((CONSUMER,) if world.tax_provider else ())
        self.books = Books(self.consumers)
        self.bureau = Bureau(self.books.docs)
        self.incremental = Incremental(self.books, self.provider, self.coverage, None if tables is None else _numbers(tables))
        self.history = History(self.books, self.provider, self.coverage)
        self.store = FaultyStore(self.opened.stores, self.kernel, self)
        self.box = Mailbox()
        self.checks = checks
        self.without = without
        self.contended = False
        self.before: Tables | None = None  # as the storm left it
        self.waiting: dict[Task, Waiting] = {}
        self.parked: dict[Task, None] = {}
        self.wishes: dict[Task, Wished] = {}
        self.told: dict[str, int] = {}
        self.busy = 0
        self.checkouts = 0
        self._alarm: int | None = None
        self._states: dict[str, str] = {}
        self._last: dict[str, Task] = {}
        self._orphans: set[str] = set()
        self._digest = hashlib.blake2b(digest_size=16)
        self._lines: list[str] = []
        self.kernel.on_step = self._step
        self.kernel.armed = self._armed

    # The whole of it.
    def go(self) -> Violation | None:
        """Storm, heal, rest. What breaks first, or None."""
        try:
            self._open()
            self._storm()
            self._heal()
            self._rest()
        except Violation as violation:
            return violation
        finally:
            self.kernel.close()
            self.opened.close()
        return None

    def digest(self) -> str:
        """A name for everything that happened, in order."""
        self._digest.update("\n".join(self._lines).encode())
        self._lines.clear()
        return self._digest.hexdigest()

    # How it begins.
    def _open(self) -> None:
        world, kernel = self.scenario.world, self.kernel
        opening = [Movement(pool, amount, "opening stock", "scenario", kernel.instant) for pool, amount in world.stock if amount]
        cards = [(CardBalance(reference_of(number), worth.currency), worth.minor) for number, worth in world.cards]
        opening += [Movement(card, amount, "sold", "scenario", kernel.instant) for card, amount in cards]
        if opening:
            self.store.unit(lambda unit: unit.write(*opening), "")
        shops = [f"shop-{n}" for n in range(1, world.processes + 1)]
        for name in shops:
            self._boot(Process(name, self._shop))
        for n in range(1, world.workers + 1):
            self._boot(Process(f"worker-{n}", self._worker))
        for actor, name, script in cast(self.scenario.actors):
            if name in self.without:
                continue
            self.busy += 1
            arrives = self._arrival(f"{name}/arrives", actor.within * SECOND) + actor.after * SECOND
            task = Task(name, shopping(self, name, script, actor.patience), None, self._left)
            kernel.start(task, wait=arrives)

    def _arrival(self, address: str, within: int) -> int:
        wait = self.kernel.decides.arrival(address, within)
        if wait:
            self.kernel.made[address] = Decision(wait=wait)
        return wait

    def _boot(self, process: Process) -> None:
        skew = self.scenario.world.skew * SECOND
        if skew:
            drawn = self._arrival(f"{process.name}/skew", 2 * skew)
            process.skew = drawn if drawn <= skew else skew - drawn  # so that what is not on a tape is no skew
            if self.scenario.world.steps and (at := self._arrival(f"{process.name}/steps", STEPS_WITHIN)):
                self.kernel.at(at, lambda: self._set_right(process))
        self.kernel.boot(process)

    @staticmethod
    def _set_right(process: Process) -> None:
        """Somebody sets its clock, under whatever it is doing (T2)."""
        process.skew = 0

    def _shop(self, process: Process) -> AsyncShop:
        kernel = self.kernel
        catalog = SimCatalog(self.shelf)
        if process.starts > 1 and self.scenario.world.steps:
            process.skew = 0  # the clock was set right while it was down
        return AsyncShop(
            storage=SimStorage(self.store),
            catalog=catalog,
            tax_provider=SimTaxProvider(self.bureau, self.shelf, kernel) if self.scenario.world.tax_provider else None,
            gateways=[SimGateway("model", self.provider, kernel, SimClock(kernel, process))],
            policy=self.scenario.world.policy,
            clock=SimClock(kernel, process),
            ids=SimIds(kernel),
        )

    def _worker(self, process: Process) -> AsyncWorker:
        notifiers: list[AsyncNotifier] = []
        if self.scenario.world.notifier:
            notifiers.append(SimNotifier(self.box, self.books.events, self.kernel))
        if self.scenario.world.tax_provider:
            notifiers.append(AsyncTaxReporter(SimTaxProvider(self.bureau, self.shelf, self.kernel)))
        worker = AsyncWorker(self._shop(process), notifiers, name=f"{process.name}.{process.starts}")
        task = Task(f"{process.name}.{process.starts}", self._working(worker), process, self._worker_ended, doing="work")
        self.kernel.start(task)
        return worker

    # Who acts.
    async def _working(self, worker: AsyncWorker) -> None:
        while True:
            try:
                await worker.tick(20)
            except (Unavailable, NoAnswer):
                await sleep(1)
            await Wish("worker.nap", lambda task, made: self._park(task))

    def _worker_ended(self, task: Task, value: Any, error: Exception | None) -> None:
        if error is not None and not isinstance(error, Lost):
            raise crashed(task.name, task.doing, task.about, error) from error

    def _park(self, task: Task) -> None:
        self.parked[task] = None
        self._set_alarm(self._next_work())

    def _left(self, task: Task, value: Any, error: Exception | None) -> None:
        self.busy -= 1
        if error is not None:
            raise crashed(task.name, task.doing, task.about, error) from error

    def submit(self, client: Task, made: Decision, name: str, command: str, start: Callable[[AsyncShop], Any], wish: Wished | None) -> None:
        """A request reaches some process, if one is up; the client's task waits for its answer."""
        up = [p for p in self.kernel.processes.values() if p.open and isinstance(p.memory, AsyncShop)]
        if not up:
            self.kernel.answer(client, None, Lost(), wait=SECOND)
            return
        at = draw(_ROUTE, name) % len(up)
        waits = Waiting(client, deaf=made.fault == "reply_lost", reuses=made.fault == "key_reused")
        self._serve(up[at], name, command, start, wish, waits)
        if made.fault == "twin":
            self._serve(up[at - 1], f"{name}t", command, start, wish, None)
        if made.fault == "gone":
            waits.over = True
            client.coroutine.close()
            client.gone = True
            self.busy -= 1
            return
        self.kernel.at(self.kernel.now + TIMEOUT, lambda: self._hang_up(waits))

    def _serve(
        self, process: Process, name: str, command: str, start: Callable[[AsyncShop], Any], wish: Wished | None, waits: Waiting | None
    ) -> None:
        task = Task(name, start(process.memory), process, self._served, doing=command)
        if wish is not None:
            self.wishes[task] = wish
        if waits is not None:
            self.waiting[task] = waits
        self.kernel.start(task)

    def _served(self, task: Task, value: Any, error: Exception | None) -> None:
        waits, wish = self.waiting.pop(task, None), self.wishes.pop(task, None)
        if error is not None and not isinstance(error, _CALM_ERRORS):
            raise crashed(task.name, task.doing, task.about, error) from error
        if isinstance(error, Lost) and task.about:
            self._orphans.add(task.about)
        if isinstance(error, Unavailable) and not self.kernel.struck and self.opened.tables is not None:
            self.incremental.sent_away(task.name, task.about, error)
        if wish is not None and error is None:
            self.history.answered(wish, value)
        if task.doing == "merge" and error is None:
            self.coverage.marks["merged"] += 1
        if waits is None or waits.over:
            return
        waits.over = True
        if waits.reuses and wish is not None and task.process is not None and isinstance(value, Placed | ActionRequired):
            self._reuse(task, wish, task.process)
        if waits.deaf:
            self.kernel.answer(waits.client, None, Lost(), wait=5 * SECOND)
        else:
            self.kernel.answer(waits.client, value, error)

    def _reuse(self, task: Task, wish: Wished, process: Process) -> None:
        """The key of a payment comes again, with a card that it was not for (S4)."""
        another = Card("tok_ok" if wish.instrument != Card("tok_ok") else "tok_3ds_ok")

        over = lambda _, value, error: self.history.used_again(wish, value, error)  # noqa: E731
        self.kernel.start(Task(f"{task.name}x", evolve(wish, instrument=another).on(process.memory), process, over, doing="pay"))

    def _hang_up(self, waits: Waiting) -> None:
        if not waits.over:
            waits.over = True
            self.kernel.answer(waits.client, None, Lost())

    def reprice(self, sku: str, price: Money) -> None:
        """The shopkeeper changes a price. Raises NotFound."""
        self.shelf.reprice(sku, price)

    # The gateway's own doings.
    def _later(self, at: datetime, address: str, do: Callable[[], None]) -> None:
        kernel = self.kernel
        call, _, key = address.partition(" ")
        when = kernel.micros(at)
        if kernel.storm and call == "payer.act":
            checkout = key.rsplit("/", 2)[0]
            made = kernel.decides.decide(address, call, when, lambda: self._armed(checkout))
            if not made.benign:
                kernel.made[address] = made
            if made.fault == "never_acts":
                kernel.struck[made.fault] = kernel.struck.get(made.fault, 0) + 1
                return
            when += made.wait + made.after
        kernel.at(when, do)

    def _news(self, attempt: str, fact: Fact) -> None:
        checkout = attempt.rsplit("/", 1)[0]
        if self.checks:
            self.incremental.after_gateway(checkout)
        if not self.scenario.world.gateway.webhooks:
            return
        n = self.told[checkout] = self.told.get(checkout, 0) + 1
        task = Task(f"hook {checkout} {n}", self._deliver(attempt, fact, f"hook {checkout} {n}"), None, self._delivered)
        self.kernel.start(task, wait=SECOND)

    async def _deliver(self, attempt: str, fact: Fact, name: str) -> None:
        """A webhook, sent again until it is taken, or for three quarters of an hour; one that must come, for as long as it takes."""
        for again in count() if self._must_come(attempt) else range(8):
            try:
                await Wish(
                    "webhook.deliver",
                    lambda task, made, again=again: self._hook(task, made, f"{name}.{again}", attempt, fact),  # type: ignore[misc]
                )
                return
            except (Lost, Unavailable, NoAnswer):
                await sleep(10 << min(again, 8))

    def _hook(self, task: Task, made: Decision, name: str, attempt: str, fact: Fact) -> None:
        if made.fault == "drop":
            self.kernel.answer(task, None, Lost() if self._must_come(attempt) else None)
            return
        start = lambda shop: shop.learn(attempt, fact)  # noqa: E731
        self.submit(task, evolve(made, fault="twin" if made.fault == "dup" else ""), name, "learn", start, None)
        if made.fault == "replay":
            self.coverage.marks["old news"] += 1
            late = Task(f"{name} again", self._deliver(attempt, fact, f"{name} again"), None, self._delivered)
            self.kernel.start(late, wait=made.span * 600)

    def _must_come(self, attempt: str) -> bool:
        """Whether nothing but a message can tell what became of a payment: the gateway said no, and has its money all the same."""
        payment = self.provider.find(f"{attempt}/authorize")
        return payment is not None and payment.corrected

    def _delivered(self, task: Task, value: Any, error: Exception | None) -> None:
        if error is not None and not isinstance(error, NotFound | Refusal):
            raise crashed(task.name, task.doing, task.about, error) from error

    # What is noted.
    def committed(self, unit: Watched) -> None:
        """A unit has committed."""
        task = self.kernel.current
        id = unit.about
        if task is not None and id and any(isinstance(record, Checkout) for record in unit.written):
            self._overtaken(id, task)
        changes = self.books.take_in(unit)
        for _, c in changes.checkouts:
            self._states[c.id] = state_of(c)
        self.checkouts += sum(old is None for old, _ in changes.checkouts)
        if self.checks:
            self.incremental.after_commit(changes)
            for _, request in changes.requests:
                self.history.stored(request)
        if self.parked:
            due = [c.due_at for _, c in changes.checkouts if c.due_at is not None]
            mail = [self.kernel.instant + POLL] if changes.events and self.consumers else []
            self._set_alarm(min((*due, *mail), default=None))

    def rolled_back(self) -> None:
        """A unit was undone by the store."""
        self.coverage.marks["rolled back"] += 1

    def ran_again(self, first: Watched, again: Watched) -> None:
        """A unit was run again after a commit that nobody answered."""
        self.history.ran_again(first, again)

    def refused(self, unit: Watched, refusal: Refusal) -> None:
        """A unit was refused by the shop."""
        wish = None if self.kernel.current is None else self.wishes.get(self.kernel.current)
        if wish is not None and self.checks:
            self.history.refused_now(wish, refusal, unit.now)
        if self.checks:
            self.incremental.turned_down(refusal.refused, unit.about, self.shelf.catalog.items)

    def shorted(self, unit: Watched) -> None:
        """A unit was refused for want of something."""
        self.contended = True
        if unit.short is not None:
            self.incremental.refused(unit.short, unit.about)

    def _overtaken(self, id: str, task: Task) -> None:
        other = self._last.get(id, task)
        if other is not task and not other.gone:
            self.contended = True
            self.coverage.marks["overtaken"] += task.about == id
            if task.doing == "learn":
                self.coverage.marks["news first"] += 1
        if id in self._orphans and task.doing in ("work", "pay", "learn"):
            self._orphans.discard(id)
            self.coverage.marks["taken over"] += 1
        self._last[id] = task

    def _step(self, task: Task, call: Call, made: Decision, value: Any, error: Exception | None) -> None:
        came = "" if error is None else type(error).__name__
        self._lines.append(f"{self.kernel.now} {task.name} {call.name} {made.fault} {came}")
        self.coverage.cells[self._states.get(task.about, "none"), call.name, made.fault] += 1

    def _armed(self, checkout: str) -> list[int]:
        """The instants near which something may go wrong, as this checkout has them armed."""
        c = self.books.docs.get(checkout)
        if c is None:
            return []
        micros = self.kernel.micros
        times = [c.due_at, None if c.order or c.abandoned else c.lapses_at, c.quote_until]
        for attempt in c.attempts:
            times += [attempt.until, attempt.ask_at, attempt.final_at]
        return [micros(at) for at in times if at is not None]

    def _set_alarm(self, at: datetime | None) -> None:
        """Wake the workers when something is due."""
        if at is None or not self.parked:
            return
        kernel = self.kernel
        when = max(kernel.micros(at), kernel.now + SECOND // 2)
        if self._alarm is None or when < self._alarm:
            self._alarm = when
            kernel.at(when, lambda: self._ring(when))

    def _ring(self, when: int) -> None:
        if self._alarm != when:
            return
        self._alarm = None
        work = self._next_work(sooner=POLL)
        if work is None or work > self.kernel.instant:  # what was due has been done
            self._set_alarm(work)
            return
        parked = list(self.parked)
        self.parked.clear()
        for task in parked:
            if not task.gone:
                self.kernel.answer(task, None)

    def _next_work(self, *, sooner: timedelta = timedelta()) -> datetime | None:
        return self.books.next_work(self.kernel.instant - sooner)

    # The phases.
    def _storm(self) -> None:
        kernel, at_most = self.kernel, 10_000 + 1_000 * self.busy
        kernel.run(lambda: self.busy == 0 or kernel.steps > at_most)
        self._ends_before(at_most)
        self.before = None if self.opened.tables is None else full.moment(self.opened.tables)

    def _heal(self) -> None:
        kernel = self.kernel
        kernel.storm = False
        for process in kernel.processes.values():
            process.resumes_at = min(process.resumes_at, kernel.now)
        at_most = kernel.steps + 2_000 + 500 * (self.checkouts + len(self.books.events))
        kernel.run(lambda: kernel.steps > at_most)
        self._ends_before(at_most)

    def _ends_before(self, at_most: int) -> None:
        """L5: a shop that never comes to rest is busy with itself, unless it is something else that does not end."""
        self.coverage.evaluated["L5"] += 1
        if self.kernel.steps > at_most:
            self.incremental.endless(self.kernel.instant, at_most)

    def _rest(self) -> None:
        if (tables := self.opened.tables) is not None:
            full.look(self._scene(tables), evaluated=self.coverage.evaluated)
        elif self.books.due:
            id, due = min(self.books.due.items())
            raise Violation("L1", "a checkout waits, and nobody comes", (f"it is due {due}", "nothing is left to happen"), id)
        if self.opened.tables is None:
            self.incremental.compare(self.opened.stores.pools)
        for id, sentence in self.opened.check(self.provider):
            raise Violation(id, sentence, ("an independent look at the store found it", "the run said nothing"))
        if self.scenario.world.tax_provider:
            self.coverage.evaluated["I20"] += 1
            self.bureau.look()
        for violation in missed(self.scenario, self._end()):
            raise violation
        rest = Process("afterwards", self._shop)
        self.kernel.boot(rest)
        for n, wish in enumerate(self.history.wished):
            self.history.at_rest(wish, self._undisturbed(f"afterwards.{n}", wish, rest))

    def _end(self) -> End:
        left = dict[str, int]()
        for pool, counts in self.books.counts.items():
            if isinstance(pool, Stock):
                left[pool.sku] = left.get(pool.sku, 0) + max(counts.there - counts.promised, 0)
        return End(self.orders, left, self.history.refused, len({id for id, _ in self.box.sent}), calm=not self.kernel.struck)

    @property
    def orders(self) -> int:
        """How many orders stand."""
        return sum(c.order is not None and c.order.state is not OrderState.CANCELLED for c in self.books.docs.values())

    def _scene(self, tables: Tables) -> full.Scene:
        sent = Counter((SimNotifier.name, id) for id, _ in self.box.sent)
        crashes = sum(process.crashes for process in self.kernel.processes.values())
        struck = self.kernel.struck
        slept = sum(made.wait + made.after > LEASE_OVER for made in self.kernel.made.values())
        excuses = crashes + slept + self.store.exhausted + sum(struck.get(fault, 0) for fault in MAIL_TWICE)
        self.coverage.marks["told twice"] += any(times > 1 for times in sent.values())
        return full.Scene(
            tables,
            payments=list(self.provider.payments.values()),
            now=self.kernel.instant,
            before=self.before,
            notices=sent,
            excuses=excuses,
            consumers=self.consumers,
            noted=(SimNotifier.name,),
            poisoned={(SimNotifier.name, id) for id in self.box.poisoned} | self.bureau.unsendable(self.books.events),
            calm=not struck,
            told=self.history.told,
            attempts_at_most=self.scenario.world.policy.attempts_at_most,
            verified=_VERIFIED,
        )

    def _undisturbed(self, name: str, wish: Wished, process: Process) -> object:
        """What this wish is told when nothing is going on."""
        came: list[object] = []

        def over(task: Task, value: Any, error: Exception | None) -> None:
            came.append(value if error is None else error)

        self.kernel.start(Task(name, wish.on(process.memory), process, over, doing="pay"))
        self.kernel.run(lambda: bool(came))
        return came[0]


def _numbers(tables: Tables) -> Callable[[list[PoolKey]], Mapping[PoolKey, Pool]]:
    pools = tables.pools
    return lambda keys: {key: pools.get(key) or Pool(key) for key in keys}


def run_once(
    scenario: Scenario, seed: int | None = None, tape: Tape | None = None, *, level: Level | None = None, checks: bool = True
) -> Outcome:
    """One run of a scenario, from a seed or from a tape."""
    decides: Decides = Taped(tape) if tape is not None else Seeded(seed or 0, scenario.faults)
    run = Run(scenario, decides, level=level, checks=checks, without=frozenset() if tape is None else tape.without)
    violation = run.go()
    return outcome_of(run, seed, violation)


def outcome_of(run: Run, seed: int | None, violation: Violation | None) -> Outcome:
    """What came of a run that is over."""
    kernel = run.kernel
    run.coverage.struck.update(kernel.struck)
    return Outcome(
        run.scenario.name, seed, violation, Tape(dict(kernel.made), run.without), run.digest(), run.checkouts, run.orders, kernel.steps,
        sum(kernel.struck.values()), run.contended, run.coverage, drawn_as(kernel.decides),
    )  # fmt: skip
