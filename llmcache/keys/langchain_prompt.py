"""LangChain's `prompt`: the messages as `langchain_core.load.dumps` writes them, or any text.

A chat model gives the cache a list of messages as JSON:

    [{"lc": 1, "type": "constructor", "id": ["langchain", "schema", "messages", "HumanMessage"],
      "kwargs": {"content": "hi", "type": "human"}}]

whose canonical form is the kind of each message and those of its own fields that a model can see, as JSON:
`["human",{"content":"hi","name":"Ann"}]`. A message with nothing but a string is `human:hi` instead, where `hi` is the
string as JSON writes it, and each message stands behind its length. Anything that is not exactly of LangChain's shape,
a text model's prompt above all, stays as it is.

The second form is there because long prompts are mostly long strings, and to read and write one as JSON costs five
times its SHA-256. So the text is cut between the messages first, and such a string is taken over unread: it is
written as JSON already. Whatever stands there is hashed as it stands, behind its length, so that no mistake in the
cutting could ever make two texts meet.
"""

import json
from typing import NamedTuple

from llmcache.keys.canonical import Part, is_deep, json_text, read_json
from llmcache.keys.drops import (
    ADDRESS,
    BLOCK_METADATA,
    DEFAULT,
    EMPTY,
    KIND,
    MESSAGE_DEFAULTS,
    MESSAGE_FIELDS,
    NULL,
    PARSED,
    RENAMED,
    Dropped,
    Note,
)
from llmcache.keys.langchain_json import is_constructor, without_addresses
from llmcache.keys.tool_calls import ToolCalls, rename
from llmcache.model.units import Plain

_HEAD = '{"lc": 1, "type": "constructor", "id": ["langchain", "schema", "messages", "'
_FIRST = "[" + _HEAD
_BETWEEN = "}}, " + _HEAD
_LAST = "}}]"
_KWARGS = '"], "kwargs": {'
_CONTENT = '"content": "'

_KINDS = {name: name.removesuffix("Chunk").removesuffix("Message").lower() for name in MESSAGE_FIELDS}
_IDS = [["langchain", "schema", "messages", name] for name in MESSAGE_FIELDS]


class _Message(NamedTuple):
    """A message that has been read: the name of its class, and its own fields as they stood.

    `objects` is true where some of them may be the printing of an object that LangChain does not know.
    """

    name: str
    fields: dict[str, Plain]
    objects: bool = True


def canonical_prompt(prompt: str, remembered: frozenset[str] = frozenset(), note: Note | None = None) -> Part:
    """Return the canonical form of any text; what is not LangChain's shape stays as it is. Never raises.

    Args:
        prompt: The text.
        remembered: Members of `response_metadata` that the model sends back to the provider.
        note: Gets a line for everything that is dropped.
    """
    if prompt.startswith(_FIRST) and prompt.endswith(_LAST):
        try:
            messages = _read(prompt)
        except (ValueError, RecursionError):
            pass  # not messages that are all understood; the text says everything
        else:
            texts = [message for message in messages if isinstance(message, str)]
            if len(texts) < len(messages):
                texts = _canonical(messages, remembered, [] if note is None else note)
            return Part("messages", "".join([f"{len(text)};{text}" for text in texts]))
    return Part("prompt", prompt)


def messages_of(part: Part) -> list[list[Plain]]:
    """Return each message of a canonical form named "messages" as its kind and its fields, to show it."""
    return [message_of(text) for text in texts_of(part)]


def texts_of(part: Part) -> list[str]:
    """Return the canonical form of each message of a canonical form named "messages"."""
    texts: list[str] = []
    position = 0
    while position < len(part.text):
        begin = part.text.index(";", position) + 1
        position = begin + int(part.text[position : begin - 1])
        texts.append(part.text[begin:position])
    return texts


def message_of(text: str) -> list[Plain]:
    """Return the canonical form of one message as its kind and its fields."""
    if text.startswith("["):
        message: list[Plain] = json.loads(text)
        return message
    kind, _, content = text.partition(":")
    try:
        return [kind, {"content": json.loads(f'"{content}"')}]
    except ValueError:
        return [kind, {"content": content}]  # taken over unread, and not from `dumps`


def _read(prompt: str) -> list[str | _Message]:
    """Return each message, or its canonical form where that could be had without reading it.

    Raises:
        ValueError: The text is not a list of messages of known classes, as `dumps` writes it, or is nested too deep.
        RecursionError: It is nested too deep for the interpreter.
    """
    inside = prompt[len(_FIRST) : -len(_LAST)]
    # To search a long text for a long separator costs as much as its digest, for a brace a hundredth.
    pieces = inside.split(_BETWEEN) if "}" in inside else [inside]
    try:
        return [_piece(piece) for piece in pieces]
    except ValueError:
        # Messages may stand inside a message (an artifact), and then a piece is no whole message.
        return _whole(prompt)


def _piece(piece: str) -> str | _Message:
    name, _, fields = piece.partition(_KWARGS)
    kind = _KINDS.get(name)
    if kind is None:
        raise ValueError("not a message of a known class")
    end = f'", "type": "{kind}"'
    # The length too: with a quote that is the last of one and the first of the other, there would be no string.
    if fields.startswith(_CONTENT) and fields.endswith(end) and len(fields) >= len(_CONTENT) + len(end):
        text = fields[len(_CONTENT) : -len(end)]
        # A quote inside a string stands behind a backslash, so that this can only be the border of two fields.
        if '"' not in text or '", "' not in text:
            return f"{kind}:{text}"
    return _message(name, _exactly(f"{{{fields}}}"), objects='"not_implemented"' in fields)


def _exactly(text: str) -> Plain:
    tree, end = read_json(text)
    if end != len(text):
        raise ValueError("more than one value")
    return tree


def _whole(prompt: str) -> list[str | _Message]:
    messages: list[str | _Message] = []
    for found in _exactly(prompt):
        if not is_constructor(found) or found["id"] not in _IDS:
            raise ValueError("not a message of a known class")
        messages.append(_message(found["id"][-1], found["kwargs"]))
    return messages


def _message(name: str, fields: dict[str, Plain], *, objects: bool = True) -> _Message:
    if is_deep(fields):
        raise ValueError("nested too deep")
    return _Message(name, fields, objects)


def _canonical(messages: list[str | _Message], remembered: frozenset[str], note: Note) -> list[str]:
    """Return the canonical form of each message; the ids of tool calls are renamed where that is safe."""
    own = [
        message if isinstance(message, str) else _own(message, remembered, f"messages[{index}]", note)
        for index, message in enumerate(messages)
    ]
    texts = _written(own, calls := ToolCalls())
    if calls.numbers:
        if mentioned := calls.mentioned("".join(texts), written=lambda found: json_text(found)[1:-1]):
            texts = _written(own, calls := ToolCalls(kept=mentioned))
        note.extend(Dropped(f"tool-call id {found}", RENAMED) for found in calls.numbers)
    return texts


def _written(messages: list[str | _Message], calls: ToolCalls) -> list[str]:
    return [message if isinstance(message, str) else _text(message, calls) for message in messages]


def _text(message: _Message, calls: ToolCalls) -> str:
    kind, fields = _KINDS[message.name], message.fields
    if fields.keys() == {"content"} and type(fields["content"]) is str:
        return f"{kind}:{json_text(fields['content'])[1:-1]}"
    return json_text([kind, rename(fields, calls)])


def _own(message: _Message, remembered: frozenset[str], path: str, note: Note) -> _Message:
    """Return the message with those of its own fields that a model can see."""
    fields = message.fields
    if message.objects and (fields := without_addresses(fields)) != message.fields:
        note.append(Dropped(path, ADDRESS))
    fresh: dict[str, Plain] = {}
    for field, value in fields.items():
        reason = _reason(message.name, field, value)
        if reason is None:
            fresh[field] = value
        elif reason is not KIND:
            note.append(Dropped(f"{path}.{field}", reason))
    if _KINDS[message.name] == "ai":
        _own_of_ai(fields, fresh, remembered, path, note)
    return _Message(message.name, fresh)


def _reason(name: str, field: str, value: Plain) -> str | None:
    """Return why an own field of a message is dropped, None where it is kept."""
    kind = _KINDS[name]
    if field == "content":
        return None
    if value is None:
        return NULL
    if type(value) in (list, dict) and not value:
        return EMPTY
    if field == "type" and value in (kind, name):
        return KIND
    default = MESSAGE_DEFAULTS.get((kind, field))
    if default is not None and type(value) is type(default) and value == default:
        return DEFAULT
    return MESSAGE_FIELDS[name].get(field)


def _own_of_ai(
    fields: dict[str, Plain], fresh: dict[str, Plain], remembered: frozenset[str], path: str, note: Note
) -> None:
    """Correct `fresh` in the two fields of an AI message that are kept in part."""
    extra = fresh.get("additional_kwargs")
    if type(extra) is dict and "parsed" in extra:
        note.append(Dropped(f"{path}.additional_kwargs.parsed", PARSED))
        del fresh["additional_kwargs"]
        if rest := {member: value for member, value in extra.items() if member != "parsed"}:
            fresh["additional_kwargs"] = rest
    metadata = fields.get("response_metadata")
    sent = remembered.union(BLOCK_METADATA) if type(fields.get("content")) is list else remembered
    if type(metadata) is dict and (still := {member: metadata[member] for member in sent if member in metadata}):
        fresh["response_metadata"] = still
