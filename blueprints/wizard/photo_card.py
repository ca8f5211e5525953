"""The card of the one-inch photo on the page of 个人信息."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import current_app, render_template
from markupsafe import Markup

from blueprints.kept_parts import kept
from forms import PHOTO
from lib.pictures import portrait
from lib.questions.pages import Step
from models import PaperPage
from services.filing.case import DeclarationCase

TEMPLATE = "wizard/_photo.html"
NONE = {"uid": "", "version": "", "width": "", "height": "", "kilobytes": ""}


def draw(
    case: DeclarationCase, step: Step, marks: Mapping[str, Any], problems: Sequence[tuple[str, str]]
) -> Markup | str:
    """Nothing on a page that takes no photo."""
    if PHOTO not in step.papers:
        return ""
    photo, mark = case.photo, marks.get(PHOTO)
    trouble = next((message for name, message in problems if name == PHOTO), "")
    holes = _figures(photo) if photo else NONE
    shown = {
        "has": photo is not None,
        "advice": portrait.advise(photo.measures or {}) if photo else None,
        "recrop": photo is not None and _may_be_cropped(photo),
        "hint": case.hints.get(PHOTO, ""),
    }
    if mark or trouble:
        return Markup(render_template(TEMPLATE, mark=mark, trouble=trouble, **shown, **holes))  # noqa: S704
    return kept(TEMPLATE, holes, mark=None, trouble="", **shown)


def _figures(photo: PaperPage) -> Mapping[str, Any]:
    return {
        "uid": photo.uid,
        "version": photo.address[:8],
        "width": photo.width,
        "height": photo.height,
        "kilobytes": photo.size // 100 / 10,
    }


def _may_be_cropped(photo: PaperPage) -> bool:
    """There is no choice when the picture that was sent has the photo's shape."""
    rule = current_app.extensions["kuaiji.photo_rule"]
    return bool(photo.source_address) and not rule.fits((photo.original_width, photo.original_height))
