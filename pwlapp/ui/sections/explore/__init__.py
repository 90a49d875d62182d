"""Explore: one module for each of its cards, and the view that contains them."""
