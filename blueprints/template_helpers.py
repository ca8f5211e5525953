"""Helpers for all templates: icons, URLs of static files, formats, and the site's settings.

Error pages must work without a database. Only the reminder of unsent corrections queries it, and is then left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, MutableMapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from flask import Flask, request
from flask.globals import app_ctx
from flask.templating import Environment
from markupsafe import Markup, escape
from sqlalchemy.exc import SQLAlchemyError

from blueprints import kept_parts
from blueprints.kept_parts import text_cookie
from lib import figures, plain_text
from lib.clock import local
from lib.http.static_files import Build
from lib.identity import mask_number, mask_phone
from lib.pictures import portrait
from lib.questions.validators import problem_of
from models import db
from services.access import Actor
from services.corrections import tasks as corrections
from services.corrections.tasks import Unsent
from services.filing import reading
from services.filing.case import DeclarationCase
from services.site import built_in_texts

SITE_SETTINGS = ("SITE_NAME", "SITE_PLACE", "SITE_OWNER", "ICP", "PSB")
_ICON_TAG = re.compile(r"<svg\b[^>]*?viewBox=\"([^\"]+)\"[^>]*>")
_BLANK_LINE = re.compile(r"\n[ \t]*\n\s*")


class TemplateEnvironment(Environment):
    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """No template of ours has globals of its own. Jinja would look through a ChainMap for each page and import."""
        return super().make_globals(d) if d else self.globals


def add_template_helpers(app: Flask) -> None:
    static: Build = app.extensions["kuaiji.static"]
    app.add_template_global(_icons(static.folder / "vendor" / "bootstrap-icons" / "icons"), "ic")
    asset = _assets(static.prefix)
    app.add_template_global(asset, "asset")
    app.jinja_env.globals["style_sheets"] = [asset(sheet) for sheet in static.sheets]
    kept_parts.init_app(app)
    app.add_template_global(unsent_corrections)
    app.add_template_global(app.extensions["kuaiji.photo_rule"], "photo_rule")
    app.jinja_env.globals.update({name: app.config[name] for name in SITE_SETTINGS})
    app.jinja_env.globals["first_texts"] = built_in_texts.VERSION
    app.add_template_global(portrait.advise, "portrait_advice")
    filters: dict[str, Callable[[Any], Any]] = {
        "date": as_date,
        "datetime": as_datetime,
        "figure": figures.figure,
        "month": as_month,
        "mask_number": mask_number,
        "mask_phone": mask_phone,
        "nl_paragraphs": to_paragraphs,
        "problem_of": problem_of,
        "text_blocks": plain_text.blocks,
        "tel": telephone,
        "whole": figures.whole,
    }
    app.jinja_env.filters.update(filters)
    app.context_processor(lambda: _settings(app))


def _settings(app: Flask) -> dict[str, Any]:
    return {
        "large_text": request.cookies.get(text_cookie()) == "large",
        "is_demo": app.config["DEMO"] and app.config["ENV"] != "production",
        "warn_no_totp": not app.config["STAFF_TOTP"],
    }


def unsent_corrections() -> Unsent | None:
    """The unsent corrections of the applicant, for a reminder on every page."""
    ours = app_ctx.g
    actor = ours.get("actor")
    if actor is None or actor.is_staff or ours.get("database_failed"):
        return None
    try:
        if "unsent" not in ours:
            ours.unsent = corrections.unsent(ours.get("case") or _returned_case(actor))
        unsent: Unsent | None = ours.unsent
    except SQLAlchemyError:
        db.session.rollback()
        return None
    return unsent


def _returned_case(actor: Actor) -> DeclarationCase | None:
    """For pages that are not about the declaration."""
    declaration = reading.returned_declaration(actor)
    return DeclarationCase(declaration) if declaration else None


def _icons(folder: Path) -> Callable[[str], Markup]:
    drawn: dict[str, Markup] = {}

    def icon(name: str) -> Markup:
        """A vendored icon as inline SVG, hidden from screen readers because of the text next to it."""
        if name not in drawn:
            svg = (folder / f"{name}.svg").read_text(encoding="utf-8")
            tag = r'<svg class="ic" viewBox="\1" aria-hidden="true" focusable="false">'
            drawn[name] = Markup(_ICON_TAG.sub(tag, svg, count=1).strip())  # noqa: S704 - our own files
        return drawn[name]

    return icon


def _assets(prefix: str) -> Callable[[str], str]:
    def asset(path: str) -> str:
        """The address of a file in ``static/``; browsers keep it for good, a change gives it another one."""
        return f"/{prefix}{path}"

    return asset


def as_date(value: date | datetime | None) -> str:
    """``2026-11-23``; a moment is converted to Asia/Shanghai."""
    if value is None:
        return ""
    return f"{local(value) if isinstance(value, datetime) else value:%Y-%m-%d}"


def as_datetime(value: datetime | None) -> str:
    """``2026-11-23 09:24`` in Asia/Shanghai."""
    return f"{local(value):%Y-%m-%d %H:%M}" if value else ""


def as_month(value: date | datetime | str | None) -> str:
    """``2026-11``. Answers store months as such a text."""
    return value[:7] if isinstance(value, str) else as_date(value)[:7]


def to_paragraphs(text: str | None) -> Markup:
    """Plain text as HTML paragraphs: split at empty lines, with <br> at single line ends."""
    parts = _BLANK_LINE.split((text or "").replace("\r\n", "\n").strip())
    drawn = [Markup("<br>").join(escape(line) for line in part.split("\n")) for part in parts if part]
    return Markup("\n").join(Markup("<p>{}</p>").format(part) for part in drawn)


def telephone(number: str) -> str:
    """The tel: URL; of ``024-86123456-801`` it dials the extension after a pause."""
    area, _, rest = number.partition("-")
    line, _, extension = rest.partition("-")
    return f"tel:{area}{line}" + (f",{extension}" if extension else "")
