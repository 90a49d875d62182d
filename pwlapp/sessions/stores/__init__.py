"""Storage of sessions: one protocol, implemented with SQLite and with Redis."""
