"""Asides: what a question says about something else is left out, and nothing of what it asks."""

import pytest

from llmcache.policy.asides import without_asides
from llmcache.policy.reading import read


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("How do I freeze my card? It is for a school project.", "How do I freeze my card?"),
        ("My friend asked me: how do I freeze my card?", "how do I freeze my card?"),
        ("How do I freeze my card, as I read in a book?", "How do I freeze my card,"),
        ("How do I freeze my card (my neighbour has a bicycle)?", "How do I freeze my card"),
        ("My phone is old - how do I freeze my card", "- how do I freeze my card"),
        ("my phone is old\nhow do I freeze my card", "how do I freeze my card"),
        ("How do I freeze it? My card is old.", "How do I freeze it? My card is old."),
        ("How do I freeze my card? Soon.", "How do I freeze my card? Soon."),
        (
            "How do I freeze my card while a school project lasts?",
            "How do I freeze my card while a school project lasts?",
        ),
        ("My phone is old.", "My phone is old."),
        ("My phone is old. It is for a school project.", "My phone is old. It is for a school project."),
        ("", ""),
    ],
)
def test_parts_that_share_no_word_are_left_out(text: str, bare: str) -> None:
    """Of two words or more, between signs or ends of lines; where no part has a word in common, the text stays as it is."""
    assert bare == without_asides(text, "How do I block a card?")


def test_parts_on_both_sides_of_an_aside_are_two_sentences() -> None:
    """Or the capital of the second would make a name of a word that is none."""
    bare = without_asides("My card is lost, my neighbour has a bicycle! What blocks a card?", "How do I block a card?")

    assert "My card is lost,. What blocks a card?" == bare
    assert not read(bare).names
