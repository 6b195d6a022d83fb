"""The suite for `pytest --pyargs llmcache_conformance --llmcache-url URL`."""

from llmcache_conformance.conformance import FROM_OPTIONS, Conformance


class TestStore(Conformance):
    """The store that the options name."""

    url = FROM_OPTIONS
