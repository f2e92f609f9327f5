"""The outbox as mail: `MailNotifier` says what happened to an order, in the shopper's language, once.

`MailNotifier(SmtpTransport("smtp.example.org", 587, "shop", "secret", tls="starttls"), sender="shop@example.org", shop_name="Mugs")`
is a notifier for a `Worker`; for an `AsyncWorker` wrap it in `AsyncMailNotifier`.
"""

from checkout_adapters.notify.folder import FolderTransport
from checkout_adapters.notify.letters import Letter, Letters
from checkout_adapters.notify.mail import AsyncMailNotifier, MailNotifier, Transport
from checkout_adapters.notify.occasions import OCCASIONS, Occasion, occasion
from checkout_adapters.notify.smtp import SmtpTransport

__all__ = [
    "OCCASIONS",
    "AsyncMailNotifier",
    "FolderTransport",
    "Letter",
    "Letters",
    "MailNotifier",
    "Occasion",
    "SmtpTransport",
    "Transport",
    "occasion",
]
