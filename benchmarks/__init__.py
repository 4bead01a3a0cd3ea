"""Measurements side by side with the physical floor and with peers: `make bench` writes docs/benchmarks.md.

Nothing here is asserted: a benchmark tells, a test proves. Each comparison runs both sides in turns in one process on
one machine, several rounds, and quotes medians and the ratio of medians.
"""
