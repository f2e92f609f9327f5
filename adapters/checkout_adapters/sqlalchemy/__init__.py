"""Storage on SQL: SQLite files and PostgreSQL. `Shop(storage=SqlStorage("shop.db"), …)` is all a host needs, once the database was made.

    SqlStorage, AsyncSqlStorage    the Storage port
    SqlQueries, AsyncSqlQueries    the Queries port: lists and reports, from a storage or from
    SqlReplica, AsyncSqlReplica    a copy of the database that its server keeps up to date
    SqlCatalog, AsyncSqlCatalog    the Catalog, TaxRates and ShippingRates ports on a shop that was loaded from files

Not imported here, because a shop needs neither: `admin.SqlAdmin` makes, upgrades and checks a database (the Admin port; it needs alembic);
`fsck.check` looks at every invariant that the tables can show, and shares nothing with the rest.
"""

from checkout_adapters.sqlalchemy.catalog import AsyncSqlCatalog, SqlCatalog
from checkout_adapters.sqlalchemy.queries import AsyncSqlQueries, SqlQueries
from checkout_adapters.sqlalchemy.reading import AsyncSqlReplica, SqlReplica
from checkout_adapters.sqlalchemy.store import AsyncSqlStorage, SqlStorage

__all__ = [
    "AsyncSqlCatalog",
    "AsyncSqlQueries",
    "AsyncSqlReplica",
    "AsyncSqlStorage",
    "SqlCatalog",
    "SqlQueries",
    "SqlReplica",
    "SqlStorage",
]
