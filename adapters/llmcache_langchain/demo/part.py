"""One process of the demonstration: reads what to do as a JSON object, prints a JSON line for each thing it did.

This is the program a user would write: `set_llm_cache`, `ChatOpenAI`, `ChatMessageHistory`. It measures around the one
call that counts, and counts what really goes over the wire.
"""

import json
import sys
import time
from collections.abc import Callable
from typing import TypeAlias

import httpx
from langchain_core.caches import RETURN_VAL_TYPE
from langchain_core.callbacks import UsageMetadataCallbackHandler
from langchain_core.globals import set_llm_cache
from langchain_core.messages import BaseMessage, HumanMessage
from langchain_openai import ChatOpenAI
from openai import APIStatusError, OpenAIError

from llmcache.cli.exits import ExitCode, code_of
from llmcache.errors import LLMCacheError
from llmcache.keys import langchain_key
from llmcache.model.namespace import Namespace
from llmcache.model.units import Plain
from llmcache_langchain.cache import LLMCache
from llmcache_langchain.history import ChatMessageHistory

Tell: TypeAlias = Callable[[Plain], None]


class NotingCache(LLMCache):
    """Remembers under which key it kept the last answer, to tell where to look: not every store can list its keys.

    Attributes:
        kept_under: The physical key, or "".
    """

    def __init__(self, store: str, *, namespace: str) -> None:
        super().__init__(store, namespace=namespace)
        self.kept_under = ""
        self._within = Namespace.of(namespace)

    def update(self, prompt: str, llm_string: str, return_val: RETURN_VAL_TYPE) -> None:
        super().update(prompt, llm_string, return_val)
        self.kept_under = langchain_key(prompt, llm_string, self._within).physical


class Asking:
    """A LangChain chat model whose requests, tokens and times are counted.

    Args:
        model: Its name; its address is where the client's own variables say.
    """

    def __init__(self, model: str) -> None:
        self._requests = 0
        self._client = httpx.Client(event_hooks={"request": [self._count]})
        self._model = ChatOpenAI(model=model, http_client=self._client, max_retries=1)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def ask(self, messages: list[BaseMessage]) -> tuple[BaseMessage, dict[str, Plain]]:
        """Return the model's answer, and what it took."""
        usage = UsageMetadataCallbackHandler()
        before, began = self._requests, time.perf_counter()
        answer = self._model.invoke(messages, config={"callbacks": [usage]})
        seconds = time.perf_counter() - began
        tokens = sum(used["total_tokens"] for used in usage.usage_metadata.values())
        return answer, {"seconds": seconds, "calls": self._requests - before, "tokens": tokens, "text": answer.text}

    def _count(self, request: httpx.Request) -> None:
        self._requests += 1


def serve(do: Callable[[Plain, Tell], None]) -> int:
    """Do the task on standard input and return the exit code; `do` tells of each step."""
    task = json.load(sys.stdin)
    try:
        do(task, _tell)
    except LLMCacheError as error:
        _tell({"error": str(error)})
        return code_of(error)
    except OpenAIError as error:
        # The message of a provider may quote the key it refused; the class and the status say enough.
        status = f", HTTP {error.status_code}" if isinstance(error, APIStatusError) else ""
        _tell({"error": f"the model {task['model']!r} did not answer: {type(error).__name__}{status}"})
        return ExitCode.NO
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    return ExitCode.OK


def _do(task: Plain, tell: Tell) -> None:
    cache = NotingCache(task["store"], namespace=task["namespace"])
    set_llm_cache(cache)
    asking = Asking(task["model"])
    for label in task["asks"]:
        _, took = asking.ask([HumanMessage(task["question"])])
        tell({"step": "ask", "label": label, "kept_under": cache.kept_under} | took)
    for session, questions in task["conversations"].items():
        history = ChatMessageHistory(session, task["store"], namespace=task["namespace"])
        for question in questions:
            tell({"step": "turn", "session": session, "question": question} | _turn(asking, history, question))
    cache.close()


def _turn(asking: Asking, history: ChatMessageHistory, question: str) -> dict[str, Plain]:
    remembered = history.messages
    asked = HumanMessage(question)
    answer, took = asking.ask([*remembered, asked])
    history.add_messages([asked, answer])
    return {"remembered": len(remembered)} | took


def _tell(step: Plain) -> None:
    sys.stdout.write(json.dumps(step) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(serve(_do))
