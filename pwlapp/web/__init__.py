"""The HTTP routes that are not Dash's: event stream, commands, downloads, health, static files."""
