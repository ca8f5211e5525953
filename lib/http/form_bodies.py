"""Form bodies that are refused with 400 or 413 before a view sees them."""

from __future__ import annotations

from io import BytesIO
from typing import IO, Any

from werkzeug.datastructures import iter_multi_items
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

PER_BYTE = 3  # urlencoded, a byte may take three characters


class FormBodyParser(FormDataParser):
    """werkzeug's parser with two gaps closed.

    A multipart part without a name gets the name None there, which no code expects. A body of urlencoded pairs is
    bounded there by the largest upload only, and takes many times its length in memory.
    """

    def parse(
        self, stream: IO[bytes], mimetype: str, content_length: int | None, options: dict[str, str] | None = None
    ) -> Any:
        if mimetype == "application/x-www-form-urlencoded" and self.max_form_memory_size is not None:
            stream = BytesIO(_bounded(stream, PER_BYTE * self.max_form_memory_size))
        rest, form, files = super().parse(stream, mimetype, content_length, options)
        if None in form or None in files:
            for _name, file in iter_multi_items(files):
                file.close()
            raise BadRequest("a part of the form has no name")
        return rest, form, files


def _bounded(stream: IO[bytes], most: int) -> bytes:
    body = bytearray()
    while piece := stream.read(min(65536, most + 1 - len(body))):
        body += piece
        if len(body) > most:
            raise RequestEntityTooLarge
    return bytes(body)
