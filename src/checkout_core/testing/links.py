"""What a proxy is made of: connections, each with two directions, and what is to become of what is said in them.

Nothing here waits: whoever owns a `Network` calls `forward` for each of its links when there is something to read, to send, or due.
"""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Container
from contextlib import suppress
from typing import Final, Literal

from attrs import define, evolve, field, frozen

Way = Literal["to server", "to client"]
End = Literal["fin", "rst"]
BOTH: Final[tuple[Way, Way]] = ("to server", "to client")
PIECE: Final = 65_536
BUFFER: Final = 1_048_576  # bytes that wait in one direction of one connection; then its sender waits (R25)
_RESET: Final = struct.pack("ii", 1, 0)


@frozen
class Tally:
    """What a proxy did. A refused connection is not among it: the system refuses for whoever does not listen."""

    connections: int = 0
    unreachable: int = 0  # the server did not listen: the client got a RST
    to_server: int = 0  # bytes that were passed on
    to_client: int = 0
    delayed: int = 0  # pieces
    held: int = 0  # pieces
    half_closed: int = 0  # connections
    cut: int = 0  # connections
    matched: int = 0  # messages, for `cut_reply`
    replies_cut: int = 0


@define
class Trap:
    """The message whose reply is to be lost: the one that makes `left` nothing."""

    pattern: bytes
    left: int
    how: End | Literal["silence"]


@define(eq=False)
class Flow:
    """One direction of a connection."""

    way: Way
    source: socket.socket
    sink: socket.socket
    waiting: deque[tuple[float, bytes]] = field(factory=deque)  # with when they may go on; no bytes are the end
    size: int = 0
    ended: bool = False  # the source has said all
    shut: bool = False  # the sink has been told so
    mute: bool = False  # what comes is lost, the end too

    @property
    def over(self) -> bool:
        return self.ended and (self.shut or self.mute)

    def stop(self) -> None:
        """Tell the sink that this was all; whatever still comes is lost."""
        self.waiting.clear()
        self.size = 0
        if not self.shut:
            self.shut = True
            with suppress(OSError):  # the sink is gone already
                self.sink.shutdown(socket.SHUT_WR)


@define(eq=False)
class Link:
    """A client's connection, and ours to the server."""

    client: socket.socket
    server: socket.socket
    flows: tuple[Flow, Flow]
    seen: bytes = b""  # the end of what the client said: a message may come in pieces
    doomed: Trap | None = None  # its next answer does not arrive
    over: bool = False

    @classmethod
    def between(cls, client: socket.socket, server: socket.socket) -> Link:
        for end in (client, server):
            end.setblocking(False)
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return cls(client, server, (Flow("to server", client, server), Flow("to client", server, client)))

    def cut(self, how: End) -> None:
        """End it for both. Without a RST what they still say is heard out: to close on what was not read would be one."""
        if how == "rst":
            self.over = True
            reset(self.client)
            reset(self.server)
        else:
            for flow in self.flows:
                flow.stop()

    def close(self) -> None:
        self.over = True
        self.client.close()
        self.server.close()


@define(eq=False)
class Network:
    """How it is between clients and a server now, and what has happened there."""

    tally: Tally = Tally()
    changed: threading.Condition = field(factory=threading.Condition)  # of the tally
    links: list[Link] = field(factory=list)
    delays: dict[Way, float] = field(factory=lambda: dict.fromkeys(BOTH, 0.0))
    held: set[Way] = field(factory=set)
    trap: Trap | None = None

    def count(self, **more: int) -> None:
        with self.changed:
            self.tally = evolve(self.tally, **{name: getattr(self.tally, name) + by for name, by in more.items()})
            self.changed.notify_all()

    def set_trap(self, trap: Trap) -> None:
        self.trap = trap
        for link in self.links:
            link.seen = b""

    @property
    def open(self) -> list[Link]:
        return [link for link in self.links if not link.over]

    def half_close(self, way: Way) -> int:
        open = [flow for link in self.open for flow in link.flows if flow.way == way and not flow.shut]
        self.count(half_closed=len(open))
        for flow in open:
            flow.stop()
        return len(open)

    def cut(self, how: End) -> int:
        open = self.open
        self.count(cut=len(open))
        for link in open:
            link.cut(how)
        return len(open)

    def rest(self) -> float | None:
        """How long nothing that waits is due, in seconds; None if nothing waits."""
        dues = [flow.waiting[0][0] for link in self.links for flow in link.flows if flow.waiting and flow.way not in self.held]
        return max(min(dues) - time.monotonic(), 0) if dues else None

    def may_send(self, flow: Flow) -> bool:
        return bool(flow.waiting) and flow.waiting[0][0] <= time.monotonic() and flow.way not in self.held

    def forward(self, link: Link, ready: Container[object]) -> None:
        """Read from those of its ends that are ready, and send what is due."""
        try:
            for flow in link.flows:
                if not link.over and not flow.ended and flow.source in ready:
                    self._read(link, flow)
            for flow in link.flows:
                if not link.over:
                    self._send(flow)
        except OSError:  # one of the two has cut it: so do we, for the other
            link.cut("rst")
        if not link.over and all(flow.over for flow in link.flows):
            link.close()

    def _read(self, link: Link, flow: Flow) -> None:
        try:
            said = flow.source.recv(PIECE)
        except BlockingIOError:
            return
        flow.ended = not said
        if said and link.doomed is not None and flow.way == "to client":
            self._lose_reply(link, flow, link.doomed)
        if flow.shut or flow.mute or link.over:
            return
        if flow.way == "to server":
            self._look_for_trap(link, said)
        last = flow.waiting[-1][0] if flow.waiting else 0.0
        flow.waiting.append((max(time.monotonic() + self.delays[flow.way], last), said))
        flow.size += len(said)
        self.count(delayed=int(self.delays[flow.way] > 0), held=int(flow.way in self.held))

    def _send(self, flow: Flow) -> None:
        while self.may_send(flow):
            due, said = flow.waiting.popleft()
            if not said:
                flow.stop()
                return
            try:
                sent = flow.sink.send(said)
            except BlockingIOError:
                sent = 0
            flow.size -= sent
            self.count(**{flow.way.replace(" ", "_"): sent})
            if sent < len(said):
                flow.waiting.appendleft((due, said[sent:]))
                return

    def _look_for_trap(self, link: Link, said: bytes) -> None:
        if self.trap is None:
            return
        text, end = link.seen + said, 0
        while self.trap is not None and (found := text.find(self.trap.pattern, end)) >= 0:
            end = found + len(self.trap.pattern)
            self.trap.left -= 1
            self.count(matched=1)
            if not self.trap.left:
                link.doomed, self.trap = self.trap, None
        if self.trap is not None:
            link.seen = text[max(end, len(text) - len(self.trap.pattern) + 1) :]

    def _lose_reply(self, link: Link, flow: Flow, trap: Trap) -> None:
        link.doomed = None
        self.count(replies_cut=1, cut=int(trap.how != "silence"))  # first: whoever notices the cut finds it counted
        if trap.how == "silence":
            flow.mute = True
        else:
            link.cut(trap.how)


def reset(end: socket.socket) -> None:
    """Close it with a RST."""
    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    end.close()


def bound(port: int) -> socket.socket:
    """A socket at that port of this machine, or at a free one; a second one may be bound to the same port."""
    made = socket.socket()
    try:
        for name in ("SO_REUSEADDR", "SO_REUSEPORT"):
            if hasattr(socket, name):
                made.setsockopt(socket.SOL_SOCKET, getattr(socket, name), 1)
        made.bind(("127.0.0.1", port))
    except BaseException:
        made.close()
        raise
    return made
