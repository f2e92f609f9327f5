"""Mail through an SMTP server (RFC 5321), with what each of its answers means for the letter.

    before the letter is sent    no connection, time-out, closed, 4xx, no login, no TLS, sender refused     Unavailable
                                 5xx for this recipient or this letter                                      Undeliverable
    the letter is sent           250                                                                        it has arrived
                                 4xx                                                                        Unavailable
                                 5xx                                                                        Undeliverable
                                 no answer                                                                  NoAnswer: it may have arrived

What is wrong with the shop (login, TLS, sender) is never the letter's fault: it waits until somebody mends it. No text of the server's
gets into an error, since servers like to repeat the address (R24). A letter that was sent again after no answer has the same Message-ID.
"""

from __future__ import annotations

import re
import smtplib
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final, Literal

from attrs import define, field

from checkout_adapters.notify.letters import Letter
from checkout_core.errors import Misconfigured, NoAnswer, Unavailable, Undeliverable
from checkout_core.values import masked

REMEMBERED: Final = 10_000  # letters known to have arrived; the outbox does not repeat older ones (R25)
_TOO_LARGE: Final = 552  # the one refusal of MAIL FROM that is about the letter, not about the sender
_DOT: Final = re.compile(rb"^\.", re.MULTILINE)
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


@define
class SmtpTransport:
    """Sends each letter over a connection of its own, one at a time, every step within `timeout` seconds; none twice within a process.

    `tls` is "none", "starttls" or "ssl". Raises Misconfigured if a password would travel unencrypted to another machine.
    """

    host: str
    port: int
    user: str | None = None
    password: str | None = field(default=None, repr=masked)
    tls: Literal["none", "starttls", "ssl"] = "none"
    timeout: float = 10.0
    context: ssl.SSLContext | None = field(default=None, repr=False)
    _sent: dict[str, None] = field(init=False, factory=dict, repr=False)
    _lock: threading.Lock = field(init=False, factory=threading.Lock, repr=False)

    def __attrs_post_init__(self) -> None:
        if self.tls not in ("none", "starttls", "ssl"):
            raise Misconfigured("TLS for mail is none, starttls or ssl. Choose one of them.")
        if self.password is not None and self.user is None:
            raise Misconfigured("There is a mail password and no user. Give both or neither.")
        if self.password is not None and self.tls == "none" and self.host not in _LOOPBACK:
            raise Misconfigured("The mail password would travel unencrypted. Use starttls or ssl.")

    def send(self, letter: Letter) -> None:
        """Hand the letter to the server. Raises as the table above says."""
        with self._lock:
            if letter.id in self._sent:
                return
            with self._session() as server:
                self._envelope(server, letter)
                self._content(server, letter)
            self._sent[letter.id] = None
            if len(self._sent) > REMEMBERED:
                del self._sent[next(iter(self._sent))]

    @contextmanager
    def _session(self) -> Iterator[smtplib.SMTP]:
        server = self._connected()
        try:
            yield server
            with suppress(OSError, smtplib.SMTPException):  # the letter has arrived: how they part changes nothing
                server.quit()
        finally:
            server.close()

    def _connected(self) -> smtplib.SMTP:
        context = self.context or (ssl.create_default_context() if self.tls != "none" else None)
        with _until_the_letter():
            if self.tls == "ssl":
                server: smtplib.SMTP = smtplib.SMTP_SSL(self.host, self.port, timeout=self.timeout, context=context)
            else:
                server = smtplib.SMTP(self.host, self.port, timeout=self.timeout)
        try:
            with _until_the_letter():
                if self.tls == "starttls":
                    server.starttls(context=context)
                if self.user is not None:
                    server.login(self.user, self.password or "")
                server.ehlo_or_helo_if_needed()
        except BaseException:
            server.close()
            raise
        return server

    def _envelope(self, server: smtplib.SMTP, letter: Letter) -> None:
        with _until_the_letter():
            options = [f"SIZE={len(letter.content)}"] if server.has_extn("size") else []
            if not letter.to.isascii():
                if not server.has_extn("smtputf8"):
                    raise Undeliverable("The mail server takes no address that is not ASCII. Reach this shopper another way.")
                options.append("SMTPUTF8")
            code, _ = server.mail(letter.sender, options)
            if code == _TOO_LARGE:
                raise Undeliverable(f"The mail server finds the letter too large ({code}). Shorten its template, then queue it again.")
            _accepted(code, "the sender", for_good=False)
            code, _ = server.rcpt(letter.to)
            _accepted(code, "the recipient")
            code, _ = server.docmd("DATA")
            _accepted(code, "the letter", ok=(354,))

    def _content(self, server: smtplib.SMTP, letter: Letter) -> None:
        lines = letter.content if letter.content.endswith(b"\r\n") else letter.content + b"\r\n"
        try:
            server.send(_DOT.sub(b"..", lines) + b".\r\n")
            code, _ = server.getreply()
        except (OSError, smtplib.SMTPException):
            raise NoAnswer("The mail server was lost while it took the letter: it may have arrived. It will be sent again.") from None
        _accepted(code, "the letter")


@contextmanager
def _until_the_letter() -> Iterator[None]:
    """Nothing that fails here has let a letter out."""
    try:
        yield
    except smtplib.SMTPAuthenticationError as error:
        raise Unavailable(f"The mail server does not accept the login ({error.smtp_code}). Check user and password.") from None
    except smtplib.SMTPNotSupportedError:
        raise Unavailable("The mail server does not offer the encryption or login that is asked for. Check tls and user.") from None
    except ssl.SSLError as error:
        raise Unavailable(f"The mail server's encryption cannot be used ({error.reason}). Check tls, port and certificate.") from None
    except smtplib.SMTPResponseException as error:
        raise Unavailable(f"The mail server does not take mail now ({error.smtp_code}). It will be tried again.") from None
    except (OSError, smtplib.SMTPException) as error:
        raise Unavailable(f"The mail server cannot be reached ({type(error).__name__}). It will be tried again.") from None


def _accepted(code: int, what: str, *, ok: tuple[int, ...] = (250, 251, 252), for_good: bool = True) -> None:
    if code in ok:
        return
    if 500 <= code < 600 and for_good:
        raise Undeliverable(f"The mail server refuses {what} for good ({code}). Look at the contact, then queue it again.")
    hint = "It will be tried again." if code < 500 else "Check which senders it lets through."
    raise Unavailable(f"The mail server does not take {what} now ({code}). {hint}")
