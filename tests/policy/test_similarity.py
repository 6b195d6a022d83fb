"""From neighbours to a decision: near enough, agreed enough, and not refused."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcache.policy.similarity import Candidate, Decision, Thresholds, Verdict, decide, margin_of

SURE = Thresholds(similarity=0.8, margin=0.1)
NEIGHBOURS = st.lists(
    st.builds(Candidate, st.text(max_size=3), st.floats(-1, 1), st.sampled_from(["a", "b", "c"])), max_size=20
)


def anything(_: Candidate) -> None:
    """Refuse nothing."""


def near(*pairs: tuple[float, str]) -> list[Candidate]:
    """Return neighbours named by their position."""
    return [Candidate(str(index), similarity, answer) for index, (similarity, answer) in enumerate(pairs)]


def test_nothing_kept_is_a_miss() -> None:
    """An empty cache knows nothing."""
    assert Decision(Verdict.MISS, reason="nothing kept") == decide([], SURE, anything)


def test_lone_neighbour_that_is_near_is_a_hit() -> None:
    """Nobody says otherwise, but the one that is not there."""
    only = near((0.9, "a"))
    decision = decide(only, SURE, anything)

    assert (Verdict.HIT, only[0], "") == (decision.verdict, decision.candidate, decision.reason)
    assert 0.2 == pytest.approx(decision.margin)


def test_limits_themselves_are_enough() -> None:
    """At the similarity itself there is a hit, one step below there is none."""
    below = math.nextafter(0.8, 0)

    lax = Thresholds(similarity=0.8, margin=0.0)
    assert Verdict.HIT is decide(near((0.8, "a")), lax, anything).verdict
    assert Verdict.NEAR_MISS is decide(near((below, "a")), lax, anything).verdict
    assert Verdict.MISS is decide(near((0.69, "a")), lax, anything).verdict


def test_two_answers_at_one_distance_are_a_near_miss() -> None:
    """However near both are: who is asked cannot know which."""
    decision = decide(near((0.99, "a"), (0.98, "b")), SURE, anything)

    assert Verdict.NEAR_MISS is decision.verdict
    assert "not clear enough" == decision.reason
    assert 0.01 == pytest.approx(decision.margin, abs=1e-3)


def test_lone_voice_must_be_louder_than_the_answer_that_is_not_there() -> None:
    """What nobody has asked for yet speaks, too; where several agree they outvoice it from farther away."""
    assert Verdict.NEAR_MISS is decide(near((0.82, "a")), Thresholds(), anything).verdict
    assert Verdict.HIT is decide(near((0.89, "a")), Thresholds(), anything).verdict
    assert Verdict.HIT is decide(near(*[(0.82, "a")] * 5), Thresholds(), anything).verdict


def test_margin_of_two_is_their_distance() -> None:
    """With one voice each, the margin is what it is called."""
    assert 0.1 == pytest.approx(margin_of(near((0.98, "a"), (0.88, "b")), "a"), abs=2e-3)


def test_agreeing_neighbours_speak_louder() -> None:
    """Three of a kind outweigh one that is as near, and a crowd of others outweighs a lone nearest one."""
    lone = margin_of(near((0.9, "a"), (0.85, "b")), "a")

    assert lone < margin_of(near((0.9, "a"), (0.9, "a"), (0.9, "a"), (0.85, "b")), "a")
    assert lone > margin_of(near((0.9, "a"), *[(0.85, f"b{n}") for n in range(10)]), "a")


def test_answer_that_nobody_holds_has_no_margin() -> None:
    """It loses to whatever there is."""
    assert -1.0 == margin_of(near((0.9, "a")), "z")


def test_refused_neighbour_gives_way_to_another_with_its_answer() -> None:
    """What differs there does not matter to the answer, for both have it."""
    three = near((0.95, "a"), (0.9, "a"), (0.7, "b"))
    decision = decide(three, SURE, lambda each: "numbers differ" if each.id == "0" else None)

    assert (Verdict.HIT, three[1]) == (decision.verdict, decision.candidate)


def test_refusal_by_all_of_the_answer_says_the_nearest_ones_reason() -> None:
    """One that is too far away, or holds another answer, is not asked."""
    asked: list[str] = []

    def refusal(each: Candidate) -> str:
        asked.append(each.id)
        return f"reason {each.id}"

    decision = decide(near((0.95, "a"), (0.9, "a"), (0.79, "a"), (0.7, "b")), SURE, refusal)

    assert (Verdict.REFUSED, "reason 0", "0") == (decision.verdict, decision.reason, decision.candidate and "0")
    assert ["0", "1"] == asked


@given(NEIGHBOURS)
def test_hit_is_near_enough_and_of_the_nearest_ones_answer(neighbours: list[Candidate]) -> None:
    """Whatever the neighbourhood: no hit below the thresholds, and none for an answer that is not nearest."""
    decision = decide(neighbours, SURE, anything)

    if decision.verdict is Verdict.HIT:
        assert decision.candidate is not None
        assert decision.similarity >= SURE.similarity
        assert decision.margin >= SURE.margin
        nearest = max(each.similarity for each in neighbours)
        assert decision.candidate.answer in {each.answer for each in neighbours if each.similarity == nearest}
    assert (decision.reason == "") is (decision.verdict is Verdict.HIT)


@given(NEIGHBOURS, st.floats(0, 1), st.floats(0, 1))
def test_stricter_thresholds_give_no_hit_that_was_none(
    neighbours: list[Candidate], similarity: float, margin: float
) -> None:
    """A threshold is a threshold: raising one never adds a hit."""
    strict = Thresholds(max(similarity, SURE.similarity), max(margin, SURE.margin))

    if decide(neighbours, strict, anything).verdict is Verdict.HIT:
        assert decide(neighbours, SURE, anything).verdict is Verdict.HIT
