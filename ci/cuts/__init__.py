"""Power cuts: what a disk may hold after one, and whether that is what was promised.

docs/power-cuts.md tells how these files work together; ci/power-cuts is the command.
"""
