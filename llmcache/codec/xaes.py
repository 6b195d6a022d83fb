"""XAES-256-GCM: AES-256-GCM under a key of its own for every message, as https://c2sp.org/XAES-256-GCM specifies it.

A nonce has 24 bytes, so it may be random however many messages one key seals: the first half derives the key of the
message by AES-CMAC (NIST SP 800-108), the second half is the nonce of AES-GCM. With the 12 bytes of plain AES-GCM a
key would be worn out after 2^32 random ones, which is fifty days at a thousand writes a second (docs/decisions/0014).

The one file that knows `cryptography`, imported where a cache is sealed and nowhere else.
"""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 24
TAG_BYTES = 16
_HALF = NONCE_BYTES // 2
_BLOCK = 16


class Xaes:
    """Seals and opens under one key. Safe to use from several threads, and on both sides of a fork.

    Args:
        key: `KEY_BYTES` random bytes.
    """

    def __init__(self, key: bytes) -> None:
        self._aes = Cipher(algorithms.AES(key), modes.ECB())  # noqa: S305 -- AES itself, one block at a time, as CMAC uses it
        # Starting AES costs as much as the whole rest, and ECB carries nothing from block to block, so contexts are used again.
        # Each serves one thread at a time: it is taken out of the list, which is atomic.
        self._idle: list[CipherContext] = []
        tweak = int.from_bytes(_doubled(self._encrypted(bytes(_BLOCK))), "big")
        first, second = (int.from_bytes(b"\x00%cX\x00" % counter + bytes(_HALF), "big") ^ tweak for counter in (1, 2))
        self._blocks = first << 8 * _BLOCK | second

    def seal(self, nonce: bytes, text: bytes, bound: bytes) -> bytes:
        """Return `text` encrypted, with a tag over it and over `bound`.

        Args:
            nonce: `NONCE_BYTES` bytes, random for each message.
            bound: What else must be the same when it is opened.
        """
        return AESGCM(self._key_for(nonce[:_HALF])).encrypt(nonce[_HALF:], text, bound)

    def open(self, nonce: bytes, sealed: bytes, bound: bytes) -> bytes | None:
        """Return what was sealed, or None where anything differs by as much as a bit, or is cut off."""
        if len(nonce) != NONCE_BYTES:
            return None
        try:
            return AESGCM(self._key_for(nonce[:_HALF])).decrypt(nonce[_HALF:], sealed, bound)
        except InvalidTag:
            return None

    def _key_for(self, half: bytes) -> bytes:
        """Return the key of a message: "M1 = 0x00 || 0x01 || X || 0x00 || N[:12]", M2 likewise, each through AES-CMAC."""
        number = int.from_bytes(half, "big")
        return self._encrypted((self._blocks ^ (number << 8 * _BLOCK | number)).to_bytes(2 * _BLOCK, "big"))

    def _encrypted(self, blocks: bytes) -> bytes:
        try:
            context = self._idle.pop()
        except IndexError:
            context = self._aes.encryptor()
        try:
            return context.update(blocks)
        finally:
            self._idle.append(context)


def _doubled(block: bytes) -> bytes:
    """Return `block` times x in the field of CMAC: "If MSB1(L) = 0, then K1 = L << 1; else K1 = (L << 1) xor 0x87"."""
    number = int.from_bytes(block, "big")
    return ((number << 1 & (1 << 8 * _BLOCK) - 1) ^ (0x87 if number >> 8 * _BLOCK - 1 else 0)).to_bytes(_BLOCK, "big")
