"""The automatic checks of a submission as HTML. The panel looks alike for many submissions, so each look is kept
(blueprints/kept_parts.py). What was found, and whom a submission is like, goes into holes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from flask import current_app, request
from markupsafe import Markup

from blueprints.kept_parts import PartsKept, hole
from services.checks import CheckResult, Match
from services.checks.case import STATES

TEMPLATE = "review/_checks.html"


def drawn(results: Sequence[CheckResult]) -> Markup:
    parts: PartsKept = current_app.extensions["kuaiji.parts"]
    texts = {f"reason{place}": result.reason for place, result in enumerate(results)}
    for place, result in enumerate(results):
        for at, match in enumerate(result.matches):
            texts |= {f"text{place}-{at}": match.text, f"uid{place}-{at}": match.uid}
    look = tuple(
        (one.name, one.state, tuple(one.links), tuple(bool(match.uid) for match in one.matches), one.more)
        for one in results
    )
    part = parts.get((TEMPLATE, request.script_root, look), partial(_draw, results), tuple(texts))
    return part.filled(texts)


def _draw(results: Sequence[CheckResult]) -> str:
    marked = [_with_holes(place, result) for place, result in enumerate(results)]
    by_state = {state: [one for one in marked if one.state == state] for state in STATES}
    return current_app.jinja_env.get_template(TEMPLATE).render(**by_state)


def _with_holes(place: int, result: CheckResult) -> CheckResult:
    matches = [
        Match(hole(f"text{place}-{at}"), hole(f"uid{place}-{at}") if match.uid else "")
        for at, match in enumerate(result.matches)
    ]
    return replace(result, reason=hole(f"reason{place}"), matches=matches)
