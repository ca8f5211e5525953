"""tus 1.0.0, the resumable upload protocol: its core, creation, creation-with-upload, termination and expiration.

This module handles requests and headers; services/papers/resumable_uploads.py stores the uploads. A view passes a
function ``find`` that loads and authorises the owner. It is called again in each transaction: a body may take minutes
to arrive, and meanwhile the session can end or the declaration be submitted. No lock is held while waiting for bytes.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from flask import Flask, Response, request
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from blueprints import errors, writing
from lib.pictures.images import MAX_BYTES
from models import db, store
from services.filing.intake import crop_of
from services.papers import resumable_uploads
from services.papers.resumable_uploads import (
    Elsewhere,
    NotAccepted,
    NotAsked,
    NotComplete,
    Owner,
    TooLarge,
    TooMany,
    Unknown,
)

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,termination,expiration"
CONTENT = "application/offset+octet-stream"
CHUNK = 512 * 1024  # bytes that are encrypted and stored together; a killed server loses at most one chunk
MAX_METADATA = 4000  # characters of the header
LONGEST_NAME = 200  # characters of a file's name that are kept; static/js/upload.js sends no more
_ADDRESS = re.compile(r"/(?:apply|hand-over/[^/]+)/uploads(?:/|\Z)")
_WHOLE = re.compile(r"[0-9]{1,15}\Z")

Find = Callable[[], Owner]
Address = Callable[[str], str]


class ProtocolError(Exception):
    """The request violates the protocol, or its sender may not upload now."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.code = status


def init_app(app: Flask) -> None:
    app.after_request(_name_version)


def _name_version(response: Response) -> Response:
    """The gate, the router and error pages answer at these addresses too."""
    path = request.path
    if "/uploads" in path and _ADDRESS.match(path):
        response.headers.setdefault("Tus-Resumable", VERSION)
    return response


def offer() -> Response:
    """OPTIONS, at every address of uploads."""
    return _answer(204, {"Tus-Version": VERSION, "Tus-Extension": EXTENSIONS, "Tus-Max-Size": str(MAX_BYTES)})


def collection(find: Find, address: Address) -> Response:
    """POST at the creation URL; ``address`` makes the URL of an upload from its uid."""
    return handle_errors(lambda: _create(find, address))


def upload(find: Find, uid: str) -> Response:
    """HEAD, PATCH and DELETE at the URL of an upload; a client that may only POST names the method in a header."""
    verbs = {"HEAD": _head, "PATCH": _append, "DELETE": _discard}
    method = request.headers.get("X-HTTP-Method-Override", "") if request.method == "POST" else request.method
    if verb := verbs.get(method.upper()):
        return handle_errors(lambda: verb(find, uid))
    return _answer(405, {"Allow": ", ".join(("OPTIONS", *verbs))}, "X-HTTP-Method-Override: HEAD, PATCH, DELETE")


def _answer(status: int, headers: dict[str, str], text: str = "") -> Response:
    response = Response(text, status, headers, mimetype="text/plain")
    response.headers["Tus-Resumable"] = VERSION
    return response


STATUS: dict[type[NotAccepted], int] = {TooLarge: 413, TooMany: 429, NotAsked: 403, NotComplete: 409, NotAccepted: 400}


def handle_errors(work: Callable[[], Response]) -> Response:
    """Turn every refusal into a response of the protocol: status, version, and a message for the person."""
    headers: dict[str, str] = {}
    try:
        if request.headers.get("Tus-Resumable") != VERSION:
            return _answer(412, {"Tus-Version": VERSION}, f"tus {VERSION}")
        return work()
    except ProtocolError as error:
        status, text = error.code, str(error)
    except Unknown:
        status, text = 404, "这个上传已经结束或者已放弃，请重新选择图片"
    except Elsewhere as error:
        status, text, headers = 409, "图片正在另一个窗口上传", {"Upload-Offset": str(error.arrived)}
    except NotAccepted as error:
        status, text = STATUS[type(error)], str(error)
        headers = {"Tus-Max-Size": str(MAX_BYTES)} if status == 413 else {}
    except RequestEntityTooLarge:
        status, text, headers = 413, "发送的内容太大", {"Tus-Max-Size": str(MAX_BYTES)}
    except (DBAPIError, OSError) as error:
        if (failure := errors.failure_of(error)) is None:
            raise
        status, text = failure.code, failure.advice or errors.ERRORS[failure.code][1]
    db.session.rollback()
    return _answer(status, headers, text)


def _whole_number_header(header: str) -> int:
    value = request.headers.get(header, "")
    if not _WHOLE.match(value):
        raise ProtocolError(400, f"{header}: a whole number")
    return int(value)


def _metadata(header: str) -> dict[str, str]:
    """Pairs of a name and a text in base64, separated by commas."""
    if len(header) > MAX_METADATA:
        raise ProtocolError(400, f"Upload-Metadata: at most {MAX_METADATA} characters")
    found = {}
    for pair in filter(None, (part.strip() for part in header.split(","))):
        name, _space, value = pair.partition(" ")
        try:
            found[name] = base64.b64decode(value.strip(), validate=True).decode()
        except (binascii.Error, ValueError) as error:
            raise ProtocolError(400, "Upload-Metadata: names and base64") from error
    return found


def _facts(told: dict[str, str]) -> dict[str, Any]:
    """The stored metadata: short texts, and a frame (crop) inside the picture."""
    kept = ("filename", "mark", "replaced")
    facts: dict[str, Any] = {name: told[name][:LONGEST_NAME] for name in kept if told.get(name)}
    if told.get("crop"):
        crop = crop_of(told["crop"].split(","))
        if crop is None:
            raise ProtocolError(400, "crop: four fractions of the picture")
        facts["crop"] = list(crop)
    return facts


def _create(find: Find, address: Address) -> Response:
    if "Upload-Defer-Length" in request.headers:
        raise ProtocolError(400, "Upload-Defer-Length: not offered")
    given = request.headers.get("Upload-Metadata", "")
    length, told = _whole_number_header("Upload-Length"), _metadata(given)
    if length == 0:
        raise ProtocolError(400, "文件是空的，请重新选择")
    with_upload = request.mimetype == CONTENT
    if with_upload and (request.content_length or 0) > length:
        raise TooLarge("收到的内容比文件还长，请重新选择图片")
    _refuse_unwritable(length)
    facts = _facts(told) | {"given": given}
    with writing():
        upload = resumable_uploads.begin(find(), told.get("kind", ""), length, facts)
        uid, arrived, expires = upload.uid, upload.arrived, resumable_uploads.expires_at(upload)
        db.session.commit()
    if with_upload and arrived == 0:
        arrived, expires = _receive(find, uid, 0, length) or (arrived, expires)
    return _answer(201, {"Location": address(uid)} | _state(arrived, expires))


def _refuse_unwritable(length: int) -> None:
    """Pieces go into the database, which may take them while the picture could not be stored afterwards."""
    store().refuse_unwritable(min(length, MAX_BYTES))


def _head(find: Find, uid: str) -> Response:
    upload = resumable_uploads.find(find(), uid)
    known = {"Upload-Length": str(upload.length), "Upload-Metadata": (upload.facts or {}).get("given", "")}
    state = _state(upload.arrived, resumable_uploads.expires_at(upload))
    return _answer(200, {name: value for name, value in known.items() if value} | state)


def _state(arrived: int, expires: datetime) -> dict[str, str]:
    return {"Upload-Offset": str(arrived), "Upload-Expires": format_datetime(expires, usegmt=True)}


def _append(find: Find, uid: str) -> Response:
    if request.mimetype != CONTENT:
        raise ProtocolError(415, CONTENT)
    start = _whole_number_header("Upload-Offset")
    upload = resumable_uploads.find(find(), uid)
    length, arrived, expires = upload.length, upload.arrived, resumable_uploads.expires_at(upload)
    db.session.rollback()
    if start != arrived:
        raise Elsewhere(arrived)
    if start + (request.content_length or 0) > length:
        raise TooLarge("收到的内容比文件还长，请重新选择图片")
    _refuse_unwritable(length)
    arrived, expires = _receive(find, uid, start, length) or (arrived, expires)
    return _answer(204, _state(arrived, expires))


def _receive(find: Find, uid: str, start: int, length: int) -> tuple[int, datetime] | None:
    """Store the body chunk by chunk; returns the new offset and expiry, None for an empty body.

    A broken connection loses nothing that has arrived.
    """
    state = None
    for piece in _chunks(length - start):
        with writing():
            upload = resumable_uploads.find(find(), uid)
            start = resumable_uploads.append(upload, start, piece)
            state = start, resumable_uploads.expires_at(upload)
            db.session.commit()
    return state


def _chunks(room: int) -> Iterator[bytes]:
    """The body in chunks of CHUNK bytes; the last one is shorter, also when the connection breaks.

    It reads one byte more than ``room``, so that a longer body is detected.
    """
    piece = bytearray()
    left = room + 1
    while left > 0:
        try:
            read = request.stream.read(min(CHUNK - len(piece), left))
        except (ClientDisconnected, OSError):
            break
        if not read:
            break
        left -= len(read)
        piece += read
        if len(piece) == CHUNK:
            yield bytes(piece)
            piece.clear()
    if piece:
        yield bytes(piece)


def _discard(find: Find, uid: str) -> Response:
    with writing():
        resumable_uploads.discard(resumable_uploads.find(find(), uid, lock=True))
        db.session.commit()
    return _answer(204, {})
