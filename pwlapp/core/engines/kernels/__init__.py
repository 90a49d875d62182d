"""The compiled loops of `fused_cpu`: they train whole epochs on one thread.

Why they are fast, with n points and h hidden units:

- The net has one input, so between two neighbouring bends of its ReLUs the logit is a straight
  line, ``slope * x + offset``. With the points sorted by x, an epoch goes from bend to bend. One
  pass over the points of each stretch gives sums of the residuals, and every unit's gradient is a
  difference of two such sums. That takes n + h steps instead of n * h.
- Sigmoid units have no bends. They are computed in blocks of points that fit into the CPU's cache.
- The inner loops have no branches and no calls, so that LLVM can vectorise them; exp is a
  polynomial. Where a sigmoid is saturated in float32, a slower loop gives exactly torch's numbers.

Sums over a stretch are float32; their sums are float64. Of LLVM's fast-math options only reordering
and fusing are allowed, so NaN and infinity propagate.

Numba's disk cache recompiles a function only if the function's own file has changed. A change in
another file, from which a function is inlined, it does not notice; so the cache's folder depends on
all these files, see `compute.numba_cache`.
"""
