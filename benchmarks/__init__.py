"""Measurements: each module prints a table of ratios against a baseline in the same run; `python -m benchmarks` runs all."""
