"""A visitor's net as a session: its state, its transitions and its storage."""
