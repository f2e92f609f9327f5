"""A TCP proxy that does on command what networks do. Put it before a database, a cache, a provider or a mail server.

    with Proxy("127.0.0.1", 5432) as proxy:
        storage = MyStorage(host=proxy.host, port=proxy.port)
        proxy.cut_reply(b"COMMIT")          # the next COMMIT reaches the server, and its answer never comes back
        ...
    assert proxy.tally.replies_cut == 1     # else the test has proved nothing

    delay        bytes take longer, in one direction or both
    hold         a black hole: bytes wait, in one direction or both, until `let_go`; a new connection is taken and hears nothing
    half_close   half open: one direction ends, the other goes on
    cut          every connection ends, with an orderly FIN or a RST, for both its ends
    cut_reply    the n-th message of a client that has these bytes in it arrives, and what the server answers does not
    refuse       nobody listens any more, until `accept`

A command has been carried out when it returns. Everything is done by one thread of its own, which ends with the block, and closes what
it opened. A process that is forked while connections run through it holds them open as well, and a cut is then not seen: fork before.
"""

from __future__ import annotations

import selectors
import socket
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from types import TracebackType
from typing import Final, Literal, TypeVar

from checkout_core.testing.links import BOTH, BUFFER, PIECE, End, Link, Network, Tally, Trap, Way, bound, reset

PATIENCE: Final = 10.0  # seconds

T = TypeVar("T")


class Proxy:
    """Forwards bytes between whoever connects to `host` and `port`, on this machine, and a server. Use it as a context manager."""

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._network = Network()
        self._orders = deque[Callable[[], None]]()
        self._over = False

    def __enter__(self) -> Proxy:
        self._reserved = bound(0)  # never listens: keeps the port ours while we refuse
        self.host, self.port = self._reserved.getsockname()
        self._selector = selectors.DefaultSelector()
        self._wakes, self._woken = socket.socketpair()
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._listener: socket.socket | None = None
        self._listen()
        self._thread = threading.Thread(target=self._serve, name=f"proxy to {self._server[1]}", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over = True
        self._wakes.send(b".")
        self._thread.join()
        for link in self._network.links:
            link.close()
        self._deafen()
        self._selector.close()
        for end in (self._reserved, self._wakes, self._woken):
            end.close()

    @property
    def address(self) -> tuple[str, int]:
        """Where to connect to instead of the server."""
        return self.host, self.port

    @property
    def tally(self) -> Tally:
        """What it has done so far."""
        return self._network.tally

    def delay(self, seconds: float, *ways: Way) -> None:
        """What is said from now on takes so much longer; 0 ends it."""
        self._order(lambda: self._network.delays.update(dict.fromkeys(ways or BOTH, seconds)))

    def hold(self, *ways: Way) -> None:
        """Pass nothing on, in any connection of now and later, until `let_go`. Nothing is lost by it, unless the connection ends."""
        self._order(lambda: self._network.held.update(ways or BOTH))

    def let_go(self, *ways: Way) -> None:
        """Pass on what was held, and everything from now on."""
        self._order(lambda: self._network.held.difference_update(ways or BOTH))

    def half_close(self, way: Way) -> int:
        """End one direction of every connection: who listens there hears the end, and what is still said is lost. Returns how many."""
        return self._order(lambda: self._network.half_close(way))

    def cut(self, how: End = "rst") -> int:
        """End every connection there is, for both its ends. Returns how many."""
        return self._order(lambda: self._network.cut(how))

    def cut_reply(self, pattern: bytes, nth: int = 1, how: End | Literal["silence"] = "rst") -> None:
        """Let the n-th message from now on that has these bytes reach the server; as soon as its answer begins, lose that and cut.

        With "silence" the connection stays, and the client hears nothing more of it. The protocol must be one whose client waits for each
        answer, and must not be encrypted. There is one such trap at a time: another takes its place.
        """
        if not pattern or nth < 1:
            raise ValueError("Name at least one byte to look for, and count from 1.")
        self._order(lambda: self._network.set_trap(Trap(pattern, nth, how)))

    def refuse(self) -> None:
        """Refuse new connections; those there are go on."""
        self._order(self._deafen)

    def accept(self) -> None:
        """Take new connections again."""
        self._order(self._listen)

    def until(self, seen: Callable[[Tally], bool], patience: float = PATIENCE) -> Tally:
        """Wait until the tally is as wanted, which it must be in so many seconds."""
        with self._network.changed:
            if not self._network.changed.wait_for(lambda: seen(self.tally), patience):
                raise AssertionError(f"It did not come to that in {patience:g} seconds: {self.tally}")
            return self.tally

    def _order(self, act: Callable[[], T]) -> T:
        """Let the proxy's own thread do it: everything below, and the network, is that thread's alone."""
        done: Future[T] = Future()

        def obey() -> None:
            try:
                done.set_result(act())
            except BaseException as error:
                done.set_exception(error)

        self._orders.append(obey)
        self._wakes.send(b".")
        return done.result(PATIENCE)

    def _serve(self) -> None:
        while not self._over:
            ready = {key.fileobj for key, _ in self._selector.select(self._network.rest())}
            if self._woken in ready:
                self._woken.recv(PIECE)
            while self._orders:
                self._orders.popleft()()
            if self._listener is not None and self._listener in ready:
                self._welcome(self._listener)
            for link in self._network.links:
                self._network.forward(link, ready)
            self._network.links = [link for link in self._network.links if not link.over]
            self._watch()

    def _welcome(self, listener: socket.socket) -> None:
        try:
            client, _ = listener.accept()
        except OSError:
            return  # gone again
        try:
            server = socket.create_connection(self._server, timeout=PATIENCE)
        except OSError:
            reset(client)
            self._network.count(unreachable=1)
            return
        self._network.links.append(Link.between(client, server))
        self._network.count(connections=1)

    def _watch(self) -> None:
        """Listen to those who may say more, and to those who could not take all that is due."""
        wanted = {end: selectors.EVENT_READ for end in (self._woken, self._listener) if end is not None}
        for link in self._network.links:
            for flow in link.flows:
                if not flow.ended and flow.size < BUFFER:
                    wanted[flow.source] = wanted.get(flow.source, 0) | selectors.EVENT_READ
                if self._network.may_send(flow):
                    wanted[flow.sink] = wanted.get(flow.sink, 0) | selectors.EVENT_WRITE
        known = {key.fileobj: key.events for key in self._selector.get_map().values()}
        for gone in known.keys() - wanted.keys():
            self._selector.unregister(gone)
        for end, events in wanted.items():
            if end not in known:
                self._selector.register(end, events)
            elif known[end] != events:
                self._selector.modify(end, events)

    def _listen(self) -> None:
        if self._listener is None:
            self._listener = bound(self.port)
            self._listener.listen()
            self._listener.setblocking(False)
            self._selector.register(self._listener, selectors.EVENT_READ)

    def _deafen(self) -> None:
        if self._listener is not None:
            self._selector.unregister(self._listener)
            self._listener.close()
            self._listener = None
