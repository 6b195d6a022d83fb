"""The judge of chaos: what it is there to find, it finds."""

import json
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from tests.chaos import model
from tests.chaos.judging import Limits, judged
from tests.chaos.records import (
    Appended,
    Asked,
    Cleared,
    Counted,
    Held,
    Late,
    Read,
    Record,
    Records,
    Struck,
    Wrong,
    read_all,
)
from tests.chaos.report import report
from tests.chaos.script import script
from tests.chaos.watching import Sample, growth, picture

LIMITS = Limits(timeout=0.1, log_timeout=1.0, loses=frozenset({"file moved"}))


def asked(began: float, answer: tuple[str, int] | None, *, own: bool = False, ended: float | None = None) -> Asked:
    """Question 1, which has tag 1."""
    return Asked("call", 1, began, began + 0.01 if ended is None else ended, answer, own, 0.0, own)


def sent(number: int, outcome: str = "kept", at: float = 1.0) -> Appended:
    """A message of one writer."""
    return Appended("talk", "a", number, at, at + 0.01, outcome)


def held(*numbers: int) -> Held:
    """What the conversation held at the end."""
    return Held("talk", tuple(("a", number) for number in numbers))


MADE = asked(1.0, ("a", 1), own=True)
BROKEN: dict[str, tuple[str, list[Record]]] = {
    "cleared by tag": ("cleared answer", [MADE, Cleared(1, 2.0, 2.1), asked(3.0, ("a", 1))]),
    "all cleared": ("cleared answer", [MADE, Cleared(None, 2.0, 2.1), asked(3.0, ("a", 1))]),
    "cleared, and again later": (
        "cleared answer",
        [MADE, Cleared(1, 2.0, 2.1), Cleared(1, 3.5, 3.6), asked(3.0, ("a", 1))],
    ),
    "lost": ("lost message", [sent(0), sent(1), held(0)]),
    "doubled": ("doubled message", [sent(0), held(0, 0)]),
    "swapped": ("message out of order", [sent(0), sent(1), held(1, 0)]),
    "there though refused": ("refused message is there", [sent(0, "not"), held(0)]),
    "cleared by two at once": (
        "cleared answer",
        [
            MADE,
            Cleared(1, 2.0, 2.1),
            Cleared(1, 1.9, 2.05),
            Cleared(1, 1.5, 1.6, is_sure=False),
            asked(3.0, ("a", 1)),
        ],
    ),
    "the clock was set back between": (
        "cleared answer",
        [MADE, Struck("clock set back", 1.5, 1.6), Cleared(1, 2.0, 2.1), asked(3.0, ("a", 1))],
    ),
    "nobody could read it": ("unread conversation", [sent(0)]),
    "seen on the spot": ("wrong answer", [Wrong("wrong answer", 1.0, "said")]),
    "ask over its deadlines": ("over its deadline", [asked(1.0, None, ended=1.6)]),
    "append over its deadline": ("over its deadline", [Appended("talk", "a", 0, 1.0, 2.6, "maybe"), held()]),
    "late, and not by sleeping": ("over its deadline", [asked(1.0, None, ended=1.6), Late("p", 1.3, 0.05)]),
    "lost long before the file was moved, and lost after it": (
        "lost message",
        [Struck("file moved", 50.0, 51.0), sent(0, at=60.0), held()],
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_judge_finds(name: str) -> None:
    """Each of these is found, and is all that is found."""
    kind, records = BROKEN[name]

    verdict = judged(records, LIMITS)

    assert [kind] == list(verdict.broken)
    assert not verdict.is_good
    assert f"BROKEN   {kind}: 1" in report(verdict, {})


GOOD: dict[str, list[Record]] = {
    "another tag": [MADE, Cleared(2, 2.0, 2.1), asked(3.0, ("a", 1))],
    "asked while it was being cleared": [MADE, Cleared(1, 2.0, 3.05), asked(3.0, ("a", 1))],
    "kept while it was being cleared": [
        asked(1.9, ("a", 1), own=True, ended=2.05),
        Cleared(1, 2.0, 2.1),
        asked(3.0, ("a", 1)),
    ],
    "nobody knows whether it was kept": [replace(MADE, is_kept=False), Cleared(1, 2.0, 2.1), asked(3.0, ("a", 1))],
    "a message that was not acknowledged comes late": [sent(0), sent(1, "maybe"), sent(2), held(0, 2, 1)],
    "made by one that was killed": [Cleared(1, 2.0, 2.1), asked(3.0, ("a", 1))],
    "all messages, and one of which nobody knows": [
        sent(0),
        sent(1, "maybe"),
        sent(2),
        sent(3, "maybe"),
        held(0, 2, 3),
    ],
    "lost with its file": [sent(0), Struck("file moved", 50.0, 51.0), held()],
    "late as plain sleeps were": [asked(1.0, None, ended=1.6), Late("p", 1.5, 0.4)],
    "the model failed": [asked(1.0, None)],
}


@pytest.mark.parametrize("name", GOOD)
def test_judge_lets_pass(name: str) -> None:
    """What may be is not held against anybody."""
    verdict = judged(GOOD[name], LIMITS)

    assert {} == verdict.broken
    assert verdict.is_good


def test_what_a_process_may_not_see_yet_is_let_pass() -> None:
    """Copies near by may outlive a clearing by another process for as long as they say, and no longer."""
    near = Limits(timeout=0.1, log_timeout=1.0, unseen=1.0)

    assert judged([MADE, Cleared(None, 2.0, 2.1), asked(3.0, ("a", 1))], near).is_good
    assert not judged([MADE, Cleared(None, 2.0, 2.1), asked(3.2, ("a", 1))], near).is_good


@pytest.mark.parametrize("change", [{"question": 2}, {"text": "y"}, {"by": "b"}, {"sum": 0}])
def test_answers_that_were_changed_are_seen(change: dict[str, object]) -> None:
    """An answer that was given to another question, or was changed, is not the right one."""
    answer = model.made(1, "a", 1, 5.0)

    assert "" == model.problem_in(json.loads(json.dumps(answer)), 1)
    assert "" != model.problem_in({**answer, **change}, 1)
    assert "" != model.problem_in(answer, 2)
    assert "" != model.problem_in(None, 1)


def test_records_come_back_as_they_were(tmp_path: Path) -> None:
    """Every kind of record, of several processes; the last line of one that was killed is passed over."""
    records: list[Record] = [
        MADE, asked(1.0, None), Cleared(None, 1.0, 2.0), sent(0), Read("talk", 1.0, 2.0, True), Wrong("x", 1.0, "y"),
        Late("p", 1.0, 0.5), Struck("x", 1.0, 2.0), held(0, 1), Counted("p", {"hits": 1}),
    ]  # fmt: skip
    for name, mine in (("a", records[:4]), ("b", records[4:])):
        file = Records(tmp_path / f"{name}.records")
        for record in mine:
            file.write(record)
        file.close()
    with (tmp_path / "b.records").open("ab") as cut:
        cut.write(b'["Asked", "call"')

    assert records == list(read_all(tmp_path))


def test_script_is_a_function_of_the_seed() -> None:
    """The same seed strikes with the same faults, each once before any comes again; another seed does not."""
    names = ["a", "b", "c", "d", "e"]
    first, again, other = (list(script(names, Random(seed), 60.0)) for seed in (1, 1, 2))

    assert first == again
    assert first != other
    assert names == sorted(step.fault for step in first[:5]) == sorted(step.fault for step in first[5:10])
    assert sum(step.pause + step.lasts for step in first) <= 60.0


def test_growth_is_seen_and_drawn() -> None:
    """A process that grows all the time is seen to; the picture is a whole document with a line for each process."""
    samples = [Sample(float(at), process, 50.0 + at * process, 10, 5) for at in range(40) for process in (0, 1)]
    drawn = picture(samples, "title")

    assert {"memory": 0.0, "files": 0.0, "threads": 0.0} == growth([one for one in samples if one.process == 0])
    assert 20.0 == growth([one for one in samples if one.process == 1])["memory"]
    assert {} == growth([])
    assert (6, True) == (drawn.count("<polyline"), drawn.endswith("</svg>\n"))
