"""Trying thresholds without a store: each question meets the others, and never itself."""

from collections.abc import Sequence

import numpy as np

from llmcache.api.trying import Corpus, try_all
from llmcache.policy.similarity import NEIGHBOURS


def corpus(*rows: tuple[str, str, float]) -> Corpus:
    """Return questions with answers, each at an angle in degrees."""
    angles = np.radians([angle for _, _, angle in rows])
    return Corpus(
        [question for question, _, _ in rows],
        [answer for _, answer, _ in rows],
        np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32),
    )


def test_question_is_asked_of_all_others() -> None:
    """Its nearest neighbour is not itself, and the guard sees both texts, and those of others near by with the same answer."""
    seen: list[tuple[str, str]] = []
    beside: list[list[str]] = []

    def refuse(asked: str, kept: str, alike: Sequence[str]) -> None:
        seen.append((asked, kept))
        beside.append(list(alike))

    outcomes = try_all(corpus(("a", "x", 0), ("b", "x", 10), ("c", "y", 90)), refuse=refuse)

    assert [True, True, False] == [each.is_right for each in outcomes]
    assert [("a", "b"), ("b", "a"), ("c", "b")] == seen
    assert [[], [], ["a"]] == beside
    assert abs(outcomes[0].similarity - np.cos(np.radians(10))) < 1e-6


def test_question_is_asked_of_a_cache_that_holds_other_ones() -> None:
    """Also one that holds the same, as another corpus may."""
    (outcome,) = try_all(corpus(("a", "x", 0)), corpus(("a", "x", 0), ("far", "y", 180)))

    assert outcome.is_right
    assert 1.0 == round(outcome.similarity, 6)


def test_only_the_nearest_are_heard() -> None:
    """A hundred that are far away do not outweigh those nearby."""
    near = [(f"n{place}", "x", place / 10) for place in range(NEIGHBOURS)]
    far = [(f"f{place}", "y", 40 + place / 10) for place in range(100)]
    (outcome,) = try_all(corpus(("a", "x", 0)), corpus(*near, *far), refuse=lambda *_: None)

    assert 0.3 < outcome.margin


def test_lone_question_meets_nobody() -> None:
    """There is nothing to be near to."""
    (outcome,) = try_all(corpus(("a", "x", 0)))

    assert -1.0 == outcome.similarity
