"""constraints.txt: the versions that `make` installs."""

import re
import tomllib

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.sources import ROOT

LINES = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
PINNED = {canonicalize_name(line.partition("==")[0]): line.partition("==")[2] for line in LINES}
# Extras that no target of the Makefile installs yet.
NOT_INSTALLED = {"disk", "redis", "momento", "otel"}


def declared() -> list[Requirement]:
    """Return the requirements of the base, of every extra that `make` installs, and of the suite, our own name left out."""
    project, suite = (
        tomllib.loads((ROOT / folder / "pyproject.toml").read_text("utf-8"))["project"]
        for folder in (".", "conformance")
    )
    extras: dict[str, list[str]] = project["optional-dependencies"]
    texts = [*project["dependencies"], *(text for name in extras.keys() - NOT_INSTALLED for text in extras[name])]
    return [one for one in map(Requirement, [*texts, *suite["dependencies"]]) if one.name != project["name"]]


def test_every_line_is_a_version() -> None:
    """A line is `name==version`: no address, no path, no editable install, so that any mirror serves."""
    assert [] == [line for line in LINES if not re.fullmatch(r"[A-Za-z0-9][\w.-]*==[\w.]+", line)]
    assert len(LINES) == len(PINNED)


def test_versions_fit_what_is_declared() -> None:
    """Every declared requirement is pinned, to a version inside its range."""
    wrong = [
        f"{one} is pinned to {PINNED.get(canonicalize_name(one.name))}"
        for one in declared()
        if not one.specifier.contains(PINNED.get(canonicalize_name(one.name), ""))
    ]

    assert [] == wrong
