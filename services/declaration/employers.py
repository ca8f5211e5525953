"""What a 统一社会信用代码 tells of an employer, so that it need not be typed again: proposals that people check.

Whoever has filed for it before and was approved has stated the rest, which is no personal data. The code itself names
the place where it was registered and, for some, the kind of unit.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select

from lib import identity
from lib.codes import Status
from lib.database import Prebuilt, parameter
from lib.questions.fields import StepForm
from models import Declaration, db
from services.departments import matching

FILLED = (
    *("employer_name", "affiliation", "unit_type", "industry"),
    *("employer_city", "employer_county", "employer_street", "employer_address"),
)
#: The first two characters of a code (GB 32100): who registered it as what.
_KINDS = {
    "11": "government",
    "12": "institution",
    "51": "nonprofit",
    "52": "nonprofit",
    "53": "nonprofit",
    "54": "village",
    "92": "sole_trader",
    "93": "cooperative",
    "N1": "village",
    "N2": "village",
    "N3": "village",
}
_KNOWN = Prebuilt(
    select(*(getattr(Declaration, name) for name in FILLED))
    .where(Declaration.employer_code == parameter("code"), Declaration.status == Status.APPROVED)
    .order_by(Declaration.touched_at.desc())
    .limit(1)
)


def told_by(code: str) -> Mapping[str, str]:
    """Answers by question; empty for what is no code."""
    if identity.uscc_problem(code):
        return {}
    row = next(iter(_KNOWN.rows(db.session, code=code)), None)
    found = dict(zip(FILLED, row, strict=True)) if row else _in_code(code)
    return {name: value for name, value in found.items() if value}


def _in_code(code: str) -> dict[str, str]:
    city, county = f"{code[2:6]}00", code[2:8]
    if city not in matching.cities():
        city = county = ""
    found = {"unit_type": _KINDS.get(code[:2], ""), "employer_city": city}
    return found | {"employer_county": county if county in matching.counties(city) else ""}


def fill(form: StepForm) -> None:
    """Fill what is still empty on a page that has a code and no name of the employer yet."""
    if "employer_code" not in form or form["employer_name"].data or not form["employer_code"].data:
        return
    for name, value in told_by(form["employer_code"].data).items():
        form[name].data = form[name].data or value
