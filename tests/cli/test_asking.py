"""Requests as people write them into files."""

import io
import json
import sys
from pathlib import Path

import pytest

from llmcache.cli.asking import LangChainCall, read_asked
from llmcache.errors import UsageError
from llmcache.model.request import Request
from llmcache.model.units import Plain

PLAIN = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file that does not exist yet."""
    return tmp_path / "request.json"


def test_plain_request(file: Path) -> None:
    """The four fields of a request are read; parameters and tools may be left out, and a byte order mark is passed over."""
    file.write_text("\ufeff" + json.dumps(PLAIN), "utf-8")

    assert Request(model="m", messages=[{"role": "user", "content": "hi"}]) == read_asked(str(file))


def test_langchain_call(file: Path) -> None:
    """The two texts LangChain hands to a cache are read as they are."""
    file.write_text(json.dumps({"prompt": "[1]", "llm_string": "{}"}))

    assert LangChainCall("[1]", "{}") == read_asked(str(file))


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dash is standard input."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(PLAIN).encode())))

    assert isinstance(read_asked("-"), Request)


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [
        (b"{", "is not JSON: .* in line 1, column 2"),
        (b"\xff\xfe", "is not UTF-8 text: byte 0"),
        (b"[" * 100_000, "is nested too deeply"),
        (b"[]", "holds a JSON array"),
        (b"null", "holds a JSON null"),
        (b"1.5", "holds a JSON number"),
        (b"{}", "has the fields none; expected is an object"),
        (b'{"model": "m"}', "has the fields model; expected"),
        (b'{"model": "m", "messages": [], "temperature": 0}', "has the fields messages, model, temperature; expected"),
        (b'{"prompt": "p"}', "has the fields prompt; expected"),
        (b'{"prompt": [], "llm_string": ""}', "prompt in .* is a JSON array"),
        (b'{"model": "", "messages": []}', "a non-empty text"),
        (b'{"model": "m", "messages": "hi"}', "Request.messages is a list"),
        (b'{"model": "m", "messages": [], "parameters": 1}', "Request.parameters is a mapping"),
    ],
)
def test_mistakes_are_named(file: Path, raw: bytes, complaint: str) -> None:
    """What is not a request is refused with what was found and what is allowed."""
    file.write_bytes(raw)

    with pytest.raises(UsageError, match=complaint):
        read_asked(str(file))


def test_missing_file(file: Path) -> None:
    """A file that is not there is named."""
    with pytest.raises(UsageError, match=r"cannot read .*request\.json: No such file"):
        read_asked(str(file))


def test_values_stay_data(file: Path) -> None:
    """Everything inside the request is JSON data as it stood in the file."""
    whole: Plain = PLAIN | {"parameters": {"temperature": 0.5, "stop": None}, "tools": [{"name": "f"}]}
    file.write_text(json.dumps(whole))

    asked = read_asked(str(file))

    assert isinstance(asked, Request)
    assert (whole["parameters"], whole["tools"]) == (asked.parameters, asked.tools)
