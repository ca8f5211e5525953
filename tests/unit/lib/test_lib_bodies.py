"""Bodies are read before a place in the application is taken; a part is never taken for the whole."""

from __future__ import annotations

import errno
import io
import tempfile
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from werkzeug.exceptions import ClientDisconnected
from werkzeug.wrappers import Request

from lib.http import bodies
from lib.http.bodies import BufferedBodies
from tests.support.patience import PATIENCE_S
from tests.support.site.served import wait_for

MOST = 2_000_000


class Line(io.RawIOBase):
    """A connection from which these pieces come, each when it is let through."""

    def __init__(self, *pieces: bytes, broken: bool = False) -> None:
        self.pieces, self.broken = list(pieces), broken
        self.waiting, self.go_on = threading.Event(), threading.Event()

    def read(self, _size: int | None = -1) -> bytes:
        self.waiting.set()
        assert self.go_on.wait(PATIENCE_S)
        if not self.pieces and self.broken:
            raise OSError("the line broke")
        return self.pieces.pop(0) if self.pieces else b""


class Answers:
    """An application that remembers what it got, and its answers."""

    def __init__(self) -> None:
        self.bodies: list[bytes | str] = []
        self.closed = 0

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Answers:
        try:
            self.bodies.append(Request(environ | {"REQUEST_METHOD": "POST"}).get_data())
        except ClientDisconnected:
            self.bodies.append("broken off")
        start("200 OK", [])
        return self

    def __iter__(self) -> Iterator[bytes]:
        return iter([b"a", b"b"])

    def close(self) -> None:
        self.closed += 1


def asked(stream: Any, address: str = "192.0.2.1", **more: Any) -> dict[str, Any]:
    return {"REMOTE_ADDR": address, "wsgi.input": stream, "wsgi.input_terminated": True} | more


def served(app: Any, places: int = 1) -> BufferedBodies:
    return BufferedBodies(app, places, lambda _environ: MOST, lambda environ: environ["REMOTE_ADDR"], [("X-Ours", "1")])


def ignore(_status: str, _headers: Any) -> None:
    pass


def test_who_is_slow_to_send_keeps_no_place(monkeypatch):
    app, line = Answers(), Line(b"slow")
    server = served(app)
    slow = threading.Thread(target=server, args=(asked(line, CONTENT_LENGTH="4"), ignore))
    slow.start()
    assert line.waiting.wait(PATIENCE_S)
    assert list(server(asked(io.BytesIO()), ignore)) == [b"ab"]
    assert not server.works_for("192.0.2.1")
    line.go_on.set()
    slow.join(PATIENCE_S)
    assert app.bodies == [b"", b"slow"]
    assert app.closed == 2


class Busy:
    """An application that has work for a while with what is large."""

    def __init__(self) -> None:
        self.inside = threading.Semaphore(0)
        self.done = threading.Event()

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        if environ.get("CONTENT_LENGTH"):
            self.inside.release()
            assert self.done.wait(PATIENCE_S)
        start("200 OK", [])
        return [b"ab"]


def test_pictures_leave_half_of_the_places_to_pages():
    app = Busy()
    server, size = served(app, places=2), bodies.LARGE + 1
    pictures = [
        threading.Thread(target=server, args=(asked(io.BytesIO(bytes(size)), who, CONTENT_LENGTH=str(size)), ignore))
        for who in ("192.0.2.7", "192.0.2.8")
    ]
    for picture in pictures:
        picture.start()
    assert app.inside.acquire(timeout=PATIENCE_S)
    assert list(server(asked(io.BytesIO()), ignore)) == [b"ab"], "the page does not wait for the second picture"
    assert not app.inside.acquire(timeout=0.1)
    wait_for(lambda: server.works_for("192.0.2.7") and server.works_for("192.0.2.8"))
    app.done.set()
    for picture in pictures:
        picture.join(PATIENCE_S)
    assert app.inside.acquire(timeout=0)


def test_who_gets_no_place_in_time_is_asked_to_come_later_and_the_next_one_gets_it(monkeypatch, caplog):
    monkeypatch.setattr(bodies, "PATIENCE_S", 0.01)
    inside, go_on, said = threading.Event(), threading.Event(), list[Any]()

    def busy(_environ: Any, start: Any) -> list[bytes]:
        inside.set()
        assert go_on.wait(PATIENCE_S)
        start("200 OK", [])
        return [b"done"]

    server = served(busy)
    holder = threading.Thread(target=server, args=(asked(io.BytesIO()), ignore))
    holder.start()
    assert inside.wait(PATIENCE_S)
    assert server(asked(io.BytesIO()), lambda *told: said.append(told)) == [bodies.CROWDED.encode()]
    assert said[0][0].startswith("503")
    assert {("Retry-After", "10"), ("X-Ours", "1")} <= set(said[0][1])
    assert "all places in the application are taken" in caplog.text
    go_on.set()
    holder.join(PATIENCE_S)
    assert list(server(asked(io.BytesIO()), ignore)) == [b"done"]


@pytest.mark.parametrize("broken", [True, False], ids=["an error", "an end"])
def test_a_body_that_breaks_off_is_no_whole_one(broken):
    app, line = Answers(), Line(b"half", broken=broken)
    line.go_on.set()
    served(app)(asked(line, CONTENT_LENGTH="8"), ignore)
    assert app.bodies == ["broken off"]


def test_a_body_of_untold_length_is_refused_because_a_broken_one_would_look_whole():
    app, said = Answers(), []
    chunked = asked(Line(), HTTP_TRANSFER_ENCODING="chunked")
    assert served(app)(chunked, lambda *told: said.append(told)) == [bodies.NO_LENGTH.encode()]
    assert said[0][0].startswith("411")
    assert app.bodies == []


def test_a_long_body_comes_whole_and_of_one_that_is_too_long_nothing_is_read():
    app, line = Answers(), Line(b"a" * 70_000, b"b" * 700_000)
    line.go_on.set()
    served(app)(asked(line, CONTENT_LENGTH="770000"), ignore)
    assert [len(body) for body in app.bodies] == [770_000]
    told = asked(Line(), CONTENT_LENGTH=str(MOST + 1))  # reading would wait for ever
    served(Answers())(told, ignore)
    assert told["CONTENT_LENGTH"] == str(MOST + 1)


def test_a_body_leaves_the_memory_on_the_way(monkeypatch):
    monkeypatch.setattr(bodies, "IN_MEMORY", 100)
    seen: list[bool] = []

    class Watched(tempfile.SpooledTemporaryFile):
        def write(self, piece: Any) -> int:
            seen.append(self.__dict__["_rolled"])
            return super().write(piece)

    monkeypatch.setattr(bodies.tempfile, "SpooledTemporaryFile", Watched)
    app, line = Answers(), Line(*[b"a" * 80] * 3)
    line.go_on.set()
    served(app)(asked(line, CONTENT_LENGTH="240"), ignore)
    assert seen == [False, False, True]
    assert app.bodies == [b"a" * 240]


def test_a_full_disk_is_said_and_is_no_broken_line(monkeypatch, caplog):
    class Full(io.BytesIO):
        def __init__(self, max_size: int) -> None:
            assert max_size

        def write(self, _piece: Any) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(bodies.tempfile, "SpooledTemporaryFile", Full)
    said: list[Any] = []
    body = asked(io.BytesIO(b"x"), CONTENT_LENGTH="1")
    assert served(Answers())(body, lambda *told: said.append(told)) == [bodies.NO_SPACE.encode()]
    assert said[0][0].startswith("507")
    assert "No space left on device" in caplog.text


def test_one_address_can_have_so_many_bodies_on_their_way_and_others_are_not_concerned(monkeypatch):
    monkeypatch.setattr(bodies, "OF_ADDRESS", 2)
    server, lines, said = served(Answers()), [Line(b"x"), Line(b"x")], []
    waiting = [threading.Thread(target=server, args=(asked(line, CONTENT_LENGTH="1"), ignore)) for line in lines]
    for thread, line in zip(waiting, lines, strict=True):
        thread.start()
        assert line.waiting.wait(PATIENCE_S)
    third = asked(Line(), CONTENT_LENGTH="1")
    assert server(third, lambda status, headers: said.append((status, headers))) == [bodies.BUSY.encode()]
    assert said[0][0].startswith("503")
    assert ("X-Ours", "1") in said[0][1]
    other = Line(b"y")
    other.go_on.set()
    assert server(asked(other, "192.0.2.2", CONTENT_LENGTH="1"), ignore) == [b"ab"]
    for thread, line in zip(waiting, lines, strict=True):
        line.go_on.set()
        thread.join(PATIENCE_S)
    lines[0].pieces.append(b"x")
    assert server(asked(lines[0], CONTENT_LENGTH="1"), ignore) == [b"ab"]  # there is room again


def test_pictures_of_one_address_count_until_they_have_a_place_and_its_forms_do_not_suffer(monkeypatch):
    monkeypatch.setattr(bodies, "OF_ADDRESS", 2)
    app, sent = Busy(), list[threading.Thread]()
    server = served(app, places=2)

    def body(size: int) -> dict[str, Any]:
        return asked(io.BytesIO(bytes(size)), CONTENT_LENGTH=str(size))

    def send(environ: dict[str, Any]) -> None:
        sent.append(threading.Thread(target=server, args=(environ, ignore)))
        sent[-1].start()
        wait_for(lambda: isinstance(environ["wsgi.input"], tempfile.SpooledTemporaryFile), pause=0.01)  # it was read

    send(body(bodies.LARGE + 1))
    assert app.inside.acquire(timeout=PATIENCE_S), "it has the only place for pictures, and is not counted any more"
    send(body(bodies.LARGE + 1))
    send(body(bodies.LARGE + 1))
    assert server(body(bodies.LARGE + 1), ignore) == [bodies.BUSY.encode()]
    send(body(1))
    assert app.inside.acquire(timeout=PATIENCE_S), "the form has the other place"
    for _form in range(3):
        send(body(1))  # forms wait without a count
    app.done.set()
    for thread in sent:
        thread.join(PATIENCE_S)
    assert server(body(bodies.LARGE + 1), ignore) == [b"ab"]


def test_a_long_answer_is_passed_on_piece_by_piece():
    pieces, taken = [b"a" * 400_000] * 6, list[bytes]()

    def app(_environ: Any, start: Callable[..., Any]) -> Iterator[bytes]:
        start("200 OK", [])
        for piece in pieces:
            taken.append(piece)
            yield piece

    answer = served(app)(asked(None), ignore)
    assert len(taken) == 3
    assert list(answer) == pieces
