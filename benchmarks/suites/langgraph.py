"""LangGraph's conformance suite for checkpointers, on the thinnest checkpointer that keeps everything in a store.

A thread is a space, a checkpoint and each of its pending writes an entry of it; what a checkpointer does with lists and
deletion is done by listing and clearing that space. The abilities that the suite calls extended are left out.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import Any, cast

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    get_checkpoint_id,
    get_checkpoint_metadata,
)
from langgraph.checkpoint.conformance import checkpointer_test, validate
from langgraph.checkpoint.conformance.report import CapabilityReport

from benchmarks.suites.peer import Peer, stores_of
from llmcache.memory import AsyncMemoryStore
from llmcache.model.key import Key, Kind, Space
from llmcache.model.namespace import Namespace
from llmcache.protocols.key_value import Put
from llmcache_conformance.saboteurs import Saboteur

_ALL = 10_000


class ThinSaver(BaseCheckpointSaver[str]):
    """Keeps checkpoints and pending writes under names of their own."""

    def __init__(self, store: AsyncMemoryStore) -> None:
        super().__init__()
        self._store = store

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        at = config["configurable"]
        told = get_checkpoint_metadata(config, metadata)
        kept = self._packed([checkpoint, told, at.get("checkpoint_id")])
        name = _name("c", at.get("checkpoint_ns", ""), checkpoint["id"])
        await self._store.put_many([Put(Key(_space(at["thread_id"]), name), kept)])
        return _config(at["thread_id"], at.get("checkpoint_ns", ""), checkpoint["id"])

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        at = config["configurable"]
        for number, (channel, value) in enumerate(writes):
            name = _name("w", at.get("checkpoint_ns", ""), at["checkpoint_id"], task_id, f"{number:06}")
            put = Put(Key(_space(at["thread_id"]), name), self._packed([task_id, channel, value]))
            await self._store.put_if_absent(put)

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        at = config["configurable"]
        wanted = get_checkpoint_id(config)
        if wanted is not None:
            return await self._tuple(at["thread_id"], at.get("checkpoint_ns", ""), wanted)
        async for found in self.alist({"configurable": {"checkpoint_ns": "", **at}}, limit=1):
            return found
        return None

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,  # noqa: A002 -- LangGraph's name
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        at = config["configurable"] if config else {}
        threads = (
            [at["thread_id"]]
            if at
            else [json.loads(use.space.namespace.parts[1]) for use in await self._store.spaces()]
        )
        end = get_checkpoint_id(before) if before else None
        given = 0
        for thread in threads:
            for namespace, checkpoint in await self._checkpoints(thread):
                if at.get("checkpoint_ns", namespace) != namespace or (end and checkpoint >= end):
                    continue
                found = await self._tuple(thread, namespace, checkpoint)
                if found is None or any(found.metadata.get(name) != wanted for name, wanted in (filter or {}).items()):
                    continue
                if limit is not None and given >= limit:
                    return
                given += 1
                yield found

    async def adelete_thread(self, thread_id: str) -> None:
        await self._store.clear(_space(thread_id))

    async def _checkpoints(self, thread: str) -> list[tuple[str, str]]:
        names = [json.loads(one.key.name) for one in await self._store.scan(_space(thread), count=_ALL)]
        return sorted(((name[1], name[2]) for name in names if name[0] == "c"), key=lambda one: one[1], reverse=True)

    async def _tuple(self, thread: str, namespace: str, checkpoint: str) -> CheckpointTuple | None:
        space = _space(thread)
        (body,) = await self._store.get_many([Key(space, _name("c", namespace, checkpoint))])
        if body is None:
            return None
        values, metadata, parent = self._unpacked(body)
        listed = await self._store.scan(space, count=_ALL)
        keys = [one.key for one in listed if json.loads(one.key.name)[:3] == ["w", namespace, checkpoint]]
        writes = [tuple(self._unpacked(each)) for each in await self._store.get_many(keys) if each is not None]
        return CheckpointTuple(
            _config(thread, namespace, checkpoint),
            values,
            metadata,
            _config(thread, namespace, parent) if parent else None,
            cast(list[tuple[str, str, Any]], writes),
        )

    def _packed(self, value: Any) -> bytes:
        kind, body = self.serde.dumps_typed(value)
        return kind.encode() + b" " + body

    def _unpacked(self, body: bytes) -> Any:
        kind, _, rest = body.partition(b" ")
        return self.serde.loads_typed((kind.decode(), rest))


def _space(thread: str) -> Space:
    return Space(Namespace(("threads", json.dumps(thread))), Kind.RESPONSE)


def _name(*parts: str) -> str:
    return json.dumps(parts)


def _config(thread: str, namespace: str, checkpoint: str) -> RunnableConfig:
    return {"configurable": {"thread_id": thread, "checkpoint_ns": namespace, "checkpoint_id": checkpoint}}


def _report(saboteur: Saboteur | None) -> CapabilityReport:
    async def thin() -> AsyncGenerator[BaseCheckpointSaver[str], None]:
        yield ThinSaver(stores_of(saboteur)[1])

    return asyncio.run(validate(checkpointer_test(name="thin")(thin)))


def _caught(saboteur: Saboteur | None) -> bool:
    try:
        results = _report(saboteur).results.values()
    except Exception:  # noqa: BLE001 -- whatever a broken store raises, the suite has seen it
        return True
    return any(result.tests_failed for result in results)


CHECKPOINTS = Peer(
    "graph",
    "LangGraph's checkpointer suite",
    "langgraph-checkpoint-conformance",
    sum(result.tests_passed for result in _report(None).results.values()),
    _caught,
)
