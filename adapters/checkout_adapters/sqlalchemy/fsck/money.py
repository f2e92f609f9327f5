"""Money: payments, refunds, the ledger, and the gateway's own record of all that."""

from __future__ import annotations

from typing import Final

from checkout_adapters.sqlalchemy.fsck.check import Check

CHECKS: Final = (
    Check(
        "I4-paid",
        "I4: every order that stands has its whole total reserved or received in its own currency, or its total is nothing.",
        "Do not send this order. Ask the gateway about the payment with `checkout payment show`; if no money is there, cancel the order.",
        """
        SELECT o.id AS order_id, o.total, o.currency, o.paid_by, p.state, p.received, p.received_currency
        FROM orders o LEFT JOIN payments p ON p.id = o.paid_by AND p.checkout_id = o.id
        WHERE o.status <> 'cancelled' AND NOT (o.total = 0 AND o.paid_by = '') AND (
            p.id IS NULL OR p.state NOT IN ('authorized', 'captured')
            OR (p.unwanted = '' AND (p.received IS NULL OR p.received < o.total OR p.received_currency <> o.currency))
        )
        """,
    ),
    Check(
        "I5-once",
        "I5: at most one payment of a checkout has money that is meant to stay.",
        "The shopper is charged twice. Send the payment that pays for no order back with `checkout payment resolve`.",
        """
        SELECT checkout_id, COUNT(*) AS payments, MIN(id) AS one, MAX(id) AS another FROM payments
        WHERE state IN ('authorized', 'captured') AND unwanted = ''
        GROUP BY checkout_id HAVING COUNT(*) > 1
        """,
    ),
    Check(
        "I5-once-there",
        "I5: at the gateway, too, at most one payment of a checkout has money that is meant to stay.",
        "The shopper is charged twice. Refund the second payment at the gateway, then tell us with `checkout payment resolve`.",
        """
        WITH_GATEWAY
        SELECT p.checkout_id, COUNT(*) AS payments, MIN(g.key) AS one, MAX(g.key) AS another
        FROM gateway g JOIN payments p ON p.id = g.payment_id
        WHERE (g.state = 'authorized' OR g.captured > g.refunded) AND p.unwanted = '' AND p.state NOT IN ('declined', 'voided', 'refunded')
        GROUP BY p.checkout_id HAVING COUNT(*) > 1
        """,
    ),
    Check(
        "I6-stranded",
        "I6: money that was received pays for an order that stands, or a refund of it is written down.",
        "Nobody will send this money back by itself. Do it with `checkout payment resolve`.",
        """
        SELECT p.id AS payment_id, p.checkout_id, p.received, p.received_currency, p.unwanted
        FROM payments p JOIN checkouts c ON c.id = p.checkout_id
        WHERE p.state = 'captured'
          AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.id = p.checkout_id AND o.paid_by = p.id AND o.status <> 'cancelled')
          AND NOT EXISTS (SELECT 1 FROM refunds r WHERE r.payment_id = p.id)
          AND NOT (p.unwanted = '' AND c.in_flight)
        """,
    ),
    Check(
        "I6-due",
        "I6: a payment that is not settled, or must go back, has a time at which anybody goes on with it, or waits for a person.",
        "Ask the gateway about it with `checkout payment resolve`: no worker will come for it.",
        """
        SELECT p.id AS payment_id, p.checkout_id, p.state, p.unwanted
        FROM payments p JOIN checkouts c ON c.id = p.checkout_id
        WHERE c.due_at IS NULL AND p.stuck = '' AND (
            p.state IN ('intended', 'unknown', 'action', 'processing', 'authorized') OR (p.state = 'captured' AND p.unwanted <> '')
        )
        """,
    ),
    Check(
        "I6-unknown-there",
        "I6: the gateway has no money under a key that we do not know, or that we believe to be settled without it.",
        "Nobody will come for this money. Refund it at the gateway, or tell us of it with `checkout payment resolve`.",
        """
        WITH_GATEWAY
        SELECT g.key, g.state, g.captured, g.refunded, g.currency, p.state AS ours
        FROM gateway g LEFT JOIN payments p ON p.id = g.payment_id
        WHERE (g.state = 'authorized' OR g.captured > g.refunded) AND (p.id IS NULL OR p.state IN ('declined', 'voided', 'refunded'))
        """,
    ),
    Check(
        "I7-refunds",
        "I7: no more goes back than was received, in the currency it came in.",
        "Stop the worker before it sends too much back, and correct the refund's row; see `checkout payment show`.",
        """
        SELECT * FROM (
            SELECT p.id AS payment_id, COALESCE(p.received, p.amount) AS received, SUM(r.amount) AS back,
                   SUM(CASE WHEN r.currency <> COALESCE(p.received_currency, p.currency) OR r.amount < 0 THEN 1 ELSE 0 END) AS strange
            FROM refunds r JOIN payments p ON p.id = r.payment_id
            GROUP BY p.id, p.received, p.amount
        ) AS sums
        WHERE back > received OR strange > 0
        """,
    ),
    Check(
        "I7-refunds-there",
        "I7: the gateway has sent no more back than it took.",
        "Call the gateway: its record of this payment cannot be.",
        "WITH_GATEWAY SELECT key, captured, refunded, currency FROM gateway WHERE refunded < 0 OR captured < 0 OR refunded > captured",
    ),
    Check(
        "I8-amount",
        "I8: a payment under way is for what its checkout quotes as due.",
        "Cancel this checkout with `checkout order cancel`: the shopper agreed to another amount.",
        """
        SELECT p.id AS payment_id, p.amount, p.currency, DUE_OF(q) AS quoted, TEXT_OF(q.document, 'currency') AS quoted_in
        FROM payments p JOIN checkouts c ON c.id = p.checkout_id JOIN quotes q ON q.hash = c.quote_hash
        WHERE p.unwanted = '' AND p.state NOT IN ('declined', 'voided', 'refunded')
          AND (p.amount <> DUE_OF(q) OR p.currency <> TEXT_OF(q.document, 'currency'))
        """,
    ),
    Check(
        "I8-received",
        "I8: money of another amount or currency than was asked for is kept apart until it has gone back.",
        "Send it back with `checkout payment resolve`; do not send the goods.",
        """
        SELECT id AS payment_id, amount, currency, received, received_currency FROM payments
        WHERE unwanted = '' AND received IS NOT NULL AND (received <> amount OR received_currency DIFFERS FROM currency)
        """,
    ),
    Check(
        "I8-received-there",
        "I8: what we have written down as received is the gateway's own figure.",
        "Believe the gateway. Compare both with the shopper's statement, and correct our row by `checkout payment resolve`.",
        """
        WITH_GATEWAY
        SELECT p.id AS payment_id, p.received, p.received_currency, g.captured, g.currency
        FROM gateway g JOIN payments p ON p.id = g.payment_id
        WHERE p.state IN ('captured', 'refunded') AND p.received IS NOT NULL AND g.captured > 0
          AND (p.received <> g.captured OR p.received_currency <> g.currency)
        """,
    ),
    Check(
        "I8-total",
        "I8: an order's total is what was quoted as due.",
        "Compare with what was paid (`checkout payment show`): the quote is what the shopper agreed to. Refund what is too much.",
        """
        SELECT o.id AS order_id, o.total, o.currency, DUE_OF(q) AS quoted, TEXT_OF(q.document, 'currency') AS quoted_in
        FROM orders o JOIN checkouts c ON c.id = o.id JOIN quotes q ON q.hash = c.quote_hash
        WHERE o.total <> DUE_OF(q) OR o.currency <> TEXT_OF(q.document, 'currency')
        """,
    ),
    Check(
        "I11-posting",
        "I11: the entries of each posting, and so the whole ledger, add up to nothing in each currency.",
        "Entries were changed or lost. Restore the ledger from a backup; never edit it: corrections are new postings.",
        """
        SELECT posting, MIN(currency) AS currency, MAX(currency) AS other_currency, SUM(amount) AS off_by FROM ledger
        GROUP BY posting HAVING SUM(amount) <> 0 OR MIN(currency) <> MAX(currency)
        """,
    ),
    Check(
        "I11-books",
        "I11: each account of the ledger says what payments, orders and holds say, of gift cards and of rounding as of the others.",
        "See `checkout order explain` for what happened, and write a correcting posting for the difference.",
        """
        SELECT checkout_id, currency, account, SUM(booked) AS booked, SUM(so) AS as_it_happened FROM (
            SELECT checkout_id, currency, account, amount AS booked, 0 AS so FROM ledger
            UNION ALL
            SELECT checkout_id, COALESCE(received_currency, currency), 'gateway', 0, COALESCE(received, amount)
            FROM payments WHERE state = 'captured'
            UNION ALL
            SELECT checkout_id, COALESCE(received_currency, currency), 'receivable', 0, -COALESCE(received, amount)
            FROM payments WHERE state = 'captured'
            UNION ALL
            SELECT id, currency, 'receivable', 0, total FROM orders WHERE status <> 'cancelled'
            UNION ALL
            SELECT o.id, o.currency, CASE WHEN l.line <= 0 THEN 'shipping' ELSE 'sales' END, 0, -l.net
            FROM order_lines l JOIN orders o ON o.id = l.order_id WHERE o.status <> 'cancelled'
            UNION ALL
            SELECT o.id, o.currency, 'tax', 0, -l.tax FROM order_lines l JOIN orders o ON o.id = l.order_id WHERE o.status <> 'cancelled'
            UNION ALL
            SELECT o.id, o.currency, 'rounding', 0, l.gross
            FROM order_lines l JOIN orders o ON o.id = l.order_id WHERE o.status <> 'cancelled'
            UNION ALL
            SELECT id, currency, 'rounding', 0, -total FROM orders WHERE status <> 'cancelled'
            UNION ALL
            SELECT o.id, o.currency, 'rounding', 0, -h.amount
            FROM holds h JOIN pools p ON p.pool = h.pool JOIN orders o ON o.id = h.checkout_id
            WHERE o.status <> 'cancelled' AND p.kind = 'gift-card' AND h.state = 'committed'
            UNION ALL
            SELECT o.id, o.currency, 'gift_cards', 0, h.amount
            FROM holds h JOIN pools p ON p.pool = h.pool JOIN orders o ON o.id = h.checkout_id
            WHERE o.status <> 'cancelled' AND p.kind = 'gift-card' AND h.state = 'committed'
        ) AS books
        GROUP BY checkout_id, currency, account
        HAVING SUM(booked) <> SUM(so)
        """,
    ),
    Check(
        "I11-rest",
        "I11: a checkout for which nothing is left to do owes nothing and is owed nothing.",
        "See `checkout order explain`: either money is missing, or it was kept. Resolve the payment with `checkout payment resolve`.",
        """
        SELECT l.checkout_id, l.currency, SUM(l.amount) AS receivable
        FROM ledger l JOIN checkouts c ON c.id = l.checkout_id
        WHERE l.account = 'receivable' AND c.due_at IS NULL
          AND NOT EXISTS (SELECT 1 FROM refunds r WHERE r.checkout_id = c.id AND r.state = 'refused')
        GROUP BY l.checkout_id, l.currency
        HAVING SUM(l.amount) <> 0
        """,
    ),
    Check(
        "I20-state",
        "I20: where nothing is left to do, the gateway says the same of each payment as we do.",
        "Believe the gateway, and tell us what it says with `checkout payment resolve`.",
        """
        WITH_GATEWAY
        SELECT p.id AS payment_id, p.state AS ours, COALESCE(g.state, 'never heard of') AS theirs
        FROM payments p JOIN checkouts c ON c.id = p.checkout_id LEFT JOIN gateway g ON g.payment_id = p.id
        WHERE p.gateway <> '' AND c.due_at IS NULL AND NOT c.in_flight
          AND p.state <> COALESCE(g.state, '')
          AND NOT (p.state IN ('declined', 'voided') AND COALESCE(g.state, 'voided') IN ('declined', 'voided'))
          AND NOT (p.state IN ('declined', 'voided', 'refunded')
                   AND (COALESCE(g.state, '') = 'authorized' OR COALESCE(g.captured > g.refunded, FALSE)))
        """,
    ),
    Check(
        "I20-cash",
        "I20: where nothing is left to do, the ledger's cash is what the gateway took less what it sent back.",
        "Somebody moved money at the gateway past us. Tell us of it with `checkout payment resolve`, or write a correcting posting.",
        """
        WITH_GATEWAY
        SELECT checkout_id, currency, SUM(booked) AS booked, SUM(there) AS there FROM (
            SELECT l.checkout_id, l.currency, l.amount AS booked, 0 AS there
            FROM ledger l JOIN checkouts c ON c.id = l.checkout_id
            WHERE l.account = 'gateway' AND c.due_at IS NULL AND NOT c.in_flight
            UNION ALL
            SELECT p.checkout_id, g.currency, 0, g.captured - g.refunded
            FROM gateway g JOIN payments p ON p.id = g.payment_id JOIN checkouts c ON c.id = p.checkout_id
            WHERE c.due_at IS NULL AND NOT c.in_flight
        ) AS cash
        GROUP BY checkout_id, currency
        HAVING SUM(booked) <> SUM(there)
        """,
    ),
)
