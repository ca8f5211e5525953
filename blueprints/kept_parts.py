"""Parts of pages that are rendered once and kept: a template whose output follows from the values it is given.

Such a template sees nothing else: no request, no person. Its values are also the key under which its HTML is kept. What
must not be a key (names and numbers of people, the CSRF token) is given as ``holes``: the template writes them like
other values, and each page fills in its own. Whole pages are kept in the same way. docs/adr/018.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from typing import Any
from urllib.parse import quote

from flask import Flask, g, render_template
from flask.globals import app_ctx, request_ctx
from markupsafe import Markup, escape

from lib.codes import Role

TEXT_COOKIE = "kuaiji_text"  # 大字版
TOKENS = ("csrf_token", "masked_csrf_token")  # where a request keeps its CSRF token once it is made
MOST = 4000  # parts, 1 to 3 KB each; then all of them are made again
_SECRET = secrets.token_hex(8)  # nobody can write a hole's mark into a page
_NONE: Mapping[str, Any] = {}


def hole(name: str) -> str:
    """What a template is given in place of a value that differs from page to page; it stays as it is in a URL."""
    return f"~{_SECRET}.{name}~"


class EncodedHtml(bytes):
    """HTML as it is sent. It goes into a hole of a page as it is; a template takes it as what it says."""

    def __html__(self) -> str:
        return self.decode()


class Part:
    """HTML with holes of these names."""

    def __init__(self, html: str, names: Collection[str] = ()) -> None:
        self.whole = Markup(html)  # noqa: S704 - made by our templates
        pieces: list[str] = re.split(f"~{_SECRET}\\.({'|'.join(names)})~", html) if names else [html]
        self.pieces, self.names = pieces, pieces[1::2]
        self._chosen: Callable[[Sequence[bytes]], Any] | None = None

    def filled(self, values: Mapping[str, Any]) -> Markup:
        return Markup(self.joined(values)) if self.names else self.whole  # noqa: S704 - our templates' text, escaped values

    def joined(self, values: Mapping[str, Any]) -> str:
        """The same as a plain text, for those who join many."""
        pieces = self.pieces[:]
        pieces[1::2] = [_escaped(values[name]) for name in self.names]
        return "".join(pieces)

    @cached_property
    def _encoded(self) -> list[bytes]:
        return [piece.encode() for piece in self.pieces]

    def sent(self, values: Mapping[str, Any]) -> EncodedHtml:
        """The same as it is sent: what is kept was encoded once, which takes as long as anything else of a page."""
        pieces = self._encoded[:]
        pieces[1::2] = [_sent(values[name]) for name in self.names]
        return EncodedHtml(b"".join(pieces))

    def in_order(self, names: Sequence[str], texts: Sequence[bytes]) -> list[bytes]:
        """The same in pieces, with escaped texts for ``names``, which are the same each time. For lines of long lists,
        which have several holes: all pieces are joined at once."""
        if not self._chosen:
            self._chosen = itemgetter(*map(names.index, self.names))
        pieces = self._encoded[:]
        pieces[1::2] = self._chosen(texts)
        return pieces


def _escaped(value: Any) -> str:
    """As a plain text. Most values have nothing to escape in them: to look for it costs less than to escape."""
    if isinstance(value, str) and (not value or isinstance(value, Markup) or value.isalnum() or is_plain(value)):
        return value
    return str(value) if isinstance(value, int) else str(escape(value))


def is_plain(text: str) -> bool:
    """Is there nothing to escape in it?"""
    return not ("<" in text or "&" in text or '"' in text or "'" in text or ">" in text)


def _sent(value: Any) -> bytes:
    return value if isinstance(value, EncodedHtml) else _escaped(value).encode()


class PartsKept:
    """The parts of one application, by their keys."""

    def __init__(self) -> None:
        self._parts: dict[Hashable, Part] = {}

    def get(self, key: Hashable, draw: Callable[[], str], names: Collection[str] = ()) -> Part:
        part = self._parts.get(key)
        if part is None:
            if len(self._parts) >= MOST:
                self._parts.clear()
            part = self._parts[key] = Part(draw(), names)
        return part


def kept(template: str, holes: Mapping[str, Any] = _NONE, **values: Hashable) -> Markup:
    """The template with these values. ``values`` are hashable and follow in the same order at each place of use."""
    app = app_ctx.app
    parts: PartsKept = app.extensions["kuaiji.parts"]

    def draw() -> str:
        found = app.jinja_env.get_template(template)
        with _token_as_hole():
            return found.render(**values, **{name: hole(name) for name in holes})

    part = parts.get((template, request_ctx.request.script_root, *values.values()), draw, ("csrf", *holes))
    return part.filled(_with_token(part, holes))


@contextmanager
def _token_as_hole() -> Iterator[None]:
    """Whatever asks for the CSRF token meanwhile, a macro too, gets the mark of a hole: no token is ever kept."""
    tokens = {name: g.pop(name, None) for name in TOKENS}
    for name in TOKENS:
        setattr(g, name, hole("csrf"))
    try:
        yield
    finally:
        for name, token in tokens.items():
            g.pop(name, None)
            if token is not None:
                setattr(g, name, token)


def _with_token(part: Part, values: Mapping[str, Any]) -> Mapping[str, Any]:
    if "csrf" not in part.names or "csrf" in values:
        return values
    return {**values, "csrf": app_ctx.app.jinja_env.globals["csrf_token"]()}  # type: ignore[operator]


def text_cookie() -> str:
    """The name of the cookie of 大字版."""
    return f"{app_ctx.app.config['COOKIE_PREFIX']}{TEXT_COOKIE}"


# --- whole pages ------------------------------------------------------------------------------------------------------


#: The holes of every page: the token, who is signed in, and the way back of the link 大字版.
COMMON = ("csrf", "own_name", "own_office", "back_to")


@dataclass(frozen=True)
class _Person:
    """Who is signed in, for the drawing of a page that is kept: role and use of keys decide how it looks."""

    role: Role
    keys_on: bool
    name: str = hole("own_name")
    department_name: str = hole("own_office")
    is_authenticated: bool = True


def render_kept(template: str, holes: Mapping[str, Any] = _NONE, **values: Hashable) -> str | bytes:
    """``render_template`` for a page that follows from ``values`` and the holes: name, CSRF token and path are among
    them. With a message to show or a reminder it is rendered as any other page."""
    now = app_ctx._get_current_object()  # type: ignore[attr-defined]  # once: the proxies look each time
    app, sent = now.app, request_ctx.request
    helpers = app.jinja_env.globals
    if "_flashes" in request_ctx.session or helpers["unsent_corrections"]():
        return render_template(template, **values, **holes)
    actor, large = now.g.get("actor"), sent.cookies.get(text_cookie()) == "large"
    names = (*COMMON, *holes)
    looks = (actor.role, actor.keys_on) if actor else ()
    key = (template, sent.script_root, sent.endpoint, large, *looks, *values.values())
    parts: PartsKept = app.extensions["kuaiji.parts"]
    part = parts.get(key, lambda: _drawn(template, holes, values, _Person(*looks) if looks else None), names)
    whose = {"own_name": actor.name, "own_office": actor.department_name} if actor else {}
    whose["back_to"] = quote(sent.path)
    return part.sent(_with_token(part, {**holes, **whose}))


def _drawn(template: str, holes: Mapping[str, Any], values: Mapping[str, Any], seen: _Person | None) -> str:
    if taken := [name for name in holes if name in COMMON]:
        raise ValueError(f"{template}: every page has holes of these names: {taken}")
    marks = {name: hole(name) for name in holes} | {"back_to_quoted": hole("back_to")}
    person = {"current_user": seen} if seen else {}
    with _token_as_hole():
        return render_template(template, **person, **values, **marks)


def init_app(app: Flask) -> None:
    app.extensions["kuaiji.parts"] = PartsKept()
    app.add_template_global(kept)
    app.add_template_global(_addresses(app), "url_for")


def _addresses(app: Flask) -> Callable[..., str]:
    """``url_for`` of templates: what it answered is kept, for a page has thirty addresses."""
    found: dict[Hashable, str] = {}

    def url_for(endpoint: str, **values: Any) -> str:
        key = (request_ctx.request.script_root, endpoint, *values.items())
        address = found.get(key)
        if address is None:
            if len(found) >= MOST:
                found.clear()
            address = found[key] = app.url_for(endpoint, **values)
        return address

    return url_for
