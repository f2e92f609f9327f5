"""Virtual time and who runs in it: one heap of (time, order), and coroutines that give up control at each call of a port, never else.

There is no event loop and no thread: a coroutine is driven by `send`, and at each call a decision is taken: how long, and which fault. A
process is volatile memory and its tasks; when it crashes they are gone, what is durable stays, and it starts again.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from datetime import datetime, timedelta
from heapq import heappop, heappush
from typing import Any, Final

from attrs import define, field, frozen

from checkout_core.simulation.chance import SECOND, Decides
from checkout_core.simulation.tapes import BENIGN, Decision

Coro = Coroutine["Call", Any, Any]
GRACE: Final = 10 * SECOND
"""How long a process that was told to stop has for the work it does."""
LOOK_UP: Final = 256
"""Steps after which even a task that nobody disturbs lets the run see whether it should go on."""


class Lost(Exception):
    """The connection to the process is gone: it may have done what was asked, or not."""


class Call:
    """One call of a port: the only place where control passes. `run` makes it happen, given the fault that strikes."""

    __slots__ = ("delay", "name", "run")

    def __init__(self, name: str, run: Callable[[str], Any], delay: int = 0) -> None:
        self.name = name
        self.run = run
        self.delay = delay

    def __await__(self) -> Generator[Call, Any, Any]:
        return (yield self)


class Wish(Call):
    """A call whose answer comes later: `start` is given the task that waits, the fault, and the fault's span."""

    __slots__ = ("start",)

    def __init__(self, name: str, start: Callable[[Task, Decision], None]) -> None:
        super().__init__(name, _nothing)
        self.start = start


def _nothing(_: str) -> None:
    return None


@define(eq=False, slots=True)
class Task:
    """A coroutine that runs, on a process or (a shopper's browser) on none. `about` is the checkout it was last seen to work on."""

    name: str
    coroutine: Coro
    process: Process | None
    finished: Callable[[Task, Any, Exception | None], None]
    counts: dict[str, int] = field(factory=dict)
    gone: bool = False
    about: str = ""
    doing: str = ""


@define(eq=False, slots=True)
class Process:
    """A process: `boot` gives it its volatile memory, anew each time it starts."""

    name: str
    boot: Callable[[Process], Any]
    memory: Any = None
    up: bool = False
    open: bool = False
    starts: int = 0
    resumes_at: int = 0
    skew: int = 0
    tasks: dict[str, Task] = field(factory=dict)
    crashes: int = 0


@frozen
class Step:
    """Something that happened, for whoever tells the story: `came` is how it ended."""

    at: int
    task: str
    process: str
    call: str
    fault: str
    came: str


class Kernel:
    """Runs tasks in virtual time (microseconds from `starts`)."""

    def __init__(self, starts: datetime, decides: Decides) -> None:
        self.starts = starts
        self.decides = decides
        self.now = 0
        self.current: Task | None = None
        self.made: dict[str, Decision] = {}
        self.span = 0  # of the decision about the call that is being performed
        self.storm = True
        self.steps = 0
        self.on_step: Callable[[Task, Call, Decision, Any, Exception | None], None] = _unheard
        self.armed: Callable[[str], list[int]] = _none_armed
        self.struck: dict[str, int] = {}
        self.processes: dict[str, Process] = {}
        self.restarted: Callable[[Process], None] = _ignored
        self._heap: list[tuple[int, int, Any, Any, Any]] = []
        self._order = 0
        self._instant = (0, starts)

    @property
    def instant(self) -> datetime:
        """Now, aware UTC."""
        at, instant = self._instant
        if at != self.now:
            instant = self.starts + timedelta(microseconds=self.now)
            self._instant = self.now, instant
        return instant

    def micros(self, instant: datetime) -> int:
        """An instant in microseconds of this run."""
        return (instant - self.starts) // timedelta(microseconds=1)

    # What runs.
    def at(self, when: int, do: Callable[[], None]) -> None:
        """At that time, this happens."""
        self._order += 1
        heappush(self._heap, (max(when, self.now), self._order, None, do, None))

    def start(self, task: Task, *, wait: int = 0) -> None:
        """Let a task begin."""
        if task.process is not None:
            task.process.tasks[task.name] = task
        self._order += 1
        heappush(self._heap, (self.now + wait, self._order, task, None, None))

    def run(self, until: Callable[[], bool]) -> bool:
        """Go on until nothing is left to happen (False), or `until` is true after a step (True)."""
        heap = self._heap
        while heap:
            at, _, task, call, decision = heappop(heap)
            if task is None:
                self.now = at
                call()
            elif task.gone:
                continue
            elif task.process is not None and task.process.resumes_at > at:
                self._order += 1
                heappush(heap, (task.process.resumes_at, self._order, task, call, decision))
                continue
            else:
                self.now = at
                if decision is None:  # a start, or an answer that was on its way
                    value, error = call or (None, None)
                    self.resume(task, value, error)
                else:
                    self._perform(task, call, decision)
            self.steps += 1
            if until():
                return True
        return False

    def answer(self, task: Task, value: Any, error: Exception | None = None, *, wait: int = 0) -> None:
        """Give a waiting task its answer, now or later."""
        self._order += 1
        heappush(self._heap, (self.now + wait, self._order, task, (value, error), None))

    def resume(self, task: Task, value: Any, error: Exception | None) -> None:
        """Give a task its answer, and let it run to its next call; on through that one, if nothing can come before it."""
        heap = self._heap
        while True:
            self.current = task
            try:
                call = task.coroutine.send(value) if error is None else task.coroutine.throw(error)
            except StopIteration as stop:
                self.end(task, stop.value, None)
                return
            except Exception as fault:
                self.end(task, None, fault)
                return
            decision = self._decide(task, call)
            others = heap and heap[0][0] <= self.now
            if others or decision is not BENIGN or call.delay or isinstance(call, Wish) or not self.steps % LOOK_UP:
                self._order += 1
                heappush(heap, (self.now + decision.wait + call.delay, self._order, task, call, decision))
                return
            self.steps += 1
            value, error = self._run(task, call, decision)

    def end(self, task: Task, value: Any, error: Exception | None) -> None:
        """A task is over."""
        task.gone = True
        if task.process is not None:
            task.process.tasks.pop(task.name, None)
        task.finished(task, value, error)

    def close(self) -> None:
        """The run is over: what has not begun never will."""
        for _, _, task, _, _ in self._heap:
            if task is not None and not task.gone:
                task.gone = True
                task.coroutine.close()
        self._heap.clear()

    def _decide(self, task: Task, call: Call) -> Decision:
        n = task.counts.get(call.name, 0) + 1
        task.counts[call.name] = n
        if not self.storm:
            return BENIGN
        address = f"{task.name}/{call.name}#{n}"
        decision = self.decides.decide(address, call.name, self.now, lambda: self.armed(task.about))
        if decision is not BENIGN:
            self.made[address] = decision
        return decision

    def _perform(self, task: Task, call: Call, decision: Decision) -> None:
        fault, process = decision.fault, task.process
        if fault:
            self.struck[fault] = self.struck.get(fault, 0) + 1
            if process is not None and fault in _OF_PROCESSES:
                if fault == "crash_before":
                    self.on_step(task, call, decision, None, Lost())
                    self.crash(process, decision.span)
                    return
                if fault == "pause":
                    process.resumes_at = self.now + decision.span
                    self.on_step(task, call, decision, None, None)
                    self._order += 1
                    heappush(self._heap, (process.resumes_at, self._order, task, call, BENIGN))
                    return
                if fault == "sigterm":
                    self.stop(process, decision.span)
        if isinstance(call, Wish):
            self.on_step(task, call, decision, None, None)
            call.start(task, decision)
            return
        value, error = self._run(task, call, decision)
        if fault == "crash_after" and process is not None:
            self.crash(process, decision.span)
        elif decision.after:
            self.answer(task, value, error, wait=decision.after)
        else:
            self.resume(task, value, error)

    def _run(self, task: Task, call: Call, decision: Decision) -> tuple[Any, Exception | None]:
        """Make a call happen. Raises Violation, which is no answer of any port."""
        value: Any = None
        error: Exception | None = None
        self.current = task
        self.span = decision.span
        try:
            value = call.run("" if decision.fault in _OF_PROCESSES else decision.fault)
        except Exception as raised:
            error = raised
        self.on_step(task, call, decision, value, error)
        return value, error

    # Processes.
    def boot(self, process: Process) -> None:
        """A process begins, or begins again, with empty memory."""
        self.processes[process.name] = process
        process.starts += 1
        process.up = process.open = True
        process.resumes_at = 0
        process.memory = process.boot(process)
        self.restarted(process)

    def crash(self, process: Process, span: int = SECOND) -> None:
        """Its tasks are gone, whoever waits for them has lost the connection, and it starts again after `span`."""
        if not process.up:
            return
        process.up = process.open = False
        process.crashes += 1
        process.resumes_at = 0
        tasks = list(process.tasks.values())
        process.tasks.clear()
        for task in tasks:
            task.gone = True
            task.coroutine.close()
            task.finished(task, None, Lost())
        self.at(self.now + span, lambda: self.boot(process))

    def stop(self, process: Process, span: int) -> None:
        """It takes no more work, finishes what it can in its time of grace, and starts again."""
        if not process.open:
            return
        process.open = False
        started = process.starts

        def over() -> None:
            if process.up and process.starts == started:
                self.crash(process, span)
                process.crashes -= 1

        self.at(self.now + GRACE, over)


_OF_PROCESSES: Final = frozenset({"crash_before", "crash_after", "pause", "sigterm"})


def _unheard(task: Task, call: Call, made: Decision, value: Any, error: Exception | None) -> None:
    return None


def _none_armed(_: str) -> list[int]:
    return []


def _ignored(_: Process) -> None:
    return None
