"""The outbox, as mails: what is written is decided in `occasions`, how it looks in `letters`, and a transport lets it travel."""

from __future__ import annotations

import asyncio
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Protocol

from checkout_adapters.notify.letters import Letter, Letters
from checkout_adapters.notify.occasions import occasion
from checkout_core.notices import Notice


class Transport(Protocol):
    """A way for letters to leave. It takes a letter it has taken before without sending it again."""

    def send(self, letter: Letter) -> None:
        """Take the letter. Raises Unavailable or NoAnswer to be asked again, Undeliverable if this letter will never be taken."""
        ...


class MailNotifier:
    """Mails in the shopper's language, in text and HTML: confirmation, cancellation, failed payment, money that goes back.

    `sender` is the address they come from, `shop_name` how the shop calls itself. `templates` is a folder of your own words, looks and
    languages, looked at before ours; `zone` the one in which times are written. A shopper without an e-mail address gets nothing.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        sender: str,
        shop_name: str,
        templates: Path | None = None,
        zone: tzinfo = UTC,
        name: str = "mail",
    ) -> None:
        self.name = name
        self.transport = transport
        self.letters = Letters(sender, shop_name, templates, zone)

    def notify(self, notice: Notice) -> None:
        """Send the letter this notice asks for, if any. Raises what the transport raises, and Undeliverable if it cannot be written."""
        letter = self.letter(notice)
        if letter is not None:
            self.transport.send(letter)

    def letter(self, notice: Notice) -> Letter | None:
        """The letter this notice asks for, unsent; None if there is nothing to say, or nobody to say it to."""
        about = occasion(notice)
        if about is None or notice.contact is None or not notice.contact.email:
            return None
        return self.letters.write(about, to=notice.contact.email, locale=notice.contact.locale, at=notice.event.at)


class AsyncMailNotifier:
    """The same for an `AsyncWorker`: each letter is written and sent in a thread, so the event loop goes on."""

    def __init__(self, mail: MailNotifier) -> None:
        self.name = mail.name
        self.mail = mail

    async def notify(self, notice: Notice) -> None:
        """Send the letter this notice asks for, if any."""
        await asyncio.to_thread(self.mail.notify, notice)
