"""What the demonstration of the semantic cache asks, and what the local model knows."""

from llmcache_langchain.demo.reply import Body, Reply, question_of

KEPT = (
    "How long is the flight from Paris to Tokyo?",
    "How many calories are in two eggs?",
    "Which fish is safe to eat during pregnancy?",
    "How do I turn on two-factor login?",
)
"""Asked first, each of the model."""

SAME = (
    "How long does a flight from Paris to Tokyo take?",
    "How many calories do 2 eggs have?",
    "Which fish is safe for pregnant women?",
    "How do I activate two-factor login?",
)
"""The same in other words."""

OTHER = (
    "How long is the flight from Tokyo to Paris?",
    "How many calories are in three eggs?",
    "Which fish is not safe to eat during pregnancy?",
    "How do I turn off two-factor login?",
    "What is a good name for a cat?",
)
"""Another meaning, all but the last in nearly the same words."""

_ANSWERS = {
    KEPT[0]: "About 14 hours.",
    KEPT[1]: "About 150.",
    KEPT[2]: "Well-cooked fish with little mercury, such as salmon, trout or cod.",
    KEPT[3]: "In your settings, below Security, switch two-factor login on.",
    OTHER[0]: "About 15 hours, against the wind.",
    OTHER[1]: "About 225.",
    OTHER[2]: "Raw fish, and fish with much mercury, such as shark, swordfish or marlin.",
    OTHER[3]: "In your settings, below Security, switch two-factor login off.",
    OTHER[4]: "Minou.",
}


def answer(body: Body) -> Reply:
    """Answer as a model that knows these questions and no others: a script for `LocalModel`."""
    return Reply(_ANSWERS.get(question_of(body), "I do not know."))
