"""`llmcache tune`: from a file to thresholds, an honest share, a picture, and the lines to paste."""

import csv
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import numpy.typing as npt
import pytest

import llmcache
from llmcache.cli.exits import ExitCode
from llmcache.cli.plotting import Curve, best, plot
from llmcache.policy.tuning import Score
from tests.api.meaning import CARD, CARD_TOO, Angles, request
from tests.cli.conftest import Command

TOPICS = 40
"""Topics, which lie at right angles to each other; the questions of one lie together."""


def vector(text: str) -> npt.NDArray[np.float32]:
    """The vector of `topic A number B`: along the topic's own axis, a little aside for the number."""
    _, topic, _, number = text.split()
    row = np.zeros(TOPICS + 1)
    row[int(topic)] = 1.0
    row[-1] = int(number) / 100
    return row.astype("f4")


class Topics:
    """Embeds such texts, as LangChain's embeddings do."""

    def embed_documents(self, texts: list[str]) -> Any:
        return np.stack([vector(text) for text in texts])


def plain() -> Any:
    """Return a function that embeds."""
    return Topics().embed_documents


def nothing() -> int:
    """Return what embeds nothing."""
    return 3


NAME = f"{__name__}:Topics"


def text_of(topic: int, form: int) -> str:
    """A question of a topic; its forms differ by spaces alone, so that the guard lets them through."""
    return f"topic {topic}{' ' * form} number {0}"


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """Eight questions of each topic with their label; one topic in twenty is labelled wrongly, half of it."""
    rows = [
        (text_of(topic, form), f"other {topic}" if topic % 20 == 7 and form % 2 else f"answer {topic}")
        for topic in range(TOPICS)
        for form in range(1, 9)
    ]
    return written(tmp_path / "questions.csv", [("question", "answer"), *rows])


def written(path: Path, rows: Iterable[Iterable[object]]) -> Path:
    """Write a CSV file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


@pytest.mark.parametrize("name", [NAME, f"{__name__}:plain"])
def test_thresholds_are_learned_and_judged_on_what_was_held_out(command: Command, labelled: Path, name: str) -> None:
    """Hits, wrong ones and their interval, beside the defaults; and the lines to paste, which a file takes."""
    said = command("tune", str(labelled), "--embeddings", name, "--wrong", "5%")
    lines = said.out.splitlines()
    pasted = tomllib.loads("\n".join(lines[lines.index("[llmcache]") :]))

    assert (ExitCode.OK, "") == (said.code, said.err)
    assert "320 questions" in lines[0]
    assert {"similarity", "margin"} == pasted["llmcache"]["semantic"].keys()
    assert any(line.startswith("learned, on questions held out") and "%" in line for line in lines)


def test_pasted_lines_are_what_a_cache_goes_by(tmp_path: Path) -> None:
    """The file's thresholds hold where a call gives none."""
    file = tmp_path / "llmcache.toml"
    file.write_text('[llmcache]\nstore = "memory:"\nsemantic = { similarity = 0.97, margin = 0.1 }\n')
    with llmcache.open(str(file)) as cache:
        strict, own = cache.semantic(Angles(), model="a"), cache.semantic(Angles(), model="a", similarity=0.9)
        strict.put(request(CARD), "On its way.")

        assert strict.get(request(CARD_TOO)) is None
        assert "On its way." == own.get(request(CARD_TOO))


def test_json_has_everything(command: Command, labelled: Path) -> None:
    """For programs, with the interval as numbers."""
    answer: Any = command("tune", str(labelled), "--embeddings", NAME, "--wrong", "5%", "--json").data

    assert (320, 0.05, 0.95) == (answer["questions"], answer["limit"], answer["confidence"])
    assert 320 == answer["held_out"]["asked"]
    assert answer["held_out"]["wrong"] <= 0.05 * answer["held_out"]["hits"]
    low, high = answer["held_out"]["interval"]
    assert 0 <= low <= high <= 1


def test_pairs_are_joined_to_answers(command: Command, tmp_path: Path) -> None:
    """Two questions and whether one answer serves both; who shares with one shares with its others."""
    rows = [("a", "b", "same")]
    for topic in range(TOPICS):
        rows += [(text_of(topic, 1), text_of(topic, form), "1") for form in range(2, 9)]
        rows.append((text_of(topic, 1), text_of((topic + 1) % TOPICS, 1), "no"))
    said = command("tune", str(written(tmp_path / "pairs.csv", rows)), "--embeddings", NAME, "--wrong", "5%", "--json")
    answer: Any = said.data

    assert 320 == answer["questions"]
    assert 0 == answer["held_out"]["wrong"]
    assert answer["held_out"]["hits"] > 250


def test_too_few_to_be_sure_is_a_no(command: Command, labelled: Path) -> None:
    """It says so, and prints no lines to paste."""
    said = command("tune", str(labelled), "--embeddings", NAME, "--wrong", "0.1%")

    assert ExitCode.NO == said.code
    assert "No thresholds keep that share surely" in said.out
    assert "[llmcache]" not in said.out


def test_thresholds_that_were_tried_on_nothing_say_so(command: Command, tmp_path: Path) -> None:
    """All questions are just enough to be sure of 2 %, four fifths of them are not; a script is told by the exit code."""
    rows = [(text_of(topic, form), topic) for topic in range(TOPICS) for form in range(1, 5)]
    said = command("tune", str(written(tmp_path / "few.csv", [("question", "answer"), *rows])), "--embeddings", NAME)

    assert ExitCode.NO == said.code
    assert "these lines were tried on none" in said.out


def test_picture_is_drawn(command: Command, labelled: Path, tmp_path: Path) -> None:
    """Two curves, the limit, and a dot for what was chosen, as SVG."""
    picture = tmp_path / "picture.svg"
    said = command("tune", str(labelled), "--embeddings", NAME, "--wrong", "5%", "--plot", str(picture))
    root = ET.parse(picture).getroot()
    names = [each.tag.rpartition("}")[2] for each in root]

    assert ExitCode.OK == said.code
    assert (2, 1) == (names.count("polyline"), names.count("circle"))
    assert {"limit 5 %", "\N{BLACK CIRCLE} learned"} <= {each.text for each in root}


def test_curve_keeps_only_what_nothing_beats() -> None:
    """More hits with fewer wrong ones push others out; a title may hold anything."""
    scores = [Score(10, 8, 4), Score(10, 6, 1), Score(10, 7, 4), Score(10, 5, 0), Score(10, 0, 0), Score(10, 4, 1)]

    assert [Score(10, 5, 0), Score(10, 6, 1), Score(10, 8, 4)] == best(scores)
    assert "&lt;b&gt;" in plot("<b>", [Curve("c", scores)], limit=0.02, chosen=None)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("a", "b"), ("only one",)], "row 2: 1 columns; allowed are two or three"),
        ([("a",)], "row 1: 1 columns"),
        ([("a", "b", "same"), ("x", "y", "maybe")], "row 2: the third column is 'maybe'; allowed are 1 and 0"),
        ([("a", "b"), ("x", "y")], "has 1 different questions; from fewer than 20"),
        ([], "has 0 different questions"),
        ([("question", "label"), ("x", "1"), (" ", "2")], "row 3: the question is missing"),
        ([("a", "b", "same"), ("x", "", "1")], "row 2: the question is missing"),
        ([("question", "label"), ("x", "1"), ("x", "2")], "row 3: the same question has another label"),
        (
            [("a", "b", "same"), ("x", "y", "1"), ("y", "z", "1"), ("x", "z", "0")],
            "row 4: one answer does not serve both",
        ),
        ([("a question", "x"), ("another", "x")], "begins with a question; its first row is a heading"),
        ([("one", "other", "1"), ("one", "third", "0")], "begins with a question; its first row is a heading"),
        (
            [("question", "label"), *((f"question {each}", "x") for each in range(20))],
            "has one label for all 20 questions",
        ),
    ],
)
def test_wrong_file_says_where(command: Command, tmp_path: Path, rows: list[tuple[str, ...]], message: str) -> None:
    """With the row, before anything is embedded."""
    said = command("tune", str(written(tmp_path / "wrong.csv", rows)), "--embeddings", NAME)

    assert ExitCode.USAGE == said.code
    assert message in said.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--embeddings", "no_such_module:x"), "no_such_module"),
        (("--embeddings", "nothing"), "allowed is a module and a name in it"),
        (("--embeddings", f"{__name__}:nothing"), "returned a int, which has neither embed nor embed_documents"),
        (("--embeddings", f"{__name__}:text_of"), "called without arguments, and that failed: text_of() missing"),
        (("--embeddings", NAME, "--wrong", "0%"), "no number of questions makes that sure"),
        (("--embeddings", NAME, "--wrong", "lots"), "allowed is a share such as 10%"),
        (("--embeddings", NAME, "--plot", "/nowhere/at/all.svg"), "the picture cannot be written"),
        ((), "Missing option '--embeddings'"),
    ],
)
def test_wrong_arguments_say_what_is_allowed(
    command: Command, labelled: Path, arguments: tuple[str, ...], message: str
) -> None:
    """Each is one line and the code of a wrong call."""
    said = command("tune", str(labelled), *arguments)

    assert ExitCode.USAGE == said.code
    assert message in said.err


def test_bytes_that_are_no_text_are_told(command: Command, tmp_path: Path) -> None:
    """Not as a mistake of ours."""
    file = tmp_path / "latin.csv"
    file.write_bytes(b"question,answer\n\xff\xfe,x\n")

    said = command("tune", str(file), "--embeddings", NAME)

    assert (ExitCode.USAGE, True) == (said.code, "cannot be read as CSV in UTF-8" in said.err)
