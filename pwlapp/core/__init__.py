"""The mathematics: the net, its data, its training. Knows nothing of the web."""
