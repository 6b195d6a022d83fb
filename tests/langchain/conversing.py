"""A program that holds conversations through a cache and prints how often the model was asked: `URL BASE_URL`.

It is run by several versions of LangChain, so it uses only what the oldest of them has.
"""

import json
import os
import sys
from typing import Any

import langchain_core
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI

from llmcache_langchain import LLMCache


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def converse(model: Any, opening: list[BaseMessage]) -> None:
    """Three turns, each with all that was said before."""
    messages = list(opening)
    for turn in range(3):
        messages.append(HumanMessage(f"turn {turn}"))
        answer = model.invoke(messages)
        assert isinstance(answer, AIMessage)
        messages.append(answer)


def main(url: str, base_url: str) -> None:
    """Converse plainly, with tools bound, with a JSON schema, and about an image."""
    os.environ["OPENAI_API_KEY"] = "none"
    cache = LLMCache(url)
    model = ChatOpenAI(model="gpt-5.4-mini", temperature=0, base_url=base_url, cache=cache)
    schema = {"title": "Joke", "description": "A joke.", "type": "object", "properties": {"text": {"type": "string"}}}
    converse(model, [SystemMessage("be brief")])
    converse(model.bind_tools([add]), [])
    converse(model.bind(response_format={"type": "json_schema", "json_schema": {"name": "Joke", "schema": schema}}), [])
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    converse(model.bind(stop=["END"]), [HumanMessage([{"type": "text", "text": "look"}, image])])
    stats = cache.stats().as_dict()
    cache.close()
    print(json.dumps({"version": langchain_core.__version__, "hits": stats["hits"], "misses": stats["misses"]}))


if __name__ == "__main__":
    main(*sys.argv[1:])
