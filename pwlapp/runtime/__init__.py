"""Who owns which net, and where it trains. Imports the core, never the user interface."""
