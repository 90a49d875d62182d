"""Data to train on: points, the laws that draw them, and files that hold them."""
