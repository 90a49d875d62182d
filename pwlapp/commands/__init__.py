"""Commands: the requests that a page makes to a session, each a Pydantic model and a function."""
