"""Scarce things: stock, coupons, the right to buy a cart."""

from __future__ import annotations

from typing import Final

from checkout_adapters.sqlalchemy.fsck.check import Check

CHECKS: Final = (
    Check(
        "I1-on-hand",
        "I1: what is on hand of a SKU at a location, or on a gift card, is the sum of its movements.",
        "Somebody changed a number past the library. Count the shelf, and write the missing movement by hand.",
        """
        SELECT p.pool, p.on_hand, COALESCE(SUM(m.delta), 0) AS moved
        FROM pools p LEFT JOIN movements m ON m.pool = p.pool
        WHERE p.kind IN ('stock', 'gift-card')
        GROUP BY p.pool, p.on_hand
        HAVING p.on_hand <> COALESCE(SUM(m.delta), 0)
        """,
    ),
    Check(
        "I1-holds",
        "I1: what a pool counts as held and as committed is the sum of its holds.",
        "See `checkout inventory holds`: the holds say who has what, so set the pool's numbers to their sums.",
        """
        SELECT * FROM (
            SELECT p.pool, p.held, p.committed,
                   COALESCE(SUM(CASE WHEN h.state = 'held' THEN h.amount END), 0) AS holds_held,
                   COALESCE(SUM(CASE WHEN h.state = 'committed' THEN h.amount END), 0) AS holds_committed
            FROM pools p LEFT JOIN holds h ON h.pool = p.pool
            GROUP BY p.pool, p.held, p.committed
        ) AS counted
        WHERE held <> holds_held OR committed <> holds_committed
        """,
    ),
    Check(
        "I2-oversold",
        "I2: no more stock is promised than there is, and no number is below zero.",
        "More is sold than can be sent: receive goods, or cancel the youngest orders of this SKU with `checkout order cancel`.",
        """
        SELECT pool, on_hand, held, committed, backorder, shortfall FROM pools
        WHERE kind = 'stock' AND (on_hand < 0 OR held < 0 OR committed < 0 OR held + committed > on_hand + backorder + shortfall)
        """,
    ),
    Check(
        "I10-balance",
        "I10: no more is spent from a gift card than there was on it.",
        "Two orders spent the same money: see `checkout inventory holds`, and cancel the younger, or make the card good by hand.",
        """
        SELECT pool, on_hand, held, committed, shortfall FROM pools
        WHERE kind = 'gift-card' AND (on_hand < 0 OR held < 0 OR committed < 0 OR shortfall <> 0 OR held + committed > on_hand)
        """,
    ),
    Check(
        "I10-cards",
        "I10: every order that stands has taken from its gift cards what its quote says that they pay.",
        "What the holders paid is not what was taken: see `checkout order show`, and correct the cards with `checkout gift-card load`.",
        """
        SELECT * FROM (
            SELECT o.id AS order_id, CARDS_OF(q) AS quoted, COALESCE((
                SELECT SUM(h.amount) FROM holds h JOIN pools p ON p.pool = h.pool
                WHERE h.checkout_id = o.id AND p.kind = 'gift-card' AND h.state = 'committed'
            ), 0) AS taken
            FROM orders o JOIN checkouts c ON c.id = o.id JOIN quotes q ON q.hash = c.quote_hash
            WHERE o.status <> 'cancelled' AND IS_JSON(q.document)
        ) AS paid
        WHERE quoted <> taken
        """,
    ),
    Check(
        "I25-unpaid",
        "I25: what somebody holds unpaid counts no more once it is paid for.",
        "Somebody who has bought a lot can hold nothing more: set `committed` of these pools to 0, and their holds to released.",
        "SELECT pool, held, committed FROM pools WHERE kind = 'unpaid' AND committed <> 0",
    ),
    Check(
        "I2-shortfall",
        "I2: a shortfall is exactly what is missing, and of stock only an operator's movement can have caused one.",
        "A shortfall that nobody ordered hides an oversell: see `checkout inventory show`, and receive what is missing.",
        """
        SELECT pool, on_hand, held, committed, backorder, shortfall FROM pools p
        WHERE shortfall <> 0 AND (
            shortfall <> held + committed - on_hand - backorder
            OR (kind = 'stock' AND NOT EXISTS (
                SELECT 1 FROM movements m WHERE m.pool = p.pool AND (m.delta < 0 OR m.backorder IS NOT NULL)
            ))
        )
        """,
    ),
    Check(
        "I3-backing",
        "I3: every order that stands has exactly the goods committed that it sold.",
        "Do not send this order: check the shelf, then correct its holds, or cancel it with `checkout order cancel`.",
        """
        SELECT order_id, sku, SUM(sold) AS sold, SUM(kept) AS committed FROM (
            SELECT l.order_id, l.sku, l.quantity AS sold, 0 AS kept
            FROM order_lines l JOIN orders o ON o.id = l.order_id
            WHERE o.status <> 'cancelled' AND l.tracked
            UNION ALL
            SELECT h.checkout_id, p.sku, 0, h.amount
            FROM holds h JOIN pools p ON p.pool = h.pool JOIN orders o ON o.id = h.checkout_id
            WHERE o.status <> 'cancelled' AND p.kind = 'stock' AND h.state IN ('committed', 'shipped')
        ) AS goods
        GROUP BY order_id, sku
        HAVING SUM(sold) <> SUM(kept)
        """,
    ),
    Check(
        "I3-committed",
        "I3: nothing is committed but for an order that stands.",
        "Kept for nobody. Run `checkout worker --once`; if it stays, set the hold to released, and its pool's numbers without it.",
        """
        SELECT h.checkout_id, h.pool, h.amount, c.state
        FROM holds h JOIN checkouts c ON c.id = h.checkout_id LEFT JOIN orders o ON o.id = h.checkout_id
        WHERE h.state = 'committed' AND (o.id IS NULL OR (o.status = 'cancelled' AND NOT c.in_flight))
        """,
    ),
    Check(
        "I3-held",
        "I3: what is bought, cancelled or given up holds nothing any more.",
        "Run `checkout worker --once`; if it stays, set the hold to released, and its pool's numbers without it.",
        """
        SELECT h.checkout_id, h.pool, h.amount, c.state
        FROM holds h JOIN checkouts c ON c.id = h.checkout_id LEFT JOIN orders o ON o.id = h.checkout_id
        WHERE h.state = 'held' AND (o.id IS NOT NULL OR (c.state = 'abandoned' AND NOT c.in_flight))
        """,
    ),
    Check(
        "I3-claims",
        "I3: what a checkout believes to hold is what it holds.",
        "Stop paying for this checkout and cancel it with `checkout order cancel`, so that both sides are let go; then look at the pool.",
        """
        SELECT checkout_id, pool, SUM(said) AS said, SUM(kept) AS holds FROM (
            SELECT c.id AS checkout_id, TEXT_OF(k.value, 'pool') AS pool, INT_OF(k.value, 'amount') AS said, 0 AS kept
            FROM checkouts c, EACH_OF(c.document, 'held') AS k
            UNION ALL
            SELECT h.checkout_id, h.pool, 0, h.amount
            FROM holds h JOIN checkouts c ON c.id = h.checkout_id
            WHERE h.state <> 'released' AND IS_JSON(c.document)
        ) AS claims
        GROUP BY checkout_id, pool
        HAVING SUM(said) <> SUM(kept)
        """,
    ),
    Check(
        "I9-limit",
        "I9: a coupon's uses, in all, by one person, of one code and in a window of time, and its money, are within their limits.",
        "Close the promotion, see `checkout coupon show`, and decide whether the orders beyond the limit stand.",
        """
        SELECT pool, on_hand AS usable, held, committed, shortfall FROM pools
        WHERE kind IN ('coupon', 'coupon-by', 'coupon-in', 'coupon-code', 'budget')
              AND (held < 0 OR committed < 0 OR held + committed > on_hand + shortfall)
        """,
    ),
    Check(
        "I9-uses",
        "I9: a use of a coupon, and what it takes of a budget, is counted for every order that stands and carries it, and for no other.",
        "See `checkout coupon show`: write the missing use, or release the one that no order carries, and correct the pool's numbers.",
        """
        SELECT order_id, pool, SUM(carried) AS carried, SUM(used) AS used FROM (
            SELECT o.id AS order_id, 'coupon/' || REPLACE(REPLACE(TEXT_OF(d.value, 'id'), '%', '%25'), '/', '%2F') AS pool,
                   1 AS carried, 0 AS used
            FROM orders o JOIN checkouts c ON c.id = o.id JOIN quotes q ON q.hash = c.quote_hash, EACH_OF(q.document, 'promotions') AS d
            WHERE o.status <> 'cancelled' AND INT_OF(d.value, 'limit') IS NOT NULL AND IS_JSON(c.document)
            UNION ALL
            SELECT o.id, 'coupon-by/' || REPLACE(REPLACE(TEXT_OF(d.value, 'id'), '%', '%25'), '/', '%2F') || '/' || TEXT_OF(w.value, ''),
                   1, 0
            FROM orders o JOIN checkouts c ON c.id = o.id JOIN quotes q ON q.hash = c.quote_hash, EACH_OF(q.document, 'promotions') AS d,
                 EACH_OF(c.document, 'identities') AS w
            WHERE o.status <> 'cancelled' AND INT_OF(d.value, 'per_person') IS NOT NULL
            UNION ALL
            SELECT o.id, 'coupon-in/' || REPLACE(REPLACE(TEXT_OF(d.value, 'id'), '%', '%25'), '/', '%2F')
                  || '/' || TEXT_OF(d.value, 'window.window') || '/', 1, 0
            FROM orders o JOIN checkouts c ON c.id = o.id JOIN quotes q ON q.hash = c.quote_hash, EACH_OF(q.document, 'promotions') AS d
            WHERE o.status <> 'cancelled' AND INT_OF(d.value, 'window.uses') IS NOT NULL AND NOT BOOL_OF(d.value, 'window.a_person')
            UNION ALL
            SELECT o.id, 'coupon-in/' || REPLACE(REPLACE(TEXT_OF(d.value, 'id'), '%', '%25'), '/', '%2F')
                  || '/' || TEXT_OF(d.value, 'window.window') || '/' || TEXT_OF(w.value, ''), 1, 0
            FROM orders o JOIN checkouts c ON c.id = o.id JOIN quotes q ON q.hash = c.quote_hash, EACH_OF(q.document, 'promotions') AS d,
                 EACH_OF(c.document, 'identities') AS w
            WHERE o.status <> 'cancelled' AND BOOL_OF(d.value, 'window.a_person')
            UNION ALL
            SELECT o.id, 'coupon-code/' || REPLACE(REPLACE(TEXT_OF(d.value, 'id'), '%', '%25'), '/', '%2F')
                  || '/' || TEXT_OF(d.value, 'issued'), 1, 0
            FROM orders o JOIN checkouts c ON c.id = o.id JOIN quotes q ON q.hash = c.quote_hash, EACH_OF(q.document, 'promotions') AS d
            WHERE o.status <> 'cancelled' AND INT_OF(d.value, 'per_code') IS NOT NULL
            UNION ALL
            SELECT o.id, 'budget/' || REPLACE(REPLACE(TEXT_OF(d.value, 'id'), '%', '%25'), '/', '%2F')
                  || '/' || TEXT_OF(q.document, 'currency'), INT_OF(s.value, ''), 0
            FROM orders o JOIN checkouts c ON c.id = o.id JOIN quotes q ON q.hash = c.quote_hash, EACH_OF(q.document, 'promotions') AS d,
                 EACH_OF(d.value, 'shares') AS s
            WHERE o.status <> 'cancelled' AND INT_OF(d.value, 'budget') IS NOT NULL
            UNION ALL
            SELECT o.id, h.pool, 0, h.amount
            FROM holds h JOIN pools p ON p.pool = h.pool JOIN orders o ON o.id = h.checkout_id
                 JOIN checkouts c ON c.id = o.id JOIN quotes q ON q.hash = c.quote_hash
            WHERE o.status <> 'cancelled' AND h.state IN ('committed', 'shipped')
                  AND p.kind IN ('coupon', 'coupon-by', 'coupon-in', 'coupon-code', 'budget')
                  AND IS_JSON(q.document) AND IS_JSON(c.document)
        ) AS uses
        GROUP BY order_id, pool
        HAVING SUM(carried) <> SUM(used)
        """,
    ),
    Check(
        "I16-lapsed",
        "I16: nothing is held past its time unless money is on its way, or somebody is due to let it go.",
        "Cancel the checkout with `checkout order cancel`: nobody will come for it otherwise, and its goods are missing on the shelf.",
        """
        SELECT h.checkout_id, h.pool, h.amount, c.lapses_at, c.due_at
        FROM holds h JOIN checkouts c ON c.id = h.checkout_id
        WHERE h.state = 'held' AND c.state = 'open' AND c.lapses_at < :late AND (
            c.due_at IS NULL
            OR (c.due_at > :now AND NOT c.in_flight AND NOT EXISTS (
                SELECT 1 FROM payments p WHERE p.checkout_id = c.id AND p.state NOT IN ('declined', 'voided', 'refunded')))
        )
        """,
    ),
    Check(
        "I18-turn",
        "I18: the right to buy a cart is one, and one checkout has it.",
        "Two shoppers' windows are buying one cart. Cancel one of the two checkouts with `checkout order cancel`.",
        """
        SELECT pool, on_hand, held, committed FROM pools
        WHERE kind = 'cart' AND (on_hand <> 1 OR held < 0 OR committed < 0 OR held + committed > 1)
        """,
    ),
    Check(
        "I18-bought-once",
        "I18: a cart is bought at most once.",
        "Ask the shopper which order they want, and cancel the other with `checkout order cancel`: its money goes back.",
        """
        SELECT cart_id, COUNT(*) AS orders, MIN(id) AS one, MAX(id) AS another FROM orders
        WHERE status <> 'cancelled' GROUP BY cart_id HAVING COUNT(*) > 1
        """,
    ),
    Check(
        "I18-cart",
        "I18: an order's cart says which order bought it, and a cart that was bought has that order.",
        "Set `ordered` of the cart to the order's id, in the row and its document, or the shopper can buy it again.",
        """
        SELECT o.id AS order_id, k.id AS cart_id, k.ordered
        FROM orders o JOIN carts k ON k.id = o.cart_id WHERE k.ordered DIFFERS FROM o.id
        UNION ALL
        SELECT o.id, k.id, k.ordered
        FROM carts k LEFT JOIN orders o ON o.id = k.ordered AND o.cart_id = k.id WHERE k.ordered IS NOT NULL AND o.id IS NULL
        """,
    ),
    Check(
        "I18-merged",
        "I18: a cart that went into another one names a cart that is there, and is not bought itself.",
        "Clear `merged_into` of the cart, in the row and its document, if its lines are still wanted.",
        """
        SELECT k.id AS cart_id, k.merged_into, k.ordered
        FROM carts k LEFT JOIN carts t ON t.id = k.merged_into
        WHERE k.merged_into IS NOT NULL AND (t.id IS NULL OR k.ordered IS NOT NULL)
        """,
    ),
)
