"""Texts about something else, put around an attacked question, so that little of what is said seems to differ."""

from typing import Final

PADDING: Final = (
    "{} It is for a school project.",
    "My friend asked me: {}",
    "In our team we discuss this, {}",
    "{} My neighbour has bought a bicycle.",
    "Yesterday I read about it. {}",
)


def padded(question: str, place: int) -> tuple[str, list[str]]:
    """Return `question` in one of the paddings, and the others beside it, with itself."""
    texts = [padding.format(question) for padding in PADDING]
    return texts.pop(place % len(PADDING)), [question, *texts]
