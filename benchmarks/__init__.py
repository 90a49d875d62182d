"""The benchmarks of ``make bench`` and ``make load``."""
