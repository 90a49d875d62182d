"""What the visitor sees: the Dash page, its figures, its words and its callbacks."""
