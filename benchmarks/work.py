"""The work that is measured: prompts and answers as a chat model on LangChain has them."""

from dataclasses import dataclass

from langchain_core.load import dumps
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.outputs import ChatGeneration

LLM_STRING = (
    '{"id": ["langchain", "chat_models", "openai", "ChatOpenAI"], "kwargs": {"max_retries": 2, "model_name": '
    '"gpt-5.4-mini", "openai_api_key": {"id": ["OPENAI_API_KEY"], "lc": 1, "type": "secret"}, "temperature": 0.0}, '
    '"lc": 1, "name": "ChatOpenAI", "type": "constructor"}---[(\'stop\', None)]'
)


@dataclass(frozen=True)
class Work:
    """One prompt and its answer."""

    name: str
    prompt: str
    answer: list[ChatGeneration]

    def fresh_prompts(self, count: int) -> list[str]:
        """Return equal prompts that are new objects, as LangChain's are: a string remembers its hash."""
        head, tail = self.prompt[:1], self.prompt[1:]
        return [head + tail for _ in range(count)]


def _work(name: str, prompt_size: int, answer_size: int) -> Work:
    prompt = dumps([HumanMessage(("Tell me more about cats. " * 1000)[:prompt_size])])
    message = AIMessage(
        ("Cats are small carnivores that sleep a lot. " * 200)[:answer_size],
        id="lc_run--0b3c2b8e-9a3e-4b4e-8a3e-0b3c2b8e9a3e-0",
        usage_metadata={
            "input_tokens": prompt_size // 4,
            "output_tokens": answer_size // 4,
            "total_tokens": (prompt_size + answer_size) // 4,
            "input_token_details": {"audio": 0, "cache_read": 0},
            "output_token_details": {"audio": 0, "reasoning": 0},
        },
        response_metadata={
            "token_usage": {"completion_tokens": answer_size // 4, "prompt_tokens": prompt_size // 4},
            "model_provider": "openai",
            "model_name": "gpt-5.4-mini-2026-03-17",
            "system_fingerprint": "fp_0123456789",
            "id": "chatcmpl-BxYz0123456789",
            "finish_reason": "stop",
            "logprobs": None,
        },
    )
    return Work(
        name, prompt, [ChatGeneration(message=message, generation_info={"finish_reason": "stop", "logprobs": None})]
    )


SHORT = _work("200 characters -> 1 KB", 200, 1000)
LONG = _work("20,000 characters -> 4 KB", 20_000, 4000)
