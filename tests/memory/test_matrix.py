"""The matrix of vectors while others change it."""

from collections.abc import Mapping

from llmcache.codec.points import Stamped, pack_points, unpack_block
from llmcache.memory.matrix import Matrix
from llmcache.model.units import Plain
from llmcache.model.vectors import Neighbour
from tests.layers.indexes import AT, floats, point


def test_a_search_that_is_overtaken_finds_points_as_they_were() -> None:
    """What is replaced or deleted after a search has looked at it is found with the times that it had."""
    matrix, kept = Matrix(2), point("p", life=100.0)
    matrix.put(unpack_block(pack_points([Stamped(kept, 1)], None)), [0])

    def overtaken(facts: Mapping[str, Plain]) -> bool:
        matrix.remove("p")
        return True

    found = matrix.nearest(floats(1.0, 0.0), 1, at=AT, least=-1.0, fits=overtaken)

    assert [Neighbour(kept, 1.0)] == found
    assert [] == matrix.nearest(floats(1.0, 0.0), 1, at=AT, least=-1.0, fits=None)
