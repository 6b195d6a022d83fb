"""The examples of the documents: fenced blocks, found in their pages."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block.

    Attributes:
        language: The word behind the fence.
        text: What is in it.
        line: Where it begins in its page.
        adjoins: True where only blank lines stand between it and the block before.
    """

    language: str
    text: str
    line: int
    adjoins: bool


def pages() -> list[Path]:
    """Every page of documentation, the front page included."""
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    text = page.read_text()
    found: list[Block] = []
    end = 0
    for match in _FENCE.finditer(text):
        adjoins = bool(found) and not text[end : match.start()].strip()
        found.append(Block(match[1], match[2], text[: match.start()].count("\n") + 1, adjoins))
        end = match.end()
    return found
