"""The options of `pytest --pyargs llmcache_conformance --llmcache-url URL`; pytest finds this module by its entry point."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def pytest_addoption(parser: "pytest.Parser") -> None:
    """Add the options that say which store."""
    group = parser.getgroup("llmcache", "conformance of a store")
    group.addoption("--llmcache-url", metavar="URL", default="", help="the store that llmcache_conformance checks")
    group.addoption("--llmcache-small", metavar="URL", default="", help="a store that a few hundred KiB fill")
    group.addoption("--llmcache-server", metavar="HOST:PORT", default="", help="where the proxy finds the server")
    group.addoption("--llmcache-deadline", metavar="SECONDS", type=float, default=10.0, help="what no call may exceed")
    group.addoption("--llmcache-waive", metavar="FILE", default="", help="failures that are accepted, as TOML")
    group.addoption(
        "--llmcache-without",
        metavar="NEED",
        action="append",
        default=[],
        choices=["small", "wire", "process"],
        help="leave out what needs this; may be repeated",
    )
