"""A real SMTP server for tests, with a script of what it answers, and notices that make a letter."""

from __future__ import annotations

import email
import socket
from collections.abc import Generator
from contextlib import contextmanager
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from attrs import define, evolve, field

from checkout_adapters.notify import MailNotifier
from checkout_core import Contact, Money, Product, Promotion, Ratio, TaxRate
from checkout_core.cart import Line
from checkout_core.checkout import Checkout
from checkout_core.events import Event
from checkout_core.notices import Notice
from checkout_core.orders import Order
from checkout_core.payments import Attempt, AttemptState, Card
from checkout_core.pricing import Basket, Facts, GiftCard, PricingPolicy, Quote, price
from checkout_core.promotions import Percent
from checkout_core.shipping import ShippingOption
from tests.world import BERLIN, NOON

SENDER = "shop@leaf.example"
LOST = "lost"  # an answer that does not come: the connection is cut


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@define
class Mailroom:
    """What reached the server. `rcpt` and `data` are what it answers next, in order; then it takes everything."""

    raw: list[bytes] = field(factory=list)
    rcpt: list[str] = field(factory=list)
    data: list[str] = field(factory=list)
    sender: list[str] = field(factory=list)
    hangs_up: bool = False
    asked: int = 0

    @property
    def messages(self) -> list[EmailMessage]:
        return [parsed(content) for content in self.raw]

    async def handle_MAIL(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        if self.sender:
            return self.sender.pop(0)
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        self.asked += 1
        if self.rcpt:
            return self.rcpt.pop(0).format(address=address)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = self.data.pop(0) if self.data else "250 OK"
        if answer == LOST or answer.startswith("2"):
            assert isinstance(envelope.content, bytes)
            self.raw.append(envelope.content)
        if answer == LOST:
            assert server.transport is not None
            server.transport.close()
        return answer

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.hangs_up:
            assert server.transport is not None
            server.transport.close()
        return "221 Bye"


@contextmanager
def listening(room: Mailroom, port: int) -> Generator[None, None, None]:
    """The server, up for so long."""
    controller = Controller(room, hostname="127.0.0.1", port=port, enable_SMTPUTF8=False)
    controller.start()
    try:
        yield
    finally:
        controller.stop()


def parsed(content: bytes) -> EmailMessage:
    message = email.message_from_bytes(content, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def text_of(message: EmailMessage) -> str:
    return _part(message, "plain")


def html_of(message: EmailMessage) -> str:
    return _part(message, "html")


def _part(message: EmailMessage, kind: Any) -> str:
    body = message.get_body((kind,))
    assert isinstance(body, EmailMessage)
    content: str = body.get_content()
    return content.replace("\r\n", "\n")


def quote(
    currency: str = "EUR",
    minor: int = 1250,
    *,
    name: str = "Mug",
    included: bool = True,
    sent: tuple[str, ...] = ("Parcel",),
    cards: tuple[GiftCard, ...] = (),
    policy: PricingPolicy | None = None,
    **options: str,
) -> Quote:
    """The price of two of one thing, with carriage and a discount of a tenth; tax is 19 %, in the price or on top."""
    rate = TaxRate("VAT 19 %", Ratio.parse("0.19"), included=included)
    facts = Facts(
        products={"MUG": Product("MUG", name, [Money(minor, currency)])},
        promotions=(Promotion("june", "A tenth off <in June>", Percent(Ratio(10))),),
        taxes={"standard": (rate,)},
        shipping=tuple(ShippingOption(name.lower(), name, Money(490, currency)) for name in sent),
    )
    line = Line("MUG", 2, tuple(options.items()))
    methods = tuple(name.lower() for name in sent)
    made = price(Basket(currency, (line,), BERLIN.destination, methods, cards=cards), facts, NOON, policy or PricingPolicy())
    assert isinstance(made, Quote), made
    return made


def bought(id: str = "c1", number: str = "T7K2-9QX", *, priced: Quote | None = None, **changes: Any) -> Checkout:
    """A checkout with a paid, placed order."""
    priced = priced or quote()
    attempt = Attempt(f"{id}/a1", "sandbox", Card("t"), priced.total, state=AttemptState.CAPTURED, reference="r", received=priced.total)
    c = Checkout(id, number, "k1", 1, priced.currency, NOON, NOON, NOON, quote=priced, attempts=(attempt,))
    return evolve(c, **{"order": Order(id, number, priced.total, NOON, paid_by=attempt.key)} | changes)


def placed(c: Checkout | None = None, *, locale: str = "en", to: str = "ada@example.com", seq: int = 4) -> Notice:
    """The notice that its order is placed."""
    c = c or bought()
    return Notice(Event(c.id, seq, "order.placed", NOON), Contact(to, locale=locale), c)


def of(kind: str, c: Checkout, *, locale: str = "en", seq: int = 5, **facts: str) -> Notice:
    """The notice of that event of it."""
    return Notice(Event(c.id, seq, kind, NOON, tuple(facts.items())), Contact("ada@example.com", locale=locale), c)


def letter(notice: Notice, **changes: Any) -> EmailMessage:
    """What is written for this notice."""

    class Unsent:
        def send(self, letter: Any) -> None:
            raise AssertionError("not to be sent")

    written = MailNotifier(Unsent(), **{"sender": SENDER, "shop_name": "Leaf & Kettle"} | changes).letter(notice)
    assert written is not None
    return parsed(written.content)
