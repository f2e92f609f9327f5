"""What the database itself can tell: references, its file, and the views for people."""

from __future__ import annotations

from typing import Final

from checkout_adapters.sqlalchemy.fsck.check import Check

CHECKS: Final = (
    Check(
        "file",
        "The database file is whole, and every row keeps the constraints of its table.",
        "Copy the file before anything else, stop what writes to it, and restore a backup: what is named here is not to be trusted.",
        "SELECT integrity_check AS problem FROM pragma_integrity_check WHERE integrity_check <> 'ok'",
        dialect="sqlite",
    ),
    Check(
        "references",
        "Every row that names another one names one that is there.",
        "Rows were removed past the library. Restore what is missing from a backup.",
        'SELECT "table", rowid AS row, parent AS missing_in FROM pragma_foreign_key_check',
        dialect="sqlite",
    ),
    Check(
        "inventory-view",
        "The view `inventory` says what the pools say.",
        "Somebody has replaced the view. Make it anew as the first migration does.",
        """
        SELECT product_id, SUM(available) AS available_off_by, SUM(reserved) AS reserved_off_by, SUM(n) AS missing FROM (
            SELECT product_id, available_stock AS available, reserved_stock AS reserved, 1 AS n FROM inventory
            UNION ALL
            SELECT sku, -SUM(CASE WHEN on_hand + backorder > held + committed THEN on_hand + backorder - held - committed ELSE 0 END),
                   -SUM(held + committed), -1
            FROM pools WHERE kind = 'stock' GROUP BY sku
        ) AS rows_of_both
        GROUP BY product_id HAVING SUM(available) <> 0 OR SUM(reserved) <> 0 OR SUM(n) <> 0
        """,
    ),
    Check(
        "cart-lines-view",
        "The view `cart_lines` has the lines of the carts that are still open, and no others.",
        "Somebody has replaced the view. Make it anew as the first migration does.",
        """
        SELECT cart_id, product_id, SUM(quantity) AS quantity_off_by, SUM(n) AS missing FROM (
            SELECT cart_id, product_id, quantity, 1 AS n FROM cart_lines
            UNION ALL
            SELECT k.id, TEXT_OF(x.value, 'sku'), -INT_OF(x.value, 'quantity'), -1
            FROM carts k, EACH_OF(k.document, 'lines') AS x
            WHERE k.ordered IS NULL AND k.merged_into IS NULL
        ) AS rows_of_both
        GROUP BY cart_id, product_id HAVING SUM(quantity) <> 0 OR SUM(n) <> 0
        """,
        unless="SELECT 1 FROM carts WHERE NOT IS_JSON(document)",
    ),
)
