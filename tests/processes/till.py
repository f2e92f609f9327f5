"""The sandbox as a provider in a process of its own: its books are a file of its own, and it is spoken to over loopback TCP.

    with provider(folder, leash) as (till, books, revive):
        ...     a gateway for a shop, in this process or one forked from it; the provider's own books; it is killed and started anew

What was lost on the way is NoAnswer, before a byte was sent too; so is an answer that does not come within the `call_timeout`.
"""

from __future__ import annotations

import os
import pickle
import signal
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Final

from attrs import evolve, frozen

from checkout_adapters.sandbox import CAPABILITIES, SandboxBooks, SandboxGateway
from checkout_core.effects import Authorize, Capture, Inquire, Refund, RemoteEffect, Void
from checkout_core.errors import CheckoutError, NoAnswer
from checkout_core.payments import Capabilities, Fact
from tests.processes.leash import Leash

QUICK: Final = evolve(CAPABILITIES, call_timeout=1, settle_window=3)  # seconds: somebody who is halted is past these soon
LOST: Final = "The provider was lost while it was asked. Ask again, under the same key."


@frozen
class Till:
    """A gateway that is somewhere else."""

    address: tuple[str, int]
    capabilities: Capabilities = QUICK
    name: str = "sandbox"
    sandbox: bool = True

    def authorize(self, request: Authorize) -> Fact:
        return self._ask("authorize", request)

    def capture(self, request: Capture) -> Fact:
        return self._ask("capture", request)

    def void(self, request: Void) -> Fact:
        return self._ask("void", request)

    def refund(self, request: Refund) -> Fact:
        return self._ask("refund", request)

    def inquire(self, request: Inquire) -> Fact:
        return self._ask("inquire", request)

    def _ask(self, operation: str, request: RemoteEffect) -> Fact:
        deadline = time.monotonic() + self.capabilities.call_timeout
        heard = b""
        try:
            with socket.create_connection(self.address, self.capabilities.call_timeout) as line:
                line.sendall(pickle.dumps((operation, request)))
                line.shutdown(socket.SHUT_WR)
                while more := _more(line, deadline):
                    heard += more
            fact, fault = pickle.loads(heard)  # from our own provider
        except (OSError, EOFError, pickle.UnpicklingError) as error:  # half an answer is none
            raise NoAnswer(LOST) from error
        if fault is not None:
            raise fault
        answer: Fact = fact
        return answer


def _more(line: socket.socket, deadline: float) -> bytes:
    line.settimeout(max(deadline - time.monotonic(), 0.001))
    return line.recv(65536)


class _Provider(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
    request_queue_size = 128

    def __init__(self, heard: socket.socket, gateway: SandboxGateway, lost: int) -> None:
        super().__init__(heard.getsockname(), _Call, bind_and_activate=False)
        self.socket.close()
        self.socket, self.gateway, self.lost = heard, gateway, lost
        self._asked, self._lock = 0, threading.Lock()

    def loses(self) -> bool:
        """Whether the answer of this call is lost: every so-manieth, none if that is 0."""
        with self._lock:
            self._asked += 1
            return bool(self.lost) and self._asked % self.lost == 0

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever asked is gone: nobody is told."""


class _Call(socketserver.StreamRequestHandler):
    server: _Provider

    def handle(self) -> None:
        said = self.rfile.read()
        if not said:
            return
        operation, request = pickle.loads(said)  # from our own shop
        fact: Fact | None = None
        fault: CheckoutError | None = None
        try:
            fact = getattr(self.server.gateway, operation)(request)
        except CheckoutError as error:
            fault = error
        if not self.server.loses():
            with suppress(OSError):
                self.wfile.write(pickle.dumps((fact, fault)))


@contextmanager
def provider(
    folder: Path, leash: Leash, capabilities: Capabilities = QUICK, lost: int = 0
) -> Iterator[tuple[Till, SandboxBooks, Callable[[], None]]]:
    """A provider until the block ends or our process does: how to ask it, its own books, and what kills it and starts it anew.

    The books are in that folder. Every `lost`-th answer does not arrive.
    """
    path = folder / "provider.db"
    books = SandboxBooks(path=path)
    with socket.create_server(("127.0.0.1", 0), backlog=128) as heard:
        start = partial(leash.fork, partial(_serve, heard, path, capabilities, lost))
        pids = [start()]

        def end() -> None:
            os.kill(pids[-1], signal.SIGKILL)
            os.waitpid(pids[-1], 0)

        def revive() -> None:
            end()
            pids.append(start())

        try:
            yield Till(heard.getsockname()), books, revive
        finally:
            end()


def _serve(heard: socket.socket, path: Path, capabilities: Capabilities, lost: int) -> None:
    _Provider(heard, SandboxGateway(SandboxBooks(path=path), capabilities=capabilities), lost).serve_forever(0.05)
