"""Storage of sessions and rooms: two protocols, implemented with SQLite and with Redis."""
