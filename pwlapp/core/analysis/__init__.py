"""Analysis of training: gradients, a single step, runs of many seeds, and plateaus of the loss."""
