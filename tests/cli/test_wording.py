"""How quantities and foreign text look."""

import pytest

from llmcache.cli.wording import count, duration, one_line, size, span, visible


@pytest.mark.parametrize(
    ("number", "shown"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (4300, "4.2 KiB"), (5 << 20, "5.0 MiB"), (3 << 30, "3.0 GiB")],
)
def test_sizes(number: int, shown: str) -> None:
    """A size is shown in the largest unit that it reaches."""
    assert shown == size(number)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-5, "0 s"),
        (0.4, "0 s"),
        (59, "59 s"),
        (59.6, "1 min"),
        (60, "1 min"),
        (3599, "1 h"),
        (7200, "2 h"),
        (86400 * 12, "12 d"),
    ],
)
def test_spans(seconds: float, shown: str) -> None:
    """A length of time is shown in its largest unit, and is never negative."""
    assert shown == span(seconds)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(-1, "0 ms"), (0.0004, "0.4 ms"), (0.34, "340 ms"), (1.2345, "1.2 s"), (59, "59 s"), (200, "3 min")],
)
def test_durations(seconds: float, shown: str) -> None:
    """What was short is shown in milliseconds, or with one digit behind the point."""
    assert shown == duration(seconds)


def test_counts() -> None:
    """Nouns follow the number."""
    assert ["0 entries", "1 entry", "1,024 entries", "2 keys"] == [
        count(0, "entry", "entries"), count(1, "entry", "entries"), count(1024, "entry", "entries"), count(2, "key"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é 漢 🍞", "plain é 漢 🍞"),
        ("line\n\ttab", "line\n\ttab"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("\r\b\x7f\x9b31m", "\\r\\x08\\x7f\\x9b31m"),
        ("right\u202eleft", "right\\u202eleft"),
        ("half \ud83d", "half \\ud83d"),
    ],
)
def test_nothing_steers_the_terminal(text: str, shown: str) -> None:
    """Control characters, bidirectional overrides and lone surrogates are shown as escapes; letters of any script stay."""
    assert shown == visible(text)


def test_cells_have_no_line_breaks() -> None:
    """In a table's cell a line break is shown as an escape too."""
    assert "a\\nb\\tc" == one_line("a\nb\tc")
