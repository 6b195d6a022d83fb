"""Places are named for people."""

import pytest

from llmcache.codec.place import Place, root, spell


def place(*steps: str | int) -> Place:
    """Return the place behind the root `message`."""
    here = root("message")
    for step in steps:
        here = (here, step)
    return here


@pytest.mark.parametrize(
    ("steps", "text"),
    [
        ((), "message"),
        (("content",), "message.content"),
        (("content", 2, "text"), "message.content[2].text"),
        (("_a-b9",), "message._a-b9"),
        (("",), "message[?]"),
        (("9a",), "message[?]"),
        (("two words",), "message[?]"),
        (("mary@example.org", 0), "message[?][0]"),
        (("line\n",), "message[?]"),
        (("é",), "message[?]"),
        (("a" * 40,), "message." + "a" * 40),
        (("a" * 41,), "message[?]"),
        (tuple(range(8)), "message[0][1][2][3][4][5][6][7]"),
        (tuple(range(9)), "message[0][1][2][3][4][5][6][7]..."),
    ],
)
def test_place_is_spelled(steps: tuple[str | int, ...], text: str) -> None:
    """Names and indexes are shown, other keys are not, and a long way is cut."""
    assert text == spell(place(*steps))
