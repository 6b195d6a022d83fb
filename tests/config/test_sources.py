"""Where a cache that was not told its store finds it."""

import os
from pathlib import Path

import pytest

import llmcache
from llmcache.config import sources
from llmcache.config.sources import Source
from llmcache.errors import ConfigError


def test_the_nearest_word_holds(tmp_path: Path) -> None:
    """The argument, $LLMCACHE_URL, $LLMCACHE_CONFIG, a file of ours, a project's file, and then nothing."""
    (tmp_path / "project").mkdir()
    (tmp_path / "llmcache.toml").touch()
    (tmp_path / "project" / "pyproject.toml").write_text("[tool.llmcache]")
    environment = {"LLMCACHE_URL": "sqlite:/x", "LLMCACHE_CONFIG": "/named.toml"}
    inner = tmp_path / "project"
    found = [
        sources.find_source("memory:", environment, inner),
        sources.find_source("~/mine.toml", environment, inner),
        sources.find_source(None, environment, inner),
        sources.find_source(None, environment | {"LLMCACHE_URL": ""}, inner),
        sources.find_source(None, {}, inner),
    ]
    (tmp_path / "llmcache.toml").unlink()
    found.append(sources.find_source(None, {}, inner))
    (inner / "pyproject.toml").unlink()
    found.append(sources.find_source(None, {}, inner))

    assert found == [
        Source("the argument", url="memory:"),
        Source("the argument", file=Path.home() / "mine.toml"),
        Source("$LLMCACHE_URL", url="sqlite:/x"),
        Source("$LLMCACHE_CONFIG", file=Path("/named.toml")),
        Source("found from the working folder upward", file=tmp_path / "llmcache.toml"),
        Source("found from the working folder upward", file=inner / "pyproject.toml"),
        Source("the default"),
    ]


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("[tool.llmcache]\n", True),
        ("[tool.llmcache.stores.x]\n", True),
        ("[tool.llmcache]\nwrong", True),
        ("[tool.other]\nllmcache = 1\n", False),
        ("tool = 'llmcache'\n", False),
        ("dependencies = ['llmcache-kit'", False),
        ("[tool]\nllmcache", False),
        ("\xff llmcache", False),
    ],
)
def test_a_project_is_ours_by_its_table(tmp_path: Path, text: str, is_found: bool) -> None:
    """A project that only depends on us, or whose file is broken elsewhere, is passed over."""
    (tmp_path / "pyproject.toml").write_text(text, "latin-1")
    (tmp_path / "below").mkdir()

    assert is_found == (sources.find_source(None, {}, tmp_path / "below").file is not None)


def test_a_file_that_another_user_planted_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder that everybody may write to only one's own files and root's are taken."""
    planted = tmp_path / "llmcache.toml"
    planted.touch()
    if os.getuid() == 0:  # root's own files are taken anywhere
        os.chown(planted, 4711, -1)
    owner = planted.stat().st_uid
    monkeypatch.setattr(os, "getuid", lambda: owner + 1)
    closed = sources.find_source(None, {}, tmp_path).file
    tmp_path.chmod(0o777)
    opened = sources.find_source(None, {}, tmp_path).file
    monkeypatch.setattr(os, "getuid", lambda: owner)

    assert (planted, None, planted) == (closed, opened, sources.find_source(None, {}, tmp_path).file)


def test_a_folder_of_that_name_is_no_file(tmp_path: Path) -> None:
    """The search goes on."""
    (tmp_path / "llmcache.toml").mkdir()

    assert sources.find_source(None, {}, tmp_path).file is None


def test_a_working_folder_that_was_removed_has_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no way upward from it."""
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()

    assert Source("the default") == sources.find_source(None, {})


def test_an_empty_variable_says_nothing_and_an_empty_argument_is_wrong(tmp_path: Path) -> None:
    """A variable cannot always be unset; whoever gives an empty text has lost the address."""
    assert sources.find_source(None, {"LLMCACHE_URL": "", "LLMCACHE_CONFIG": ""}, tmp_path).origin == "the default"
    with pytest.raises(ConfigError, match="'' is not a store URL"):
        llmcache.open("")


def test_errors_name_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever reads one did not write the variable there and then."""
    monkeypatch.delenv("LLMCACHE_URL", raising=False)
    monkeypatch.setenv("LLMCACHE_CONFIG", str(tmp_path / "nope.toml"))
    with pytest.raises(ConfigError, match=r"nope.toml: there is no such file; \$LLMCACHE_CONFIG names it$"):
        llmcache.open()
    for url in ("sqllite:./x", "./x", "sqlite:./x?max_bytes=10"):
        monkeypatch.setenv("LLMCACHE_URL", url)
        with pytest.raises(ConfigError, match=r"^\$LLMCACHE_URL: "):
            llmcache.open()


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("LLMCACHE_URL", "./llmcache.toml", "named by LLMCACHE_CONFIG"),
        ("LLMCACHE_CONFIG", "sqlite:", "path of a .toml"),
    ],
)
def test_a_variable_that_holds_what_the_other_should(name: str, value: str, complaint: str) -> None:
    """The error names the variable."""
    with pytest.raises(ConfigError, match=f"{name} .*{complaint}"):
        sources.find_source(None, {name: value})


def test_the_cache_folder_follows_the_platform() -> None:
    """XDG on Linux, Library on macOS, LOCALAPPDATA on Windows."""
    found = [
        sources.cache_folder({"XDG_CACHE_HOME": "/xdg"}, "linux"),
        sources.cache_folder({}, "linux"),
        sources.cache_folder({"XDG_CACHE_HOME": "relative"}, "linux"),
        sources.cache_folder({}, "darwin"),
        sources.cache_folder({"LOCALAPPDATA": "/local"}, "win32"),
        sources.cache_folder({}, "win32"),
    ]

    assert found == [
        Path("/xdg/llmcache"),
        Path.home() / ".cache/llmcache",
        Path.home() / ".cache/llmcache",
        Path.home() / "Library/Caches/llmcache",
        Path("/local/llmcache"),
        Path.home() / "AppData/Local/llmcache",
    ]


def test_a_user_without_a_home_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Containers run as numbers that no user has."""

    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)

    with pytest.raises(ConfigError, match="set LLMCACHE_URL"):
        sources.cache_folder({}, "linux")
    assert sources.cache_folder({"XDG_CACHE_HOME": "/xdg"}, "linux") == Path("/xdg/llmcache")


@pytest.mark.parametrize("path", ["~nobody-of-that-name", "~nobody-of-that-name/x", "~\0"])
def test_home_of_nobody_is_said(path: str) -> None:
    """Neither a store's address nor a file's path may raise anything but ConfigError."""
    with pytest.raises(ConfigError, match="home folder"):
        sources.folder_named("sqlite", path)
    with pytest.raises(ConfigError, match="home folder"):
        sources.find_source(f"{path}.toml", {})
    with pytest.raises(ConfigError, match="home folder"):
        sources.find_source(None, {"LLMCACHE_CONFIG": f"{path}.toml"})
