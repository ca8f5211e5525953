"""Encrypted files under names that reveal nothing: in a folder, or in a bucket of an object store.

An address is the keyed hash of the plain bytes. So equal files are stored once, and only the keys reveal whether a
known file is stored. Files are written atomically and never changed in place.
"""

from __future__ import annotations

from pathlib import Path

from lib.keyring import Keyring
from lib.storage.bucket import Bucket as Bucket
from lib.storage.folder import Folder as Folder
from lib.storage.s3 import S3Access, S3Objects, S3Place
from lib.storage.store import Blob as Blob
from lib.storage.store import FileDamaged as FileDamaged
from lib.storage.store import FileMissing as FileMissing
from lib.storage.store import Store as Store
from lib.storage.store import StoreHeld as StoreHeld
from lib.storage.store import Sweep as Sweep


def open_store(place: Path | S3Place, access: S3Access, keys: Keyring) -> Store:
    """The store at a place; ``access``: for one that is a bucket."""
    return Folder(place, keys) if isinstance(place, Path) else Bucket(S3Objects(place, access), keys)
