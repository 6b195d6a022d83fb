"""Mistakes in a configuration file: each is said with its place, and all of them at once."""

import re
from pathlib import Path

import pytest

from llmcache.config.reading import read_document
from llmcache.config.resolving import resolve
from llmcache.errors import ConfigError
from tests.config.wrong_file import WrongFile
from tests.config.wrong_files import WRONG_FILES


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, empty."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def problems(folder: Path, text: str, name: str = "llmcache.toml") -> list[str]:
    """Write a file and return what is said about it."""
    (folder / name).write_text(text, "utf-8", newline="")
    return [mistake.text for mistake in read_document(folder / name).mistakes]


def test_the_table_is_long() -> None:
    """Mistakes of every kind, in every table."""
    assert len(WRONG_FILES) >= 25
    assert len({wrong.name for wrong in WRONG_FILES}) == len(WRONG_FILES)


@pytest.mark.parametrize("wrong", WRONG_FILES, ids=lambda wrong: wrong.name)
def test_one_mistake_is_said_whole(wrong: WrongFile, here: Path) -> None:
    """File, line, table, key, what was found, what is allowed, the nearest spelling; never a password."""
    found = problems(here, wrong.text)

    assert [f"llmcache.toml{wrong.says}"] == found
    assert "hunter2" not in "".join(found)


def test_all_mistakes_are_said_at_once(here: Path) -> None:
    """In the order of the lines, whatever tables they are in; the error counts them."""
    body = "".join(f'[profiles.p{number}]\nstore = "memory:"\nwrong{number} = 1\n' for number in range(5))
    problems(here, f"[stores.x]\n{body}[llmcache]\nttl = 5\n")
    with pytest.raises(ConfigError) as raised:
        resolve(None, environment={}, folder=here)

    assert str(raised.value).startswith("7 mistakes in the configuration:\n  llmcache.toml:1: [stores.x] url")
    assert [1, 4, 7, 10, 13, 16, 18] == [mistake.line for mistake in raised.value.mistakes]


def test_one_mistake_is_one_line(here: Path) -> None:
    """Without a count."""
    problems(here, "[llmcache]\nttl = 5\n")
    with pytest.raises(ConfigError) as raised:
        resolve(None, environment={}, folder=here)

    assert [str(raised.value)] == [mistake.text for mistake in raised.value.mistakes]
    assert "\n" not in str(raised.value)


OF_THE_MAIN_TABLE = [wrong for wrong in WRONG_FILES if wrong.says.startswith((":2: [llmcache", ":3: [llmcache"))]


@pytest.mark.parametrize("wrong", OF_THE_MAIN_TABLE, ids=lambda wrong: wrong.name)
def test_a_project_is_checked_alike(wrong: WrongFile, here: Path) -> None:
    """What stands in [llmcache] of a file of its own stands in [tool.llmcache] of a project's."""
    text = re.sub(r"^\[(?=profiles|stores)", "[tool.llmcache.", wrong.text, flags=re.MULTILINE)
    (found,) = problems(here, re.sub(r"^\[(?=llmcache)", "[tool.", text, flags=re.MULTILINE), "pyproject.toml")
    expected = wrong.says.replace("[llmcache", "[tool.llmcache")

    assert f"pyproject.toml{expected.partition('; ')[0]}" == found.partition("; ")[0]


def test_a_project_without_a_table(here: Path) -> None:
    """[tool.llmcache] must be a table, like everything in [tool]."""
    assert ["pyproject.toml:2: [tool] llmcache: found 5; allowed a table"] == problems(
        here, "[tool]\nllmcache = 5\n", "pyproject.toml"
    )
    assert ["pyproject.toml:1: [tool] llmcache: found 5; allowed a table"] == problems(
        here, "tool = 5\n", "pyproject.toml"
    )


def test_a_file_of_another_encoding(here: Path) -> None:
    """The line is that of the first wrong byte; a mark at the beginning, as editors of Windows write it, is none."""
    (here / "llmcache.toml").write_bytes(b"[llmcache]\nnamespace = '\xe9'\n")
    wrong = [mistake.text for mistake in read_document(here / "llmcache.toml").mistakes]
    (here / "llmcache.toml").write_bytes(b"\xef\xbb\xbf[llmcache]\r\nnamespace = 'x'\r\n")

    assert ["llmcache.toml:2: found bytes that are no UTF-8; allowed TOML in UTF-8"] == wrong
    assert [] == read_document(here / "llmcache.toml").mistakes


def test_a_file_that_cannot_be_read(here: Path) -> None:
    """It is not there, or is a folder."""
    (here / "folder.toml").mkdir()
    found = [read_document(here / name).mistakes[0].text for name in ("none.toml", "folder.toml")]

    assert found == [
        "none.toml: there is no such file; the argument names it",
        "folder.toml: found a file that cannot be read: Is a directory; allowed a TOML file",
    ]


def test_nesting_beyond_all_reason(here: Path) -> None:
    """It is a mistake of the file, not of the program."""
    (found,) = problems(here, "a = " + "[" * 100_000)

    assert found.startswith("llmcache.toml: found a file that cannot be read: RecursionError")


def test_a_file_outside_is_named_whole(here: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """So that it can be found."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (found,) = problems(elsewhere, "[llmcache]\nx = 1\n")

    assert found.startswith(f"{elsewhere}/llmcache.toml:2: [llmcache] x: found an unknown key")
