"""Whatever a file holds: it is read, or its mistakes are said, and no secret of it."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmcache.config.mistakes import error_of
from llmcache.config.reading import read_document
from llmcache.config.resolving import resolve
from llmcache.config.schema import FILE, options_of
from llmcache.errors import ConfigError, LLMCacheError
from tests.config.test_lines import quoted, written

KEYS = sorted({name for path, _ in options_of(FILE) for name in path} | {"dev", "shared", "odd key", "", "stor"})
URLS = st.sampled_from(
    [
        "sqlite:./x", "memory:?max_bytes=1", "redis://:hunter2@h", "redis://u:hun@ter2@h/0?password=hunter2",
        "momento://c?api_key=hunter2", "${WHOLE}", "redis://:${SECRET}@${HOST}", "hunter2://${", "shared", "dev", "7d", "",
    ]
)  # fmt: skip
VALUES = st.one_of(URLS, st.integers(), st.booleans(), st.floats(), st.lists(URLS, max_size=2))
TABLES = st.recursive(VALUES, lambda inner: st.dictionaries(st.sampled_from(KEYS), inner, max_size=4), max_leaves=12)
FILES = st.dictionaries(st.sampled_from(KEYS), TABLES, max_size=4)
ENVIRONMENT = {"WHOLE": "sqlite:./y", "SECRET": "hunter2", "HOST": "h"}


def toml(value: dict[str, Any]) -> str:
    """A file with these tables, one key a line."""
    return "\n".join(f"{quoted(name)} = {written(inner, False)}" for name, inner in value.items())


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(FILES)
def test_any_file_is_read_or_refused(tmp_path: Path, value: dict[str, Any]) -> None:
    """Every mistake has a line; whether it is read or refused, no password that stands in it is said."""
    path = tmp_path / "llmcache.toml"
    path.write_text(toml(value), "utf-8")
    document = read_document(path)
    said = "".join(mistake.text for mistake in document.mistakes)
    try:
        found = resolve(str(path), environment=ENVIRONMENT, folder=tmp_path)
    except LLMCacheError as error:
        said += str(error)
    else:
        said += repr(found) + "".join(str(setting.value) for setting in found.listed)
        assert [] == document.mistakes

    assert "hunter2" not in said.replace("hunter2://", "")
    assert all(mistake.line for mistake in document.mistakes)


def test_an_error_without_a_place_is_one_line() -> None:
    """A mistake that is none of a line names the file alone, and an error of none is empty."""
    assert "" == str(error_of([]))
    with pytest.raises(ConfigError, match=r"^none\.toml: there is no such file"):
        resolve("none.toml", environment={})
