"""The sections of the page: each has its layout, its handlers and ``register(app, service)``."""
