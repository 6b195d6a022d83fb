"""The store against the whole suite of llmcache."""

import tempfile

from llmcache_conformance import Conformance


class TestLmdb(Conformance):
    """LMDB keeps the contract."""

    url = f"lmdb:{tempfile.mkdtemp()}?max_bytes=64MiB"
    small = f"lmdb:{tempfile.mkdtemp()}?max_bytes=1MiB"
