"""The suite as tests of pytest: by option, by class, and what happens to those who look for a way around it."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

HEAD = "from llmcache_conformance import Conformance, Need\n\n"
ORDINARY = HEAD + 'class TestMyDB(Conformance):\n    url = "memory:"\n'
BROKEN = (
    HEAD
    + "from llmcache_conformance.saboteurs import SABOTEURS\n\n"
    + "class TestBroken(Conformance):\n"
    + "    subject = next(one for one in SABOTEURS if one.name == 'TakesEmptyForMissing').subject()\n"
)
LONGEST = 60.0


def ran(folder: Path, *arguments: str, source: str = "", optimized: bool = False) -> tuple[int, str]:
    """Run pytest in an empty folder, as a stranger would; return its exit code and what it printed."""
    if source:
        (folder / "test_mydb.py").write_text(source)
    flags = ["-O", "-W", "ignore"] if optimized else []
    command = [sys.executable, *flags, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=LONGEST, check=False)
    return done.returncode, done.stdout + done.stderr


def test_store_is_named_by_an_option(tmp_path: Path) -> None:
    """`pytest --pyargs llmcache_conformance --llmcache-url URL` works from any folder and skips nothing."""
    code, out = ran(
        tmp_path, "--pyargs", "llmcache_conformance", "--llmcache-url", "memory:", "-k", "KV or empty or many"
    )

    assert 0 == code, out
    assert "empty_body_is_no_miss-async" in out
    assert "skipped" not in out


def test_without_a_store_nothing_looks_like_a_success(tmp_path: Path) -> None:
    """The suite alone, without an option, is a usage error."""
    code, out = ran(tmp_path, "--pyargs", "llmcache_conformance")

    assert 0 != code
    assert "say which store: --llmcache-url URL" in out


def test_address_that_is_none_is_said_once(tmp_path: Path) -> None:
    """And not by hundreds of tests, a minute later."""
    for options in (("--llmcache-url", "memry:"), ("--llmcache-url", "memory:", "--llmcache-small", "memry:")):
        code, out = ran(tmp_path, "--pyargs", "llmcache_conformance", *options)

        assert 2 == code
        assert f"UsageError: {options[-2]}: no store is installed for the scheme 'memry'" in out
        assert "1 error in" in out


def test_class_of_four_lines_is_enough(tmp_path: Path) -> None:
    """What a stranger writes; `-k` that fits nothing is no success."""
    code, out = ran(tmp_path, "-k", "empty", source=ORDINARY)
    nothing, _ = ran(tmp_path, "-k", "no_such_check")

    assert 0 == code, out
    assert 5 == nothing
    assert 4 == len(ORDINARY.splitlines())


@pytest.mark.parametrize("optimized", [False, True])
def test_broken_store_fails(tmp_path: Path, *, optimized: bool) -> None:
    """Also where Python removes assertions."""
    code, out = ran(tmp_path, "-k", "empty_body", source=BROKEN, optimized=optimized)

    assert 1 == code, out
    assert "Broken" in out


def test_method_of_the_suite_cannot_be_replaced(tmp_path: Path) -> None:
    """A class that empties the test is refused when it is made."""
    source = ORDINARY + "\n    def test_conforms(self):\n        pass\n"
    code, out = ran(tmp_path, source=source)

    assert 2 == code
    assert "puts test_conforms in the place of the suite's own; waive instead" in out


def test_class_without_a_store_fails(tmp_path: Path) -> None:
    """A class that names no store is not a success of nothing."""
    code, out = ran(tmp_path, "-k", "empty_body", source=HEAD + "class TestNothing(Conformance):\n    pass\n")

    assert 1 == code
    assert "says neither `url` nor `subject`" in out


def test_missing_need_fails_until_it_is_named(tmp_path: Path) -> None:
    """What only the caller lacks is a failure, and gone when it is left out by name."""
    url = f"sqlite:{tmp_path}/data"
    source = ORDINARY.replace("memory:", url)
    gap, out = ran(tmp_path, "-k", "deleting_makes_room", source=source)
    named, _ = ran(tmp_path, "-k", "deleting_makes_room", source=source + "    without = {Need.SMALL}\n")

    assert 1 == gap
    assert "without = {Need.SMALL}" in out
    assert 5 == named


def test_undeclared_ability_runs_the_probe_in_its_place(tmp_path: Path) -> None:
    """A store that cannot be opened twice is shown to be private, and the test passes by that."""
    code, out = ran(tmp_path, "-k", "another_handle and not told", source=ORDINARY)

    assert 0 == code
    assert "4 passed" in out


def test_waived_failure_is_told_and_a_needless_waiver_fails(tmp_path: Path) -> None:
    """A waiver turns a failure into an expected one, and the success of its check into a failure."""
    waivers = '[[waive]]\ncheck = "empty_body_is_no_miss-async"\nreason = "known"\nuntil = 2099-01-01\n'
    (tmp_path / "waivers.toml").write_text(waivers)
    waived = '    waive = "waivers.toml"\n'
    needless, needless_out = ran(tmp_path, "-k", "empty_body_is", source=ORDINARY + waived)
    needed, needed_out = ran(tmp_path, "-k", "empty_body_is and async and not writes", source=BROKEN + waived)

    assert (1, 0) == (needless, needed)
    assert "the waiver (known) has to go" in needless_out
    assert "3 passed" in needless_out
    assert "waived until 2099-01-01: known" in needed_out
