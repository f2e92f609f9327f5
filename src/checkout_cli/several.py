"""Runs of a scenario shared among processes of this command. What they found together is the same for any number of processes.

Runs are handed out in batches, and the reports of batches are added in their order: what one process would have found first is what counts.
Ctrl-C reaches this process alone; the others end when nobody has work for them any more.
"""

from __future__ import annotations

import pickle
import signal
import sys
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain, islice
from multiprocessing import connection, get_context, resource_tracker
from multiprocessing.connection import Connection
from pathlib import Path
from threading import current_thread, main_thread
from typing import TYPE_CHECKING, Any, Final

from attrs import define, field, frozen

from checkout_cli.levels import level_of
from checkout_cli.simulating import read_scenario
from checkout_core.errors import Unavailable
from checkout_core.simulation.levels import Level
from checkout_core.simulation.many import Report, rare_collections
from checkout_core.simulation.running import Outcome, run_once
from checkout_core.simulation.scenarios import Scenario
from checkout_core.simulation.tapes import Tape

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

BATCH: Final = 5
AHEAD: Final = 4
"""Batches that may be finished before one that comes earlier, for each process."""


@frozen
class Where:
    """A scenario for another process: its file, which each reads for itself, and where its runs store, if not as the file says."""

    file: Path
    level: str | None = None


Play = int | Tape
"""A seed, or a tape."""


def batches(plays: Iterable[Play]) -> Iterator[tuple[Play, ...]]:
    """Seeds or tapes in portions, the same for any number of processes, and made only when they are wanted."""
    rest = iter(plays)
    while portion := tuple(islice(rest, BATCH)):
        yield portion


@rare_collections()
def play(scenario: Scenario, level: Level | None, plays: Iterable[Play], stop: bool, told: Callable[[Outcome], None]) -> Report:
    """A batch: its runs in order; with `stop` it ends at the first broken promise."""
    report = Report(scenario.name)
    for one in plays:
        outcome = run_once(scenario, tape=one, level=level) if isinstance(one, Tape) else run_once(scenario, one, level=level)
        report.add(outcome)
        told(outcome)
        if stop and outcome.violation is not None:
            break
    return report


@define
class Found:
    """What many runs came to. `done` counts those that were looked at; `stopped` says that somebody had enough before the end."""

    report: Report
    done: int = 0
    stopped: bool = False


def run(where: Where, plays: Iterable[Play], *, jobs: int = 1, stop: bool = True, told: Callable[[int], None] = lambda _: None) -> Found:
    """All of these, on so many processes; with `stop`, up to the first broken promise. `told` hears how many are done.

    Raises what a run raises, and Unavailable if a process has died. Ctrl-C ends it: what was found so far is the answer.
    """
    portions = batches(plays)
    found = Found(Report(""))
    first, second = next(portions, ()), next(portions, ())
    shared = jobs > 1 and bool(second)  # another process takes longer to begin than one batch takes
    portions = chain((one for one in (first, second) if one), portions)
    reports = _shared(where, portions, jobs, stop, told) if shared else _alone(where, portions, stop, told)
    try:
        for report in reports:
            if not found.done:
                found.report.scenario = report.scenario
            found.report.merge(report)
            found.done += report.runs
            if stop and report.broken:
                break
    except KeyboardInterrupt:
        found.stopped = True
    finally:
        with suppress(KeyboardInterrupt):
            reports.close()
    return found


def _alone(where: Where, portions: Iterator[tuple[Play, ...]], stop: bool, told: Callable[[int], None]) -> Generator[Report, None, None]:
    scenario = read_scenario(where.file).scenario
    done = 0

    def one_more(_: Outcome) -> None:
        nonlocal done
        done += 1
        told(done)

    with level_of(scenario, where.level) as level:
        for portion in portions:
            yield play(scenario, level, portion, stop, one_more)


def _shared(
    where: Where, portions: Iterator[tuple[Play, ...]], jobs: int, stop: bool, told: Callable[[int], None]
) -> Generator[Report, None, None]:
    with _crew(jobs, where, stop) as crew:
        ready: dict[int, Report] = {}
        given, taken, done, more = 0, 0, 0, True
        while more or taken < given:
            while more and crew.can_work and given - taken < AHEAD * jobs:
                portion = next(portions, ())
                more = bool(portion)
                if more:
                    crew.give(given, portion)
                    given += 1
            for at, report in crew.heard():
                ready[at] = report
                done += report.runs
            told(done)
            while taken in ready:
                yield ready.pop(taken)
                taken += 1


@define
class _Crew:
    """The other processes, and who of them has nothing to do. One more is started, up to `jobs`, when there is work for it."""

    jobs: int
    where: Where
    stop: bool
    busy: dict[Connection, BaseProcess] = field(factory=dict)
    idle: list[tuple[Connection, BaseProcess]] = field(factory=list)

    @property
    def can_work(self) -> bool:
        """Whether anybody is free, or may still be started."""
        return bool(self.idle) or len(self.busy) < self.jobs

    def give(self, at: int, portion: tuple[Play, ...]) -> None:
        if not self.idle:
            with _ctrl_c_later():
                self.idle.append(self._started())
        line, process = self.idle.pop()
        self.busy[line] = process
        try:
            line.send((at, portion))
        except OSError:
            raise _died(process) from None

    def heard(self) -> Iterator[tuple[int, Report]]:
        """What came from whoever is first. Raises what went wrong there."""
        for line in connection.wait(list(self.busy)):
            assert isinstance(line, Connection)
            process = self.busy[line]
            try:
                at, came = line.recv()
            except (EOFError, OSError):
                raise _died(process) from None
            del self.busy[line]
            self.idle.append((line, process))
            if isinstance(came, BaseException):
                raise came
            yield at, came

    def _started(self) -> tuple[Connection, BaseProcess]:
        context = get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_work, args=(theirs, self.where, self.stop), daemon=True)
        process.start()
        theirs.close()
        return ours, process


def _died(process: BaseProcess) -> Unavailable:
    process.join()
    return Unavailable(f"A process of the simulator has died (exit code {process.exitcode}). Is there memory enough? Use fewer --jobs.")


@contextmanager
def _crew(jobs: int, where: Where, stop: bool) -> Iterator[_Crew]:
    crew = _Crew(jobs, where, stop)
    try:
        yield crew
    finally:
        everybody = [*crew.idle, *crew.busy.items()]
        for line, one in everybody:
            line.close()
            one.terminate()
        for _, one in everybody:
            one.join()
            one.close()


@contextmanager
def _ctrl_c_later() -> Iterator[None]:
    """Ctrl-C has its effect when this is over, and none ever on processes that are started meanwhile: they inherit that it is blocked."""
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: came.append(number)) if current_thread() is main_thread() else None
    try:
        with _blocked():
            yield
    finally:
        if before is not None:
            signal.signal(signal.SIGINT, before)
    if came:
        signal.raise_signal(signal.SIGINT)


@contextmanager
def _blocked() -> Iterator[None]:
    if sys.platform == "win32":  # knows no masks
        yield
        return
    resource_tracker.ensure_running()  # the first process would start it, and that unblocks
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _work(line: Any, where: Where, stop: bool) -> None:
    """What another process does until nobody listens: read the scenario, then batch after batch."""
    try:
        scenario = read_scenario(where.file).scenario
        with level_of(scenario, where.level) as level:
            while True:
                at, portion = line.recv()
                line.send((at, play(scenario, level, portion, stop, lambda _: None)))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return
    except Exception as error:
        with suppress(OSError):
            line.send((0, _as_sent(error)))


def _as_sent(error: Exception) -> Exception:
    """An error as it can be sent: itself, or its kind, where it holds what cannot."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301
    except Exception:
        return RuntimeError(type(error).__name__)
    return error
