"""A run that remembers what happened, in words: who did what, which fault struck, what it changed and whom it concerned."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from attrs import field, frozen

from checkout_core.checkout import Checkout
from checkout_core.holds import CartTurn, PoolKey
from checkout_core.money import Money
from checkout_core.payments import Fact
from checkout_core.shop import AsyncShop
from checkout_core.simulation import telling
from checkout_core.simulation.chance import Taped
from checkout_core.simulation.clients import Wished
from checkout_core.simulation.faults import FAULTS
from checkout_core.simulation.kernel import Call, Lost, Process, Task
from checkout_core.simulation.levels import Level
from checkout_core.simulation.running import Run
from checkout_core.simulation.scenarios import Scenario
from checkout_core.simulation.tapes import BENIGN, Decision, Tape
from checkout_core.simulation.violations import Violation
from checkout_core.simulation.watching import Watched
from checkout_core.tokens import TOKENS

GATEWAY, PAYER, SHOPKEEPER = "the gateway", "the payer", "the shopkeeper"
_BEFORE: Final[Mapping[str, str]] = {"crash_before": "dies before it ", "pause": "stops before it "}
_HALTS: Final = ("crash_before", "crash_after", "pause", "sigterm")


@frozen
class Change:
    """Something that is different now; `about` is the checkout, if it is one's."""

    about: str
    says: str


@frozen
class Seen:
    """One thing that happened. `actor` is on whose behalf, `about` the checkouts concerned; `process` is where, and `halts` if it was."""

    at: int
    who: str
    what: str
    fault: str = ""
    changed: tuple[Change, ...] = ()
    actor: str = ""
    about: frozenset[str] = field(default=frozenset())
    process: str = ""
    halts: bool = False


class Recording(Run):
    """A run of a tape that remembers."""

    def __init__(self, scenario: Scenario, tape: Tape, *, level: Level | None = None) -> None:
        super().__init__(scenario, Taped(tape), level=level, without=tape.without)
        self.seen: list[Seen] = []
        self.pools: dict[str, set[PoolKey]] = {}
        self.last = ""
        self.kernel.restarted = self._restarted
        self._changed: list[Change] = []
        self._told: set[str] = set()
        self._keys: set[str] = set()

    def go(self) -> Violation | None:
        violation = super().go()
        task = self.kernel.current
        if self._changed and task is not None:  # what broke the promise was on its way
            call, made = self._unfinished(task)
            self._note(task, telling.CALLS.get(call, call), _goes_wrong(made))
        return violation

    def _unfinished(self, task: Task) -> tuple[str, Decision]:
        """The call of this task that has begun, and was not told of yet."""
        for call, n in task.counts.items():
            address = f"{task.name}/{call}#{n}"
            if "." in call and address not in self._told:
                return call, self.kernel.made.get(address, BENIGN)
        return "", BENIGN

    # What is noted as it happens.
    def _note(self, task: Task | None, what: str, fault: str, *, who: str = "", halts: bool = False) -> None:
        changed, self._changed = tuple(self._changed), []
        actor = "" if task is None else _actor(task.name)
        about = {change.about for change in changed if change.about}
        if task is not None and task.about:
            about.add(task.about)
        process = "" if task is None or task.process is None else task.process.name
        doing = what
        if task is not None and process and actor != process:
            doing = f"for {GATEWAY if task.name.startswith('hook ') else actor}: {what}"
        self.seen.append(Seen(self.kernel.now, who or process or actor, doing, fault, changed, actor, frozenset(about), process, halts))

    def committed(self, unit: Watched) -> None:
        self._changed += [Change(about, says) for about, says in telling.changes(unit, self.books)]
        for checkout, claims in unit.taken:
            self.pools.setdefault(checkout, set()).update(claim.pool for claim in claims if not isinstance(claim.pool, CartTurn))
        self.last = next((record.id for record in unit.written if isinstance(record, Checkout)), unit.about) or self.last
        super().committed(unit)

    def _step(self, task: Task, call: Call, made: Decision, value: Any, error: Exception | None) -> None:
        super()._step(task, call, made, value, error)
        self._told.add(f"{task.name}/{call.name}#{task.counts.get(call.name, 0)}")
        if call.name.startswith("gateway."):
            if not (isinstance(error, Lost) or made.fault == "pause"):
                said = "no answer comes" if error is not None else f"the answer: {telling.fact(value)}"
                self._changed.append(Change(task.about, said))
        elif call.name in ("client.ask", "webhook.deliver"):
            if made.wait:
                self._note(task, f"waits {telling.span(made.wait)}", "")
            return
        wrong = _goes_wrong(made)
        if self._changed or (wrong and call.name != "client.sleep"):
            what = telling.CALLS.get(call.name, call.name)
            self._note(task, f"{_BEFORE.get(made.fault, '')}{what}", wrong, halts=made.fault in _HALTS)

    def submit(self, client: Task, made: Decision, name: str, command: str, start: Callable[[AsyncShop], Any], wish: Wished | None) -> None:
        again = " again, word for word" if _repeats(name) else ""
        if command != "learn":
            what = telling.COMMANDS.get(command, command) + ("" if wish is None else _payment(wish)) + again
            if wish is not None and not again:
                what = "asks once more about the same payment" if wish.key in self._keys else what
                self._keys.add(wish.key)
            self._note(client, what, _struck(made))
        super().submit(client, made, name, command, start, wish)

    def _hook(self, task: Task, made: Decision, name: str, attempt: str, fact: Fact) -> None:
        task.about = attempt.rsplit("/", 1)[0]
        self._note(task, f"sends a message: {telling.fact(fact)}", _struck(made), who=GATEWAY)
        super()._hook(task, made, name, attempt, fact)

    def _served(self, task: Task, value: Any, error: Exception | None) -> None:
        waits = self.waiting.get(task)
        if waits is not None and not waits.over and task.doing != "learn" and (said := telling.told(value, error)):
            about = frozenset({task.about} if task.about else ())
            lost = "the answer is lost on the way" if waits.deaf else ""
            self.seen.append(Seen(self.kernel.now, _actor(task.name), f"is told: {said}", lost, (), _actor(task.name), about))
        super()._served(task, value, error)

    def _news(self, attempt: str, fact: Fact) -> None:
        self._changed.append(Change(attempt.rsplit("/", 1)[0], f"the gateway's books: {telling.fact(fact)}"))
        super()._news(attempt, fact)

    def _later(self, at: datetime, address: str, do: Callable[[], None]) -> None:
        call, _, key = address.partition(" ")
        checkout = key.rsplit("/", 2)[0]
        who = PAYER if call == "payer.act" else GATEWAY
        words = {
            "payer.act": "acts",
            "gateway.late": "the call arrives only now",
            "gateway.corrects": "finds that its no was a mistake: the money is there",
            "gateway.decides": "has decided",
            "gateway.ends": "waits no longer for the payer",
        }
        what = words.get(call, call)

        def done() -> None:
            try:
                do()
            finally:
                if self._changed:
                    changed, self._changed = tuple(self._changed), []
                    self.seen.append(Seen(self.kernel.now, who, what, "", changed, "", frozenset({checkout})))

        super()._later(at, address, done)
        if (made := self.kernel.made.get(address)) is not None:
            how = _struck(made) or f"acts later than expected, by {telling.span(made.wait + made.after).removeprefix('for ')}"
            self.seen.append(Seen(self.kernel.now, PAYER, "is asked to act", how, (), "", frozenset({checkout})))

    def reprice(self, sku: str, price: Money) -> None:
        super().reprice(sku, price)
        self.seen.append(Seen(self.kernel.now, SHOPKEEPER, f"{sku} costs {price} from now on"))

    def _restarted(self, process: Process) -> None:
        if process.starts > 1:
            self.seen.append(Seen(self.kernel.now, process.name, "starts again, remembering nothing", process=process.name))

    def _open(self) -> None:
        super()._open()
        if self._changed:
            changed, self._changed = tuple(self._changed), []
            self.seen.append(Seen(self.kernel.now, SHOPKEEPER, "opens the shop", "", changed, SHOPKEEPER))

    def _heal(self) -> None:
        self.seen.append(Seen(self.kernel.now, "", "from here on nothing goes wrong any more"))
        super()._heal()


def _struck(made: Decision) -> str:
    """What strikes, in words."""
    if made.fault not in FAULTS:
        return ""
    lasts = f" ({telling.span(made.span)})" if made.span and made.fault in ("crash_before", "crash_after", "pause") else ""
    return FAULTS[made.fault].says + lasts


def _goes_wrong(made: Decision) -> str:
    """What is not as it should be, in words: how long it stalls, and what strikes."""
    before = f"stalls {telling.span(made.wait)} before that" if made.wait else ""
    after = f"the answer takes {telling.span(made.after).removeprefix('for ')}" if made.after else ""
    return "; ".join(filter(None, (before, _struck(made), after)))


def _actor(task: str) -> str:
    """On whose behalf a task runs: a shopper, a worker, or the gateway's message about a shopper's checkout."""
    return task.removeprefix("hook ").split(".", 1)[0].split(" ", 1)[0]


def _repeats(request: str) -> bool:
    """Whether a request is one that was sent before."""
    last = request.rsplit(".", 1)[-1]
    return "r" in last


def _payment(wish: Wished) -> str:
    instrument = wish.instrument
    if instrument is None:
        return f" {wish.expected}"
    token = TOKENS.get(instrument.token)
    plain = token is None or token is TOKENS["tok_ok"]
    return f" {wish.expected} by {instrument.method}" + ("" if plain or token is None else f" ({token.says})")
