"""The pool of training processes, and the scheduler that gives them slices of training."""
