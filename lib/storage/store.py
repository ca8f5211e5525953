"""What the stores have in common: addresses, what is said about a file, and the methods that each has."""

from __future__ import annotations

import hashlib
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from lib.keyring import Keyring, Tampered

ADDRESS = re.compile(r"[0-9a-f]{64}\Z")


class FileMissing(Exception):
    """Nothing is stored under this address."""


class FileDamaged(Exception):
    """The stored bytes are not those that were put."""


class StoreHeld(Exception):
    """A back-up is being made, which needs the files that are there now."""


@dataclass(frozen=True)
class Blob:
    """What a row stores about a file."""

    address: str  # 64 hex digits
    size: int  # bytes, plain
    sha256: str  # hex, of the ciphertext: a check finds damage without the keys


@dataclass
class Sweep:
    """What one sweep did, or would do: addresses, except for the temporary files."""

    trashed: list[str] = field(default_factory=list)
    restored: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    temporary: int = 0


class Store(ABC):
    """Encrypted files under names that reveal nothing.

    Every method that takes an address raises ValueError unless it is 64 hex digits. All raise OSError when the disk or
    the server fails.
    """

    #: What people read of where it is.
    place: str

    def __init__(self, keys: Keyring) -> None:
        self._keys = keys

    @abstractmethod
    def put(self, data: bytes) -> Blob:
        """Store ``data`` durably. Known bytes only get a new date for ``sweep``."""

    def get(self, address: str) -> bytes:
        """The plain bytes. Raises FileMissing or FileDamaged."""
        return self._open(address, self.sealed(address))

    def check(self, address: str, sha256: str) -> None:
        """Compare the ciphertext with the hash in the row. Raises FileMissing or FileDamaged."""
        if hashlib.sha256(self.sealed(address)).hexdigest() != sha256:
            raise FileDamaged(address)

    @abstractmethod
    def exists(self, address: str) -> bool: ...

    @abstractmethod
    def addresses(self) -> Iterator[str]:
        """Every stored address, in order; without the trash."""

    @abstractmethod
    def stored(self) -> Iterator[str]:
        """Every address, those in the trash as well: they may come back."""

    @abstractmethod
    def head(self, address: str) -> bytes:
        """How the ciphertext begins; b"" when the file is gone."""

    @abstractmethod
    def reseal(self, address: str) -> Blob | None:
        """Encrypt again with the current key; None when that is not needed. Raises FileMissing or FileDamaged."""

    @abstractmethod
    def sweep(self, is_referenced: Callable[[str], bool], older_than_s: float, dry_run: bool = False) -> Sweep:
        """Remove what no row refers to, in two passes at least ``older_than_s`` apart, by way of the trash.

        What is referred to after all comes back. Raises StoreHeld; then it may be half done.
        """

    @abstractmethod
    def discard(self, address: str, older_than_s: float) -> bool:
        """Remove a file without waiting for a sweep, unless another request has stored the same bytes since."""

    # --- for back-ups and copies --------------------------------------------------------------------------------------

    @abstractmethod
    def held(self) -> AbstractContextManager[None]:
        """No file is removed meanwhile."""

    @abstractmethod
    def stamp(self, address: str) -> str | None:
        """A word that changes when the stored bytes may have changed; None when nothing is stored."""

    @abstractmethod
    def sealed(self, address: str) -> bytes:
        """The bytes as they are stored. Raises FileMissing."""

    @abstractmethod
    def put_sealed(self, address: str, sealed: bytes) -> None:
        """Store such bytes of another store, unless the file is there and sound. Raises FileDamaged."""

    @abstractmethod
    def with_keys(self, keys: Keyring) -> Store:
        """The same place, opened with other keys."""

    # --- for whoever watches ------------------------------------------------------------------------------------------

    @abstractmethod
    def refuse_unwritable(self, room: int) -> None:
        """Raise the OSError that storing ``room`` bytes would most likely end in. Quick: each upload asks."""

    @abstractmethod
    def try_writing(self) -> None:
        """Raise OSError unless everything that the store needs of its disk or server works."""

    @abstractmethod
    def free(self) -> int | None:
        """Bytes that are left; None where nobody can tell."""

    # --- for the stores themselves ------------------------------------------------------------------------------------

    def _address(self, data: bytes) -> str:
        return self._keys.mac("blob address", data).hex()

    def _seal(self, address: str, data: bytes) -> bytes:
        return self._keys.seal(data, f"blob|{address}")

    def _open(self, address: str, sealed: bytes) -> bytes:
        try:
            return self._keys.open(sealed, f"blob|{address}")
        except Tampered as error:
            raise FileDamaged(address) from error


def blob(address: str, data: bytes, sealed: bytes) -> Blob:
    return Blob(address, len(data), hashlib.sha256(sealed).hexdigest())


def checked(address: str) -> str:
    if not ADDRESS.match(address):
        raise ValueError("not an address")
    return address
