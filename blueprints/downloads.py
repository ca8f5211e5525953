"""Files that are handed out: to be saved, and PDFs that the browser's own viewer shows. None is a page of this site."""

from __future__ import annotations

from urllib.parse import quote

from flask import Response, abort, current_app

from blueprints import let_go_of_database
from lib.attachments import MEDIA_TYPES
from lib.storage import FileDamaged, FileMissing
from models import NoticeFile, store


def download(content: bytes, mimetype: str, name: str, title: str) -> Response:
    """A download; ``name`` is for systems without Chinese file names."""
    response = Response(content, mimetype=mimetype)
    response.headers["Content-Disposition"] = f"attachment; filename={name}; filename*=UTF-8''{quote(title)}"
    return response


#: WebKitGTK puts its viewer into the answer, with inline styles: without them it stands in a box of 300×150 pixels.
PDF_CSP = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def shown_pdf(content: bytes, name: str) -> Response:
    response = Response(content, mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{name}"'
    response.headers["Content-Security-Policy"] = PDF_CSP
    return response


def stored_picture(address: str, name: str = "") -> Response:
    """A picture of the store, under which name it is saved. Whoever calls has judged who may see it."""
    let_go_of_database()
    try:
        content = store().get(address)
    except (FileMissing, FileDamaged) as error:
        current_app.logger.error("a stored picture is %s: %s", type(error).__name__.lower(), address)
        return Response("附件损坏", 404, mimetype="text/plain")
    response = Response(content, mimetype="image/jpeg")
    if name:
        response.headers["Content-Disposition"] = f'inline; filename="{name}"'
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def stored_file(file: NoticeFile) -> Response:
    """An attachment of a notice. Whoever calls has judged who may read it."""
    address, kind, name = file.address, file.kind, file.name
    let_go_of_database()
    try:
        content = store().get(address)
    except (FileMissing, FileDamaged):
        current_app.logger.error("a stored attachment is missing or damaged: %s", address)
        abort(404)
    response = download(content, MEDIA_TYPES[kind], f"attachment.{kind}", name)
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
