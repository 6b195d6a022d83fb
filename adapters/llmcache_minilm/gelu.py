"""GELU, the nonlinearity of BERT: x times the share of a normal distribution that lies below x (Hendrycks and Gimpel 2016).

NumPy has no error function. This one is formula 7.1.26 of Abramowitz and Stegun, which is off by 1.5e-7 at most: as near
as float32 gets, and a thousand times nearer than the usual approximation by tanh.
"""

import math

import numpy as np

from llmcache_minilm.safetensors import Floats

_P = 0.3275911 / math.sqrt(2)
_A = (1.061405429 / 2, -1.453152027 / 2, 1.421413741 / 2, -0.284496736 / 2, 0.254829592 / 2)

_ROWS = 32
"""As many as keep what is in between within a processor's cache."""


def gelu_in_place(rows: Floats) -> None:
    """Replace each x by x * Phi(x); beside `rows` this needs room for a few of them only."""
    for start in range(0, len(rows), _ROWS):
        _gelu_in_place(rows[start : start + _ROWS])


def _gelu_in_place(x: Floats) -> None:
    """As above: max(x, 0) - |x| * tail(|x|), where the tail is (1 - erf(|x| / sqrt 2)) / 2."""
    size = np.abs(x)
    t = size * np.float32(_P)
    t += np.float32(1)
    np.reciprocal(t, out=t)
    tail = t * np.float32(_A[0])
    for factor in _A[1:]:
        tail += np.float32(factor)
        tail *= t
    np.multiply(size, size, out=t)
    t *= np.float32(-0.5)
    np.exp(t, out=t)
    tail *= t
    tail *= size
    np.maximum(x, np.float32(0), out=x)
    x -= tail
