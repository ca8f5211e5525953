"""Parts of pages that are rendered once and kept: a template whose output follows from the values it is given.

Such a template sees nothing else: no request, no person. Its values are also the key under which its HTML is kept. What
must not be a key (names and numbers of people, the CSRF token) is given as ``holes``: the template writes them like
other values, and each page fills in its own. docs/adr/018.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Hashable, Mapping
from typing import Any

from flask import Flask, current_app, request
from markupsafe import Markup, escape

MOST = 4000  # parts, 1 to 3 KB each; then all of them are made anew
_NONE: Mapping[str, Any] = {}


def hole(name: str) -> str:
    """What a template is given in place of a value that differs from page to page."""
    return f"\ue000{name}\ue001"  # no text of the site and no answer has these characters


class Part:
    """HTML with holes of these names."""

    def __init__(self, html: str, names: Collection[str] = ()) -> None:
        self.whole = Markup(html)  # noqa: S704 - made by our templates
        pieces = re.split(f"\ue000({'|'.join(names)})\ue001", html) if names else [html]
        self.texts, self.names = pieces[::2], pieces[1::2]

    def filled(self, values: Mapping[str, Any]) -> Markup:
        if not self.names:
            return self.whole
        pieces = list(self.texts)
        for place, name in enumerate(self.names):
            pieces[place] += str(escape(values[name]))  # plain text: Markup would escape what stands before
        return Markup("".join(pieces))  # noqa: S704 - our templates' text and escaped values


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
    parts: PartsKept = current_app.extensions["kuaiji.parts"]

    def draw() -> str:
        found = current_app.jinja_env.get_template(template)
        return found.render(**values, **{name: hole(name) for name in holes})

    return parts.get((template, request.script_root, *values.values()), draw, holes).filled(holes)


def init_app(app: Flask) -> None:
    app.extensions["kuaiji.parts"] = PartsKept()
    app.add_template_global(kept)
    app.add_template_global(_addresses(app), "url_for")


def _addresses(app: Flask) -> Callable[..., str]:
    """``url_for`` of templates: what it answered is kept, for a page has thirty addresses."""
    found: dict[Hashable, str] = {}

    def url_for(endpoint: str, **values: Any) -> str:
        key = (request.script_root, endpoint, *values.items())
        address = found.get(key)
        if address is None:
            if len(found) >= MOST:
                found.clear()
            address = found[key] = app.url_for(endpoint, **values)
        return address

    return url_for
