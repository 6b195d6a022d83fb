"""Files of waivers, right and wrong."""

from datetime import date
from pathlib import Path

import pytest

from llmcache.errors import ConfigError
from llmcache_conformance.plan import all_checks
from llmcache_conformance.waivers import Waiver, check_waivers, read_waivers

GOOD = """
[[waive]]
check = "expired_keys_are_not_listed"
reason = " the server sweeps later "
until = 2027-03-31
"""


def written(folder: Path, text: str) -> Path:
    """Write a file of waivers."""
    path = folder / "waivers.toml"
    path.write_text(text)
    return path


def test_waiver_has_a_check_a_reason_and_a_last_day(tmp_path: Path) -> None:
    """A file is read into values; a name without a colour means all colours of the case."""
    (waiver,) = read_waivers(written(tmp_path, GOOD))

    assert Waiver("expired_keys_are_not_listed", "the server sweeps later", date(2027, 3, 31)) == waiver
    assert [True, True, False] == [
        waiver.fits(name)
        for name in ("expired_keys_are_not_listed", "expired_keys_are_not_listed-async", "expired_keys-async")
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (GOOD.replace("until = 2027-03-31", ""), "waiver 1 is .* found check, reason"),
        (GOOD.replace("2027-03-31", '"2027-03-31"'), "until is a day"),
        (GOOD.replace("2027-03-31", "2027-03-31T00:00:00Z"), "until is a day"),
        (GOOD.replace(" the server sweeps later ", " "), "in words"),
        (GOOD.replace("check = ", "name = "), "waiver 1 is .* found name"),
        ("[waiver]\n" + GOOD, "found waiver"),
        ("waive = [1]", "found int"),
        ("waive = 1", "found one table"),
        ("[[", "cannot be read"),
    ],
)
def test_wrong_file_says_what_is_wrong(tmp_path: Path, text: str, found: str) -> None:
    """A waiver without reason or end, or a slip in the file, is refused and never ignored."""
    with pytest.raises(ConfigError, match=found):
        read_waivers(written(tmp_path, text))


def test_missing_file_is_an_error(tmp_path: Path) -> None:
    """A file that is not there waives nothing, in silence least of all."""
    with pytest.raises(ConfigError, match="cannot be read"):
        read_waivers(tmp_path / "absent.toml")


def test_waiver_of_an_unknown_check_is_an_error() -> None:
    """A check that was renamed takes nobody's waiver along."""
    with pytest.raises(ConfigError, match="no check 'expired_keys' to waive"):
        check_waivers([Waiver("expired_keys", "no longer", date(2027, 1, 1))], all_checks())
