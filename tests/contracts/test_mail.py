"""Mail keeps the notifiers' contract over a folder and over a real SMTP server, and every answer of a server means what it should."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Generator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from checkout_adapters.notify import AsyncMailNotifier, FolderTransport, MailNotifier, SmtpTransport
from checkout_core import Contact, Misconfigured, NoAnswer, Unavailable, Undeliverable
from checkout_core.events import Event
from checkout_core.notices import Notice
from checkout_core.testing import NotifierContract, synced
from tests.mailroom import LOST, SENDER, Mailroom, bought, free_port, html_of, listening, parsed, placed, text_of
from tests.world import NOON


def mail_by(transport: Any, **changes: Any) -> MailNotifier:
    return MailNotifier(transport, **{"sender": SENDER, "shop_name": "Leaf & Kettle"} | changes)


class OrdersPlaced(NotifierContract):
    """The contract, told by notices of one order each: mail tells people of orders, not of every event."""

    def notice(self, n: int) -> Notice:
        order = bought(f"c{n}", f"N{n}")
        return Notice(Event(order.id, 4, "order.placed", NOON + timedelta(minutes=n)), Contact("ann@example.org"), order)

    def ids_of(self, contents: Sequence[bytes]) -> Sequence[str]:
        letters = {mail_by(None).letter(self.notice(n)): self.notice(n).id for n in range(1, 6)}
        by_message_id = {letter.message_id: id for letter, id in letters.items() if letter is not None}
        return [by_message_id[parsed(content)["Message-ID"]] for content in contents]


class TestMailIntoAFolder(OrdersPlaced):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.path = tmp_path / "mail"

    def make(self) -> Any:
        return mail_by(FolderTransport(self.path))

    def delivered(self, notifier: Any) -> Sequence[str]:
        contents = [path.read_bytes() for path in self.path.glob("*.eml")]
        return self.ids_of(sorted(contents, key=lambda content: parsed(content)["Date"].datetime))


class TestMailThroughSmtp(OrdersPlaced):
    @pytest.fixture(autouse=True)
    def _server(self) -> Generator[None, None, None]:
        self.room, self.port = Mailroom(), free_port()
        with listening(self.room, self.port):
            yield

    def make(self) -> Any:
        return mail_by(SmtpTransport("127.0.0.1", self.port))

    def delivered(self, notifier: Any) -> Sequence[str]:
        return self.ids_of(self.room.raw)


class TestAsyncMail(TestMailIntoAFolder):
    def make(self) -> Any:
        mail = AsyncMailNotifier(mail_by(FolderTransport(self.path)))
        assert mail.name == "mail"

        class Awaited:
            name = mail.name

            def notify(self, notice: Notice) -> None:
                asyncio.run(mail.notify(notice))

        return Awaited()


@pytest.fixture
def room() -> Mailroom:
    return Mailroom()


@pytest.fixture
def smtp(room: Mailroom) -> Generator[SmtpTransport, None, None]:
    port = free_port()
    with listening(room, port):
        yield SmtpTransport("127.0.0.1", port, timeout=5)


@pytest.mark.parametrize(
    ("locale", "says", "total"), [("en", "Thank you for your order!", "€27.40"), ("de", "Vielen Dank für Ihre Bestellung!", "27,40\xa0€")]
)
def test_both_parts_arrive_in_the_shoppers_language(room: Mailroom, smtp: SmtpTransport, locale: str, says: str, total: str) -> None:
    """A real server receives text and HTML with the same words and figures, byte for byte as they were written."""
    notifier = mail_by(smtp)
    notifier.notify(placed(locale=locale))
    (message,) = room.messages
    assert message.get_content_type() == "multipart/alternative"
    for part in (text_of(message), html_of(message)):
        assert says in part
        assert total in part
    written = notifier.letter(placed(locale=locale))
    assert written is not None
    assert parsed(written.content).as_bytes() == message.as_bytes()


def test_a_line_that_begins_with_a_dot_arrives_whole(room: Mailroom, smtp: SmtpTransport) -> None:
    """RFC 5321, 4.5.2: a dot alone would end the letter."""
    written = mail_by(smtp).letter(placed())
    assert written is not None
    smtp.send(evolve(written, content=written.content + b"\r\n.\r\n..two\r\n.\r\nend\r\n"))
    assert room.raw[0].endswith(b"\r\n.\r\n..two\r\n.\r\nend\r\n")


ANSWERS = [
    ("rcpt", "550 5.1.1 no {address} here", Undeliverable),
    ("rcpt", "450 4.2.1 greylisted", Unavailable),
    ("rcpt", "421 4.7.0 going away", Unavailable),
    ("sender", "550 5.7.1 not for you", Unavailable),
    ("sender", "451 4.3.0 later", Unavailable),
    ("sender", "552 5.3.4 too large", Undeliverable),
    ("data", "451 4.3.0 disk full", Unavailable),
    ("data", "554 5.7.1 looks like spam to ada@example.com", Undeliverable),
]


@pytest.mark.parametrize(("when", "answer", "fault"), ANSWERS)
def test_what_a_server_answers_decides_what_happens_next(
    room: Mailroom, smtp: SmtpTransport, when: str, answer: str, fault: type[Exception]
) -> None:
    """4xx is tried again, 5xx about this letter is for good, 5xx about our sender is no letter's fault; no error names anybody (R24)."""
    getattr(room, when).append(answer)
    notifier = mail_by(smtp)
    with pytest.raises(fault) as caught:
        notifier.notify(placed())
    assert type(caught.value) is fault
    assert "@" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert not room.raw
    notifier.notify(placed())
    assert len(room.raw) == 1


@pytest.mark.fault("M8")
def test_no_answer_after_the_letter_may_have_arrived(room: Mailroom, smtp: SmtpTransport, struck: set[str]) -> None:
    """M8, Q3: a connection lost after the content is `NoAnswer`; the repetition has the same Message-ID, so a reader shows one."""
    room.data.append(LOST)
    struck.add("M8")
    notifier = mail_by(smtp)
    with pytest.raises(NoAnswer):
        notifier.notify(placed())
    notifier.notify(placed())
    assert len({message["Message-ID"] for message in room.messages}) == 1
    assert room.raw[0] == room.raw[1]


def test_how_they_part_changes_nothing(room: Mailroom, smtp: SmtpTransport) -> None:
    """Q3: a letter that was taken has arrived, even if the server does not say goodbye."""
    room.hangs_up = True
    notifier = mail_by(smtp)
    notifier.notify(placed())
    notifier.notify(placed())
    assert len(room.raw) == 1


def test_nobody_listens() -> None:
    with pytest.raises(Unavailable, match="cannot be reached"):
        mail_by(SmtpTransport("127.0.0.1", free_port(), timeout=5)).notify(placed())


def speaking(say: Callable[[socket.socket], None]) -> tuple[int, threading.Thread]:
    """A server that says this to its first caller, and hangs up."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listener:
            caller, _ = listener.accept()
            with caller:
                say(caller)

    thread = threading.Thread(target=serve)
    thread.start()
    return listener.getsockname()[1], thread


@pytest.mark.parametrize(
    "greeting", [b"421 4.3.2 too busy\r\n", b"554 no service\r\n", b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"2" * 9000]
)
def test_a_server_that_does_not_greet_is_away(greeting: bytes) -> None:
    """Whatever is wrong before a letter is under way did not happen: it is tried again."""
    port, thread = speaking(lambda caller: caller.sendall(greeting))
    with pytest.raises(Unavailable):
        mail_by(SmtpTransport("127.0.0.1", port, timeout=5)).notify(placed())
    thread.join(5)


def test_a_server_that_says_nothing_is_away() -> None:
    """R25: every call has an end."""
    over = threading.Event()

    def nothing(caller: socket.socket) -> None:
        over.wait(5)

    port, thread = speaking(nothing)
    with pytest.raises(Unavailable):
        mail_by(SmtpTransport("127.0.0.1", port, timeout=0.1)).notify(placed())
    over.set()
    thread.join(5)


def test_tls_and_login_that_a_server_does_not_offer_wait_for_a_person(smtp: SmtpTransport) -> None:
    for changes in ({"tls": "starttls"}, {"user": "shop", "password": "secret"}, {"tls": "ssl"}):
        with pytest.raises(Unavailable, match="Check"):
            mail_by(SmtpTransport(smtp.host, smtp.port, timeout=5, **changes)).notify(placed())  # type: ignore[arg-type]


def test_a_password_is_masked_and_never_travels_in_clear() -> None:
    """R24."""
    assert "secret" not in repr(SmtpTransport("mail.example", 587, "shop", "secret", tls="starttls"))
    for wrong in ({"user": "shop", "password": "secret"}, {"password": "secret", "tls": "ssl"}, {"tls": "yes"}):
        with pytest.raises(Misconfigured):
            SmtpTransport("mail.example", 587, **wrong)  # type: ignore[arg-type]


def test_an_address_that_is_not_ascii_needs_a_server_that_takes_it(room: Mailroom, smtp: SmtpTransport) -> None:
    """A domain has an ASCII form; a name before the @ has none."""
    notifier = mail_by(smtp)
    notifier.notify(placed(to="ada@bücher.example"))
    assert room.messages[0]["To"] == "ada@xn--bcher-kva.example"
    with pytest.raises(Undeliverable, match="not ASCII"):
        notifier.notify(placed(bought("c2"), to="jürgen@example.com"))


def test_a_letter_lies_in_the_folder_once_and_whole(tmp_path: Path) -> None:
    """RB-44, RB-91: whoever writes it again, another process or a replay, changes nothing; only its owner may read it."""
    folder = tmp_path / "mail"
    mail_by(FolderTransport(folder)).notify(placed())
    (path,) = folder.iterdir()
    before = path.stat()
    for _ in range(2):
        mail_by(FolderTransport(folder)).notify(placed())
    assert path.name.startswith("T7K2-9QX-confirmation-")
    assert (folder.stat().st_mode & 0o777, path.stat().st_mode & 0o777) == (0o700, 0o600)
    threads = [threading.Thread(target=lambda: mail_by(FolderTransport(folder)).notify(placed(bought("c2", "N2")))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(folder.iterdir())) == 2
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_folder_that_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("a file")
    with pytest.raises(Unavailable, match="mail folder") as caught:
        mail_by(FolderTransport(tmp_path / "mail")).notify(placed())
    assert "ada" not in str(caught.value)


def test_an_event_loop_goes_on_while_a_letter_is_sent(smtp: SmtpTransport, room: Mailroom) -> None:
    async def both() -> int:
        ticks = 0

        async def clock() -> None:
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0)

        beside = asyncio.create_task(clock())
        await AsyncMailNotifier(mail_by(smtp)).notify(placed())
        beside.cancel()
        return ticks

    assert asyncio.run(both()) > 1
    assert len(room.raw) == 1


def test_an_async_notifier_has_the_same_face(tmp_path: Path) -> None:
    assert synced(AsyncMailNotifier(mail_by(FolderTransport(tmp_path)))).name == "mail"
