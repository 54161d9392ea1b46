"""Sealing: personal data goes in, a token under the bureau's key comes out, and back for who may read it (invariant 11).

AES-256-GCM with a fresh 96-bit nonce; the letter's id is bound in, so a token moved to another letter does not open.
"""

from __future__ import annotations

import base64
import os
import zlib
from hashlib import blake2b
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from letters.errors import JiesuError, SettingsError
from letters.messages import Writer

_VERSION = b"\x01"
_NONCE = 12
_RAW = b"raw record"


class SealBroken(JiesuError):
    """A sealed value does not open with this key: the key was changed, or the value was altered or moved."""


class Sealer:
    """Seals and opens with one 32-byte key."""

    def __init__(self, key: bytes) -> None:
        if len(key) != 32:
            raise SettingsError(f"the sealing key has {len(key)} bytes; it must have 32 (256 bits)")
        self._aead = AESGCM(key)
        # A key of its own for marks: what is known of one must not help against the other.
        self._marking = blake2b(b"jiesu writer marks", key=key, digest_size=32).digest()

    def seal_bytes(self, plain: bytes, bound_to: bytes = b"") -> bytes:
        """Ciphertext of any length; `bound_to` must be given again to open it."""
        nonce = os.urandom(_NONCE)
        return _VERSION + nonce + self._aead.encrypt(nonce, plain, bound_to)

    def open_bytes(self, sealed: bytes, bound_to: bytes = b"") -> bytes:
        """The plain bytes; `SealBroken` when key, value or `bound_to` is another."""
        if sealed[:1] != _VERSION:
            raise SealBroken()
        try:
            return self._aead.decrypt(sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :], bound_to)
        except (InvalidTag, ValueError):  # ValueError: cut so short that not even the nonce is whole
            raise SealBroken() from None

    def pack_raw(self, raw: bytes) -> bytes:
        """A raw record as kept: zlib's fastest level (the next costs twice the time for a few per cent), then sealed, for
        an upstream's record holds its writer's phone and name."""
        return self.seal_bytes(zlib.compress(raw, 1), _RAW)

    def unpack_raw(self, kept: bytes) -> bytes:
        """The raw record, byte for byte."""
        return zlib.decompress(self.open_bytes(kept, _RAW))

    def seal(self, writer: Writer, letter_id: str) -> str:
        """A writer as a token for `Letter.writer`."""
        plain = writer.model_dump_json(exclude_none=True).encode()
        return base64.urlsafe_b64encode(self.seal_bytes(plain, letter_id.encode())).decode()

    def mark(self, said: str) -> int:
        """A number (63 bits) that is the same for the same text, and tells nothing of it to who lacks the key."""
        return int.from_bytes(blake2b(said.encode(), key=self._marking, digest_size=8).digest()) >> 1

    def open(self, token: str, letter_id: str) -> Writer:
        """Who wrote. Call it only for a role that needs to know, and record that it was called."""
        try:
            sealed = base64.urlsafe_b64decode(token)
        except ValueError:
            raise SealBroken() from None
        return Writer.model_validate_json(self.open_bytes(sealed, letter_id.encode()))


def load_key(configured: str | None, home: Path) -> bytes:
    """The bureau's key: 32 bytes in base64 from the settings, else `<home>/key`, made there (mode 600) at first use."""
    if configured:
        try:
            return base64.b64decode(configured, validate=True)
        except ValueError:
            raise SettingsError("JIESU_KEY is not base64; make one with: openssl rand -base64 32") from None
    path = home / "key"
    home.mkdir(parents=True, exist_ok=True)
    fresh = home / f"key.{os.getpid()}"
    if not path.exists():
        # Written aside and linked: of two processes that start together, one key wins and both read it.
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(base64.b64encode(os.urandom(32)))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    if path.stat().st_mode & 0o077:
        raise SettingsError(f"{path} can be read by others; run: chmod 600 {path}")
    try:
        return base64.b64decode(path.read_bytes(), validate=True)
    except ValueError:
        raise SettingsError(
            f"{path} is no key any more (not base64); put your copy of it back, for without it nobody can read who wrote"
        ) from None
