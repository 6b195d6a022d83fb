"""Explanations: the canonical form to read, what was dropped and why.

This is for the person who asks "why was this not a hit?" or "could this have been somebody else's?". It shows prompts;
nothing of it belongs in a log.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from llmcache.keys import embedding, langchain, request
from llmcache.keys.digest import fingerprint, utf8
from llmcache.keys.drops import Dropped
from llmcache.keys.langchain_prompt import canonical_prompt, messages_of
from llmcache.keys.llm_string import canonical_settings
from llmcache.model.embedder import Embedder
from llmcache.model.key import Kind
from llmcache.model.request import Request
from llmcache.model.units import Plain


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is in a key.

    Attributes:
        sort: What was asked: "request", "langchain" or "embedding".
        form: The canonical form, as a tree. A renamed tool-call id is its number.
        dropped: What is not in it, as pairs of path and reason, in the order of the request.
        digest: SHA-256 of the canonical form in no namespace, 64 hexadecimal characters: equal for two requests
            exactly when their keys are equal in every namespace. The name of a key also has the namespace in it.
    """

    sort: str
    form: Mapping[str, Plain]
    dropped: tuple[Dropped, ...]
    digest: str

    @property
    def text(self) -> str:
        """The canonical form, indented, to read."""
        return json.dumps(self.form, indent=2, sort_keys=True, ensure_ascii=False)


def explain_request(asked: Request) -> Explanation:
    """Return what is in the key of a request; UsageError as `request_key`."""
    note: list[Dropped] = []
    form = request.canonical_request(asked, note)
    digest = fingerprint(Kind.RESPONSE, request.SORT, request.pieces(form))
    return Explanation(request.SORT, form, tuple(note), digest)


def explain_langchain(prompt: str, llm_string: str) -> Explanation:
    """Return what is in the key of LangChain's two texts; never raises."""
    note: list[Dropped] = []
    last: list[Dropped] = []
    settings = canonical_settings(llm_string, last)
    messages = canonical_prompt(prompt, settings.remembered, note)
    digest = fingerprint(Kind.RESPONSE, langchain.SORT, (messages.piece, settings.piece))
    form = {messages.name: messages.text if messages.name == "prompt" else messages_of(messages)}
    return Explanation(langchain.SORT, {**form, **json.loads(settings.text)}, (*note, *last), digest)


def explain_embedding(text: str, embedder: Embedder) -> Explanation:
    """Return what is in the key of an embedded text; nothing is ever dropped."""
    digest = fingerprint(Kind.EMBEDDING, embedding.SORT, (embedding.settings_piece(embedder), utf8(text)))
    return Explanation(embedding.SORT, {**embedding.settings_form(embedder), "text": text}, (), digest)
