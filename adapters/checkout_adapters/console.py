"""Events as lines on a terminal, for demos and for looking on: `order.placed  T7K2-9QX  34.90 EUR  to a***@example.org  [c1/7]`."""

from __future__ import annotations

import re
import sys
import threading
from typing import Final, TextIO

from checkout_core.errors import Unavailable
from checkout_core.events import Event
from checkout_core.money import Money
from checkout_core.notices import Notice

REMEMBERED: Final = 10_000  # ids known to have been written; older ones are not repeated by the outbox (R25)


ADDRESS: Final = re.compile(r"[^\s@]{1,320}@[^\s@]{1,255}")  # wherever it stands: a reason may name somebody too


class ConsoleNotifier:
    """Writes one line for each event to `stream` (standard output, unless given), and none for one it has written already."""

    def __init__(self, stream: TextIO | None = None, *, name: str = "console") -> None:
        self.name = name
        self._stream = stream
        self._written: dict[str, None] = {}
        self._lock = threading.Lock()

    def notify(self, notice: Notice) -> None:
        """Write the line. Raises Unavailable if the stream does not take it."""
        stream = self._stream or sys.stdout  # now, not when it was made: somebody may have redirected it
        with self._lock:
            if notice.id in self._written:
                return
            text, encoding = line_of(notice), stream.encoding or "utf-8"
            try:
                stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
                stream.flush()
            except (OSError, ValueError) as error:
                raise Unavailable("The console does not take a line. It will be tried again.") from error
            self._written[notice.id] = None
            if len(self._written) > REMEMBERED:
                del self._written[next(iter(self._written))]


class AsyncConsoleNotifier:
    """The same for an `AsyncWorker`."""

    def __init__(self, stream: TextIO | None = None, *, name: str = "console") -> None:
        self.name = name
        self._console = ConsoleNotifier(stream, name=name)

    async def notify(self, notice: Notice) -> None:
        """Write the line. Raises Unavailable if the stream does not take it."""
        self._console.notify(notice)


def line_of(notice: Notice) -> str:
    """The event in one line: what, which order or checkout, how much, the rest, to whom. No control character gets through (S14)."""
    email = notice.contact.email if notice.contact else None
    parts = [notice.event.kind, *_facts(notice.event), f"to {email}" if email else "", f"[{notice.id}]"]
    return ADDRESS.sub(lambda found: masked(found[0]), "  ".join(neutral(part) for part in parts if part))


def masked(email: str) -> str:
    """An address that its owner can recognise and nobody else can use: `a***@example.org` (R24)."""
    name, at, domain = email.rpartition("@")
    return f"{name[:1]}***@{domain}" if at else "***"


def neutral(text: str) -> str:
    """The text with everything that could steer a terminal, or hide what it says, written out as an escape."""
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


def _facts(event: Event) -> list[str]:
    facts = dict(event.facts)
    facts.pop("attempt", None)  # its key is long, and the id of the event leads there
    amount, currency = facts.pop("total", facts.pop("amount", None)), facts.pop("currency", None)
    money = str(Money(amount, currency)) if isinstance(amount, int) and isinstance(currency, str) else ""
    return [str(facts.pop("number", event.checkout)), money, *map(str, facts.values())]
