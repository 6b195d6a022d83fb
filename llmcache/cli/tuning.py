"""`llmcache tune`: learns how sure a semantic cache must be, from questions of which the answers are known."""

import csv
import importlib
import os
import random
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from llmcache.cli.exits import ExitCode
from llmcache.cli.options import with_json
from llmcache.cli.plotting import Curve, plot
from llmcache.cli.screen import Column, say, show_json, show_table
from llmcache.config.quantities import read_share
from llmcache.errors import ConfigError, UsageError
from llmcache.model.units import Plain, Share
from llmcache.policy.similarity import Thresholds
from llmcache.policy.tuning import CONFIDENCE, Outcome, Score, every, learn, score

if TYPE_CHECKING:
    from llmcache.codec.floats import Array

FOLDS: Final = 5
_FEWEST: Final = 20
_YES: Final = frozenset({"1", "true", "yes", "same"})
_NO: Final = frozenset({"0", "false", "no", "different"})

_DATA: Final = (_YES | _NO) - {"same", "different"}
"""What no heading of a third column is."""

Embed = Callable[[list[str]], Any]


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--embeddings", metavar="MODULE:FACTORY", required=True, help="Such as llmcache_minilm:MiniLM.")
@click.option("--wrong", metavar="SHARE", default="2%", show_default=True, help="Most hits that may be wrong.")
@click.option(
    "--plot", "picture", type=click.Path(path_type=Path), metavar="FILE", help="Draw hits against wrong hits, as SVG."
)
@with_json
def tune(*, file: Path, embeddings: str, wrong: str, picture: Path | None, as_json: bool) -> int:
    """Learn thresholds for semantic answers from FILE, and say what they will do.

    FILE is CSV with a heading. Two columns are a question and a label of its answer, the same label wherever one answer serves; three
    are two questions and whether one answer serves both (1 or 0). Questions that no other shares an answer with belong into it, too:
    from them is learned when not to answer.

    Exits with 1 where nothing was learned, or what was learned could not be tried on questions held out.
    """
    from llmcache.api.trying import Corpus, try_all  # noqa: PLC0415 -- knows long lists of words

    limit = read_share("--wrong", wrong)
    if limit == 0:
        raise ConfigError("--wrong is 0%: no number of questions makes that sure; allowed is a share such as 1%")
    questions = _read(file)
    corpus = Corpus(list(questions), list(questions.values()), _embedded(list(questions), embedder(embeddings)))
    outcomes = try_all(corpus)
    learned = learn(outcomes, limit)
    held_out = None if learned is None else _held_out(outcomes, limit)
    if picture is not None:
        _draw(picture, file.name, outcomes, limit, None if learned is None else score(outcomes, learned))
    if as_json:
        show_json(_document(len(questions), limit, learned, held_out, score(outcomes, Thresholds())))
    else:
        _show(len(questions), limit, learned, held_out, score(outcomes, Thresholds()))
    # Lines that were tried on nothing are no answer that a script should go by.
    return ExitCode.OK if held_out is not None and held_out.hits else ExitCode.NO


def _read(file: Path) -> dict[str, str]:
    """Return the label of each question's answer, each question once; ConfigError where the file is not as it should be."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            rows = [row for row in csv.reader(opened, strict=True) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"{file} cannot be read as CSV in UTF-8: {error}") from error
    width = len(rows[0]) if rows else 0
    for number, row in enumerate(rows):
        if width not in (2, 3) or len(row) != width:
            raise ConfigError(
                f"{file}, row {number + 1}: {len(row)} columns; allowed are two or three, parted by commas, in every row alike"
            )
    _require_heading(file, rows)
    _require_questions(file, rows, width)
    labelled = _of_pairs(file, rows[1:]) if width == 3 else _labelled(file, rows[1:])
    if len(labelled) < _FEWEST:
        raise ConfigError(
            f"{file} has {len(labelled)} different questions; from fewer than {_FEWEST} nothing can be learned"
        )
    if len(set(labelled.values())) == 1:
        raise ConfigError(
            f"{file} has one label for all {len(labelled):,} questions: none can be answered wrongly, so nothing can be learned"
        )
    return labelled


def _require_heading(file: Path, rows: Sequence[Sequence[str]]) -> None:
    """Raise ConfigError where the first row is no heading: it would be left out in silence."""
    last = [row[-1].strip().lower() for row in rows]
    if last and (last[0] in _DATA if len(rows[0]) == 3 else last[0] in last[1:]):
        raise ConfigError(f"{file} begins with a question; its first row is a heading, such as question,label")


def _require_questions(file: Path, rows: Sequence[Sequence[str]], width: int) -> None:
    """Raise ConfigError where a question is missing: no row is left out in silence."""
    for number, row in enumerate(rows[1:], 2):
        if not all(text.strip() for text in row[: width - 1]):
            raise ConfigError(f"{file}, row {number}: the question is missing; take the row out, or fill it in")


def _labelled(file: Path, rows: Sequence[Sequence[str]]) -> dict[str, str]:
    """Return the labels; ConfigError where a question has two, for whichever were taken, the other row would not be tried."""
    labels: dict[str, str] = {}
    for number, (question, label) in enumerate(rows, 2):
        if labels.setdefault(question, label) != label:
            raise ConfigError(f"{file}, row {number}: the same question has another label in a row before; leave one")
    return labels


def _of_pairs(file: Path, rows: Sequence[Sequence[str]]) -> dict[str, str]:
    """Return labels by which those share one that are the same, directly or by way of others."""
    parent: dict[str, str] = {}

    def find(text: str) -> str:
        while parent.setdefault(text, text) != text:
            parent[text] = text = parent[parent[text]]
        return text

    for number, (one, other, same) in enumerate(rows):
        word = same.strip().lower()
        if word not in _YES | _NO:
            raise ConfigError(f"{file}, row {number + 2}: the third column is {same!r:.20}; allowed are 1 and 0")
        left, right = find(one), find(other)
        if word in _YES:
            parent[left] = right
    for number, (one, other, same) in enumerate(rows, 2):
        if same.strip().lower() in _NO and find(one) == find(other):
            raise ConfigError(
                f"{file}, row {number}: one answer does not serve both, it says, and by other rows it does; leave one or the other"
            )
    return {text: find(text) for text in list(parent)}


def embedder(name: str) -> Embed:
    """Return what embeds a list of texts: what the factory returns, or its `embed`, or its `embed_documents`.

    Raises:
        UsageError: There is no such factory, or it returns something else.
    """
    module, _, attribute = name.partition(":")
    sys.path.insert(0, os.getcwd())  # noqa: PTH109 -- as `python -m` does; an installed command does not
    try:
        factory = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise UsageError(
            f"--embeddings {name}: {error}; allowed is a module and a name in it, such as llmcache_minilm:MiniLM"
        ) from error
    finally:
        sys.path.pop(0)
    try:
        made = factory()
    except TypeError as error:
        raise UsageError(f"--embeddings {name}: it is called without arguments, and that failed: {error}") from error
    for found in (getattr(made, "embed", None), getattr(made, "embed_documents", None), made):
        if callable(found):
            embed: Embed = found
            return embed
    raise UsageError(
        f"--embeddings {name} returned a {type(made).__name__}, which has neither embed nor embed_documents"
    )


def _embedded(texts: list[str], embed: Embed) -> "Array":
    from llmcache.codec.floats import require_numpy, rows_of  # noqa: PLC0415 -- knows numpy

    require_numpy()
    rows = rows_of(embed(texts), len(texts), whole=True, dimensions=None)
    lengths: Array = (rows * rows).sum(axis=1, keepdims=True) ** 0.5
    return rows / lengths


def _held_out(outcomes: Sequence[Outcome], limit: Share) -> Score:
    """Return what thresholds do to questions that they were not learned from: each fold is judged by what the others teach."""
    order = list(range(len(outcomes)))
    random.Random(1).shuffle(order)  # noqa: S311 -- no secret
    total = Score(0, 0, 0)
    for fold in range(FOLDS):
        learned = learn([outcomes[each] for place, each in enumerate(order) if place % FOLDS != fold], limit)
        judged = [outcomes[each] for each in order[fold::FOLDS]]
        total += Score(len(judged), 0, 0) if learned is None else score(judged, learned)
    return total


def _draw(picture: Path, title: str, outcomes: Sequence[Outcome], limit: Share, chosen: Score | None) -> None:
    ours = [found for _, found in every(outcomes)]
    alone = [score(outcomes, Thresholds(step / 100, -2.0)) for step in range(50, 100)]
    curves = [Curve("cosine and margin", ours), Curve("cosine alone", alone)]
    try:
        picture.write_text(plot(f"hits against wrong hits, {title}", curves, limit=limit, chosen=chosen), "utf-8")
    except OSError as error:
        raise ConfigError(f"the picture cannot be written to {picture}: {error.strerror}") from error


def _show(many: int, limit: Share, learned: Thresholds | None, held_out: Score | None, defaults: Score) -> None:
    rows = [] if held_out is None else [["learned, on questions held out", *_cells(held_out)]]
    columns = [
        Column(""),
        *(Column(name, right=True) for name in ("hits", "wrong", "of them", f"{CONFIDENCE:.0%} surely within")),
    ]
    say(
        f"{many:,} questions, each asked of a cache that holds the others; at most {100 * limit:.3g} % of the hits wrong"
    )
    show_table(columns, [*rows, ["defaults", *_cells(defaults)]])
    if learned is None:
        say("No thresholds keep that share surely. More questions, or a larger --wrong, may.")
        return
    if held_out is not None and not held_out.hits:
        say(
            "Four fifths of the questions were too few to be sure, so these lines were tried on none; more questions would tell."
        )
    say()
    say("[llmcache]")
    say(f"semantic = {{ similarity = {learned.similarity:g}, margin = {learned.margin:g} }}")


def _cells(found: Score) -> list[str]:
    low, high = found.interval
    return [f"{found.hit_share:.1%}", str(found.wrong), f"{found.wrong_share:.2%}", f"{low:.2%} and {high:.2%}"]


def _document(many: int, limit: Share, learned: Thresholds | None, held_out: Score | None, defaults: Score) -> Plain:
    return {
        "questions": many,
        "limit": limit,
        "confidence": CONFIDENCE,
        "learned": None if learned is None else {"similarity": learned.similarity, "margin": learned.margin},
        "held_out": None if held_out is None else _plain(held_out),
        "defaults": _plain(defaults),
    }


def _plain(found: Score) -> Plain:
    return {"asked": found.asked, "hits": found.hits, "wrong": found.wrong, "interval": list(found.interval)}
