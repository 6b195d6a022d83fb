"""Signing keys: made, listed and revoked as the service does; nothing here is signed with one."""

import json
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final

from grpc import StatusCode
from momento_wire_types import controlclient_pb2 as control

from llmcache_momento.local.keep import Keep
from llmcache_momento.local.rejection import RejectionError, invalid


def create(keep: Keep, _: str, request: control._CreateSigningKeyRequest) -> control._CreateSigningKeyResponse:
    """Make a key; what comes back has its id, and no secret, because there is none."""
    if not request.ttl_minutes:
        raise invalid("TTL must be positive")
    key_id, expires = uuid.uuid4().hex, keep.clock() + request.ttl_minutes * 60
    keep.signing_keys[key_id] = expires
    return control._CreateSigningKeyResponse(key=json.dumps({"kid": key_id}), expires_at=int(expires))


def revoke(keep: Keep, _: str, request: control._RevokeSigningKeyRequest) -> control._RevokeSigningKeyResponse:
    """Forget a key."""
    if keep.signing_keys.pop(request.key_id, None) is None:
        raise RejectionError(StatusCode.NOT_FOUND, "Signing key not found")
    return control._RevokeSigningKeyResponse()


def list_(keep: Keep, _: str, __: control._ListSigningKeysRequest) -> control._ListSigningKeysResponse:
    """Return the keys that have not expired."""
    out = control._ListSigningKeysResponse()
    for key_id, expires in keep.signing_keys.items():
        if expires > keep.clock():
            out.signing_key.add(key_id=key_id, expires_at=int(expires))
    return out


SIGNING_KEYS: Final[Mapping[str, Callable[[Keep, str, Any], object]]] = {
    "CreateSigningKey": create,
    "RevokeSigningKey": revoke,
    "ListSigningKeys": list_,
}
