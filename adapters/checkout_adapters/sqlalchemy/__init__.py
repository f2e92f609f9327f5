"""Storage on SQL: SQLite today. `SqlStorage("sqlite:///shop.db")` is all a host needs."""
