"""What a visitor can ask of a session."""
