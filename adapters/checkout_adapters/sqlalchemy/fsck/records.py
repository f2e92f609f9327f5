"""Records that must agree: documents with their columns, lists with what they are lists of, events with what happened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from checkout_adapters.sqlalchemy.fsck.check import Check

_STATE = """CASE WHEN TEXT_OF(c.document, 'order.state') = 'cancelled' THEN 'cancelled'
    WHEN TEXT_OF(c.document, 'order.state') IS NOT NULL THEN 'placed'
    WHEN TEXT_OF(c.document, 'abandoned') <> '' THEN 'abandoned' ELSE 'open' END"""
_IN_FLIGHT = """CASE WHEN TEXT_OF(c.document, 'next.type') IN ('authorize', 'capture', 'void', 'refund', 'inquire')
    THEN TRUE ELSE FALSE END"""
_LAPSES_AT = """CASE WHEN TIME_OF(c.document, 'latest') > TIME_OF(c.document, 'deadline') AND EXISTS (
        SELECT 1 FROM payments p WHERE p.checkout_id = c.id AND p.state NOT IN ('declined', 'voided', 'refunded'))
    THEN TIME_OF(c.document, 'latest') ELSE TIME_OF(c.document, 'deadline') END"""


def _differing(key: str, origin: str, pairs: Sequence[tuple[str, str]]) -> str:
    """A row for every column that says something else than what it was derived from. `origin` ends in a condition."""
    return "\nUNION ALL\n".join(
        f"SELECT {key}, '{column.split('.')[-1]}' AS what, CAST({column} AS VARCHAR(200)) AS said, CAST({truth} AS VARCHAR(200)) AS so "  # noqa: S608
        f"FROM {origin} AND {column} DIFFERS FROM {truth}"
        for column, truth in pairs
    )


_CHECKOUT = _differing(
    "c.id AS checkout_id",
    "checkouts c WHERE IS_JSON(c.document)",
    (
        ("c.id", "TEXT_OF(c.document, 'id')"),
        ("c.number", "TEXT_OF(c.document, 'number')"),
        ("c.cart_id", "TEXT_OF(c.document, 'cart')"),
        ("c.customer_id", "TEXT_OF(c.document, 'customer')"),
        ("c.version", "INT_OF(c.document, 'version')"),
        ("c.due_at", "TIME_OF(c.document, 'due_at')"),
        ("c.quote_hash", "TEXT_OF(c.document, 'quote')"),
        ("c.state", f"({_STATE})"),
        ("c.in_flight", f"({_IN_FLIGHT})"),
        ("c.lapses_at", f"({_LAPSES_AT})"),
    ),
)
_ORDER = _differing(
    "o.id AS order_id",
    "orders o JOIN checkouts c ON c.id = o.id WHERE IS_JSON(c.document)",
    (
        ("o.number", "TEXT_OF(c.document, 'order.number')"),
        ("o.total", "INT_OF(c.document, 'order.total.0')"),
        ("o.currency", "TEXT_OF(c.document, 'order.total.1')"),
        ("o.status", "TEXT_OF(c.document, 'order.state')"),
        ("o.fulfilment", "TEXT_OF(c.document, 'order.fulfilment')"),
        ("o.paid_by", "TEXT_OF(c.document, 'order.paid_by')"),
        ("o.cancelled", "TEXT_OF(c.document, 'order.cancelled')"),
        ("o.cart_id", "TEXT_OF(c.document, 'cart')"),
        ("o.customer_id", "TEXT_OF(c.document, 'customer')"),
    ),
)
_ATTEMPTS = "payments p JOIN checkouts c ON c.id = p.checkout_id, EACH_OF(c.document, 'attempts') AS a WHERE TEXT_OF(a.value, 'key') = p.id"
_PAYMENT = _differing(
    "p.id AS payment_id",
    _ATTEMPTS,
    (
        ("p.gateway", "TEXT_OF(a.value, 'gateway')"),
        ("p.state", "TEXT_OF(a.value, 'state')"),
        ("p.amount", "INT_OF(a.value, 'amount.0')"),
        ("p.currency", "TEXT_OF(a.value, 'amount.1')"),
        ("p.received", "INT_OF(a.value, 'received.0')"),
        ("p.received_currency", "TEXT_OF(a.value, 'received.1')"),
        ("p.reference", "TEXT_OF(a.value, 'reference')"),
        ("p.unwanted", "SUBSTR(TEXT_OF(a.value, 'unwanted'), 1, 200)"),
        ("p.stuck", "SUBSTR(TEXT_OF(a.value, 'stuck'), 1, 200)"),
    ),
)
_CART = _differing(
    "k.id AS cart_id",
    "carts k WHERE IS_JSON(k.document)",
    (
        ("k.id", "TEXT_OF(k.document, 'id')"),
        ("k.customer_id", "TEXT_OF(k.document, 'customer_id')"),
        ("k.currency", "TEXT_OF(k.document, 'currency')"),
        ("k.version", "INT_OF(k.document, 'version')"),
        ("k.ordered", "TEXT_OF(k.document, 'ordered')"),
        ("k.merged_into", "TEXT_OF(k.document, 'merged_into')"),
    ),
)
_REFUND = """(CASE WHEN p.state = 'refunded' THEN 'done'
    WHEN p.state = 'captured' AND p.unwanted <> '' THEN CASE WHEN p.stuck <> '' THEN 'refused' ELSE 'due' END END)"""
_MONEY = """(CASE WHEN p.id IS NULL THEN CASE WHEN o.status = 'cancelled' THEN 'refunded' ELSE 'paid' END
    WHEN p.state = 'captured' THEN CASE WHEN p.unwanted <> '' THEN 'refund due' ELSE 'paid' END
    WHEN p.state IN ('refunded', 'authorized') THEN p.state ELSE 'voided' END)"""

REBUILD = "The document decides. Set the column to what the document says, and find out who wrote past the library."

CHECKS: Final = (
    Check(
        "I12-line",
        "I12: net and tax of every order line add up to its gross amount, and only a credit is below zero.",
        "The line was changed past the library. Its quote has the true figures: see `checkout order show`, and correct the row.",
        """
        SELECT order_id, line, quantity, unit, discount, net, tax, gross FROM order_lines
        WHERE net + tax <> gross OR discount < 0 OR quantity < 1
           OR (unit >= 0 AND (net < 0 OR tax < 0)) OR (unit < 0 AND (net > 0 OR tax > 0))
        """,
    ),
    Check(
        "I12-order",
        "I12: the lines of an order, the carriage with them, less gift cards and with cash rounding, add up to its total.",
        "Send no invoice for this order. Its quote has the true figures: see `checkout order show`, and correct what differs.",
        """
        SELECT * FROM (
            SELECT o.id AS order_id, o.total, COALESCE((SELECT SUM(l.gross) FROM order_lines l WHERE l.order_id = o.id), 0) AS lines,
                   CARDS_OF(q) AS cards, ROUNDED_OF(q) AS rounded
            FROM orders o JOIN checkouts c ON c.id = o.id JOIN quotes q ON q.hash = c.quote_hash WHERE IS_JSON(q.document)
        ) AS sums
        WHERE total <> lines - cards + rounded
        """,
    ),
    Check(
        "I12-quote",
        "I12: the lines of a quote, the carriage with them, add up to its total, and less gift cards, with cash rounding, to what is due.",
        "Cancel what is being bought for this quote with `checkout order cancel`: it cannot have been made by the library.",
        """
        SELECT * FROM (
            SELECT q.hash, INT_OF(q.document, 'totals.total') AS total, DUE_OF(q) AS due, CARDS_OF(q) AS cards, ROUNDED_OF(q) AS rounded,
                   COALESCE((SELECT SUM(INT_OF(k.value, 'gross')) FROM EACH_OF(q.document, 'lines') AS k), 0)
                   + COALESCE((SELECT SUM(INT_OF(s.value, 'gross')) FROM EACH_OF(q.document, 'shipping') AS s), 0)
                   + COALESCE(INT_OF(q.document, 'shipping.gross'), 0) AS lines
            FROM quotes q WHERE IS_JSON(q.document)
        ) AS sums
        WHERE lines <> total OR due <> total - cards + rounded
        """,
    ),
    Check(
        "I12-lines",
        "I12: the lines of an order are those of its quote.",
        "The quote is what the shopper agreed to: set the order's lines to it. If goods were sent by the wrong list, tell the shopper.",
        """
        SELECT * FROM (
            SELECT order_id, line, MIN(sku) AS sku, MAX(sku) AS other_sku, SUM(n) AS missing, SUM(n * quantity) AS quantity,
                   SUM(n * unit) AS unit, SUM(n * discount) AS discount, SUM(n * net) AS net,
                   SUM(n * gross) AS gross, SUM(n * counted) AS tracked
            FROM (
                SELECT l.order_id, l.line, l.sku, -1 AS n, l.quantity, l.unit, l.discount, l.net, l.gross,
                       CASE WHEN l.tracked THEN 1 ELSE 0 END AS counted
                FROM order_lines l JOIN checkouts c ON c.id = l.order_id JOIN quotes q ON q.hash = c.quote_hash WHERE IS_JSON(q.document)
                UNION ALL
                SELECT o.id, PLACE_OF(k), TEXT_OF(k.value, 'sku'), 1, INT_OF(k.value, 'quantity'), INT_OF(k.value, 'unit'),
                       INT_OF(k.value, 'discount'), INT_OF(k.value, 'net'), INT_OF(k.value, 'gross'),
                       CASE WHEN BOOL_OF(k.value, 'tracked') THEN 1 ELSE 0 END
                FROM orders o JOIN checkouts c ON c.id = o.id JOIN quotes q ON q.hash = c.quote_hash, EACH_OF(q.document, 'lines') AS k
                UNION ALL
                SELECT o.id, 1 - PLACE_OF(s), '', 1, 1, INT_OF(s.value, 'subtotal'), INT_OF(s.value, 'discount'), INT_OF(s.value, 'net'),
                       INT_OF(s.value, 'gross'), 0
                FROM orders o JOIN checkouts c ON c.id = o.id JOIN quotes q ON q.hash = c.quote_hash, EACH_OF(q.document, 'shipping') AS s
                UNION ALL
                SELECT o.id, 0, '', 1, 1, INT_OF(q.document, 'shipping.subtotal'), INT_OF(q.document, 'shipping.discount'),
                       INT_OF(q.document, 'shipping.net'), INT_OF(q.document, 'shipping.gross'), 0
                FROM orders o JOIN checkouts c ON c.id = o.id JOIN quotes q ON q.hash = c.quote_hash
                WHERE TEXT_OF(q.document, 'shipping.id') <> ''
            ) AS both_sides
            GROUP BY order_id, line
        ) AS differences
        WHERE sku <> other_sku OR missing <> 0 OR quantity <> 0 OR unit <> 0 OR discount <> 0 OR net <> 0 OR gross <> 0 OR tracked <> 0
        """,
    ),
    Check(
        "I13-order",
        "I13: there is an order's row exactly where its checkout is placed or cancelled, and both say the same.",
        "The checkout's document decides: see `checkout order show`, and write, correct or remove the order's row.",
        """
        SELECT c.id AS checkout_id, c.state, o.status FROM checkouts c LEFT JOIN orders o ON o.id = c.id
        WHERE (o.id IS NULL AND c.state IN ('placed', 'cancelled'))
           OR (o.id IS NOT NULL AND c.state <> CASE WHEN o.status = 'cancelled' THEN 'cancelled' ELSE 'placed' END)
        """,
    ),
    Check("I13-checkout-row", "I13: the columns of a checkout say what its document says.", REBUILD, _CHECKOUT),
    Check("I13-order-row", "I13: the columns of an order say what its checkout's document says.", REBUILD, _ORDER),
    Check(
        "I13-order-money",
        "I13: where an order's money is follows from the payment that paid it.",
        "See `checkout payment show` for where the money is, and set `payment` of the order's row to it.",
        "SELECT o.id AS order_id, o.payment, "  # noqa: S608 (texts of this file)
        + _MONEY
        + " AS so FROM orders o LEFT JOIN payments p ON p.id = o.paid_by WHERE o.payment DIFFERS FROM "
        + _MONEY,
    ),
    Check("I13-payment-row", "I13: the columns of a payment say what its checkout's document says.", REBUILD, _PAYMENT),
    Check(
        "I13-attempts",
        "I13: there is a payment's row for every attempt in a checkout's document, and no other.",
        "The document decides. Ask the gateway about a payment that only a row knows, before you remove the row.",
        """
        SELECT checkout_id, payment_id, SUM(said) AS in_document, SUM(kept) AS in_rows FROM (
            SELECT c.id AS checkout_id, TEXT_OF(a.value, 'key') AS payment_id, 1 AS said, 0 AS kept
            FROM checkouts c, EACH_OF(c.document, 'attempts') AS a
            UNION ALL
            SELECT p.checkout_id, p.id, 0, 1 FROM payments p JOIN checkouts c ON c.id = p.checkout_id WHERE IS_JSON(c.document)
        ) AS attempts
        GROUP BY checkout_id, payment_id HAVING SUM(said) <> SUM(kept)
        """,
    ),
    Check(
        "I13-refund",
        "I13: a refund is written down for every payment that must go back, has gone back, or could not, and says which.",
        "The payment decides: see `checkout payment show`, and write, correct or remove the refund's row.",
        "SELECT p.id AS payment_id, p.state, p.unwanted, r.state AS refund FROM payments p LEFT JOIN refunds r ON r.payment_id = p.id "  # noqa: S608
        "WHERE r.state DIFFERS FROM " + _REFUND,
    ),
    Check("I13-cart-row", "I13: the columns of a cart say what its document says.", REBUILD, _CART),
    Check(
        "I13-quote-row",
        "I13: a quote is kept under its own hash.",
        "A quote never changes. Restore the row from a backup; until then take no payment for it.",
        """
        SELECT q.hash, TEXT_OF(q.document, 'hash') AS so FROM quotes q
        WHERE IS_JSON(q.document) AND q.hash DIFFERS FROM TEXT_OF(q.document, 'hash')
        """,
    ),
    Check(
        "I13-documents",
        "I13: every document can be read.",
        "Restore the row from a backup. Nothing can be bought or changed through it, and other checks cannot look into it.",
        """
        SELECT 'carts' AS document, id AS row FROM carts WHERE NOT IS_JSON(document)
        UNION ALL SELECT 'checkouts', id FROM checkouts WHERE NOT IS_JSON(document)
        UNION ALL SELECT 'quotes', hash FROM quotes WHERE NOT IS_JSON(document)
        UNION ALL SELECT 'persons', checkout_id FROM persons WHERE NOT IS_JSON(document)
        UNION ALL SELECT 'catalog', kind || '/' || key FROM catalog WHERE NOT IS_JSON(document)
        UNION ALL SELECT 'events', checkout_id || '/' || CAST(seq AS VARCHAR(20)) FROM events WHERE NOT IS_JSON(facts)
        UNION ALL SELECT 'requests', scope || '/' || operation FROM requests WHERE answer IS NOT NULL AND NOT IS_JSON(answer)
        """,
    ),
    Check(
        "I14-sequence",
        "I14: the events of a checkout are numbered 1, 2, 3 … without a gap, as many as it has counted.",
        "An event was lost or written past the library. Restore it from a backup; until then what hears the outbox may have missed it.",
        """
        SELECT * FROM (
            SELECT c.id AS checkout_id, COUNT(e.seq) AS events, COALESCE(MAX(e.seq), 0) AS last, INT_OF(c.document, 'events') AS counted
            FROM checkouts c LEFT JOIN events e ON e.checkout_id = c.id
            GROUP BY c.id, c.document
        ) AS numbers
        WHERE events <> last OR events <> counted
        """,
    ),
    Check(
        "I14-announced-once",
        "I14: an order is announced once.",
        "Whoever hears the outbox may have acted twice: see `checkout outbox list`, and ask the warehouse about this order.",
        """
        SELECT checkout_id, COUNT(*) AS announced FROM events WHERE kind = 'order.placed' GROUP BY checkout_id HAVING COUNT(*) > 1
        """,
    ),
    Check(
        "I14-mark",
        "I14: no consumer is marked as having more of the outbox than there is.",
        "Its next events would be skipped: set the consumer's position back to the last event that was delivered to it.",
        """
        SELECT name, position, (SELECT COALESCE(MAX(position), 0) FROM events) AS last FROM consumers
        WHERE position > (SELECT COALESCE(MAX(position), 0) FROM events)
        """,
    ),
    Check(
        "I14-delivered",
        "I14: every event up to a consumer's mark was delivered to it, or given up for a person to see.",
        "It was skipped. Set the consumer's position to just before this event, and run `checkout worker --once`.",
        """
        SELECT k.name, e.position, e.checkout_id, e.seq, d.state
        FROM consumers k JOIN events e ON e.position <= k.position
             LEFT JOIN deliveries d ON d.consumer = k.name AND d.checkout_id = e.checkout_id AND d.seq = e.seq
        WHERE d.state IS NULL OR d.state = 'waiting'
        """,
    ),
    Check(
        "I15-order",
        "I15: an order is announced exactly where there is one, with its own number, total and currency.",
        "Either an order was announced that is not there, or nobody was told of one: see `checkout outbox list`, and tell the warehouse.",
        """
        SELECT c.id AS checkout_id, o.number, 'announced' AS what FROM checkouts c LEFT JOIN orders o ON o.id = c.id
        WHERE CASE WHEN o.id IS NULL THEN 0 ELSE 1 END
            <> CASE WHEN EXISTS (SELECT 1 FROM events e WHERE e.checkout_id = c.id AND e.kind = 'order.placed') THEN 1 ELSE 0 END
        UNION ALL
        SELECT o.id, o.number, TEXT_OF(f.value, '0')
        FROM orders o JOIN events e ON e.checkout_id = o.id AND e.kind = 'order.placed', EACH_OF(e.facts, 'facts') AS f
        WHERE (TEXT_OF(f.value, '0') = 'number' AND TEXT_OF(f.value, '1') <> o.number)
           OR (TEXT_OF(f.value, '0') = 'currency' AND TEXT_OF(f.value, '1') <> o.currency)
           OR (TEXT_OF(f.value, '0') = 'total' AND TEXT_OF(f.value, '1') <> CAST(o.total AS VARCHAR(20)))
        """,
    ),
    Check(
        "I15-cancelled",
        "I15: a cancellation is announced exactly where an order is cancelled.",
        "Somebody was told the wrong thing about this order: see `checkout outbox list`, and tell the warehouse.",
        """
        SELECT c.id AS checkout_id, o.status FROM checkouts c LEFT JOIN orders o ON o.id = c.id
        WHERE CASE WHEN o.status = 'cancelled' THEN 1 ELSE 0 END
            <> CASE WHEN EXISTS (SELECT 1 FROM events e WHERE e.checkout_id = c.id AND e.kind = 'order.cancelled') THEN 1 ELSE 0 END
        """,
    ),
    Check(
        "I15-received",
        "I15: money is announced as received exactly where it was.",
        "Compare with the gateway (`checkout payment show`) before anybody acts on what was announced.",
        """
        SELECT e.checkout_id, TEXT_OF(f.value, '1') AS payment_id, p.state
        FROM events e, EACH_OF(e.facts, 'facts') AS f LEFT JOIN payments p ON p.id = TEXT_OF(f.value, '1')
        WHERE e.kind = 'payment.received' AND TEXT_OF(f.value, '0') = 'attempt' AND COALESCE(p.state, '') NOT IN ('captured', 'refunded')
        UNION ALL
        SELECT p.checkout_id, p.id, p.state FROM payments p
        WHERE p.state = 'captured' AND NOT EXISTS (
            SELECT 1 FROM events e, EACH_OF(e.facts, 'facts') AS f
            WHERE e.checkout_id = p.checkout_id AND e.kind = 'payment.received' AND TEXT_OF(f.value, '1') = p.id)
        """,
    ),
    Check(
        "I17-attempt",
        "I17: every request to pay led to a payment of the checkout it was made for.",
        "Whoever repeats this request gets no true answer. See `checkout payment list` for what was charged, and tell the shopper.",
        """
        SELECT r.scope, r.attempt FROM requests r LEFT JOIN payments p ON p.id = r.attempt AND p.checkout_id = r.scope
        WHERE r.operation = 'pay' AND p.id IS NULL
        """,
    ),
)
