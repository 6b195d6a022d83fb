"""Who asks: the model's call in which a look-up happens, found from inside the look-up.

LangChain tells a cache when it looks up and, if all went well, what came. Of a model that failed the cache hears nothing, so
others who wait for that answer would wait in vain. But each call holds a callback manager, made for it alone and let
go when it ends, however it ends. It is found in the frames of the call, by the names LangChain has for it; where it is
not found, as when somebody looks up by hand, nobody waits for the answer.
"""

import sys
from types import FrameType
from typing import Final

from llmcache.protocols.flights import Witness

_MODELS: Final = "langchain_core.language_models."
_CHAT: Final = "run_manager"
_TEXT: Final = "callback_managers"
_FARTHEST: Final = 8
"""How many frames up the call is looked for: this package's own, and those of a cache around this one."""


def call_here() -> Witness | None:
    """Return a witness of the model's call that looks up right now in this thread, or None where there is none."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 -- documented, and used by logging and typing alike
    for _ in range(_FARTHEST):
        if frame is None:
            return None
        if frame.f_globals.get("__name__", "").startswith(_MODELS) and (lives := _held_by(frame)) is not None:
            return Witness(lives, id(frame))
        frame = frame.f_back
    return None


def _held_by(frame: FrameType) -> object | None:
    """Return the callback manager of a call of a chat model, or the first of those of a call of a text model."""
    code = frame.f_code
    names = {*code.co_varnames, *code.co_cellvars}
    if names.isdisjoint((_CHAT, _TEXT)):
        return None
    held = frame.f_locals
    lives: object = held.get(_CHAT) or next(iter(held.get(_TEXT) or ()), None)
    return lives
