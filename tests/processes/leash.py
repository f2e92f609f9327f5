"""Forked processes that end with ours, however that ends: a provider, a proxy."""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn


class Leash:
    """A pipe whose one end only our process holds: whatever is on it ends when that end is closed."""

    def __init__(self) -> None:
        self.theirs, self.ours = os.pipe()

    @contextmanager
    def running(self, act: Callable[[], object]) -> Iterator[int]:
        """A process that does this until the block ends: its id."""
        pid = self.fork(act)
        try:
            yield pid
        finally:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)

    def fork(self, act: Callable[[], object]) -> int:
        """A process that does this: its id. It is ours to wait for."""
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            self._live(act)
        return pid

    def _live(self, act: Callable[[], object]) -> NoReturn:
        code = 1
        try:
            os.close(self.ours)
            threading.Thread(target=self._until_gone, daemon=True).start()
            act()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)  # nothing of the parent's is tidied up in here

    def _until_gone(self) -> None:
        os.read(self.theirs, 1)
        os._exit(2)
