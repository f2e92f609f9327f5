"""What a storage promises to many processes at once, and how a promise is put to real ones.

    in_processes(6, elsewhere, buy)         what each of six processes got, all let go at one moment
    with in_process(act) as child:          one process, that may be killed, or halted and continued, wherever it is
        child.until_halted()                it has called `halt()`, at an edge that you chose
        ...                                 what others do meanwhile
        child.go_on()
        child.answer()                      what it came to

A process that is halted (SIGSTOP) is a machine short of memory, a debugger, a long pause of any kind: it keeps its locks and its
connections, and afterwards believes that no time has passed.
"""

from __future__ import annotations

import os
import pickle
import select
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, Final, NoReturn

from attrs import evolve, frozen

from checkout_core.holds import Claim, CouponUses, Movement, Short, Stock, Taken
from checkout_core.testing.parts import a_checkout, needs
from checkout_core.testing.units import Promises, begin, now_of, numbers, read, stock, until_done
from checkout_core.unit import Unit

MUG: Final = Stock("mug")
PEN: Final = Stock("pen")
SAVE10: Final = CouponUses("save10")
PROCESSES: Final = 6
PATIENCE: Final = 60.0  # seconds


class ProcessPromises(Promises):
    """A part of `StorageContract`, for those that declare `processes`."""

    def elsewhere(self, storage: Any) -> Callable[[], Any]:
        """How a process that is forked from now on opens the same data, sharing nothing with this storage but where the data lie.

        It is asked for before the fork: close here what two processes must not share, such as connections.
        """
        raise NotImplementedError

    @needs("processes")
    def test_of_many_processes_exactly_as_many_as_there_are_get_one(self) -> None:
        """Six buyers, two mugs: two have one, four are told why not, nobody fails otherwise (F1, I2, Q2, RB-01)."""
        storage = self.new()
        stock(storage, MUG, 2)
        stock(storage, PEN, 100)
        now = now_of(storage)

        def buy(storage: Any, n: int) -> Taken | Short:
            return begin(storage, a_checkout(f"c{n}", now, Claim(MUG, 1), Claim(PEN, 1)))

        answers = in_processes(PROCESSES, self.elsewhere(storage), buy)
        assert [type(answer) for answer in answers].count(Taken) == 2
        assert [type(answer) for answer in answers].count(Short) == PROCESSES - 2
        assert numbers(storage, MUG) == (2, 2, 0)
        assert numbers(storage, PEN) == (100, 2, 0)

    @needs("processes")
    def test_many_processes_on_the_first_use_of_a_coupon(self) -> None:
        """Nobody made its pool: the limit holds all the same (E10, E12, I9)."""
        storage = self.new()
        now = now_of(storage)

        def use(storage: Any, n: int) -> Taken | Short:
            return begin(storage, a_checkout(f"c{n}", now, Claim(SAVE10, 1, limit=2)))

        answers = in_processes(PROCESSES, self.elsewhere(storage), use)
        assert [type(answer) for answer in answers].count(Taken) == 2
        assert [type(answer) for answer in answers].count(Short) == PROCESSES - 2
        pool = storage.pools([SAVE10])[SAVE10]
        assert (pool.held, pool.available) == (2, 0)

    @needs("processes")
    def test_no_update_of_another_process_is_lost(self) -> None:
        """Everybody reads, changes and writes the same checkout and the same stock: every change is in the end (RB-07, R11, E9)."""
        storage = self.new()
        now = now_of(storage)
        begin(storage, a_checkout("c1", now))

        def work(unit: Unit) -> None:
            c = unit.checkout("c1")
            unit.write(evolve(c, version=c.version + 1, events=c.events + 1), Movement(MUG, 1, "counted", "kit", now))

        def change(storage: Any, _: int) -> int:
            return len([until_done(lambda: storage.transact(work)) for _ in range(5)])

        assert in_processes(PROCESSES, self.elsewhere(storage), change) == [5] * PROCESSES
        assert read(storage, lambda unit: unit.checkout("c1").events) == PROCESSES * 5
        assert numbers(storage, MUG) == (PROCESSES * 5, 0, 0)


def in_processes(many: int, open: Callable[[], Any], act: Callable[[Any, int], Any], patience: float | None = None) -> list[Any]:
    """What `act(storage, n)` gave in each of so many forked processes, each with a storage it opened itself, all let go at one moment.

    A process that raises, dies or does not end in `patience` seconds (60) is a failure here, with what it said last. Answers are pickled.
    """
    go, start = os.pipe()
    ready, here = os.pipe()
    ours = [go, start, ready, here]
    children = list[Child]()
    deadline = time.monotonic() + (PATIENCE if patience is None else patience)
    try:
        for n in range(many):
            children.append(_fork(n, (start, ready), partial(_take_part, open, act, n, here, go)))
        _close(ours, here)
        for _ in children:
            _read_some(ready, deadline, 1)
        _close(ours, start)
        return [child.answer(deadline) for child in children]
    finally:
        for child in children:
            child.end()
        _close(ours, *ours)


@contextmanager
def in_process(act: Callable[[], Any]) -> Iterator[Child]:
    """A forked process that does `act()`, which must open what it uses. When the block ends, it is killed if it has not ended."""
    child = _fork(0, (), act)
    try:
        yield child
    finally:
        child.end()


@frozen
class Child:
    """A forked process, as its parent sees it."""

    n: int
    pid: int
    heard: int

    def answer(self, deadline: float | None = None) -> Any:
        """Wait for what it came to. It is a failure if it raised, was killed, or has not ended by then, a time of `time.monotonic`."""
        until = time.monotonic() + PATIENCE if deadline is None else deadline
        said = b""
        while more := _read_some(self.heard, until):
            said += more
        if not said:
            raise AssertionError(f"process {self.n} died without a word")
        value, fault = pickle.loads(said)  # noqa: S301 - from our own child
        if fault:
            raise AssertionError(f"process {self.n} failed:\n{fault}")
        return value

    def halt(self) -> None:
        """SIGSTOP, wherever it is."""
        os.kill(self.pid, signal.SIGSTOP)
        self.until_halted()

    def until_halted(self, patience: float = PATIENCE) -> None:
        """Wait until it stands still."""
        until_halted(self.pid, patience)

    def go_on(self) -> None:
        """Continue it."""
        go_on(self.pid)

    def kill(self) -> None:
        """SIGKILL: nothing in it is tidied up."""
        os.kill(self.pid, signal.SIGKILL)

    def end(self) -> None:
        os.close(self.heard)
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        with suppress(ChildProcessError):  # its end has been heard of
            os.waitpid(self.pid, 0)


def halt() -> None:
    """SIGSTOP for the process that calls this, here, until its parent lets it go on."""
    os.kill(os.getpid(), signal.SIGSTOP)


def until_halted(pid: int, patience: float = PATIENCE) -> None:
    """Wait until that child of ours stands still. It is a failure if it ends instead, or does neither in so many seconds."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        found, status = os.waitpid(pid, os.WUNTRACED | os.WNOHANG)
        if found and os.WIFSTOPPED(status):
            return
        if found:
            raise AssertionError(f"The process has ended ({os.waitstatus_to_exitcode(status)}) and never halted.")
        time.sleep(0.001)
    raise AssertionError(f"The process has not halted in {patience:g} seconds.")


def go_on(pid: int) -> None:
    """Continue a process that stands still."""
    os.kill(pid, signal.SIGCONT)


def _fork(n: int, not_his: tuple[int, ...], live: Callable[[], Any]) -> Child:
    heard, says = os.pipe()
    sys.stdout.flush()  # what is not written yet would be written twice
    sys.stderr.flush()
    with warnings.catch_warnings():
        # A test runner may have threads. The child takes no lock of theirs: it opens what is new, works, and leaves at once.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        _live(heard, says, not_his, live)
    os.close(says)
    return Child(n, pid, heard)


def _live(heard: int, says: int, not_his: tuple[int, ...], live: Callable[[], Any]) -> NoReturn:
    try:
        for end in (heard, *not_his):
            os.close(end)
        try:
            told = pickle.dumps((live(), ""))
        except BaseException:
            told = pickle.dumps((None, traceback.format_exc()))
        with os.fdopen(says, "wb") as line:
            line.write(told)
    finally:
        os._exit(0)  # nothing of the parent's is tidied up in here


def _take_part(open: Callable[[], Any], act: Callable[[Any, int], Any], n: int, here: int, go: int) -> Any:
    try:
        storage = open()
    finally:
        os.write(here, b".")
        os.close(here)
    os.read(go, 1)  # the end of the file is the start
    return act(storage, n)


def _close(ours: list[int], *ends: int) -> None:
    for end in ends:
        ours.remove(end)
        os.close(end)


def _read_some(end: int, deadline: float, most: int = 65536) -> bytes:
    if not select.select([end], [], [], max(deadline - time.monotonic(), 0))[0]:
        raise AssertionError("a process waits for ever")
    return os.read(end, most)
