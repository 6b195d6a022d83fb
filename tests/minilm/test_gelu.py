"""GELU against the error function of the standard library."""

import math

import numpy as np

from llmcache_minilm.gelu import gelu_in_place


def test_gelu_is_exact_in_float32() -> None:
    """Within 1e-6 of x * Phi(x) everywhere, far out on both sides included, over more rows than one block has."""
    x = np.linspace(-30, 30, 60_000, dtype=np.float32).reshape(100, 600)
    expected = [value * 0.5 * (1 + math.erf(value / math.sqrt(2))) for value in x.ravel().tolist()]
    gelu_in_place(x)

    assert np.abs(x.ravel() - expected).max() < 1e-6
