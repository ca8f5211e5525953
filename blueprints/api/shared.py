"""What the resources share: the blueprint, reading a request strictly, cursors, and the answer with its ETag."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, NoReturn

from flask import Blueprint, Response, abort, request

from blueprints import problems
from services.api.people import ListPlace

VERSION = "1"
bp = Blueprint("api", __name__, url_prefix=f"/api/v{VERSION}")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(9999, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LARGEST = 2**63 - 1
CURSOR = "^[A-Za-z0-9_-]{24}$"
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:(\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)


def refuse(detail: str) -> NoReturn:
    abort(problems.answer(400, detail))


def query(*known: str) -> Mapping[str, str]:
    """The parameters. One that is misspelt, there twice or empty would silently answer another question."""
    for name, values in request.args.lists():
        if name not in known:
            refuse(f"没有“{name[:40]}”这个参数")
        if len(values) > 1:
            refuse(f"参数 {name} 只能出现一次")
        if not values[0]:
            refuse(f"参数 {name} 没有值，请写上值，或者不带这个参数")
    return request.args


def body(*known: str) -> Mapping[str, str]:
    """A JSON object with exactly these texts."""
    if request.mimetype != "application/json":
        abort(415)
    try:
        sent = json.loads(request.get_data())
    except (ValueError, RecursionError):
        refuse("请求的内容不是 JSON")
    if not isinstance(sent, dict) or set(sent) != set(known):
        refuse(f"请求应是 JSON 对象，并且只有：{'、'.join(known)}")
    if not all(map(_is_short_text, sent.values())):
        refuse("每一项应是 1 至 64 个字的文字")
    return sent


def _is_short_text(value: object) -> bool:
    """Half a surrogate pair, which JSON can spell, is no character: no database takes it."""
    return isinstance(value, str) and 1 <= len(value) <= 64 and not any("\ud800" <= one <= "\udfff" for one in value)


def whole(text: str, most: int) -> int:
    if not re.fullmatch("[0-9]{1,6}", text, re.ASCII) or not 1 <= int(text) <= most:
        refuse(f"limit 应为 1 至 {most} 的整数")
    return int(text)


def moment(text: str) -> datetime:
    """An RFC 3339 time. A leap second counts as the one before it."""
    found = MOMENT.fullmatch(text.upper())
    try:
        if found is None:
            raise ValueError
        seconds = "59" if found[1] == "60" else found[1]
        fraction = (found[2] or "")[:7]
        return datetime.fromisoformat(f"{text[:17]}{seconds}{fraction}{found[3]}").astimezone(UTC)
    except (ValueError, OverflowError):
        refuse("since 应是带时区的时间，例如 2026-11-23T08:00:00Z")


def written(place: ListPlace | None) -> str | None:
    """A place in a list as a cursor: 24 characters. Any 24 such characters are a place."""
    if place is None:
        return None
    micro = max(0, (place[0] - _EPOCH) // _MICROSECOND)
    return base64.urlsafe_b64encode(micro.to_bytes(8) + place[1].to_bytes(8) + b"\0\1").decode()


def place(text: str) -> ListPlace:
    if not re.fullmatch(CURSOR, text, re.ASCII):
        refuse("cursor 应是上一次回答中的 next")
    raw = base64.urlsafe_b64decode(text)
    micro = min(int.from_bytes(raw[:8]), (_LATEST - _EPOCH) // _MICROSECOND)
    return _EPOCH + timedelta(microseconds=micro), min(int.from_bytes(raw[8:16]), _LARGEST)


def answer(found: Mapping[str, Any]) -> Response:
    """As JSON. A GET that names the ETag of what is still true gets 304."""
    text = json.dumps(found, ensure_ascii=False, separators=(",", ":")) + "\n"
    response = Response(text, content_type="application/json")
    if request.method in ("GET", "HEAD"):
        response.set_etag(sha256(text.encode()).hexdigest()[:32])
        response.make_conditional(request)
    return response
