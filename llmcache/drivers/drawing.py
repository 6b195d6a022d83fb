"""Chance, for the rules that take numbers from 0 to 1."""

import os


def draw() -> float:
    """Return a number from 0 to 1, one itself excluded, that no other process draws because it was forked from this one."""
    return int.from_bytes(os.urandom(4), "little") / (1 << 32)
