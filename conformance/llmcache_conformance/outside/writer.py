"""A process that writes until it is killed: `python -m llmcache_conformance.outside.writer URL ROOT [MOST]`.

It puts and appends, one write after the other, and prints the number of each write when both were acknowledged. After MOST writes it
stays as it is, with its store open, until its standard input ends.
"""

import sys
import time
from importlib import import_module
from itertools import count
from typing import cast

from llmcache.config.url import parse_url
from llmcache.plugins.catalogue import open_pair
from llmcache.protocols.key_value import Put
from llmcache.protocols.log import LogStore
from llmcache.protocols.whole import StorePair
from llmcache_conformance.outside.writing import bodies, body, entry, log

_BY_FUNCTION = "python:"


def opened(url: str) -> StorePair:
    """Open the store behind a store URL, or by the function that "python:package.module:function" names.

    The function is given a clock; it is for a store that no plugin brings yet.
    """
    if not url.startswith(_BY_FUNCTION):
        return open_pair(parse_url(url), time.time)
    module, _, function = url.removeprefix(_BY_FUNCTION).partition(":")
    return cast(StorePair, getattr(import_module(module), function)(time.time))


def main(url: str, root: str, most: str = "") -> None:
    """Write for ever, or `most` times and then wait."""
    store = opened(url).blocking
    if store is None:
        raise TypeError("the store has no blocking colour to write with")
    for number in range(int(most)) if most else count():
        store.put_many((Put(entry(root, number), body(number)),))
        if store.capabilities.log:
            cast(LogStore, store).append(log(root), bodies(number))
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
