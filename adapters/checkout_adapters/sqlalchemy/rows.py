"""Values as rows: what follows from a checkout for people (orders, lines, payments, refunds), and a new pool. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from checkout_core.checkout import Checkout
from checkout_core.codec import pool_text
from checkout_core.holds import PoolKey, Stock
from checkout_core.orders import Order, OrderState, payment_state
from checkout_core.payments import Attempt, AttemptState
from checkout_core.pricing import PricedLine, PricedShipping

Row = dict[str, object]


def state_of(c: Checkout) -> str:
    """Where a checkout is, in a word."""
    if c.order is not None:
        return "cancelled" if c.order.state is OrderState.CANCELLED else "placed"
    return "abandoned" if c.abandoned else "open"


def order_row(before: Checkout | None, c: Checkout, now: datetime) -> Row | None:
    """The order's row, if there is an order and it is another than before."""
    if c.order is None:
        return None
    paid = payment_state(c.order, c.attempts)
    if before is not None and before.order == c.order and payment_state(c.order, before.attempts) is paid:
        return None
    order: Order = c.order
    return {
        "id": order.id,
        "number": order.number,
        "customer_id": c.customer,
        "cart_id": c.cart,
        "currency": order.total.currency,
        "total": order.total.minor,
        "status": order.state.value,
        "payment": paid.value,
        "fulfilment": order.fulfilment.value,
        "paid_by": order.paid_by,
        "cancelled": order.cancelled,
        "created_at": order.placed_at,
        "updated_at": now,
    }


def order_line_rows(c: Checkout) -> Sequence[Row]:
    """The goods, numbered from 1, and the carriage: line 0, then -1 and so on."""
    if c.quote is None or c.order is None:
        return []
    rows: list[Row] = []
    for n, line in enumerate(c.quote.lines, start=1):
        thing = {"sku": line.sku, "quantity": line.quantity, "unit": line.unit, "tracked": line.tracked}
        rows.append({"order_id": c.id, "line": n, **thing, **_priced(line)})
    for n, sent in enumerate(c.quote.shipping):
        thing = {"sku": "", "quantity": 1, "unit": sent.subtotal, "tracked": False}
        rows.append({"order_id": c.id, "line": -n, **thing, **_priced(sent)})
    return rows


def _priced(entry: PricedLine | PricedShipping) -> Row:
    return {"name": entry.name[:200], "discount": entry.discount, "net": entry.net, "tax": entry.tax, "gross": entry.gross}


def payment_rows(before: Checkout | None, c: Checkout, now: datetime) -> Sequence[Row]:
    """A row for every attempt that is another than before."""
    return [_payment(c, attempt, now) for attempt in _changed(before, c)]


def _payment(c: Checkout, attempt: Attempt, now: datetime) -> Row:
    return {
        "id": attempt.key,
        "checkout_id": c.id,
        "gateway": attempt.gateway,
        "method": attempt.instrument.method,
        "state": attempt.state.value,
        "amount": attempt.amount.minor,
        "currency": attempt.amount.currency,
        "received": None if attempt.received is None else attempt.received.minor,
        "received_currency": None if attempt.received is None else attempt.received.currency,
        "reference": attempt.reference,
        "reason": attempt.reason[:200],
        "unwanted": attempt.unwanted[:200],
        "stuck": attempt.stuck[:200],
        "created_at": now,
        "updated_at": now,
    }


def refund_rows(before: Checkout | None, c: Checkout, now: datetime) -> Sequence[Row]:
    """A row for every attempt whose money goes back, has gone back, or does not."""
    rows: list[Row] = []
    for attempt in _changed(before, c):
        due = attempt.state is AttemptState.CAPTURED and attempt.unwanted
        if not due and attempt.state is not AttemptState.REFUNDED:
            continue
        state = "done" if attempt.state is AttemptState.REFUNDED else "refused" if attempt.stuck else "due"
        row: Row = {"id": f"{attempt.key}/refund", "payment_id": attempt.key, "checkout_id": c.id, "state": state}
        row |= {"amount": attempt.taken.minor, "currency": attempt.taken.currency, "reason": attempt.unwanted[:200]}
        rows.append({**row, "created_at": now, "updated_at": now})
    return rows


def _changed(before: Checkout | None, c: Checkout) -> Sequence[Attempt]:
    old = {attempt.key: attempt for attempt in before.attempts} if before is not None else {}
    return [attempt for attempt in c.attempts if old.get(attempt.key) != attempt]


def pool_row(key: PoolKey, now: datetime, *, on_hand: int = 0, held: int = 0, backorder: int = 0) -> Row:
    """The row of a pool that nobody has seen before."""
    place = {"sku": key.sku, "location": key.location} if isinstance(key, Stock) else {"sku": None, "location": None}
    text = pool_text(key)
    numbers = {"on_hand": on_hand, "held": held, "committed": 0, "backorder": backorder, "shortfall": 0}
    return {"pool": text, "kind": text.partition("/")[0], **place, **numbers, "updated_at": now}
