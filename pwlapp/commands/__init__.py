"""What a visitor can ask of a session: one Pydantic model and one function for each command."""
