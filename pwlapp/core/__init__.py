"""The mathematics: net, data, training, analysis and export. No web framework."""
