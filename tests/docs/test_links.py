"""Links inside the documentation lead somewhere."""

from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.architecture.sources import ROOT
from tests.docs.pages import anchors, links, pages


def problem(page: Path, link: str) -> str | None:
    """Say what is wrong with a link, or return None; addresses of other sites are not asked."""
    if "://" in link or link.startswith("mailto:"):
        return None
    path, _, anchor = unquote(link).partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.is_relative_to(ROOT):
        return f"{link} leaves the repository"
    if not target.exists():
        return f"{link} leads nowhere"
    if anchor and anchor not in anchors(target):
        return f"{link}: no heading gives #{anchor}"
    return None


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    """Each relative link names a file of the repository, and each anchor a heading in it."""
    problems = [found for link in links(page) if (found := problem(page, link))]

    assert [] == problems


def test_broken_links_are_seen(tmp_path: Path) -> None:
    """A missing file, a missing heading and a way out of the repository are found; a right link is not."""
    page = ROOT / "docs" / "reference" / "cli.md"

    assert None is problem(page, "../../README.md")
    assert None is problem(page, "#exit-codes")
    assert None is problem(page, "cli.md#key-and-explain")
    assert problem(page, "nowhere.md") is not None
    assert problem(page, "#no-such-heading") is not None
    assert problem(page, "../../../elsewhere.md") is not None
