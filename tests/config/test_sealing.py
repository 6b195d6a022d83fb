"""The secrets of a seal from the environment: who says them, what is wrong with one, and that none is shown."""

from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from llmcache.config.reading import read_document
from llmcache.config.resolving import naming_in_force, resolve, written_secrets
from llmcache.config.settings import Settings
from llmcache.config.sources import VARIABLES
from llmcache.errors import ConfigError, UsageError
from llmcache.model.namespace import Namespace
from llmcache.model.seal import Seal

NEW, OLD, NAMES = (bytes([number]) * 32 for number in (1, 2, 3))
SET = {name: b64encode(secret).decode() for name, secret in (("NEW", NEW), ("OLD", OLD), ("NAMES", NAMES))}
FILE = """
[llmcache]
profile = "prod"
seal.names = "${NAMES}"

[profiles.prod]
seal.keys = ["${NEW}", "${OLD}"]

[profiles.dev]
seal.keys = ["${DEV}"]
"""


def settled(folder: Path, text: str = FILE, environment: dict[str, str] | None = None, **given: Any) -> Settings:
    """Return the settings in force in a folder with a file."""
    (folder / "llmcache.toml").write_text(text)
    return resolve(environment=SET if environment is None else environment, folder=folder, **given)


def refused(folder: Path, text: str = FILE, environment: dict[str, str] | None = None) -> str:
    """Return what is said about a file that cannot be right; none of it is a secret."""
    with pytest.raises(ConfigError) as raised:
        settled(folder, text, environment)
    said = str(raised.value)
    assert [] == [value for value in (environment or SET).values() if len(value) > 6 and value in said]
    return said.replace("llmcache.toml", "")


def test_keys_and_names_come_from_the_environment(tmp_path: Path) -> None:
    """Key by key, as with every other option: the profile says the keys, the main table the names."""
    found = settled(tmp_path)
    shown = {setting.key: setting.value for setting in found.listed}
    ids = Seal(NEW, OLD).ids

    assert Seal(NEW, OLD, names=NAMES) == found.seal
    assert f"${{NEW}} (key {ids[0]}), ${{OLD}} (key {ids[1]})" == shown["seal.keys"]
    assert "${NAMES}" == shown["seal.names"]
    assert [] == [value for value in SET.values() if value in repr(found) + repr(found.listed)]


def test_without_keys_nothing_is_sealed(tmp_path: Path) -> None:
    """As it is by default; that is shown, too."""
    found = settled(tmp_path, '[llmcache]\nnamespace = "shop"\n')
    shown = {setting.key: setting.value for setting in found.listed}

    assert (None, None, None) == (found.seal, shown["seal.keys"], shown["seal.names"])


def test_the_argument_holds_over_the_file(tmp_path: Path) -> None:
    """Whole: variables of the file need not even be set."""
    found = settled(tmp_path, environment={}, seal=Seal(OLD))

    assert Seal(OLD) == found.seal
    assert [f"key {Seal(OLD).ids[0]}"] == [one.value for one in found.listed if one.key.startswith("seal")]
    with pytest.raises(UsageError, match=r"seal is a llmcache\.Seal, found str"):
        settled(tmp_path, seal="secret")


def test_settings_with_different_seals_are_different(tmp_path: Path) -> None:
    """So that what shares open caches never shares one between two seals."""
    assert settled(tmp_path) == settled(tmp_path)
    assert settled(tmp_path) != settled(tmp_path, environment=SET | {"NEW": b64encode(bytes(32)).decode()})
    assert 2 == len({settled(tmp_path), settled(tmp_path, seal=Seal(OLD)), settled(tmp_path)})


def test_a_variable_that_is_not_set_is_a_mistake_of_its_profile(tmp_path: Path) -> None:
    """Each is named; those of other profiles need not be there, and `config check` lists them."""
    said = refused(tmp_path, environment={"OLD": SET["OLD"]})

    assert "profiles.prod.seal] keys: found ${NEW}, which is not set" in said
    assert "llmcache.seal] names: found ${NAMES}, which is not set" in said
    assert "${OLD}" not in said
    assert {"NEW", "OLD", "NAMES", "DEV"} == set(written_secrets(read_document(tmp_path / "llmcache.toml")))


@pytest.mark.parametrize("value", ["hunter2hunter2", b64encode(bytes(31)).decode(), "$" * 44])
def test_a_value_that_is_no_secret_is_said_without_it(value: str, tmp_path: Path) -> None:
    """Where it stands, what it should be, and how to make one."""
    said = refused(tmp_path, environment=SET | {"OLD": value, "NAMES": value})
    told = "whose value is something else; allowed base64 of 32 random bytes; make one with: openssl rand -base64 32"

    assert f":7: [profiles.prod.seal] keys: found ${{OLD}}, {told}" in said
    assert f":4: [llmcache.seal] names: found ${{NAMES}}, {told}" in said
    assert "hunter2" not in said


def test_one_secret_serves_one_purpose(tmp_path: Path) -> None:
    """Neither two keys nor a key and the names may be the same."""
    for same in ("OLD", "NAMES"):
        said = refused(tmp_path, environment=SET | {same: SET["NEW"]})

        assert ":7: [profiles.prod.seal] keys: found one secret twice; allowed another secret for each key" in said


def test_names_alone_are_a_mistake(tmp_path: Path) -> None:
    """They would hide what the bodies beside them say."""
    said = refused(tmp_path, '[llmcache]\nseal.names = "${NAMES}"\n')

    assert ":2: [llmcache.seal] names: found names without keys; allowed both, or keys alone" in said


def test_who_only_makes_keys_needs_the_names_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`llmcache key` works where the keys of the seal are not; without the names it would print another key."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "llmcache.toml").write_text(FILE)
    monkeypatch.setenv("NAMES", SET["NAMES"])
    found = naming_in_force("shop")
    monkeypatch.setenv("NAMES", "hunter2")

    assert (Namespace(("shop",)), NAMES) == found
    with pytest.raises(ConfigError, match="whose value is something else"):
        naming_in_force("shop")
