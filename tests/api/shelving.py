"""A program that writes to a collection together with others: `python -m tests.api.shelving URL NUMBER ROUNDS`."""

import random
import sys

import llmcache
from llmcache import Document

DOCUMENTS = 40
DELETED = 10


def main(url: str, number: int, rounds: int) -> None:
    """Put the documents of this process again and again, and at last delete every so many of them."""
    chance = random.Random(number)
    with llmcache.open(url, namespace="shop") as cache:
        shelf = cache.vectors("docs")
        for turn in range(rounds):
            documents = [Document(f"{number}-{one}", "text", {"turn": turn}) for one in range(DOCUMENTS)]
            shelf.upsert(documents, [[1.0, chance.random()] for _ in documents])
        shelf.delete([f"{number}-{one}" for one in range(0, DOCUMENTS, DELETED)])


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
