"""HTTP besides Dash: event stream, commands, downloads, health and static files."""
