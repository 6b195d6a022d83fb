"""Places are named for people."""

import pytest

from llmcache.codec.place import Place, Step, root, spell


def place(*steps: Step) -> Place:
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
        (("extra", (0,), (12,), 3), "message.extra{0}{12}[3]"),
        (tuple(range(8)), "message[0][1][2][3][4][5][6][7]"),
        (tuple(range(9)), "message[0][1][2][3][4][5][6][7]..."),
    ],
)
def test_place_is_spelled(steps: tuple[Step, ...], text: str) -> None:
    """Fields and indexes are shown, members of dicts by position, and a long way is cut."""
    assert text == spell(place(*steps))
