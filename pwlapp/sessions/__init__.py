"""A visitor's net as state: what it is, how it changes, and where it is kept."""
