"""Data to train on: points, laws to draw them from, and CSV files."""
