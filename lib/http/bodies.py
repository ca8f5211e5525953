"""Request bodies are read before one of the few places in the application is taken (docs/adr/020).

The server gives every connection a thread of its own. Waiting for bytes it costs some kilobytes; only in the
application it takes part in the work. So nobody waits for slow senders and readers.
"""

from __future__ import annotations

import logging
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from os import SEEK_END
from threading import Lock, Semaphore, get_ident
from typing import IO, Any

log = logging.getLogger(__name__)

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

IN_MEMORY = 600 * 1024  # bytes of a body; a longer one waits in a temporary file
OF_ADDRESS = 32  # small bodies of one address that one process reads at once, and large ones until they have a place
AT_ONCE = 400  # bodies of all
AT_A_TIME = 64 * 1024  # bytes
LARGE = 12 * 1024  # bytes of a body: more is a picture or a table, which takes long; half of the places is for others
WHOLE = 1024 * 1024  # bytes of an answer: up to here the server gets it in one piece, and the thread is free
PATIENCE_S = 20.0  # for a place: whoever waits longer has often gone, and would be worked for all the same
LARGE_PATIENCE_S = 40.0  # of who sends pictures, and sees that they are on their way
CROWDED = "现在办理的人较多，请稍等片刻再试一次，已保存的内容不会丢失。\n"
BUSY = "现在上传的人较多，请稍等片刻再试一次。\n"
NO_SPACE = "服务器暂时不能接收文件，请稍后再试；如果一直出现，请拨打咨询电话。\n"
NO_LENGTH = "请求没有说明内容的长度，请换一个浏览器再试。\n"


class BufferedBodies:
    """At most ``places`` requests are in the application; who gets none in time is asked to come later.

    ``most``: how many bytes of a body may be read. ``sender``: the address that it is counted for.
    """

    def __init__(
        self,
        app: Application,
        places: int,
        most: Callable[[Environ], int],
        sender: Callable[[Environ], str],
        headers: Iterable[tuple[str, str]],
    ) -> None:
        self._app, self._most, self._sender, self._headers = app, most, sender, list(headers)
        self._places, self._lock = Semaphore(places), Lock()
        self._for_large = Semaphore(max(1, places // 2))
        self._coming: Counter[tuple[str, bool]] = Counter()  # of an address, whether large
        self._served: dict[int, str] = {}  # thread: the address that it works for

    def works_for(self, address: str) -> bool:
        """Whether a request of this address waits for our answer, not for the client."""
        return address in list(self._served.values())

    def __call__(self, environ: Environ, start: Callable[..., Any]) -> Iterable[bytes]:
        if "HTTP_TRANSFER_ENCODING" in environ:  # the server does not say whether such a body has broken off
            return self._refused(start, "411 Length Required", NO_LENGTH)
        if environ.get("CONTENT_LENGTH", "0") == "0":
            return self._answer(environ, start)
        is_large = int(environ["CONTENT_LENGTH"]) > LARGE
        with ExitStack() as counted:
            if not counted.enter_context(self._counted(self._sender(environ), is_large)):
                return self._put_off(start, BUSY)
            try:
                body = read(environ["wsgi.input"], environ, self._most(environ))
            except OSError as error:  # the temporary file's; a broken line is none here
                log.error("a body cannot be kept in a temporary file: %s", error.strerror)
                return self._refused(start, "507 Insufficient Storage", NO_SPACE)
            with body:
                is_large = body.seek(0, SEEK_END) > LARGE
                body.seek(0)
                environ["wsgi.input"] = body
                if not is_large:  # hundreds of forms take little memory
                    counted.close()
                return self._answer(environ, start, is_large, counted.close)

    def _refused(self, start: Callable[..., Any], status: str, words: str, *more: tuple[str, str]) -> list[bytes]:
        start(status, [*self._headers, ("Content-Type", "text/plain; charset=utf-8"), *more])
        return [words.encode()]

    def _put_off(self, start: Callable[..., Any], words: str) -> list[bytes]:
        return self._refused(start, "503 Service Unavailable", words, ("Retry-After", "10"))

    @contextmanager
    def _counted(self, address: str, is_large: bool) -> Iterator[bool]:
        """Whether one more body may come in."""
        kind = address, is_large
        with self._lock:
            self._coming[kind] += 1
            has_room = self._coming[kind] <= OF_ADDRESS and self._coming.total() <= AT_ONCE
        try:
            yield has_room
        finally:
            with self._lock:
                self._coming[kind] -= 1
                if not self._coming[kind]:
                    del self._coming[kind]

    def _answer(
        self,
        environ: Environ,
        start: Callable[..., Any],
        is_large: bool = False,
        has_place: Callable[[], object] = lambda: None,
    ) -> Iterable[bytes]:
        """``has_place``: called when the request has one."""
        places = (self._for_large, self._places) if is_large else (self._places,)
        with ExitStack() as held:
            self._served[get_ident()] = environ["REMOTE_ADDR"]  # it waits for us from now on
            held.callback(self._served.pop, get_ident())
            for place in places:
                if not place.acquire(timeout=LARGE_PATIENCE_S if is_large else PATIENCE_S):
                    log.warning("a request was put off: all places in the application are taken")
                    return self._put_off(start, CROWDED)
                held.callback(place.release)
            has_place()
            return in_one_piece(self._app(environ, start))


def read(stream: IO[bytes], environ: Environ, most: int) -> IO[bytes]:
    """The body, or what came of it before the line broke. A body that is announced as too long is not read."""
    environ.pop("wsgi.input_terminated", None)  # with it, werkzeug takes a part for the whole
    body = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - the caller closes it
    if int(environ["CONTENT_LENGTH"]) <= most:
        try:
            for piece in _arriving(stream):
                body.write(piece)  # writelines() would keep all of it in memory
        except OSError:
            body.close()
            raise
    body.seek(0)
    return body


def _arriving(stream: IO[bytes]) -> Iterator[bytes]:
    with suppress(OSError):  # the line broke
        while piece := stream.read(AT_A_TIME):
            yield piece


def in_one_piece(answer: Iterable[bytes]) -> Iterable[bytes]:
    """A list of one piece: the server sends it without a thread. A long answer stays as it is."""
    pieces, size = [], 0
    rest = iter(answer)
    for piece in rest:
        pieces.append(piece)
        size += len(piece)
        if size > WHOLE:
            return _Rest(pieces, rest, answer)
    close(answer)
    return [b"".join(pieces)]


class _Rest:
    """A long answer whose first pieces have been taken already."""

    def __init__(self, first: list[bytes], rest: Iterator[bytes], answer: Iterable[bytes]) -> None:
        self._first, self._rest, self._answer = first, rest, answer

    def __iter__(self) -> Iterator[bytes]:
        yield from self._first
        yield from self._rest

    def close(self) -> None:
        close(self._answer)


def close(answer: Iterable[bytes]) -> None:
    if hasattr(answer, "close"):
        answer.close()
