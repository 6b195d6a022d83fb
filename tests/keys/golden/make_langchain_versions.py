"""Print the pairs of `langchain_pairs` as JSON, with the versions that made them.

Run it in an environment with the versions wanted, from the root of the checkout, with the root on the path:

    PYTHONPATH=. python tests/keys/golden/make_langchain_versions.py

and put the object it prints into the list in `langchain_versions.json`. Entries there are never changed: they are what
those versions write.
"""

import json
import sys
from importlib.metadata import version

from tests.keys.langchain_pairs import pairs

made_by = {name: version(name) for name in ("langchain-core", "langchain-openai")}
json.dump({"versions": made_by, "pairs": pairs()}, sys.stdout, indent=1)
