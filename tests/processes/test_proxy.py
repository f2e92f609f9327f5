"""The proxy does to a real talk what it is told to: each of its faults is seen to strike, between real sockets."""

from __future__ import annotations

import http.client
import http.server
import os
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from attrs import define, field

from checkout_adapters.notify import MailNotifier, SmtpTransport
from checkout_core.errors import NoAnswer, Unavailable
from checkout_core.testing.links import bound
from checkout_core.testing.proxy import Proxy
from tests.mailroom import SENDER, Mailroom, free_port, listening, placed

PATIENCE = 60.0  # seconds for what must come: a busy machine is no broken promise


@define(eq=False)
class Books:
    """A server with a line protocol: BEGIN, ADD, COMMIT, each answered; what was added is there after COMMIT. It says hello first."""

    committed: int = 0
    ended: threading.Event = field(factory=threading.Event)

    def serve(self, talk: socketserver.StreamRequestHandler) -> None:
        added = 0
        try:
            talk.wfile.write(b"HELLO\n")
            for line in talk.rfile:
                if line == b"ADD\n":
                    added += 1
                if line == b"COMMIT\n":
                    self.committed += added
                    added = 0
                talk.wfile.write(b"OK " + line)
        except OSError:
            pass
        self.ended.set()


@contextmanager
def served(serve: Callable[[socketserver.StreamRequestHandler], None]) -> Iterator[int]:
    """The port of a server that talks like this to everybody."""

    class Talk(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            serve(self)

    with running(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Talk)) as port:
        yield port


@contextmanager
def running(server: socketserver.ThreadingTCPServer | http.server.ThreadingHTTPServer) -> Iterator[int]:
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@define(eq=False)
class Client:
    """Somebody who says a line and waits for one."""

    end: socket.socket
    lines: Any = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.end.settimeout(PATIENCE)
        self.lines = self.end.makefile("rb")

    def hears(self) -> bytes:
        line: bytes = self.lines.readline()
        return line

    def says(self, line: bytes) -> bytes:
        self.end.sendall(line)
        return self.hears()


@contextmanager
def calling(proxy: Proxy) -> Iterator[Client]:
    with socket.create_connection(proxy.address, timeout=PATIENCE) as end:
        client = Client(end)
        with closing(client.lines):
            yield client


@pytest.fixture
def books() -> Books:
    return Books()


@pytest.fixture
def proxy(books: Books) -> Iterator[Proxy]:
    with served(books.serve) as port, Proxy("127.0.0.1", port) as proxy:
        yield proxy


def test_it_passes_on_what_both_say_and_counts_it(proxy: Proxy, books: Books) -> None:
    with calling(proxy) as one, calling(proxy) as another:
        assert (one.hears(), another.hears()) == (b"HELLO\n", b"HELLO\n")
        assert one.says(b"BEGIN\n") == b"OK BEGIN\n"
        long = b"x" * 5_000_000 + b"\n"  # many times what a buffer holds
        speaking = threading.Thread(target=another.end.sendall, args=(long,))
        speaking.start()
        assert another.hears() == b"OK " + long
        speaking.join()
        one.end.shutdown(socket.SHUT_WR)  # an orderly end arrives at the other side, and its end here
        assert one.hears() == b""
        assert books.ended.wait(PATIENCE)
    tally = proxy.until(lambda tally: tally.to_client == 12 + 9 + 3 + len(long))
    assert (tally.connections, tally.to_server) == (2, 6 + len(long))
    assert (tally.cut, tally.held, tally.delayed, tally.replies_cut) == (0, 0, 0, 0)


@pytest.mark.parametrize("ways", [("to server",), ("to client",), ("to server", "to client")])
def test_what_is_delayed_comes_later_and_whole(proxy: Proxy, ways: Any) -> None:
    with calling(proxy) as client:
        client.hears()
        proxy.delay(0.05, *ways)
        started = time.monotonic()
        assert client.says(b"BEGIN\n") == b"OK BEGIN\n"
        assert time.monotonic() - started >= 0.05 * len(ways)
        assert proxy.tally.delayed == len(ways)
        proxy.delay(0)
        assert client.says(b"ADD\n") == b"OK ADD\n"
        assert proxy.tally.delayed == len(ways)


def test_a_black_hole_keeps_what_is_said_until_it_is_let_go(proxy: Proxy, books: Books) -> None:
    """To the server: it never hears of it. To the client: it is done, and nobody is told. Then both hear all, in order."""
    with calling(proxy) as client:
        client.hears()
        proxy.hold("to server")
        client.end.sendall(b"ADD\nCOMMIT\n")
        proxy.until(lambda tally: tally.held == 1)
        assert books.committed == 0
        proxy.hold("to client")
        proxy.let_go("to server")
        proxy.until(lambda tally: tally.held >= 2)
        client.end.settimeout(0.05)
        with pytest.raises(TimeoutError):
            client.end.recv(1)
        client.end.settimeout(PATIENCE)
        proxy.let_go()
        assert client.end.recv(7, socket.MSG_WAITALL) == b"OK ADD\n"
        assert client.end.recv(10, socket.MSG_WAITALL) == b"OK COMMIT\n"
        assert books.committed == 1


def test_a_connection_in_a_black_hole_is_taken_and_hears_nothing(proxy: Proxy) -> None:
    proxy.hold()
    with calling(proxy) as client:
        proxy.until(lambda tally: tally.held == 1)  # the server's hello
        client.end.settimeout(0.05)
        with pytest.raises(TimeoutError):
            client.end.recv(1)
        assert proxy.tally.connections == 1


def test_a_sender_into_a_black_hole_has_to_wait_in_the_end(proxy: Proxy) -> None:
    """What is held is bounded (R25)."""
    with calling(proxy) as client:
        client.hears()
        proxy.hold()
        client.end.settimeout(0.3)
        with pytest.raises(TimeoutError):
            pour(client.end)
        assert proxy.tally.to_server == 0


def pour(end: socket.socket) -> None:
    """Far more than the proxy and the system keep between them."""
    for _ in range(1_000):
        end.sendall(b"x" * 50_000)


def test_half_open_to_the_server_it_hears_the_end_and_may_still_answer(proxy: Proxy, books: Books) -> None:
    with calling(proxy) as client:
        client.hears()
        assert client.says(b"ADD\n") == b"OK ADD\n"
        assert proxy.half_close("to server") == 1
        assert books.ended.wait(PATIENCE)
        assert client.hears() == b""  # its answer to the end
    assert proxy.tally.half_closed == 1


def test_half_open_to_the_client_the_server_still_hears_and_does(proxy: Proxy, books: Books) -> None:
    """The client hears the end, what it says arrives and is done, and the answer is lost."""
    with calling(proxy) as client:
        client.hears()
        assert proxy.half_close("to client") == 1
        assert client.says(b"ADD\nCOMMIT\n") == b""
        client.end.shutdown(socket.SHUT_WR)
        assert books.ended.wait(PATIENCE)
        assert books.committed == 1


def test_a_cut_is_a_reset_or_an_orderly_end_for_both(proxy: Proxy, books: Books) -> None:
    with calling(proxy) as one, calling(proxy) as another:
        assert one.hears() == another.hears() == b"HELLO\n"
        assert proxy.cut() == 2
        for client in (one, another):
            with pytest.raises(ConnectionResetError):
                client.end.recv(1)
        assert books.ended.wait(PATIENCE)
    books.ended.clear()
    with calling(proxy) as client:
        client.hears()
        assert proxy.cut("fin") == 1
        assert client.hears() == b""
        assert books.ended.wait(PATIENCE)
    assert proxy.cut("fin") <= 1  # it may not have heard yet that the client is gone
    assert proxy.tally.cut in (3, 4)
    with calling(proxy) as client:  # those who come later are served
        assert client.hears() == b"HELLO\n"


def test_a_server_or_client_that_resets_is_heard_as_a_reset(proxy: Proxy, books: Books) -> None:
    with calling(proxy) as client:
        client.hears()
        client.end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    assert books.ended.wait(PATIENCE)


@pytest.mark.parametrize("how", ["rst", "fin", "silence"])
def test_the_nth_commit_is_done_and_its_answer_never_comes(proxy: Proxy, books: Books, how: Any) -> None:
    """The first is answered; of the second the client learns nothing, though it is done; a new connection is served as ever."""
    proxy.cut_reply(b"COMMIT", nth=2, how=how)
    with calling(proxy) as client:
        client.hears()
        assert client.says(b"BEGIN\n") == b"OK BEGIN\n"
        assert client.says(b"ADD\n") == b"OK ADD\n"
        assert client.says(b"COMMIT\n") == b"OK COMMIT\n"
        assert client.says(b"ADD\n") == b"OK ADD\n"
        for piece in (b"COM", b"MI"):  # a message may come in pieces
            client.end.sendall(piece)
            time.sleep(0.01)
        if how == "rst":
            with pytest.raises(ConnectionResetError):
                client.says(b"T\n")
        elif how == "fin":
            assert client.says(b"T\n") == b""
        else:
            client.end.settimeout(0.1)
            with pytest.raises(TimeoutError):
                client.says(b"T\n")
    tally = proxy.until(lambda tally: tally.replies_cut == 1)
    assert books.committed == 2
    assert (tally.matched, tally.cut) == (2, int(how != "silence"))
    with calling(proxy) as client:
        client.hears()
        assert client.says(b"COMMIT\n") == b"OK COMMIT\n"
    assert proxy.tally.replies_cut == 1


def test_messages_are_counted_once_however_they_come(proxy: Proxy) -> None:
    """Two in one piece are two; one in two pieces is one; and connections are counted together."""
    proxy.cut_reply(b"aa", nth=5)
    with calling(proxy) as one, calling(proxy) as another:
        one.hears()
        another.hears()
        assert one.says(b"aaaa\n") == b"OK aaaa\n"
        another.end.sendall(b"a")
        time.sleep(0.01)
        assert another.says(b"ab a\n") == b"OK aab a\n"
        one.end.sendall(b"aa")
        time.sleep(0.01)
        assert one.says(b"a\n") == b"OK aaa\n"
        assert proxy.tally.matched == 4
        with pytest.raises(ConnectionResetError):
            another.says(b"aa\n")
    assert proxy.tally.replies_cut == 1


def test_a_trap_for_nothing_is_a_mistake(proxy: Proxy) -> None:
    for pattern, nth in ((b"", 1), (b"COMMIT", 0)):
        with pytest.raises(ValueError, match="count from 1"):
            proxy.cut_reply(pattern, nth)


def test_it_refuses_and_then_accepts_at_the_same_port(proxy: Proxy) -> None:
    """Those who are there go on."""
    with calling(proxy) as client:
        client.hears()
        proxy.refuse()
        proxy.refuse()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(proxy.address, timeout=PATIENCE)
        assert client.says(b"ADD\n") == b"OK ADD\n"
        proxy.accept()
        with calling(proxy) as another:
            assert another.hears() == b"HELLO\n"


def test_a_server_that_is_not_there_is_a_reset() -> None:
    with closing(bound(0)) as nobody, Proxy(*nobody.getsockname()) as proxy:  # bound, so that nobody else gets that port
        with pytest.raises(ConnectionResetError), calling(proxy) as client:
            client.end.recv(1)
        assert proxy.until(lambda tally: tally.unreachable == 1).connections == 0


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are not listed here")
def test_it_leaves_no_thread_and_no_socket(books: Books) -> None:
    """Whatever state it is left in."""
    with served(books.serve) as port:
        sockets_before, threads_before = sockets(), set(threading.enumerate())  # some may still be on their way out
        leaves: list[Callable[[Proxy], object]] = [Proxy.hold, Proxy.cut, Proxy.refuse, lambda p: p.cut("fin"), lambda p: p.delay(60)]
        for leave in leaves:
            with socket.socket() as end:
                with Proxy("127.0.0.1", port) as proxy:
                    end.connect(proxy.address)
                    end.recv(1)
                    end.sendall(b"ADD\n")
                    leave(proxy)
                with pytest.raises(ConnectionRefusedError):
                    socket.create_connection(proxy.address, timeout=PATIENCE)
            assert books.ended.wait(PATIENCE)
            books.ended.clear()
        until(lambda: sockets() <= sockets_before and set(threading.enumerate()) <= threads_before)


def sockets() -> set[tuple[str, str]]:
    """The sockets and selectors that are open, each with its number."""
    found = set()
    for number in os.listdir("/proc/self/fd"):
        with suppress(FileNotFoundError):  # the one that lists them, or one closed meanwhile
            found.add((number, os.readlink(f"/proc/self/fd/{number}")))
    return {(number, what) for number, what in found if what.startswith(("socket:", "anon_inode:[eventpoll"))}


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_wish_that_is_not_fulfilled_says_what_there_was_instead(proxy: Proxy) -> None:
    with pytest.raises(AssertionError, match=r"did not come to that in 0\.01 seconds: Tally\(connections=0"):
        proxy.until(lambda tally: tally.cut == 1, patience=0.01)


# A provider, over HTTP.
@define(eq=False)
class Provider:
    """Charges once a key, and says so."""

    charged: list[str] = field(factory=list)


@contextmanager
def provider() -> Iterator[tuple[Provider, int]]:
    truth = Provider()

    class Pages(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            key = self.rfile.read(int(self.headers["Content-Length"])).decode()
            if key not in truth.charged:
                truth.charged.append(key)
            self.send_response(200)
            self.send_header("Content-Length", "4")
            self.end_headers()
            self.wfile.write(b"paid")

        def log_message(self, *_: object) -> None:
            pass

    with running(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)) as port:
        yield truth, port


def charge(proxy: Proxy, key: str, *, timeout: float = PATIENCE) -> bytes:
    connection = http.client.HTTPConnection(*proxy.address, timeout=timeout)
    with closing(connection):
        connection.request("POST", "/charges", key)
        return connection.getresponse().read()


@pytest.mark.parametrize(("how", "heard"), [("rst", ConnectionError), ("fin", ConnectionError), ("silence", TimeoutError)])
def test_a_charge_is_made_and_its_answer_lost_and_the_same_key_finds_it(how: Any, heard: type[Exception]) -> None:
    """Over HTTP: to the client all three are no answer, and none of them is a no (R3, R2)."""
    with provider() as (truth, port), Proxy("127.0.0.1", port) as proxy:
        assert charge(proxy, "k0") == b"paid"
        proxy.cut_reply(b"POST /charges", how=how)
        with pytest.raises(heard):
            charge(proxy, "k1", timeout=0.5 if how == "silence" else PATIENCE)
        proxy.until(lambda tally: tally.replies_cut == 1)  # an impatient client may have gone before
        assert truth.charged == ["k0", "k1"]
        assert charge(proxy, "k1") == b"paid"
        assert truth.charged == ["k0", "k1"]
        assert proxy.tally.replies_cut == 1


def test_a_charge_that_never_arrives_is_the_same_silence() -> None:
    """In a black hole the client cannot tell it from the case above; the provider can."""
    with provider() as (truth, port), Proxy("127.0.0.1", port) as proxy:
        proxy.hold("to server")
        with pytest.raises(TimeoutError):
            charge(proxy, "k1", timeout=0.1)
        proxy.until(lambda tally: tally.held >= 1)  # an impatient client may have gone before the proxy has heard of it
        assert truth.charged == []
        proxy.cut()  # and what was on its way is lost for good
        proxy.let_go()
        assert charge(proxy, "k2") == b"paid"
        assert truth.charged == ["k2"]


# A mail server, through our own notifier.
@contextmanager
def post(**changes: Any) -> Iterator[tuple[Mailroom, Proxy, MailNotifier]]:
    room, port = Mailroom(), free_port()
    with listening(room, port), Proxy("127.0.0.1", port) as proxy:
        transport = SmtpTransport(proxy.host, proxy.port, **{"timeout": PATIENCE} | changes)
        yield room, proxy, MailNotifier(transport, sender=SENDER, shop_name="Leaf & Kettle")


@pytest.mark.parametrize(("how", "timeout"), [("rst", PATIENCE), ("fin", PATIENCE), ("silence", 3.0)])
def test_a_letter_whose_taking_is_not_heard_of_may_have_arrived(how: Any, timeout: float) -> None:
    """The answer to the end of the letter is lost: NoAnswer. Sent again, it is the same letter, as its Message-ID says."""
    with post(timeout=timeout) as (room, proxy, mail):
        proxy.cut_reply(b"\r\n.\r\n", how=how)
        with pytest.raises(NoAnswer, match="it may have arrived"):
            mail.notify(placed())
        assert (len(room.raw), proxy.tally.replies_cut) == (1, 1)
        mail.notify(placed())
        assert len({message["Message-ID"] for message in room.messages}) == 1
        assert len(room.raw) == 2


@pytest.mark.parametrize("step", [b"ehlo", b"mail FROM", b"rcpt TO", b"DATA"])
def test_a_mail_server_that_is_lost_before_the_letter_is_unavailable(step: bytes) -> None:
    """No letter has been sent, at whichever step the answer is lost."""
    with post() as (room, proxy, mail):
        proxy.cut_reply(step)
        with pytest.raises(Unavailable, match="cannot be reached"):
            mail.notify(placed())
        assert (room.raw, proxy.tally.replies_cut) == ([], 1)
        mail.notify(placed())
        assert len(room.raw) == 1


def test_a_mail_server_that_refuses_is_silent_or_slow() -> None:
    """Refused, and in a black hole: Unavailable. Slow: the letter arrives."""
    with post() as (room, proxy, mail):
        proxy.refuse()
        with pytest.raises(Unavailable, match=r"cannot be reached \(ConnectionRefusedError\)"):
            mail.notify(placed())
        proxy.accept()
        proxy.hold()
        hasty = MailNotifier(SmtpTransport(*proxy.address, timeout=0.1), sender=SENDER, shop_name="Leaf & Kettle")
        with pytest.raises(Unavailable, match="cannot be reached"):
            hasty.notify(placed())
        proxy.until(lambda tally: tally.held >= 1)
        proxy.cut()
        proxy.let_go()
        assert room.raw == []
        proxy.delay(0.01)
        mail.notify(placed())
        assert len(room.raw) == 1
        assert proxy.tally.delayed > 4
