"""Piecewise-linear regression, live: build a bent line from ReLU units and watch a net learn it."""

__version__ = "0.1.0"
