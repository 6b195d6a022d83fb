"""The guard: what it refuses, what it lets through, and what that costs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcache.policy.guard import RULES, contradiction, refusal
from llmcache.policy.reading import read, stem
from tests.policy.attack_templates import BUILT, HELD_OUT
from tests.policy.attacks import ATTACKS, PARAPHRASES
from tests.policy.attacks_padded import PADDING, padded

ALL = [(sort, *pair) for sort, pairs in ATTACKS.items() for pair in pairs]
QUESTIONS = st.sampled_from([text for pair in PARAPHRASES for text in pair])
TEXTS = st.text(max_size=60) | QUESTIONS | st.builds(str.format, st.sampled_from(PADDING), QUESTIONS)


@pytest.mark.parametrize(("sort", "one", "other"), ALL)
def test_attack_is_refused(sort: str, one: str, other: str) -> None:
    """However near an embedding puts them: reversed, counted otherwise, named otherwise, denied, or lengthened."""
    assert refusal(one, other) is not None


def test_there_are_enough_attacks_of_each_sort() -> None:
    """A table that shrinks proves less."""
    assert 200 <= len(ALL)
    assert {"reversal", "numbers", "names", "negation", "suffixes", "later", "sharper", "fresh"} == ATTACKS.keys()
    assert all(len(pairs) >= 30 for pairs in ATTACKS.values())


def test_attacks_in_bulk_are_refused() -> None:
    """Five hundred in twenty-six categories, whatever the similarity."""
    passed = [(one, other) for pairs in BUILT.values() for one, other in pairs if refusal(one, other) is None]

    assert 26 == len(BUILT)
    assert 500 <= sum(map(len, BUILT.values()))
    assert [] == passed


def test_attacks_of_templates_and_words_it_was_not_built_with_are_refused_but_for_few() -> None:
    """What it does not know it refuses, too, because its rules are about how much differs, and not about which words."""
    passed = [(one, other) for pairs in HELD_OUT.values() for one, other in pairs if refusal(one, other) is None]

    assert 500 <= sum(map(len, HELD_OUT.values()))
    assert len(passed) <= 1


def test_texts_about_something_else_hide_no_difference() -> None:
    """Whoever keeps an attacked question in five paddings shows that those do not matter, and nothing about the question."""
    pairs = [pair for half in (BUILT, HELD_OUT) for each in half.values() for pair in each]
    kept = [padded(one, place) for place, (one, _) in enumerate(pairs)]
    passed = [
        (asked, text)
        for (_, asked), (text, beside) in zip(pairs, kept, strict=True)
        if refusal(asked, text, beside) is None
    ]

    assert 1_000 <= len(pairs)
    assert [] == passed


def test_texts_about_something_else_do_not_matter_where_others_show_it() -> None:
    """The padding of a paraphrase is no reason to refuse it when others of its answer have none."""
    text, beside = padded("How do I block my card?", 4)

    assert "another sentence" == refusal("How do I block my card?", text)
    assert refusal("How do I block my card?", text, beside) is None


def test_most_paraphrases_pass() -> None:
    """Of those in the table three of four do; a refused one costs a call, and no more."""
    refused = [pair for pair in PARAPHRASES if refusal(*pair)]

    assert 80 <= len(PARAPHRASES)
    assert len(refused) <= 22


HELD = ("How much is the fee?", "What does the fee cost?", "How much is the yearly fee for students?")
"""Questions of one answer, which shows that it is the same for students, and for each year."""


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ("How much is the yearly fee?", None),
        ("How much is the fee for students?", None),
        ("How much is the monthly fee?", "changed part"),
        ("How much is the fee for 2 students?", "numbers"),
        ("How much is no fee?", "negation"),
    ],
)
def test_what_questions_of_one_answer_differ_in_does_not_matter_to_it(asked: str, reason: str | None) -> None:
    """A word that others of them have is no doubt any more; one that none has still is, and a number or a denial always."""
    assert "changed part" == refusal("How much is the yearly fee?", HELD[0])
    assert reason == refusal(asked, HELD[0], HELD[1:])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("How do I pay?", "Hello, could you tell me how do I pay? Thanks a lot!"),
        ("Where is my card?", "Please let me know where my card is. I need an answer as soon as possible."),
    ],
)
def test_manners_make_no_difference(one: str, other: str) -> None:
    """Greetings, thanks and urgency ask for nothing."""
    assert refusal(one, other) is None


def test_manners_hide_no_difference() -> None:
    """Behind them the same words in another order are seen as such."""
    assert "order" == refusal("Does the boss trust me?", "Hi there! Do I trust the boss? I need an answer.")
    assert "order" == refusal("Can a cat eat a dog?", "Can you tell me: can a dog eat a cat?")


@given(TEXTS, TEXTS)
def test_refusal_is_the_same_in_both_directions(one: str, other: str) -> None:
    """Whichever was asked first; and whatever the text, it is judged without an error."""
    assert refusal(one, other) == refusal(other, one)
    assert refusal(one, other) in {None, *RULES}


@pytest.mark.parametrize("pair", PARAPHRASES)
def test_refusal_of_a_paraphrase_is_the_same_in_both_directions(pair: tuple[str, str]) -> None:
    """For real questions, too, which random texts seldom are."""
    assert refusal(*pair) == refusal(*pair[::-1])


@given(TEXTS)
def test_question_itself_is_never_refused(text: str) -> None:
    """The same words mean the same."""
    assert refusal(text, text) is None


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        ("My card is here", "My card is here 🎉", "signs"),
        ("My card is here", "My card is here\nSystem: hi", "signs"),
        ("what is 5 + 3", "what is 5 * 3", "signs"),
        ("Where is it?", "Где это?", "scripts"),
        ("Is Frаnce big?", "Is Frаnce large?", "scripts"),
        ("I have 2 cards", "I have 3 cards", "numbers"),
        ("see notes.txt", "see drafts.txt", "names"),
        ("it works", "it doesn't work", "negation"),
        ("open the door", "close the door", "opposites"),
        ("a is installed", "a is uninstalled", "opposites"),
        ("does a bite b", "does b bite a", "order"),
        ("when do you ship books to me", "where do you ship all those books", "asked for"),
        ("can i go", "can i go if it rains", "condition"),
        ("explain gravity", "explain gravity briefly", "form"),
        ("soup with rice", "soup with beans", "other words"),
        ("my card", "my card of gold with a blue stripe", "added words"),
        ("my card came", "My card came. Buy flowers.", "another sentence"),
        ("open on sundays", "only open on sundays", "marks"),
        ("does it print\nif a:\n  b()\n  c()", "does it print\nif a:\n  b()\nc()", "marks"),
        ("is this hers", "is this theirs or hers", "marks"),
        ("reset her password", "how can you reset a password", "persons"),
        ("sign in with a card", "how do i sign up and add a card", "particles"),
        ("where do i pay", "where do i pay in a shop", "added part"),
        ("translate need", "please translate want", "about words"),
        ("what is the fee", "what is the yearly fee", "changed part"),
        ("sales tonight", "sales tomorrow night", "changed part"),
    ],
)
def test_reason_names_the_rule(one: str, other: str, reason: str) -> None:
    """So that counters tell which rule costs how much."""
    assert reason == refusal(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("I pay 1,000 euros", "I pay 1000 euros"),
        ("who was in world war II", "who was in world war 2"),
        ("show all users other than admins", "show all users except admins"),
        ("is Lisbon far?", "is lisbon far?"),
        ("how do I turn on the radio", "how do I activate the radio"),
        ("the second card", "the 2nd card"),
        ("twenty-five cards", "25 cards"),
        ("I have one card", "I have 1 card"),
        ("I have one card", "I have a card"),
        ("I don't know why my card was blocked", "Why was my card blocked"),
        ("Top Up My Card", "top up my card"),
        ("WHERE IS MY CARD", "where is my card"),
        ("paying with Apple Pay", "paying with apple pay"),
        ("Is the color right?", "Is the colour right?"),
        ("check if it works", "check it works"),
        ("why was my withdrawl blocked", "why was my withdrawal blocked"),
        ("٣ كتب", "3 كتب"),
    ],
)
def test_spelling_makes_no_difference(one: str, other: str) -> None:
    """Thousands, ordinals, numbers in words, capitals, British and American, a forgotten letter."""
    assert refusal(one, other) is None


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        ("It takes 5 days.", "It takes 7 days.", "numbers"),
        ("Yes, you can.", "No, you cannot.", "negation"),
        ("Open the app and tap on top up.", "In the app, tap on top up.", None),
        ("Tap on Cards, then on Freeze.", "Freeze it under Cards in the app, as Bob says.", None),
        ("Prices rise.", "Prices fall.", "opposites"),
    ],
)
def test_answers_are_compared_by_what_they_say(one: str, other: str, reason: str | None) -> None:
    """Two models never word an answer alike; but a number, a denial or an opposite makes two of them."""
    assert reason == contradiction(one, other)


def test_stems_are_the_same_for_the_forms_of_a_word() -> None:
    """The commonest endings of English, and a few words that have none."""
    forms = [
        "pay paying pays paid",
        "city cities",
        "top topped topping",
        "take took taken taking",
        "box boxes",
        "foot feet",
    ]

    assert [1] * len(forms) == [len({stem(form) for form in text.split()}) for text in forms]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("don't pay back", "don't back pay"),
        ("never back Java", "back nicht Java"),
        ("from est-ce will cuesta? hello hi than", "from est-ce cuesta? sign hello hi will than"),
    ],
)
def test_whoever_asks_first_makes_no_difference(one: str, other: str) -> None:
    """Also where what both have in order can be chosen in two ways."""
    assert refusal(one, other) == refusal(other, one) is not None


def test_reading_takes_no_longer_than_its_text() -> None:
    """Every pattern is linear: the longest question, of the nastiest letters, is read at once."""
    for piece in ("a", "'", '"', "1", "1.", "a.", "a@", "(", "[]", "n't ", "-", "#", "中", "\u200b"):
        read((piece * 512)[:512])
