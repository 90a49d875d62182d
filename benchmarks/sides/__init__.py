"""The rows of the benchmark of engines: the same training with different libraries."""
