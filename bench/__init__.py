"""The performance suite: ``make bench``. Ratios of two things measured in the same run; see docs/performance.md.

Nothing is imported here: bench/peers runs in an environment of its own, without the product's packages.
"""
