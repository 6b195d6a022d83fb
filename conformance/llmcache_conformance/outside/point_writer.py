"""A process that puts points: `python -m llmcache_conformance.outside.point_writer URL ROOT NUMBER MOST`.

It puts MOST points, one after the other, into an index that others write, too, and prints the number of each when it was
acknowledged. Then it stays as it is, with its store open, until its standard input ends.
"""

import sys
import time

from llmcache.protocols.vectors import vector_store
from llmcache_conformance.bench import with_vectors
from llmcache_conformance.clock import OwnClock
from llmcache_conformance.outside.writer import opened
from llmcache_conformance.outside.writing import index, point


def main(url: str, root: str, number: str, most: str) -> None:
    """Write, and wait."""
    store = with_vectors(lambda _: opened(url))(OwnClock()).blocking
    if store is None:
        raise TypeError("the store has no blocking colour to write with")
    for write in range(int(most)):
        vector_store(store).put_points(index(root), (point(int(number), write),), at=time.time())
        sys.stdout.write(f"{write}\n")
        sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
