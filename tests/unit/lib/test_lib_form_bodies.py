"""The shortcut for short multipart forms finds what werkzeug's parser finds, or leaves it to that parser."""

from __future__ import annotations

import io
from random import Random
from unittest import mock

import pytest
from werkzeug.formparser import FormDataParser

from lib.http.form_bodies import FormBodyParser

BOUNDARY = "----kj7MA4YWxk"
NO_FILE = b"Content-Type: application/octet-stream"
PIECES = (
    *("甲", "a", " ", "\r\n", "\n", "\r", "--", "\x00", BOUNDARY, f"--{BOUNDARY}", f"\r\n--{BOUNDARY}x"),
    "\r\n\r\n",
)


def part(name: str, value: bytes, more: bytes = b"") -> bytes:
    return b'--%s\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n' % (
        BOUNDARY.encode(),
        name.encode(),
        more,
        value,
    )


def closed(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--%s--\r\n" % BOUNDARY.encode()


def found(parser: type[FormDataParser], body: bytes) -> tuple[object, object]:
    _rest, form, files = parser(max_form_parts=30).parse(
        io.BytesIO(body), "multipart/form-data", len(body), {"boundary": BOUNDARY}
    )
    said = [(name, file.filename, file.content_type, file.read()) for name, file in files.items(multi=True)]
    for file in files.values():
        file.close()
    return list(form.items(multi=True)), said


def typed(chance: Random) -> bytes:
    """What a browser may send of a form without a chosen file."""
    parts = [part(f"name_{at}-x", "".join(chance.choices(PIECES, k=4)).encode()) for at in range(chance.randrange(6))]
    return closed(*parts, part("photo", b"", b'; filename=""\r\n' + NO_FILE))


@pytest.mark.parametrize("seed", range(3))
def test_what_is_typed_is_what_werkzeug_finds(seed):
    chance = Random(seed)
    for _form in range(200):
        body = typed(chance)
        assert found(FormBodyParser, body) == found(FormDataParser, body), body


ODD = {
    "a file": closed(part("photo", b"\xff\xd8", b'; filename="p.jpg"\r\nContent-Type: image/jpeg')),
    "an escaped name": closed(part("a%22b", "值".encode())),
    "another header": closed(part("a", b"1", b"\r\nContent-Type: text/plain; charset=iso-8859-1")),
    "bytes that are no text": closed(part("a", b"\xff\xfe")),
    "no end": part("a", b"1"),
    "something before": b"x" + closed(part("a", b"1")),
    "something after": closed(part("a", b"1")) + b"x",
    "no boundary in sight": b"a=1",
    "nothing": b"",
}


@pytest.mark.parametrize("body", ODD.values(), ids=ODD)
def test_what_is_spelled_in_another_way_is_what_werkzeug_finds(body):
    def outcome(parser: type[FormDataParser]) -> object:
        try:
            return found(parser, body)
        except Exception as error:
            return type(error)

    assert outcome(FormBodyParser) == outcome(FormDataParser)


def test_a_usual_form_takes_the_shortcut_and_too_many_parts_are_refused_as_before():
    with mock.patch.object(FormDataParser, "parse", side_effect=AssertionError):
        assert found(FormBodyParser, closed(part("a", "值".encode()))) == ([("a", "值")], [])
        with pytest.raises(AssertionError):  # left to werkzeug, which refuses it
            found(FormBodyParser, closed(*(part("a", b"1") for _part in range(31))))
