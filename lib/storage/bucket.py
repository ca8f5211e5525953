"""Encrypted files in a bucket, which many machines use at once and nobody can lock (ADR 041).

``files/<address>`` is a file in its place, ``trash/<address>/<token>`` one that was moved away, ``holds/<token>`` a
back-up that is being made. Each move into the trash has a name of its own and is never written again. So whoever
deletes an old one cannot meet a newer one, and a file is always in one of the two places.
"""

from __future__ import annotations

import errno
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Protocol

from lib.keyring import HEAD_LENGTH, Keyring
from lib.storage.store import ADDRESS, Blob, FileDamaged, FileMissing, Store, StoreHeld, Sweep, blob, checked

#: Somebody else changed the object between two steps: look again. More often than this is no coincidence.
TRIES = 8
#: A back-up that takes longer, or one that was killed, keeps no file any more.
HOLD_S = 24 * 3600.0
#: Whoever asks whether the bucket can be written within this time gets the answer of before.
PROBED_S = 10.0


@dataclass(frozen=True)
class ObjectFacts:
    """What a list or a look says of an object."""

    name: str
    size: int
    etag: str
    modified: float  # seconds since 1970, by the server's clock


@dataclass(frozen=True)
class ObjectContent:
    content: bytes
    etag: str


class Objects(Protocol):
    """What a bucket needs of an object store. All raise OSError; nothing is ever read older than it was written."""

    place: str

    def put(self, name: str, content: bytes, *, only_new: bool = False, instead_of: str = "") -> bool:
        """False: the object is there already, or is not the one with this etag."""

    def get(self, name: str, first: int = 0) -> ObjectContent | None:
        """``first``: only so many bytes."""

    def look(self, name: str) -> ObjectFacts | None: ...

    def copy(self, name: str, to: str) -> bool:
        """Onto itself: it gets a new date. False: it is not there."""

    def delete(self, name: str) -> None: ...

    def names(self, beginning: str) -> Iterator[ObjectFacts]:
        """In order."""


class Bucket(Store):
    def __init__(self, objects: Objects, keys: Keyring) -> None:
        super().__init__(keys)
        self._objects = objects
        self.place = objects.place
        self._probe = _Probe(objects)

    def put(self, data: bytes) -> Blob:
        address = self._address(data)
        return blob(address, data, self._in_place(address, lambda: self._seal(address, data)))

    def put_sealed(self, address: str, sealed: bytes) -> None:
        self._open(address, sealed)
        self._in_place(address, lambda: sealed)

    def sealed(self, address: str) -> bytes:
        if (found := self._found(address)) is None:
            raise FileMissing(address)
        return found

    def exists(self, address: str) -> bool:
        return self.stamp(address) is not None

    def stamp(self, address: str) -> str | None:
        found = self._looked_up(_file(address), lambda: max(self._trashed(address), key=_modified, default=None))
        return f"{found.size}-{found.etag}" if found else None

    def head(self, address: str) -> bytes:
        return self._found(address, HEAD_LENGTH) or b""

    def addresses(self) -> Iterator[str]:
        yield from (found.name[len("files/") :] for found in self._files())

    def stored(self) -> Iterator[str]:
        yield from self.addresses()
        for address, _moves in self._trash():
            if self._objects.look(_file(address)) is None:
                yield address

    def reseal(self, address: str) -> Blob | None:
        for _try in range(TRIES):
            if (there := self._objects.get(_file(address))) is None:
                self._objects.put(_file(address), self.sealed(address), only_new=True)
            elif self._keys.is_current(there.content):
                return None
            else:
                sealed = self._seal(address, data := self._open(address, there.content))
                if self._objects.put(_file(address), sealed, instead_of=there.etag):
                    return blob(address, data, sealed)
        raise _restless(self.place)

    def sweep(self, is_referenced: Callable[[str], bool], older_than_s: float, dry_run: bool = False) -> Sweep:
        """As for a folder. ``is_referenced`` tells what the rows named at one moment before this call."""
        done = Sweep()
        before = time.time() - older_than_s
        self._empty_trash(is_referenced, before, done, dry_run)
        for found in self._files():
            address = found.name[len("files/") :]
            if found.modified <= before and not is_referenced(address) and (dry_run or self._move(address, before)):
                done.trashed.append(address)
        for hold in self._objects.names("holds/"):
            if hold.modified <= time.time() - HOLD_S:
                done.temporary += 1
                if not dry_run:
                    self._objects.delete(hold.name)
        return done

    def discard(self, address: str, older_than_s: float) -> bool:
        """It goes into the trash, and with a sweep from there: a deletion would cross a put of the same bytes."""
        before = time.time() - older_than_s
        found = self._objects.look(_file(address))
        return found is not None and found.modified <= before and self._move(address, before)

    @contextmanager
    def held(self) -> Iterator[None]:
        """A killed back-up holds the files for a day: nobody can tell it from a slow one."""
        name = f"holds/{secrets.token_hex(8)}"
        self._objects.put(name, b"")
        try:
            yield
        finally:
            with suppress(OSError):  # it ends by itself
                self._objects.delete(name)

    def with_keys(self, keys: Keyring) -> Bucket:
        return Bucket(self._objects, keys)

    def refuse_unwritable(self, room: int) -> None:
        self._probe.ask()

    def try_writing(self) -> None:
        """Each operation that the store relies on, once."""
        objects, name = self._objects, f"probe/{secrets.token_hex(8)}"
        needs = {
            "nothing is found under a new name": objects.get(name) is None and not objects.copy(name, f"{name}-0"),
            "writing": objects.put(name, b"1", only_new=True),
            "If-None-Match when writing": not objects.put(name, b"2", only_new=True),
            "If-Match when writing": not objects.put(name, b"2", instead_of='"0"'),
            "copying": objects.copy(name, name) and objects.copy(name, f"{name}-1"),
            "reading at once": (found := objects.get(f"{name}-1")) is not None and found.content == b"1",
            "a list at once": [found.name for found in objects.names(name)] == [name, f"{name}-1"],
        }
        for each in (name, f"{name}-1"):
            objects.delete(each)
        needs["deleting at once"] = objects.look(name) is None
        if missing := [need for need, works in needs.items() if not works]:
            raise OSError(errno.EOPNOTSUPP, f"the store does not do: {', '.join(missing)}", self.place)

    def free(self) -> int | None:
        return None

    # --- in its place, in the trash -----------------------------------------------------------------------------------

    def _in_place(self, address: str, make: Callable[[], bytes]) -> bytes:
        """The ciphertext that is now in its place, with a new date: the one of before if it is sound."""
        name = _file(address)
        for _try in range(TRIES):
            there = self._objects.get(name)
            if there and self._is_sound(address, there.content):
                if self._objects.copy(name, name):
                    return there.content
                continue  # moved into the trash just now
            trashed = self._found_in_trash(address)
            sealed = trashed if trashed and self._is_sound(address, trashed) else make()
            if self._objects.put(name, sealed, only_new=there is None, instead_of=there.etag if there else ""):
                return sealed
        raise _restless(self.place)

    def _is_sound(self, address: str, sealed: bytes) -> bool:
        with suppress(FileDamaged):
            self._open(address, sealed)
            return True
        return False

    def _found(self, address: str, first: int = 0) -> bytes | None:
        """In its place, or in the trash; or in its place again, where it may have been brought in between."""
        name = _file(address)
        found = self._objects.get(name, first)
        if found or (trashed := self._found_in_trash(address, first)) is None:
            found = found or self._objects.get(name, first)
            return found.content if found else None
        return trashed

    def _looked_up(self, name: str, elsewhere: Callable[[], ObjectFacts | None]) -> ObjectFacts | None:
        return self._objects.look(name) or elsewhere() or self._objects.look(name)

    def _found_in_trash(self, address: str, first: int = 0) -> bytes | None:
        for move in sorted(self._trashed(address), key=_modified, reverse=True):
            if found := self._objects.get(move.name, first):
                return found.content
        return None

    def _trashed(self, address: str) -> Iterator[ObjectFacts]:
        return self._objects.names(f"trash/{checked(address)}/")

    def _files(self) -> Iterator[ObjectFacts]:
        return (found for found in self._objects.names("files/") if ADDRESS.match(found.name[len("files/") :]))

    def _trash(self) -> Iterator[tuple[str, list[ObjectFacts]]]:
        """Each address that was moved away, with its moves, the latest last."""
        for address, moves in groupby(self._objects.names("trash/"), lambda move: move.name.split("/")[1]):
            if ADDRESS.match(address):
                yield address, sorted(moves, key=_modified)

    def _move(self, address: str, before: float) -> bool:
        """Into the trash, unless it got a new date meanwhile. After a put that comes still later it is in the trash:
        readers find it there, and the next pass brings it back."""
        name, moved = _file(address), f"trash/{address}/{secrets.token_hex(8)}"
        if not self._objects.copy(name, moved):
            return False
        again = self._objects.look(name)
        if again is None or again.modified > before:
            self._objects.delete(moved)
            return False
        self._objects.delete(name)
        return True

    def _empty_trash(self, is_referenced: Callable[[str], bool], before: float, done: Sweep, dry_run: bool) -> None:
        refuse_held = cache(self._refuse_held)
        for address, moves in self._trash():
            if moves[-1].modified > before:
                continue
            if self._objects.look(_file(address)):
                done.temporary += len(moves)
            elif is_referenced(address):
                done.restored.append(address)
                if not dry_run:
                    self._bring_back(address)
            else:
                done.removed.append(address)
                if not dry_run:
                    refuse_held()
            for move in () if dry_run else moves:
                self._objects.delete(move.name)

    def _bring_back(self, address: str) -> None:
        with suppress(FileMissing):  # another sweep was quicker
            self._objects.put(_file(address), self.sealed(address), only_new=True)

    def _refuse_held(self) -> None:
        """Once a sweep is enough: a back-up that begins later has a cut that is later than the rows of the sweep, and
        what was named in between was put into its place again."""
        if any(hold.modified > time.time() - HOLD_S for hold in self._objects.names("holds/")):
            raise StoreHeld("正在备份，暂时不能清理文件；请等备份结束后再运行（中断的备份一天后自动失效）")


class _Probe:
    """Can it be written? One small object, and the answer is good for a while: also the one that nobody is there."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._lock = threading.Lock()
        self._asked_at = -PROBED_S
        self._failure: OSError | None = None

    def ask(self) -> None:
        with self._lock:
            if time.monotonic() - self._asked_at >= PROBED_S:
                try:
                    self._objects.put("probe/written", b"")
                    self._failure = None
                except OSError as error:
                    self._failure = error
                self._asked_at = time.monotonic()
            if self._failure:
                raise OSError(self._failure.errno, self._failure.strerror, self._failure.filename)


def _file(address: str) -> str:
    return f"files/{checked(address)}"


def _modified(found: ObjectFacts) -> float:
    return found.modified


def _restless(place: str) -> OSError:
    return OSError(errno.EHOSTDOWN, "the object changes all the time", place)
