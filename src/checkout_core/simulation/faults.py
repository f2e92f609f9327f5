"""What can go wrong at each call of a port, by name. A call that is not listed here can only be slow, and lose its process.

Every fault says what the catalogue calls it (docs/guarantees.md), so that a run can tell which rows it has struck.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from attrs import frozen

NONE: Final = ""


@frozen
class Fault:
    """One way to fail: its `name`, the ports' calls it can strike, the rows of the catalogue it is, and what it does in words.

    One that can strike every call of a purchase is so many times (`weight`) rarer than others at each.
    """

    name: str
    calls: tuple[str, ...]
    rows: tuple[str, ...]
    says: str
    weight: int = 1


STORE: Final = ("store.transact",)
READS: Final = ("store.look", "store.due", "store.blocking", "store.pools", "store.undelivered")
MONEY: Final = ("gateway.authorize", "gateway.capture", "gateway.void", "gateway.refund")
GATEWAY: Final = (*MONEY, "gateway.inquire")
FACTS: Final = ("catalog.products", "catalog.promotions", "taxes.rates", "shipping.options", "tax.estimate")
TOLD: Final = ("notifier.notify", "tax.commit", "tax.void")
EVERY: Final = (*STORE, *READS, *GATEWAY, *FACTS, *TOLD)

FAULTS: Final[Mapping[str, Fault]] = {
    fault.name: fault
    for fault in (
        # The gateway.
        Fault("timeout_lost", GATEWAY, ("B1", "B13"), "no answer; the call never arrived"),
        Fault("timeout_applied", MONEY, ("B2", "B13"), "no answer; the call has acted"),
        Fault("late_applied", MONEY, ("B3",), "no answer; the call arrives later, within the gateway's settle window"),
        Fault("err5xx_applied", MONEY, ("B4",), "a server error; the call has acted"),
        Fault("garbage", MONEY, ("B5",), "an unreadable answer; the call has acted"),
        Fault("decline", ("gateway.authorize", "gateway.capture"), ("B6", "B7"), "declined"),
        Fault("pending", ("gateway.authorize",), ("B8",), "accepted, and decided only later"),
        Fault("declined_then_paid", ("gateway.authorize",), ("C9",), "declined; later the money is taken after all, and a message says so"),
        Fault("amount_drift", ("gateway.authorize",), ("B21",), "one minor unit more than asked is taken"),
        Fault("amount_short", ("gateway.authorize",), ("B21",), "one minor unit less than asked is taken"),
        Fault("query_lag", ("gateway.inquire",), ("B3",), "the gateway does not know yet what it has done"),
        Fault("inprogress_409", MONEY, ("B20",), "the same key is in progress: nothing else happens"),
        Fault("rate_429", GATEWAY, ("B19",), "too many requests: nothing happens"),
        Fault("unauthorised", GATEWAY, ("B22",), "our key is not accepted: nothing happens"),
        Fault("refund_refused", ("gateway.refund",), ("B14",), "the money is not sent back: a person must look"),
        # The store.
        Fault("serialization", STORE, ("E1",), "rolled back by the store, and run again whole"),
        Fault("deadlock", STORE, ("E2",), "chosen as the victim, rolled back and run again whole"),
        Fault("conn_lost", STORE, ("E3",), "the connection is lost before COMMIT, and the unit run again"),
        Fault("ambig_applied", STORE, ("E4",), "the answer to COMMIT is lost, though it committed; the unit is run again"),
        Fault("ambig_lost", STORE, ("E4",), "the answer to COMMIT is lost, and nothing committed; the unit is run again"),
        Fault("unsure_applied", STORE, ("E4",), "the answer to COMMIT is lost for good, though it committed"),
        Fault("unsure_lost", STORE, ("E4",), "the answer to COMMIT is lost for good, and nothing committed"),
        Fault("busy", (*STORE, *READS), ("E5", "E7"), "busy to the end: nothing happens"),
        Fault("disk_full", STORE, ("E6",), "nothing can be written"),
        # The host's own ports.
        Fault("facts_down", FACTS, ("G2", "T5"), "the catalogue, the tax or the shipping service is away"),
        # Whoever is told of what happened: the notifier, and the tax provider.
        Fault("mail_down", TOLD, ("M5",), "the far side is away"),
        Fault("mail_out", TOLD, ("M5",), "the far side is away, and stays away for minutes or hours", weight=2),
        Fault("mail_unsure", TOLD, ("M8",), "no answer, though the message was taken"),
        Fault("poison", TOLD, ("M3", "M9"), "the message cannot be sent, now or ever"),
        Fault("mail_broken", ("notifier.notify",), ("M3", "M9"), "the notifier itself breaks on this message, each time"),
        # Processes: at any yield.
        Fault("crash_before", EVERY, ("A1", "A2", "A8"), "the process dies before the call", weight=6),
        Fault("crash_after", EVERY, ("A3", "A4", "A5", "A6"), "the process dies after the call, before its answer", weight=6),
        Fault("pause", EVERY, ("M6",), "the process is stopped for a while, and goes on as if nothing were", weight=6),
        Fault(
            "sigterm",
            EVERY,
            ("A10",),
            "the process is told to stop: no more work, 10 seconds for what it has, then it starts again",
            weight=20,
        ),
        # Shoppers, payers and messages.
        Fault("twin", ("client.ask",), ("K2", "K1"), "the shopper's request is sent twice, to two processes"),
        Fault("reply_lost", ("client.ask",), ("A4", "C5"), "the answer never reaches the shopper, who asks again"),
        Fault("key_reused", ("client.ask",), ("S4",), "once answered, the key of a payment is used again, with another card"),
        Fault("gone", ("client.ask",), ("C1", "C5"), "the shopper closes the browser after asking, for good"),
        Fault("drop", ("webhook.deliver",), ("D4",), "the gateway's message is lost"),
        Fault("dup", ("webhook.deliver",), ("D1",), "the gateway's message comes twice, at once"),
        Fault("replay", ("webhook.deliver",), ("D3", "D6"), "the gateway's message comes again much later, when it is old"),
        Fault("never_acts", ("payer.act",), ("C1",), "the payer never comes back to the challenge or the UPI app"),
    )
}
"""Every fault, by its name."""

MENU: Final[Mapping[str, tuple[str, ...]]] = {
    call: tuple(fault.name for fault in FAULTS.values() if call in fault.calls)
    for call in (*EVERY, "client.ask", "webhook.deliver", "payer.act")
}
"""What can strike each call."""
