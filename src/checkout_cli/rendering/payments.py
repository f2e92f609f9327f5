"""Payments: the list, and one in full."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType

from checkout_cli.rendering.facts import money_data, quoted, short_id, time_data, time_short, time_words
from checkout_cli.rendering.reasons import given_up_words
from checkout_cli.rendering.tables import cell, counted, facts, heading, note, state, table
from checkout_core.checkout import Checkout
from checkout_core.listings import PaymentListed
from checkout_core.payments import Attempt


def payments_data(payments: Sequence[PaymentListed]) -> dict[str, object]:
    return {
        "payments": [
            {
                "id": one.id,
                "short": short_id(one.number, one.id),
                "checkout": one.checkout,
                "number": one.number,
                "gateway": one.gateway,
                "method": one.method,
                "state": str(one.state),
                "amount": money_data(one.amount),
                "received": money_data(one.received),
                "reference": one.reference,
                "reason": one.reason,
                "unwanted": one.unwanted,
                "stuck": one.stuck,
                "in_flight": one.in_flight,
                "due_at": time_data(one.due_at),
                "updated_at": time_data(one.updated_at),
            }
            for one in payments
        ]
    }


def payments_words(payments: Sequence[PaymentListed], limit: int, *, due: bool) -> Iterator[RenderableType]:
    if not payments:
        yield note("No payment waits for anybody." if due else "There are no payments yet.")
        return
    yield table(
        ("payment", "gateway", "method", "amount", "state", "changed (UTC)", "note"),
        (
            (
                short_id(one.number, one.id),
                one.gateway or "none",
                one.method,
                str(one.amount),
                state(one.state),
                time_short(one.updated_at),
                _note(one),
            )
            for one in payments
        ),
        right=("amount",),
        keep=("payment", "changed (UTC)"),
        spare=("method", "gateway", "changed (UTC)"),
    )
    yield counted(len(payments), limit, "payment")
    if due:
        yield note("A worker goes on with what is due; `checkout payment resolve ID` asks the gateway now.")


def _note(one: PaymentListed) -> str:
    words = [one.reason, given_up_words(one.unwanted, one.state), f"a person must look: {one.stuck}" if one.stuck else ""]
    words += [f"due {time_words(one.due_at)}" if one.due_at else "", "call under way" if one.in_flight else ""]
    return ", ".join(filter(None, words))


def attempt_data(c: Checkout, attempt: Attempt) -> dict[str, object]:
    """An attempt as data. The token is a secret and is left out."""
    return {
        "id": attempt.key,
        "short": short_id(c.number, attempt.key),
        "gateway": attempt.gateway,
        "method": attempt.instrument.method,
        "state": str(attempt.state),
        "amount": money_data(attempt.amount),
        "received": money_data(attempt.received),
        "reference": attempt.reference,
        "reason": attempt.reason,
        "unwanted": attempt.unwanted,
        "stuck": attempt.stuck,
        "in_doubt": attempt.doubt,
        "until": time_data(attempt.until),
        "ask_at": time_data(attempt.ask_at),
        "calls": attempt.calls,
        "unanswered": attempt.asked,
    }


def payment_data(c: Checkout, attempt: Attempt) -> dict[str, object]:
    return {"payment": {**attempt_data(c, attempt), "checkout": c.id, "number": c.number, "due_at": time_data(c.due_at)}}


def payment_words(c: Checkout, attempt: Attempt) -> Iterator[RenderableType]:
    """One payment in full."""
    yield heading(f"Payment {short_id(c.number, attempt.key)}")
    yield facts(
        (
            ("id", attempt.key),
            ("state", state(attempt.state)),
            ("amount", str(attempt.amount)),
            ("the gateway says", None if attempt.received is None else str(attempt.received)),
            ("gateway", attempt.gateway or "none: there was nothing to pay"),
            ("reference", attempt.reference),
            ("method", attempt.instrument.method),
            ("reason", attempt.reason),
            ("not wanted any more", given_up_words(attempt.unwanted, attempt.state)),
            ("a person must look", cell(attempt.stuck, "bold yellow") if attempt.stuck else None),
            ("in doubt", "a call has no answer" if attempt.doubt else None),
            ("payer has until", time_words(attempt.until)),
            ("asked without an answer", f"{attempt.asked} times" if attempt.asked else None),
            ("asked again at", time_words(attempt.ask_at)),
            ("goes on at", time_words(c.due_at)),
        )
    )
    name = quoted(short_id(c.number, attempt.key))
    if attempt.stuck:
        yield note(f"When you have looked: checkout payment resolve {name}")
        yield note("--retry lets it go on; --refunded REF and the like tell what you have seen at the gateway.")
    elif attempt.open and not (c.order and c.order.paid_by == attempt.key and not attempt.doubt):
        yield note(f"Ask the gateway now: checkout payment resolve {name}")


def attempt_rows(c: Checkout) -> RenderableType:
    """All payments of one purchase."""
    return table(
        ("payment", "gateway", "method", "amount", "state", "note"),
        (
            (
                short_id(c.number, one.key),
                one.gateway or "none",
                one.instrument.method,
                str(one.taken),
                state(one.state),
                ", ".join(filter(None, (one.reason, given_up_words(one.unwanted, one.state), one.stuck))),
            )
            for one in c.attempts
        ),
        right=("amount",),
        keep=("payment",),
        spare=("method", "gateway"),
    )
