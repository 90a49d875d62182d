"""The views of the page. Each module has a layout; some register Dash callbacks."""
