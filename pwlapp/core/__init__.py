"""The net, its data and its training; independent of the web."""
