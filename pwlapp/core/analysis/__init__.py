"""What many runs show: losses of many seeds, and where runs get stuck."""
