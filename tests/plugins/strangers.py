"""Strangers' distributions, written to a folder on sys.path as pip would install them."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

PAGE = """
from llmcache.plugins.hookspecs import hookimpl
from llmcache.plugins.spec import StoreSpec

@hookimpl
def llmcache_stores():
    return [StoreSpec(scheme={scheme!r}, factory="{package}.store:open", summary="a stranger's")]
"""
STORE = """
import {package}.driver
from llmcache.memory import open_pair

def open(target):
    return open_pair(clock=target.clock)
"""


class Site:
    """A folder that the interpreter imports from, with distributions in it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def install(
        self,
        name: str,
        *,
        package: str | None = None,
        scheme: str = "strange",
        plugin: str | None = None,
        page: str | None = None,
        modules: Mapping[str, str] | None = None,
        entry_points: str | None = None,
        metadata: str | None = None,
    ) -> None:
        """Install a distribution with a plugin; by default one whose store works, in a package named like it.

        Args:
            page: The module `plugin`, on which it introduces itself.
            modules: Modules beside it, by name.
            entry_points: The whole entry_points.txt.
            metadata: The whole METADATA.
        """
        package = name.replace("-", "_") if package is None else package
        info = self._folder / f"{name.replace('-', '_')}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n" if metadata is None else metadata
        )
        points = f"[llmcache]\n{plugin or package} = {package}.plugin\n" if entry_points is None else entry_points
        (info / "entry_points.txt").write_text(points)
        files = {"plugin": PAGE.format(scheme=scheme, package=package) if page is None else page}
        files |= {"store": STORE.format(package=package), "driver": ""} if modules is None else modules
        (self._folder / package).mkdir()
        (self._folder / package / "__init__.py").touch()
        for module, source in files.items():
            (self._folder / package / f"{module}.py").write_text(source)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A site of one's own; modules imported from it are forgotten afterwards."""
    folder = tmp_path / "site-packages"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    before = set(sys.modules)
    yield Site(folder)
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "") or "").startswith(str(folder)):
            del sys.modules[name]
