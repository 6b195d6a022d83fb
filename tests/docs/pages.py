"""The pages of the documentation, their links and their examples.

An example is a fenced block. Those of one page in one language run one after the other, as a reader types them. A block
of the language `text` right behind one is what it prints. One that cannot run here, because it needs a server or an account,
has a line before it that says so:

    <!-- not run: needs a Redis server -->
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.architecture.sources import ROOT

_BLOCK = re.compile(
    r"(?P<why><!-- not run: [^>]+ -->\n+)?^(?P<indent> *)```(?P<language>\w+)[^\n]*\n(?P<text>.*?)^ *```",
    re.MULTILINE | re.DOTALL,
)
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Example:
    """One fenced block.

    Attributes:
        page: The file it is in.
        line: The line its text begins at.
        language: What stands behind the fence.
        text: Its lines, without the indentation of the fence.
        runs: False where the page says that it cannot run here.
        prints: What the page says it prints; None where it does not say.
    """

    page: Path
    line: int
    language: str
    text: str
    runs: bool
    prints: str | None


def pages() -> list[Path]:
    """Return the pages for users and contributors."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def examples(page: Path) -> Iterator[Example]:
    """Give the fenced blocks of a page that name a language."""
    text = page.read_text("utf-8")
    for found in _BLOCK.finditer(text):
        behind = _BLOCK.match(text, _next_line(text, found.end()))
        begin = text.count("\n", 0, found.start("text")) + 1
        prints = _lines(behind) if behind is not None and behind["language"] == "text" else None
        yield Example(page, begin, found["language"], _lines(found), found["why"] is None, prints)


def _lines(block: re.Match[str]) -> str:
    return "".join(line.removeprefix(block["indent"]) for line in block["text"].splitlines(keepends=True))


def _next_line(text: str, end: int) -> int:
    """Return where the next line with anything on it begins."""
    blank = re.compile(r"\s*\n").match(text, end)
    return blank.end() if blank else end


def links(page: Path) -> list[str]:
    """Return the targets of a page's links, those inside of examples left out."""
    return _LINK.findall(_without_examples(page))


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as code hosts make them."""
    return {_anchor(heading) for heading in _HEADING.findall(_without_examples(page))}


def _without_examples(page: Path) -> str:
    return _BLOCK.sub("", page.read_text("utf-8"))


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
