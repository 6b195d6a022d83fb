"""Print the names of the golden keys as this interpreter makes them, one JSON object.

Needs nothing but the standard library and `llmcache`, so that any interpreter can run it:

    python tests/keys/golden/names.py CHECKOUT
"""

import json
import sys
from pathlib import Path

root = Path(sys.argv[1])
sys.path.insert(0, str(root))

from llmcache.keys import (  # noqa: E402 -- needs the path
    embedding_keys,
    explain_embedding,
    explain_langchain,
    explain_request,
    langchain_key,
    request_key,
)
from llmcache.model.embedder import Embedder  # noqa: E402 -- needs the path
from llmcache.model.namespace import Namespace  # noqa: E402 -- needs the path
from llmcache.model.request import Request  # noqa: E402 -- needs the path

golden = root / "tests" / "keys" / "golden"
vectors = json.loads((golden / "keys.json").read_text("utf-8"))
versions = json.loads((golden / "langchain_versions.json").read_text("utf-8"))
namespace = Namespace(tuple(vectors["namespace"]))

names: dict[str, str] = {}
for title, vector in vectors["requests"].items():
    request = Request(**vector["request"])
    names[title] = request_key(request, namespace).name
    names[f"{title}, fingerprint"] = explain_request(request).digest
for title, vector in vectors["langchain"].items():
    names[title] = langchain_key(vector["prompt"], vector["llm_string"], namespace).name
    names[f"{title}, fingerprint"] = explain_langchain(vector["prompt"], vector["llm_string"]).digest
for title, vector in vectors["embeddings"].items():
    embedder = Embedder(**vector["embedder"])
    names[title] = embedding_keys([vector["text"]], embedder, namespace)[0].name
    names[f"{title}, fingerprint"] = explain_embedding(vector["text"], embedder).digest
for made in versions:
    for title, (prompt, llm_string) in made["pairs"].items():
        names[f"{title}, {made['versions']['langchain-core']}"] = langchain_key(prompt, llm_string, namespace).name
json.dump(names, sys.stdout)
