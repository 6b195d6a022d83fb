"""LangChain's `llm_string`: which model, with which settings, as LangChain prints it.

    {"id": [..., "ChatOpenAI"], "kwargs": {"model_name": ...}, "lc": 1, ...}---[('stop', None), ('tools', [...])]

The first half is there for models that serialise themselves; the second, Python's printing of the call's settings,
always. Each half is read on its own, and one that is not understood stays text. Only the members of these two tables
are looked at by name, never what stands deeper.

An application uses few models, and printing and reading one costs far more than a short prompt, so that the latest
are remembered.
"""

from functools import lru_cache
from typing import NamedTuple

from llmcache.keys.canonical import Part, is_deep, json_text, read_json
from llmcache.keys.drops import ADDRESS, CALL_SETTINGS, CREDENTIAL, MODEL_SETTINGS, REMEMBERED, Dropped, Note
from llmcache.keys.langchain_json import is_constructor, is_secret, without_addresses
from llmcache.keys.python_repr import NotPairsError, read_pairs, scrubbed
from llmcache.keys.settings import kept
from llmcache.model.units import Plain

_BETWEEN = "---"
_FOR_TRACING = ("graph", "name")
_MAX_REMEMBERED = 65_536

MODEL_NAMES = ("model", "model_name", "model_id", "deployment_name", "azure_deployment")
"""Settings that name the model, in the clients of the providers."""


class Settings(NamedTuple):
    """What a key needs of an `llm_string`.

    Attributes:
        text: Its canonical form, JSON.
        piece: What is hashed.
        model: The model's name, where there is one in its usual place.
        remembered: Members of earlier answers' `response_metadata` that this model sends back to the provider.
    """

    text: str
    piece: bytes
    model: str | None
    remembered: frozenset[str]


def settings_of(llm_string: str) -> Settings:
    """Return `canonical_settings(llm_string)`, from memory where it was asked lately. Never raises."""
    # Longer ones are read each time, so that what is remembered stays below a few megabytes.
    return _remembered(llm_string) if len(llm_string) <= _MAX_REMEMBERED else canonical_settings(llm_string)


def canonical_settings(llm_string: str, note: Note | None = None) -> Settings:
    """Return the canonical form of any text; what is not LangChain's shape stays text. Never raises.

    Args:
        llm_string: The text.
        note: Gets a line for everything that is dropped.
    """
    note = [] if note is None else note
    model, rest = _halves(llm_string)
    form: dict[str, Plain] = {} if model is None else {"model": _model(model, note)}
    try:
        form["parameters"] = kept(read_pairs(rest), CALL_SETTINGS, "parameters", note)
    except NotPairsError:
        form["text"] = scrubbed(rest)
    if scrubbed(rest) != rest:
        note.append(Dropped("parameters", ADDRESS))
    part = Part("settings", json_text(form))
    return Settings(part.text, part.piece, _model_name(form), _remembered_members(form))


_remembered = lru_cache(maxsize=64)(canonical_settings)


def _halves(llm_string: str) -> tuple[dict[str, Plain] | None, str]:
    """Return the serialised model, None where there is none, and the rest of the text."""
    if llm_string.startswith("{"):
        try:
            model, end = read_json(llm_string)
        except (ValueError, RecursionError):
            return None, llm_string
        if llm_string.startswith(_BETWEEN, end) and is_constructor(model, but=_FOR_TRACING) and not is_deep(model):
            return model, llm_string[end + len(_BETWEEN) :]
    return None, llm_string


def _model(model: dict[str, Plain], note: Note) -> dict[str, Plain]:
    note.extend(Dropped(f"model.{name}", MODEL_SETTINGS["name"]) for name in _FOR_TRACING if name in model)
    fields = kept(without_addresses(model["kwargs"]), MODEL_SETTINGS, "model.kwargs", note)
    secrets = [name for name, value in fields.items() if is_secret(value)]
    note.extend(Dropped(f"model.kwargs.{name}", CREDENTIAL) for name in secrets)
    return {"id": model["id"], "kwargs": {name: value for name, value in fields.items() if name not in secrets}}


def _model_name(form: dict[str, Plain]) -> str | None:
    """Return the name of the model; what the call says holds over what the model's own settings say."""
    tables = (form.get("parameters", {}), form.get("model", {}).get("kwargs", {}))
    names = (table.get(name) for table in tables for name in MODEL_NAMES)
    return next((name for name in names if isinstance(name, str) and name), None)


def _remembered_members(form: dict[str, Plain]) -> frozenset[str]:
    tables = (form.get("model", {}).get("kwargs", {}), form.get("parameters", {}))
    return frozenset(member for setting, member in REMEMBERED.items() if any(t.get(setting) is True for t in tables))
