"""What the benchmarks share: simulated students, traces, the machine, and the page of figures."""
