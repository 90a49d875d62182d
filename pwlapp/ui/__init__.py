"""The Dash page: layout, sections, figures, lessons and texts."""
