"""Configuration files with one mistake each, and what is said about it."""

from tests.config.wrong_embeddings import WRONG_EMBEDDINGS
from tests.config.wrong_file import WrongFile
from tests.config.wrong_near import WRONG_NEAR

_URL = "a URL such as 'sqlite:./.llmcache'"
_STORE = f"{_URL}, or the name of a table below [stores]"
_SECONDS = "a length of time such as '250ms', '30s', '5m', '2h' or '7d', or a number of seconds, above zero"
_SHARE = "a share such as '10%' or 0.1, from 0 to less than all"
_NAMESPACE = "a text such as 'shop' or 'shop/prod'"
_RESPONSES = "store, ttl, early_refresh, background_refresh, stale_if_error, jitter, coalesce, tag_models"
_MAIN = "profile, namespace, store, responses, history, embeddings, semantic, seal"
_HISTORY = "store, ttl, sliding, max_messages"
_ONE_SECRET = "a reference such as '${LLMCACHE_SEAL_KEY}', to base64 of 32 random bytes"
_SECRETS = "a list of references, each such as '${LLMCACHE_SEAL_KEY}', to base64 of 32 random bytes"
_TAKE_IT = "take it from the environment: write ${NAME} in its place"
_SECRET = f"allowed {_URL}; take it from the environment: write ${{NAME}} in its place"

WRONG_FILES = [
    WrongFile(
        "key without its table",
        'namespace = "shop"\n',
        ":1: namespace: found an unknown key; allowed llmcache, profiles, stores; it belongs below [llmcache], as namespace",
    ),
    WrongFile(
        "key without its table that is like another",
        'store = "memory:"\n',
        ":1: store: found an unknown key; allowed llmcache, profiles, stores; it belongs below [llmcache], as store",
    ),
    WrongFile(
        "key of a purpose without it",
        '[llmcache]\nttl = "1d"\n',
        f":2: [llmcache] ttl: found an unknown key; allowed {_MAIN}; write responses.ttl or history.ttl or embeddings.ttl",
    ),
    WrongFile(
        "key of a purpose without any table",
        'ttl = "1d"\n',
        ":1: ttl: found an unknown key; allowed llmcache, profiles, stores; "
        "below [llmcache] write responses.ttl or history.ttl or embeddings.ttl",
    ),
    WrongFile(
        "key of a store without it",
        '[llmcache]\nnear = { max_bytes = "1MiB" }\n',
        f":2: [llmcache] near: found an unknown key; allowed {_MAIN}; it belongs to a store, below [stores.NAME]",
    ),
    WrongFile(
        "misspelt table",
        '[llmcach]\nnamespace = "shop"\n',
        ":1: llmcach: found an unknown key; allowed llmcache, profiles, stores; did you mean 'llmcache'?",
    ),
    WrongFile(
        "misspelt key",
        '[llmcache]\n\nnamespce = "shop"\n',
        f":3: [llmcache] namespce: found an unknown key; allowed {_MAIN}; did you mean 'namespace'?",
    ),
    WrongFile(
        "value where a table is needed",
        'llmcache = "shop"\n',
        f":1: llmcache: found 'shop'; allowed a table with {_MAIN}",
    ),
    WrongFile(
        "list of tables",
        '[[llmcache]]\nnamespace = "shop"\n',
        f":1: llmcache: found a list; allowed a table with {_MAIN}",
    ),
    WrongFile(
        "namespace that is a number",
        "[llmcache]\nnamespace = 5\n",
        f":2: [llmcache] namespace: found 5; allowed {_NAMESPACE}",
    ),
    WrongFile(
        "namespace with an empty part",
        '[llmcache]\nnamespace = "shop//prod"\n',
        f":2: [llmcache] namespace: found 'shop//prod'; allowed {_NAMESPACE}; "
        "a namespace part is empty; parts are separated by single slashes, as in 'shop/prod'",
        seen_by_editors=False,
    ),
    WrongFile(
        "profile that is not there",
        '[llmcache]\nprofile = "prd"\n[profiles.prod]\n[profiles.dev]\n',
        ":2: [llmcache] profile: found 'prd'; allowed the name of a table below [profiles]: prod, dev; did you mean 'prod'?",
        seen_by_editors=False,
    ),
    WrongFile(
        "profile where there is none",
        '[llmcache]\nprofile = "prod"\n',
        ":2: [llmcache] profile: found 'prod'; allowed the name of a table below [profiles]: there is none",
        seen_by_editors=False,
    ),
    WrongFile(
        "profile from the environment",
        '[llmcache]\nprofile = "${STAGE}"\n',
        ":2: [llmcache] profile: found '${STAGE}'; allowed the name of a table below [profiles]; "
        "${NAME} may stand in a URL and in a namespace",
        seen_by_editors=False,
    ),
    WrongFile(
        "namespace that is a table",
        '[llmcache.namespace]\nname = "shop"\n',
        f":1: [llmcache] namespace: found a table; allowed {_NAMESPACE}",
    ),
    WrongFile(
        "two references for one URL",
        '[llmcache]\nstore = "${SCHEME}${REST}"\n',
        f":2: [llmcache] store: found '${{SCHEME}}${{REST}}'; allowed {_STORE}",
        seen_by_editors=False,
    ),
    WrongFile(
        "something between two references",
        '[llmcache]\nstore = "${REST} ${REST}"\n',
        f":2: [llmcache] store: found '${{REST}} ${{REST}}'; allowed {_STORE}",
        seen_by_editors=False,
    ),
    WrongFile(
        "option without a value behind a reference",
        '[llmcache]\nstore = "redis://${HOST}?timeout"\n',
        f":2: [llmcache] store: found 'redis://${{HOST}}?...'; allowed {_STORE}; option 1 of the URL has no name or no value; "
        "options are written ?name=value&name=value, and a question mark before them as %3F",
        seen_by_editors=False,
    ),
    WrongFile(
        "profile that is a list",
        '[llmcache]\nprofile = ["prod"]\n',
        ":2: [llmcache] profile: found a list; allowed the name of a table below [profiles]",
    ),
    WrongFile(
        "store that is not there",
        '[llmcache]\nstore = "shred"\n[stores.shared]\nurl = "sqlite:"\n',
        ":2: [llmcache] store: found 'shred'; allowed a URL, or the name of a table below [stores]: shared; "
        "did you mean 'shared'?",
        seen_by_editors=False,
    ),
    WrongFile(
        "folder without its scheme",
        '[llmcache]\nstore = "./.llmcache"\n',
        ":2: [llmcache] store: found './.llmcache'; allowed a URL, or the name of a table below [stores]: there is none; "
        "for a folder write 'sqlite:./.llmcache'",
        seen_by_editors=False,
    ),
    WrongFile(
        "store that is no URL",
        '[llmcache]\nstore = "SQLite:x"\n',
        f":2: [llmcache] store: found 'SQLite:x'; allowed {_STORE}",
        seen_by_editors=False,
    ),
    WrongFile(
        "empty store", '[llmcache]\nstore = ""\n', f":2: [llmcache] store: found an empty text; allowed {_STORE}"
    ),
    WrongFile(
        "store that is a flag",
        "[profiles.dev]\nstore = true\n",
        f":2: [profiles.dev] store: found true; allowed {_STORE}",
    ),
    WrongFile(
        "profile that is no table",
        '[profiles]\ndev = "sqlite:"\n',
        ":2: [profiles] dev: found 'sqlite:'; allowed a table with namespace, store, responses, history, embeddings, semantic, seal",
    ),
    WrongFile(
        "profile named like a URL",
        '[profiles."sqlite:"]\nstore = "memory:"\n',
        ":1: [profiles] 'sqlite:': found the name 'sqlite:'; allowed a name that is not empty and has no colon",
    ),
    WrongFile(
        "misspelt key of a profile",
        '[profiles.prod]\n# the store\nstores = "sqlite:"\n',
        ":3: [profiles.prod] stores: found an unknown key; allowed namespace, store, responses, history, embeddings, semantic, seal; "
        "did you mean 'store'?",
    ),
    WrongFile(
        "purpose that is a text",
        '[profiles.prod]\nresponses = "7d"\n',
        f":2: [profiles.prod] responses: found '7d'; allowed a table with {_RESPONSES}",
    ),
    WrongFile(
        "unknown unit",
        '[profiles.prod]\nresponses = { ttl = "7x" }\n',
        f":2: [profiles.prod.responses] ttl: found '7x'; allowed {_SECONDS}",
    ),
    WrongFile(
        "no time to live",
        "[llmcache.responses]\nttl = 0\n",
        f":2: [llmcache.responses] ttl: found 0; allowed {_SECONDS}",
    ),
    WrongFile(
        "time to live that is a flag",
        "[llmcache.responses]\nttl = false\n",
        f":2: [llmcache.responses] ttl: found false; allowed {_SECONDS}",
    ),
    WrongFile(
        "endless time to live",
        "[llmcache.history]\nttl = inf\n",
        f":2: [llmcache.history] ttl: found inf; allowed {_SECONDS}",
        seen_by_editors=False,  # JSON has no such number
    ),
    WrongFile(
        "key of another purpose",
        "[llmcache.responses]\nmax_messages = 20\n",
        f":2: [llmcache.responses] max_messages: found an unknown key; allowed {_RESPONSES}",
    ),
    WrongFile(
        "share without its sign",
        '[llmcache]\nresponses = { ttl = "7d", early_refresh = "10" }\n',
        f":2: [llmcache.responses] early_refresh: found '10'; allowed {_SHARE}",
    ),
    WrongFile(
        "whole life",
        '[llmcache.responses]\njitter = "100%"\n',
        f":2: [llmcache.responses] jitter: found '100%'; allowed {_SHARE}",
    ),
    WrongFile(
        "way of sharing that is a flag",
        "[llmcache.responses]\ncoalesce = true\n",
        ":2: [llmcache.responses] coalesce: found true; allowed 'off', 'process' or 'shared'",
    ),
    WrongFile(
        "way of sharing that is unknown",
        '[llmcache.responses]\ncoalesce = "always"\n',
        ":2: [llmcache.responses] coalesce: found 'always'; allowed 'off', 'process' or 'shared'",
    ),
    WrongFile(
        "share in per cent as a number",
        "[llmcache.responses]\njitter = 5\n",
        f":2: [llmcache.responses] jitter: found 5; allowed {_SHARE}",
    ),
    WrongFile(
        "share that is a flag",
        "[llmcache.responses]\nearly_refresh = true\n",
        f":2: [llmcache.responses] early_refresh: found true; allowed {_SHARE}",
    ),
    WrongFile(
        "length of time that is a share",
        '[llmcache.responses]\nstale_if_error = "10%"\n',
        f":2: [llmcache.responses] stale_if_error: found '10%'; allowed {_SECONDS}",
    ),
    WrongFile(
        "place where a flag is needed",
        '[llmcache.responses]\nbackground_refresh = "thread"\n',
        ":2: [llmcache.responses] background_refresh: found 'thread'; allowed true or false",
    ),
    WrongFile(
        "misspelt key of history",
        "[profiles.prod]\nhistory.slidng = true\n",
        f":2: [profiles.prod.history] slidng: found an unknown key; allowed {_HISTORY}; did you mean 'sliding'?",
    ),
    WrongFile(
        "flag in words",
        '[profiles.prod.history]\nttl = "30d"\nsliding = "yes"\n',
        ":3: [profiles.prod.history] sliding: found 'yes'; allowed true or false",
    ),
    WrongFile(
        "no messages",
        "[llmcache.history]\nmax_messages = 0\n",
        ":2: [llmcache.history] max_messages: found 0; allowed a whole number from 1",
    ),
    WrongFile(
        "half a message",
        "[llmcache.history]\nmax_messages = 2.5\n",
        ":2: [llmcache.history] max_messages: found 2.5; allowed a whole number from 1",
    ),
    WrongFile(
        "number in quotes",
        '[llmcache.history]\nmax_messages = "200"\n',
        ":2: [llmcache.history] max_messages: found '200'; allowed a whole number from 1",
    ),
    WrongFile("store without its URL", "[stores.shared]\n", f":1: [stores.shared] url: found nothing; allowed {_URL}"),
    WrongFile(
        "store that is no table",
        '[stores]\nshared = "redis://host"\n',
        ":2: [stores] shared: found 'redis://host'; allowed a table with url, deadline, write_behind, near",
    ),
    WrongFile(
        "misspelt key of a store",
        '[stores.shared]\nurl = "memory:"\nurls = "redis://:hunter2@host"\n',
        ":3: [stores.shared] urls: found an unknown key; allowed url, deadline, write_behind, near; did you mean 'url'?",
    ),
    WrongFile(
        "named store that names another",
        '[stores.shared]\nurl = "other"\n',
        f":2: [stores.shared] url: found 'other'; allowed {_URL}; for a folder write sqlite:other, for a scheme other:",
    ),
    WrongFile(
        "password in the file",
        '[stores.shared]\nurl = "redis://ada:hunter2@host:6379/0"\n',
        f":2: [stores.shared] url: found a password in the file; {_SECRET}",
        seen_by_editors=False,
    ),
    WrongFile(
        "half a password in the file",
        '[stores.shared]\nurl = "redis://:${PART}hunter2@host"\n',
        f":2: [stores.shared] url: found a password in the file; {_SECRET}",
        seen_by_editors=False,
    ),
    WrongFile(
        "password in a URL that stands by itself",
        '[profiles.prod]\nstore = "redis://:hunter2@host"\n',
        f":2: [profiles.prod] store: found a password in the file; {_SECRET.replace(_URL, _STORE)}",
        seen_by_editors=False,
    ),
    WrongFile(
        "secret among the options",
        '[stores.shared]\nurl = "momento://cache?api_key=hunter2"\n',
        f":2: [stores.shared] url: found a secret in the option 'api_key' in the file; {_SECRET}",
        seen_by_editors=False,
    ),
    WrongFile(
        "reference without its end",
        '[stores.shared]\nurl = "redis://${HOST"\n',
        f":2: [stores.shared] url: found 'redis://${{HOST', a ${{ without its }}; allowed {_URL}; "
        "a variable of the environment is written ${NAME}",
        seen_by_editors=False,
    ),
    WrongFile(
        "reference that is no name",
        '[stores.shared]\nurl = "redis://${HOST:-localhost}"\n',
        f":2: [stores.shared] url: found 'redis://${{HOST:-localhost}}', a reference ${{...}} whose name is not made of "
        f"letters, digits and _; allowed {_URL}; a variable of the environment is written ${{NAME}}",
        seen_by_editors=False,
    ),
    WrongFile(
        "reference where none is filled",
        '[llmcache.responses]\nttl = "${TTL}"\n',
        f":2: [llmcache.responses] ttl: found '${{TTL}}'; allowed {_SECONDS}",
    ),
    WrongFile(
        "option given twice",
        '[stores.shared]\nurl = "memory:?max_bytes=1&max_bytes=2"\n',
        f":2: [stores.shared] url: found 'memory:?...'; allowed {_URL}; the URL option 'max_bytes' is given twice",
        seen_by_editors=False,
    ),
    WrongFile(
        "no TOML",
        '[llmcache]\nstore = "redis://:hunter2@host\n',
        ":2: found no TOML: Illegal character '\\n'; allowed TOML as of toml.io",
    ),
    WrongFile(
        "key given twice",
        '[llmcache]\nstore = "memory:"\n[llmcache]\n',
        ":3: found no TOML: Cannot declare ('llmcache',) twice; allowed TOML as of toml.io",
    ),
    WrongFile(
        "key of a seal in the file",
        '[llmcache]\nseal = { keys = ["hunter2hunter2hunter2hunter2hunter2hunter2hun="] }\n',
        f":2: [llmcache.seal] keys: found a secret in the file; allowed {_SECRETS}; {_TAKE_IT}",
    ),
    WrongFile(
        "key of a seal that is half in the file",
        '[llmcache.seal]\nkeys = ["${KEY}", "hunter2${KEY}"]\n',
        f":2: [llmcache.seal] keys: found a secret in the file; allowed {_SECRETS}; {_TAKE_IT}",
    ),
    WrongFile(
        "key of a seal that is no list",
        '[llmcache.seal]\nkeys = "hunter2"\n',
        f":2: [llmcache.seal] keys: found a text; allowed {_SECRETS}",
    ),
    WrongFile(
        "no key of a seal",
        "[llmcache.seal]\nkeys = []\n",
        f":2: [llmcache.seal] keys: found an empty list; allowed {_SECRETS}",
    ),
    WrongFile(
        "keys of a seal that are numbers",
        "[profiles.p.seal]\nkeys = [1, 2]\n[llmcache]\nprofile = 'p'\n",
        f":2: [profiles.p.seal] keys: found a number; allowed {_SECRETS}",
    ),
    WrongFile(
        "names of a seal that are wanted without a secret",
        "[llmcache.seal]\nkeys = ['${KEY}']\nnames = true\n",
        f":3: [llmcache.seal] names: found true or false; allowed {_ONE_SECRET}",
    ),
    WrongFile(
        "names of a seal by a reference that is not written well",
        "[llmcache.seal]\nnames = '${NA-ME}'\n",
        f":2: [llmcache.seal] names: found a reference ${{...}} whose name is not made of letters, digits and _; "
        f"allowed {_ONE_SECRET}; a variable of the environment is written ${{NAME}}",
    ),
    WrongFile(
        "seal that is a reference",
        "[llmcache]\nseal = '${KEY}'\n",
        ":2: [llmcache] seal: found '${KEY}'; allowed a table with keys, names",
    ),
    *WRONG_NEAR,
    *WRONG_EMBEDDINGS,
]
