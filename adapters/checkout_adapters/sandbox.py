"""A gateway to play with. It never takes real money, whatever it answers; a production shop refuses it.

The token of the instrument says what happens:

    tok_ok                    card: the money is reserved or taken at once
    tok_declined              card: declined
    tok_insufficient_funds    card: declined, there is too little on the account
    tok_expired_card          card: declined, the card has expired
    tok_stolen                card: declined, the card is reported stolen; do not try it again
    tok_3ds_ok                card: a challenge, which the payer passes 10 seconds later
    tok_3ds_denied            card: a challenge, which the payer fails 10 seconds later
    tok_3ds_abandoned         card: a challenge to which the payer never comes; over after 10 minutes
    tok_slow                  card: works, but every answer takes long
    tok_amount_drift          card: one minor unit more than asked is reserved or taken
    tok_no_answer_lost        card: the first authorize has no answer and never arrived; later ones work
    tok_no_answer_taken       card: the first authorize works, but has no answer
    tok_no_answer_late        card: the first authorize has no answer, and arrives a minute later unless it is voided before
    tok_capture_no_answer     card: the first capture works, but has no answer
    tok_void_no_answer        card: the first void works, but has no answer
    tok_refund_no_answer      card: the first refund works, but has no answer
    tok_refund_refused        card: works, but the money is not sent back
    upi_paid                  upi: the payer approves after 10 seconds
    upi_denied                upi: the payer says no after 10 seconds
    upi_expired               upi: the payer never comes; over after 5 minutes
    upi_pending               upi: the payer approves after 10 seconds, and the bank never decides; over after 2 days
    upi_late                  upi: the payer approves too late: the money comes 2 minutes after the 5 of the intent

Any other token is declined as `unknown-token`. What a payer does may also be said at any time with `gateway.payer(key, "approve")`.

Its truth is in its own `SandboxBooks`, never in the shop's, so the two can be compared (I20). What it promises, beyond the port:

- A key acts once. Repeated with the same content, it answers what is true *now*, not what was true then: an authorize repeated after a
  refund answers `Refunded`, so nobody ships for money that has gone back. A refund that was made is answered with itself again.
  Repeated with other content, it does nothing and answers `Declined("key-reused")`, or `RefundRefused("key-reused")`.
- What it did wins: void of captured money answers `Captured`, capture of voided money `Voided` (B16). A UPI intent cannot be called
  back: void answers `ActionNeeded` or `Processing` again.
- Void of a key it has never seen is a tombstone: authorize under that key is `Declined("voided")` for ever.
- A capability that is switched off is really missing: without `idempotent_keys`, an authorize sent twice takes the money twice.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
import weakref
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import closing, contextmanager, nullcontext
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final, Generic, Literal, TypeVar, assert_never

from attrs import astuple, evolve, field, fields, frozen

from checkout_core import errors
from checkout_core.effects import Authorize, Capture, Inquire, Refund, RemoteEffect, Void
from checkout_core.money import Money
from checkout_core.payments import (
    ActionNeeded,
    Authorized,
    Capabilities,
    Captured,
    Challenge,
    Declined,
    Fact,
    NotFound,
    Processing,
    Refunded,
    RefundRefused,
    UpiIntent,
    Voided,
)
from checkout_core.ports import Clock
from checkout_core.system import SystemClock
from checkout_core.tokens import CHALLENGE_LASTS, INTENT_LASTS, TOKENS, Token

CAPABILITIES: Final = Capabilities(methods=frozenset({"card", "upi"}), settle_window=120, call_timeout=10)


SCRIPTS: Final[Mapping[str, str]] = {token: f"{told.method}: {told.says}" for token, told in TOKENS.items()}
"""Every token, and what it makes happen, in plain words."""


class State(StrEnum):
    """Where a payment is, for the sandbox."""

    COMING = "coming"  # on the wire; the sandbox does not know of it yet
    WAITING = "waiting"  # for the payer
    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    DECLINED = "declined"
    VOIDED = "voided"
    REFUNDED = "refunded"  # all of it


def _instant(value: datetime | str | None) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


@frozen
class Payment:
    """The sandbox's own record of one authorize key. Amounts are in minor units of `currency`; `amount` is what it is about.

    `nth` is above 1 only where keys are not idempotent and the same key came again.
    """

    key: str
    nth: int
    reference: str
    state: State = field(converter=State)
    method: str = ""
    token: str = ""
    amount: int = 0
    currency: str = ""
    capture: bool = field(default=False, converter=bool)
    authorized: int = 0
    captured: int = 0
    refunded: int = 0
    tombstone: bool = field(default=False, converter=bool)
    reason: str = ""
    act: str = ""
    acts_at: datetime | None = field(default=None, converter=_instant)
    busy_at: datetime | None = field(default=None, converter=_instant)

    @property
    def voided(self) -> bool:
        """Whether this key can never take money (again)."""
        return self.state is State.VOIDED

    @property
    def live(self) -> bool:
        """Whether money is reserved or taken now."""
        return self.state in (State.AUTHORIZED, State.CAPTURED)


@frozen
class Call:
    """One call the sandbox got (or, if its `answer` is `lost`, should have got). `took` is in seconds."""

    operation: str
    key: str
    authorization: str
    at: datetime
    answer: str
    took: float = 0.0


_COLUMNS: Final = tuple(a.name for a in fields(Payment))
_SCHEMA: Final = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS payments ({", ".join(_COLUMNS)}, PRIMARY KEY (key, nth));
CREATE TABLE IF NOT EXISTS used (key PRIMARY KEY, content);
CREATE TABLE IF NOT EXISTS calls (operation, key, authorization, at, answer, took);
CREATE INDEX IF NOT EXISTS calls_about ON calls (authorization, operation);
COMMIT;
"""


class SandboxBooks:
    """What the sandbox knows: every payment by its authorize key, and every call. In memory, or in a file that processes share."""

    def __init__(self, clock: Clock | None = None, path: str | Path | None = None) -> None:
        self.clock: Clock = clock or SystemClock()
        self._path = path
        self._lock = threading.RLock()
        if path is None:
            self._memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
            weakref.finalize(self, self._memory.close)
            self._memory.executescript(_SCHEMA)
        else:
            try:
                with closing(self._connect()) as db:
                    db.executescript(_SCHEMA)
            except sqlite3.Error:
                raise errors.Unavailable(f"The sandbox cannot use its file {path}. Give it the right to, or move it away.") from None

    def payments(self) -> tuple[Payment, ...]:
        """Every payment as it is now, in the order of their first calls: what a shop's own books must agree with (I20)."""
        with self._page() as page:
            return tuple(payment for payment in page.payments() if payment.state is not State.COMING)

    def payment(self, authorization: str) -> Payment | None:
        """The payment under that authorize key, as it is now."""
        with self._page() as page:
            return page.find(authorization)

    def calls(self) -> tuple[Call, ...]:
        """Every call, in order."""
        with self._page() as page:
            rows = page.db.execute("SELECT operation, key, authorization, at, answer, took FROM calls ORDER BY rowid").fetchall()
        return tuple(Call(op, key, about, datetime.fromisoformat(at), answer, took) for op, key, about, at, answer, took in rows)

    def payer(self, payment: str, act: Literal["approve", "deny"]) -> Fact:
        """The payer acts now on a payment, named by authorize key or reference. Answers what is true then. Raises errors.NotFound."""
        with self._page() as page:
            found = page.find(payment) or next((p for p in page.payments() if p.reference == payment), None)
            if found is None or found.state is State.COMING:
                raise errors.NotFound("payment", payment)
            if found.state is State.WAITING:
                found = page.save(_ripe(evolve(found, act=act, acts_at=page.now), page.now))
            return _fact(found, page.now)

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(str(self._path), timeout=30, isolation_level=None)
        db.execute("PRAGMA synchronous = OFF")  # survives a killed process, which is all that is asked of a sandbox
        return db

    @contextmanager
    def _page(self) -> Iterator[_Page]:
        """The books in one transaction; a connection of its own for a file, so that it may be used after a fork."""
        try:
            with self._lock, nullcontext(self._memory) if self._path is None else closing(self._connect()) as db:
                db.execute("BEGIN IMMEDIATE")
                try:
                    yield _Page(db, self.clock.now())
                except BaseException:
                    db.execute("ROLLBACK")
                    raise
                db.execute("COMMIT")
        except sqlite3.Error as error:
            raise errors.NoAnswer("The sandbox cannot use its file. Ask again under the same key.") from error


@frozen
class _Page:
    """The books inside one transaction."""

    db: sqlite3.Connection
    now: datetime

    def payments(self, where: str = "", *given: str) -> list[Payment]:
        rows = self.db.execute(f"SELECT {', '.join(_COLUMNS)} FROM payments {where} ORDER BY rowid", given).fetchall()  # noqa: S608
        return [_ripe(Payment(*row), self.now) for row in rows]

    def find(self, key: str) -> Payment | None:
        known = [payment for payment in self.payments("WHERE key = ?", key) if payment.state is not State.COMING]
        return known[-1] if known else None

    def save(self, payment: Payment) -> Payment:
        row = [value.isoformat() if isinstance(value, datetime) else value for value in astuple(payment)]
        updates = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS)
        marks = ", ".join("?" for _ in _COLUMNS)
        self.db.execute(f"INSERT INTO payments VALUES ({marks}) ON CONFLICT DO UPDATE SET {updates}", row)  # noqa: S608
        return payment

    def stop_coming(self, key: str) -> None:
        self.db.execute("DELETE FROM payments WHERE key = ? AND state = ?", (key, State.COMING))

    def first(self, operation: str, authorization: str) -> bool:
        asked = self.db.execute("SELECT 1 FROM calls WHERE operation = ? AND authorization = ? LIMIT 1", (operation, authorization))
        return asked.fetchone() is None

    def log(self, call: Call) -> None:
        self.db.execute("INSERT INTO calls VALUES (?, ?, ?, ?, ?, ?)", (*astuple(call)[:3], call.at.isoformat(), call.answer, call.took))

    def used(self, key: str) -> str | None:
        row = self.db.execute("SELECT content FROM used WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def use(self, key: str, content: str) -> None:
        self.db.execute("INSERT INTO used VALUES (?, ?) ON CONFLICT DO NOTHING", (key, content))


def _ripe(payment: Payment, now: datetime) -> Payment:
    """The payment after what time has done to it."""
    if payment.acts_at is None or now < payment.acts_at:
        return payment
    if payment.state is State.COMING:
        return _started(payment, payment.acts_at)
    if payment.state is not State.WAITING:
        return payment
    if payment.act == "approve":
        return _paid(payment)
    reason = "denied-by-payer" if payment.act == "deny" else "not-completed"
    return evolve(payment, state=State.DECLINED, reason=reason)


def _started(payment: Payment, now: datetime) -> Payment:
    """The payment once its authorize call has arrived."""
    script = TOKENS.get(payment.token)
    if script is None or script.refused:
        return evolve(payment, state=State.DECLINED, reason=script.refused if script else "unknown-token")
    if script.act is None:
        return _paid(payment)
    lasts = CHALLENGE_LASTS if payment.method == "card" else INTENT_LASTS
    busy_at = now + timedelta(seconds=lasts if script.busy is None else script.busy)
    return evolve(payment, state=State.WAITING, act=script.act, acts_at=now + timedelta(seconds=script.after), busy_at=busy_at)


def _paid(payment: Payment) -> Payment:
    captured = payment.amount if payment.capture else 0
    return evolve(payment, state=State.CAPTURED if payment.capture else State.AUTHORIZED, authorized=payment.amount, captured=captured)


def _fact(payment: Payment, now: datetime) -> Fact:
    """What is true of a payment, in the words of the port."""
    match payment.state:
        case State.COMING:
            return NotFound()
        case State.WAITING:
            if payment.busy_at is None or now >= payment.busy_at:
                return Processing(payment.reference)
            if payment.method == "upi":
                amount = str(Money(payment.amount, payment.currency)).split(" ")[0]
                uri = f"upi://pay?pa=sandbox@invalid&tr={payment.reference}&am={amount}&cu={payment.currency}"
                return ActionNeeded(payment.reference, UpiIntent(uri), payment.busy_at)
            return ActionNeeded(payment.reference, Challenge(f"https://sandbox.invalid/3ds/{payment.reference}"), payment.busy_at)
        case State.AUTHORIZED:
            return Authorized(payment.reference, Money(payment.authorized, payment.currency))
        case State.CAPTURED:
            return Captured(payment.reference, Money(payment.captured, payment.currency))
        case State.DECLINED:
            return Declined(payment.reason)
        case State.VOIDED:
            return Voided()
        case State.REFUNDED:
            return Refunded(payment.reference, Money(payment.refunded, payment.currency))
        case _:
            assert_never(payment.state)


S = TypeVar("S")


class _Sandbox(Generic[S]):
    """What both faces share: everything but the waiting. `S` is what their `sleep` gives."""

    sandbox: Final = True

    def __init__(
        self,
        books: SandboxBooks | None = None,
        *,
        name: str = "sandbox",
        capabilities: Capabilities = CAPABILITIES,
        clock: Clock | None = None,
        delay: float = 3.0,
        sleep: Callable[[float], S] | None = None,
    ) -> None:
        if books is not None and clock is not None:
            raise ValueError("The books have a clock of their own. Give books or a clock, not both.")
        self.books = books or SandboxBooks(clock)
        self.name = name
        self.capabilities = capabilities
        self.delay = delay
        self._sleep = sleep

    def payer(self, payment: str, act: Literal["approve", "deny"]) -> Fact:
        """The payer acts now on a payment, named by authorize key or reference. Answers what is true then. Raises errors.NotFound."""
        return self.books.payer(payment, act)

    def _takes(self, request: RemoteEffect) -> float:
        """Seconds until the answer; at most the time-out, when the caller gives up."""
        slow = _script(request, self.books.payment).slow
        return min(self.delay, float(self.capabilities.call_timeout)) if slow else 0.0

    def _answer(self, request: RemoteEffect, took: float) -> Fact:
        """Do it, log it, and answer or not."""
        operation = type(request).__name__.lower()
        about = request.key if isinstance(request, Authorize) else request.authorization
        with self.books._page() as page:
            script, first = _script(request, page.find), page.first(operation, about)
            fact: Fact | None = None
            if not (first and script.lost == operation):
                fact = self._act(page, request)
            elif isinstance(request, Authorize) and script.arrives is not None and page.find(about) is None:
                at = page.now + timedelta(seconds=script.arrives)
                page.save(evolve(self._new(request), state=State.COMING, acts_at=at))
                page.use(request.key, _content(request))
            silent = (first and script.silent == operation) or took >= self.capabilities.call_timeout
            told = "lost" if fact is None else f"{type(fact).__name__}, not heard" if silent else type(fact).__name__
            page.log(Call(operation, request.authorization if isinstance(request, Inquire) else request.key, about, page.now, told, took))
        if fact is None or silent:
            raise errors.NoAnswer(f"The sandbox gave no answer to {operation}. Ask again under the same key.")
        return fact

    def _act(self, page: _Page, request: RemoteEffect) -> Fact:
        if isinstance(request, Inquire):
            payment = page.find(request.authorization)
            return NotFound() if payment is None else _fact(payment, page.now)
        content, used = _content(request), page.used(request.key)
        again = used is not None and self.capabilities.idempotent_keys
        if again and used != content:
            return RefundRefused("key-reused") if isinstance(request, Refund) else Declined("key-reused")
        match request:
            case Authorize():
                fact = self._authorize(page, request)
            case Capture():
                fact = self._capture(page, request)
            case Void():
                fact = self._void(page, request)
            case Refund():
                fact = self._refund(page, request, again)
            case _:
                assert_never(request)
        if not isinstance(fact, RefundRefused | NotFound):  # what did not happen may be tried again under its key
            page.use(request.key, content)
        return fact

    def _new(self, request: Authorize, nth: int = 1) -> Payment:
        token, amount, method = request.instrument.token, request.amount, request.instrument.method
        script, can = TOKENS.get(token), self.capabilities
        return Payment(
            request.key,
            nth,
            _reference("pay", request.key, str(nth)),
            State.WAITING,
            method,
            token if script else "",  # a token we do not know may be somebody's real one (R24)
            amount.minor + (script.drift if script else 0),
            amount.currency,
            capture=method == "upi" or not can.capture_later or (request.capture and can.capture_with_authorize),
        )

    def _authorize(self, page: _Page, request: Authorize) -> Fact:
        old = page.find(request.key)
        if old is not None and old.tombstone:
            return Declined("voided")
        if old is not None and (self.capabilities.idempotent_keys or old.voided):
            return _fact(old, page.now)
        if self.capabilities.idempotent_keys:
            page.stop_coming(request.key)
        new = self._new(request, len(page.payments("WHERE key = ?", request.key)) + 1)
        takes, script = self.capabilities.takes(new.method, new.currency), _script(request, page.find)
        mistyped = "" if script.method == new.method else "unknown-token"
        wrong = "not-supported" if not takes else "invalid-amount" if request.amount.minor <= 0 else mistyped
        new = evolve(new, state=State.DECLINED, reason=wrong) if wrong else _started(new, page.now)
        return _fact(page.save(new), page.now)

    def _capture(self, page: _Page, request: Capture) -> Fact:
        payment = page.find(request.authorization)
        if payment is None:
            return NotFound()
        if payment.state is State.AUTHORIZED:
            if request.amount.currency != payment.currency or not 0 < request.amount.minor <= payment.authorized:
                return Declined("more-than-authorized")
            payment = page.save(evolve(payment, state=State.CAPTURED, captured=request.amount.minor))
        return _fact(payment, page.now)

    def _void(self, page: _Page, request: Void) -> Fact:
        payment = page.find(request.authorization)
        if payment is None:
            if not self.capabilities.tombstone:
                return NotFound()
            page.stop_coming(request.authorization)
            reference = _reference("pay", request.authorization, "1")
            payment = page.save(Payment(request.authorization, 1, reference, State.VOIDED, tombstone=True))
        if payment.state is State.AUTHORIZED or (payment.state is State.WAITING and payment.method == "card"):
            payment = page.save(evolve(payment, state=State.VOIDED))
        return _fact(payment, page.now)

    def _refund(self, page: _Page, request: Refund, again: bool) -> Fact:
        payment, amount = page.find(request.authorization), request.amount
        made = Refunded(_reference("ref", request.key), amount)
        if again:
            return made
        if payment is None:
            return RefundRefused("unknown-payment")
        if payment.state is not State.CAPTURED:
            return RefundRefused("already-refunded" if payment.state is State.REFUNDED else "not-captured")
        if amount.currency != payment.currency or not 0 < amount.minor <= payment.captured - payment.refunded:
            return RefundRefused("more-than-captured")
        if not TOKENS[payment.token].refunds:
            return RefundRefused("refused-by-bank")
        refunded = payment.refunded + amount.minor
        page.save(evolve(payment, refunded=refunded, state=State.REFUNDED if refunded == payment.captured else State.CAPTURED))
        return made


class SandboxGateway(_Sandbox[object]):
    """A gateway to play with: it never takes real money, and a production shop refuses it. See `SCRIPTS` for its tokens.

    `delay` seconds of `tok_slow` go to `sleep`, if one is given; either way they are in `books.calls()`.
    """

    def authorize(self, request: Authorize) -> Fact:
        return self._serve(request)

    def capture(self, request: Capture) -> Fact:
        return self._serve(request)

    def void(self, request: Void) -> Fact:
        return self._serve(request)

    def refund(self, request: Refund) -> Fact:
        return self._serve(request)

    def inquire(self, request: Inquire) -> Fact:
        return self._serve(request)

    def _serve(self, request: RemoteEffect) -> Fact:
        took = self._takes(request)
        if took and self._sleep is not None:
            self._sleep(took)
        return self._answer(request, took)


class AsyncSandboxGateway(_Sandbox[Awaitable[object]]):
    """The same for an `AsyncShop`; `sleep` is awaited, as `asyncio.sleep` is."""

    async def authorize(self, request: Authorize) -> Fact:
        return await self._serve(request)

    async def capture(self, request: Capture) -> Fact:
        return await self._serve(request)

    async def void(self, request: Void) -> Fact:
        return await self._serve(request)

    async def refund(self, request: Refund) -> Fact:
        return await self._serve(request)

    async def inquire(self, request: Inquire) -> Fact:
        return await self._serve(request)

    async def _serve(self, request: RemoteEffect) -> Fact:
        took = self._takes(request)
        if took and self._sleep is not None:
            await self._sleep(took)
        return self._answer(request, took)


def _script(request: RemoteEffect, find: Callable[[str], Payment | None]) -> Token:
    """What the token of this payment makes happen."""
    payment = None if isinstance(request, Authorize) else find(request.authorization)
    token = request.instrument.token if isinstance(request, Authorize) else payment.token if payment else ""
    return TOKENS.get(token, Token(""))


def _content(request: Authorize | Capture | Void | Refund) -> str:
    """What a key stands for, so that it is not used for something else; a digest, because a token is in it."""
    if isinstance(request, Authorize):
        said = (request.amount, request.instrument.method, request.instrument.token, request.capture)
        return _reference("authorize", *map(str, said))
    amount = "" if isinstance(request, Void) else str(request.amount)
    return _reference(type(request).__name__.lower(), request.authorization, amount)


def _reference(kind: str, *parts: str) -> str:
    """The sandbox's own name for something, the same every time."""
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]
    return f"{kind}_{digest}"
