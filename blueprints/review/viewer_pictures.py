"""The pictures of a submission as its viewer needs them: addresses, and what the script reads of each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from flask import current_app, url_for
from flask.json.provider import DefaultJSONProvider
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from blueprints.kept_parts import hole, kept
from services.review.case import ReviewCase
from services.review.pictures import ReviewPicture

#: As Flask's, made once.
_ENCODER = json.JSONEncoder(sort_keys=True, default=DefaultJSONProvider.default)


class ViewerPicture(NamedTuple):
    """``shown``: the picture. ``page``: of the page around it; ``data``: JSON for viewer.js."""

    shown: ReviewPicture
    address: str
    thumb: str
    page: str
    data: str


def of(case: ReviewCase, pictures: Sequence[ReviewPicture]) -> Iterator[ViewerPicture]:
    now, before = (_folder(case, endpoint) for endpoint in ("review.picture", "review.picture_before"))
    for picture in pictures:
        place = f"{picture.kind}/{picture.index}"
        address = f"{before if picture.gone else now}{place}"
        page = f"{now}{place}/view" + "?before=1" * picture.gone
        data = htmlsafe_json_dumps(_data(picture, address, before), _ENCODER.encode)
        yield ViewerPicture(picture, address, f"{address}?thumb=1", page, str(data))


def of_record(uid: str, version: str | None, pictures: Sequence[ReviewPicture]) -> Iterator[ViewerPicture]:
    """The same of a record; ``version``: an earlier one. Without scripts a thumbnail opens the picture alone."""
    for picture in pictures:
        place: dict[str, Any] = {"uid": uid, "kind": picture.kind, "page": picture.index, "version": version}
        address = url_for("review.record_picture", **place)
        data = htmlsafe_json_dumps(_data(picture, address, ""), _ENCODER.encode)
        thumb = url_for("review.record_picture", **place, thumb=1)
        yield ViewerPicture(picture, address, thumb, address, str(data))


def _folder(case: ReviewCase, endpoint: str) -> str:
    """What the addresses of a revision's pictures begin with. It differs by the submission only."""
    address = current_app.jinja_env.globals["url_for"]  # keeps what it answered
    found: str = address(endpoint, uid=hole("uid"), revision=case.revision.number, kind="-", page=0)  # type: ignore[operator]
    return found.removesuffix("-/0").replace(hole("uid"), case.declaration.uid)


def thumbs(pictures: Sequence[ViewerPicture]) -> Markup:
    """The strip of small pictures; those of one paper at one place look alike (blueprints/kept_parts.py)."""
    drawn = [
        kept(
            "review/_thumb.html",
            {"page": one.page, "thumb": one.thumb, "data": one.data},
            kind=one.shown.kind,
            index=one.shown.index,
            title=one.shown.title,
            gone=one.shown.gone,
            current=one.shown.current,
            is_new=one.shown.is_new,
            number=number,
        )
        for number, one in enumerate(pictures, 1)
    ]
    return Markup("".join(drawn))  # noqa: S704 - kept parts


def _data(picture: ReviewPicture, address: str, before: str) -> Mapping[str, Any]:
    old = picture.before
    more = {"is_new": picture.is_new, "gone": picture.gone}
    return _one(picture, address) | more | {"before": _one(old, f"{before}{old.kind}/{old.index}") if old else None}


def _one(picture: ReviewPicture, address: str) -> dict[str, Any]:
    said = {"address": address, "width": picture.width, "height": picture.height}
    return said | {"caption": picture.caption, "frames": picture.frames}
