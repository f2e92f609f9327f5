"""Everything at once on a real PostgreSQL server: processes buy, and are killed, halted and cut off, while the server is restarted.

    python -m tests.processes.chaos [--seconds 10] [--workers 8] [--restarts 1] [--planted halves|holds|twice|declined]

Every worker is forked from a warm parent and opens its own store; two of three reach the server through proxies that cut, hold, refuse.
The gateway is a process with books of its own (`till`), which loses some of its answers and is killed too. A shopper outlives its worker:
the next one repeats the call that was not answered, under the same key. A kill a second, a halt past every deadline of a call every other
second, and the restarts in turn tidy and as if the server had been killed.

Then the faults stop, what is due is done, and two are asked who know nothing of each other: `fsck` and the provider's own file. It prints
JSON: what struck, what was said, and under `wrong` a sentence for everything that is not as it must be.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from attrs import asdict, define, evolve, field, frozen

from checkout_adapters.sandbox import SandboxGateway
from checkout_adapters.sqlalchemy import postgres
from checkout_adapters.sqlalchemy.flush import Flush
from checkout_adapters.sqlalchemy.store import SqlStorage
from checkout_core import Policy, Refusal, Shop
from checkout_core.effects import Authorize, RemoteEffect
from checkout_core.errors import NoAnswer, Unavailable
from checkout_core.payments import Declined, Fact
from checkout_core.sync.ports import Gateway
from checkout_core.testing.proxy import Proxy
from checkout_core.unit import Record, Release
from tests.postgres import FAST, Server, running
from tests.processes.crashes import plant_a_unit_in_halves
from tests.processes.ground import Shopper, shopper_of
from tests.processes.judged import Told, at_rest, judged
from tests.processes.leash import Leash
from tests.processes.till import Till, provider
from tests.world import SECRET, catalog

STOCK: Final = 5000
TOKENS: Final = (
    "tok_ok",
    "tok_ok",
    "tok_no_answer_taken",
    "tok_ok",
    "tok_declined",
    "tok_capture_no_answer",
    "tok_ok",
    "tok_no_answer_lost",
)
LOST: Final = 15  # every so-manieth answer of the provider does not arrive
HALTED: Final = 2.5  # seconds: past the deadline of a call, and of a unit that says nothing
TO_FINISH: Final = 60.0  # seconds for the last shoppers, once nothing strikes any more
PROXIES: Final = 2
CANCELLED: Final = 4  # every so-manieth shopper sends the order back


def shop_on(storage: SqlStorage, till: Gateway, n: int = 0) -> Shop:
    """Every other worker takes the money once the order is placed."""
    policy = Policy(identity_secret=SECRET, capture="after-placing" if n % 2 else "with-authorize")
    return Shop(storage=storage, gateways=[till], catalog=catalog(), policy=policy)


@frozen
class Browser:
    """What a row of shoppers knows, in a file: it outlives the processes that serve them."""

    n: int
    path: Path

    def note(self, **said: object) -> None:
        line = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(line, json.dumps(said).encode() + b"\n")
        os.close(line)

    def told(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.path.read_bytes().splitlines()] if self.path.exists() else []

    def shopper(self) -> tuple[int, Shopper]:
        """The one who shops now, and how many were before."""
        said = [line for line in self.told() if "shopper" in line]
        over = len([line for line in said if line["over"]])
        if said and not said[-1]["over"]:
            return over, shopper_of(said[-1]["shopper"])
        return over, Shopper(f"{self.n}-{over}", token=TOKENS[over % len(TOKENS)])


def serve(browser: Browser, url: str, till: Gateway, until: float) -> None:
    """A worker: serves shopper after shopper until that time, and finishes with the one it has then."""
    storage = insisting(browser, partial(SqlStorage, url), until + TO_FINISH)
    if storage is None:
        return
    with storage:
        shop = shop_on(storage, till, browser.n)
        nth, shopper = browser.shopper()
        while time.monotonic() < until or shopper.cart:
            note = partial(_note, browser)
            insisting(browser, partial(_buy, shopper, shop, note), until + TO_FINISH)
            if shopper.order and nth % CANCELLED == 1:
                insisting(browser, partial(shop.cancel, shopper.checkout, reason="too big"), until + TO_FINISH)
                browser.note(cancelled=shopper.order)
            browser.note(shopper=asdict(shopper), over=True)
            nth, shopper = browser.shopper()
            if time.monotonic() < until:
                insisting(browser, partial(shop.tick, 5), time.monotonic())


def _note(browser: Browser, shopper: Shopper) -> None:
    browser.note(shopper=asdict(shopper), over=False)


def _buy(shopper: Shopper, shop: Shop, answered: Callable[[Shopper], object]) -> None:
    try:
        shopper.buy(shop, answered)
    except Refusal as refusal:
        shopper.refused = refusal.refused[0].reason


def insisting(browser: Browser, call: Callable[[], Any], until: float) -> Any:
    """What it gives, asked again and again while that is what its fault says. Any other fault is noted: it must not be."""
    while True:
        try:
            return call()
        except (NoAnswer, Unavailable) as fault:
            browser.note(fault=type(fault).__name__)
            if time.monotonic() >= until:
                return None
            time.sleep(0.03)
        except Exception:
            browser.note(wrong=traceback.format_exc(limit=-6))
            return None


@define
class Workers:
    """Processes that are there, by the number of their row of shoppers."""

    fork: Callable[[int], int]
    pids: dict[int, int] = field(factory=dict)
    halted: dict[int, float] = field(factory=dict)
    wrong: list[str] = field(factory=list)

    def fill(self, many: int) -> None:
        """Whoever is missing is forked."""
        for n in range(many):
            if n not in self.pids:
                self.pids[n] = self.fork(n)

    def kill(self, n: int) -> None:
        pid = self.pids.pop(n)
        self.halted.pop(n, None)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)

    def halt(self, n: int) -> None:
        os.kill(self.pids[n], signal.SIGSTOP)
        self.halted[n] = time.monotonic() + HALTED

    def go_on(self, *, all: bool = False) -> None:
        """Continue who has been halted long enough, and bury who has ended."""
        for n, until in list(self.halted.items()):
            if all or time.monotonic() >= until:
                os.kill(self.pids[n], signal.SIGCONT)
                del self.halted[n]
        for n, pid in list(self.pids.items()):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                del self.pids[n]
                self.halted.pop(n, None)
                if status:
                    self.wrong.append(f"a worker ended with {os.waitstatus_to_exitcode(status)}")

    def finish(self, patience: float) -> None:
        deadline = time.monotonic() + patience
        self.go_on(all=True)
        while self.pids and time.monotonic() < deadline:
            time.sleep(0.02)
            self.go_on()
        for n in list(self.pids):
            self.wrong.append(f"worker {n} does not end")
            self.kill(n)


def cutting(port: int, tally: Path, until: float, seed: int, said: int) -> None:
    """A proxy that strikes until then, and afterwards only passes on. It says its port."""
    chance, struck = random.Random(seed), Counter[str]()
    with Proxy("127.0.0.1", port) as proxy:

        def held() -> None:
            proxy.hold()
            time.sleep(0.4)
            proxy.let_go()

        def refused() -> None:
            proxy.refuse()
            proxy.cut()
            time.sleep(0.2)
            proxy.accept()

        strikes: dict[str, Callable[[], object]] = {
            "reset": partial(proxy.cut, "rst"),
            "closed": partial(proxy.cut, "fin"),
            "answer to a COMMIT lost": lambda: proxy.cut_reply(b"COMMIT\0", chance.randint(1, 3)),
            "held": held,
            "refused": refused,
        }
        os.write(said, f"{proxy.port}\n".encode())
        while time.monotonic() < until:
            time.sleep(chance.uniform(0.1, 0.5))
            what = chance.choice(list(strikes))
            strikes[what]()
            struck[what] += 1
        struck["answer to a COMMIT lost"] = proxy.tally.replies_cut
        tally.write_text(json.dumps(struck))
        time.sleep(10 * TO_FINISH)


@contextmanager
def proxies(leash: Leash, url: str, folder: Path, until: float) -> Iterator[list[str]]:
    """The URLs of the same server through proxies of their own processes."""
    address, heard = sa.make_url(url), list[str]()
    with ExitStack() as stack:
        for n in range(PROXIES):
            listens, says = os.pipe()
            stack.enter_context(leash.running(partial(cutting, address.port or 0, folder / f"proxy-{n}", until, n, says)))
            os.close(says)
            with os.fdopen(listens) as line:
                heard.append(address.set(port=int(line.readline())).render_as_string(hide_password=False))
        yield heard


@frozen
class Asked:
    """How much of everything."""

    seconds: float = 10.0
    workers: int = 8
    restarts: int = 1
    seed: int = 1
    every: float = 1.0  # seconds from one kill to the next


def strike(asked: Asked, server: Server, workers: Workers, revive: Callable[[], None], until: float) -> Counter[str]:
    """Kill, halt and restart until then."""
    chance, struck, started = random.Random(asked.seed), Counter[str](), time.monotonic()
    restarts = [started + asked.seconds * (n + 1) / (asked.restarts + 1) for n in range(asked.restarts)]
    kills, halts, deaths = started + asked.every, started + 0.7, started + 3.5
    while (now := time.monotonic()) < until:
        workers.fill(asked.workers)
        if now >= kills:
            workers.kill(chance.choice(list(workers.pids)))
            struck["killed"], kills = struck["killed"] + 1, kills + asked.every
        elif now >= halts and (able := [n for n in workers.pids if n not in workers.halted]):
            workers.halt(chance.choice(able))
            struck["halted"], halts = struck["halted"] + 1, halts + 2
        elif restarts and now >= restarts[0]:
            how = ("fast", "immediate")[len(restarts) % 2]
            server.restart("immediate" if how == "immediate" else "fast")
            struck[f"restarted, {how}"] += 1
            restarts.pop(0)
        elif now >= deaths:
            revive()
            struck["provider killed"], deaths = struck["provider killed"] + 1, deaths + 7
        workers.go_on()
        time.sleep(0.01)
    return struck


def run(asked: Asked, server: Server, folder: Path, planted: str) -> dict[str, Any]:
    """The whole of it on that server, with one of the bugs if one is named."""
    leash, url = Leash(), server.clone()
    postgres.IDLE_TIMEOUT = 1  # type: ignore[misc]  # a unit that is halted is let go of
    warm(url)
    PLANTS[planted]()
    with ExitStack() as stack:
        till, books, revive = stack.enter_context(provider(folder, leash, lost=LOST))
        gateway: Gateway = ADAPTERS.get(planted, Till)(till.address)
        until = time.monotonic() + asked.seconds
        ways = [url, *stack.enter_context(proxies(leash, url, folder, until))]
        browsers = [Browser(n, folder / f"browser-{n}") for n in range(asked.workers)]
        workers = Workers(lambda n: leash.fork(partial(serve, browsers[n], ways[n % len(ways)], gateway, until)))
        try:
            struck = strike(asked, server, workers, revive, until)
            workers.finish(TO_FINISH * 1.5)
        finally:
            for n in list(workers.pids):
                workers.kill(n)
        told = Told.of(line for browser in browsers for line in browser.told())
        with at_rest(url, gateway) as (storage, _, undone):
            wrong = [*workers.wrong, *told.wrong, *undone, *judged(storage, books, told, STOCK)]
            deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
            return {
                "struck": dict(struck + sum((Counter(json.loads((folder / f"proxy-{n}").read_text())) for n in range(PROXIES)), Counter())),
                "said": dict(told.said),
                "faults": dict(told.faults),
                "deadlocks since the last restart": storage.read(lambda c: c.exec_driver_sql(deadlocks).scalar_one()),
                "wrong": wrong,
            }


def warm(url: str) -> None:
    """Everything imported and used once, and the mugs put on the shelf. No connection is left that a child could take for its own."""
    with SqlStorage(url) as storage:
        shop = shop_on(storage, SandboxGateway())
        shop.receive("MUG", STOCK, reason="opening", actor="test")
        shopper = Shopper("first", token="tok_declined")
        shopper.buy(shop)
        shop.cancel(shopper.checkout, reason="only a look")
    gc.freeze()


class Credulous(Till):
    """A planted bug: what was not heard is taken for a no."""

    def _ask(self, operation: str, request: RemoteEffect) -> Fact:
        try:
            return super()._ask(operation, request)
        except NoAnswer:
            return Declined("no-answer")


class Impatient(Till):
    """A planted bug: what was not heard is asked for again, as something new."""

    def _ask(self, operation: str, request: RemoteEffect) -> Fact:
        try:
            return super()._ask(operation, request)
        except NoAnswer:
            if not isinstance(request, Authorize):
                raise
            return super()._ask(operation, evolve(request, key=request.key.replace("/authorize", "-again/authorize")))


ADAPTERS: Final = {"declined": Credulous, "twice": Impatient}


def plant_holds_that_stay() -> None:
    """A planted bug: what is turned back does not let go of its goods."""
    whole = Flush.write

    def kept(self: Flush, records: Sequence[Record]) -> None:
        whole(self, [record for record in records if not isinstance(record, Release)])

    Flush.write = kept  # type: ignore[method-assign]


PLANTS: Final[dict[str, Callable[[], None]]] = {
    "": lambda: None,
    "halves": lambda: plant_a_unit_in_halves(0.05),
    "holds": plant_holds_that_stay,
    "twice": lambda: None,  # in the gateway's adapter, as
    "declined": lambda: None,  # this
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Kill, halt, cut and restart while processes buy.")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--restarts", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--planted", choices=list(PLANTS), default="")
    given = parser.parse_args()
    asked = Asked(given.seconds, given.workers, given.restarts, given.seed)
    with tempfile.TemporaryDirectory(prefix="checkout-chaos-") as folder, running(settings=(*FAST, "deadlock_timeout=100ms")) as server:
        found = run(asked, server, Path(folder), given.planted)
    print(json.dumps(found, indent=1))
    sys.exit(bool(found["wrong"]) != bool(given.planted))  # a planted bug that is not seen is wrong, too


if __name__ == "__main__":
    main()
