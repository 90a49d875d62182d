"""Where work runs: a pool of processes, and the scheduler of training slices."""
