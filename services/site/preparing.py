"""准备材料: three questions before one registers, and what follows from them: one's own papers, department and date.

The answers are a few codes. They wait in the browser's page cookie, go with the registration into the account, and
fill what they can of the first declaration. docs/adr/048
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from forms import HIGH_SCHOOL, JUNIOR, PAPERS
from lib.codes import (
    Degree,
    HeldCertificate,
    IdType,
    LocationKind,
    QualificationLevel,
    Situation,
    TechnicalPost,
    YesNo,
)
from lib.questions.pages import Paper
from services.departments import matching
from services.departments.matching import DepartmentMatch

Facts = Mapping[str, str]

_SITUATIONS: Mapping[Situation, Facts] = {
    Situation.EMPLOYED: {"has_employer": YesNo.YES.value},
    Situation.STUDENT: {
        "has_employer": YesNo.NO.value,
        "person_status": "student",
        "location_kind": LocationKind.SCHOOL.value,
    },
    Situation.REGISTERED: {"has_employer": YesNo.NO.value, "location_kind": LocationKind.REGISTERED.value},
    Situation.RESIDENCE: {"has_employer": YesNo.NO.value, "location_kind": LocationKind.RESIDENCE.value},
}
#: What is known of somebody who does not hold a certificate: it fills the declaration.
_WITHOUT: Mapping[HeldCertificate, Facts] = {
    HeldCertificate.DIPLOMA: {"full_time_level": JUNIOR},
    HeldCertificate.PART_TIME: {"has_part_time": YesNo.NO.value},
    HeldCertificate.QUALIFICATION: {"qualification": QualificationLevel.NONE.value},
    HeldCertificate.APPOINTMENT: {"technical_post": TechnicalPost.NONE.value},
    HeldCertificate.ABACUS: {"abacus": "none"},
    HeldCertificate.TALENT: {"talent": "none"},
}
#: An answer that asks for the paper of somebody who holds one. Which level or kind it is remains open.
_HELD = "held"
_WITH: Mapping[HeldCertificate, Facts] = {
    HeldCertificate.DIPLOMA: {"full_time_level": HIGH_SCHOOL},
    HeldCertificate.DEGREE: {"full_time_level": "bachelor", "full_time_degree": Degree.BACHELOR.value},
    HeldCertificate.PART_TIME: {"has_part_time": YesNo.YES.value, "part_time_level": HIGH_SCHOOL},
    HeldCertificate.PART_TIME_DEGREE: {
        "has_part_time": YesNo.YES.value,
        "part_time_level": "bachelor",
        "part_time_degree": Degree.BACHELOR.value,
    },
    HeldCertificate.QUALIFICATION: {"qualification": _HELD},
    HeldCertificate.APPOINTMENT: {"technical_post": _HELD},
    HeldCertificate.ABACUS: {"abacus": _HELD},
    HeldCertificate.TALENT: {"talent": _HELD},
}
#: A degree is never without its diploma.
_BROUGHT_ALONG = {
    HeldCertificate.DEGREE: HeldCertificate.DIPLOMA,
    HeldCertificate.PART_TIME_DEGREE: HeldCertificate.PART_TIME,
}


@dataclass(frozen=True)
class PreparingAnswers:
    """The answers. Only codes that there are: so what is kept of them never grows with what is sent."""

    id_type: str
    situation: str
    county: str
    certificates: tuple[str, ...] = ()

    @property
    def held(self) -> frozenset[HeldCertificate]:
        chosen = {HeldCertificate(code) for code in self.certificates}
        return frozenset(chosen | {_BROUGHT_ALONG[one] for one in chosen if one in _BROUGHT_ALONG})

    def to_keep(self) -> dict[str, Any]:
        return asdict(self)


def of(kept: Any) -> PreparingAnswers | None:
    """The answers that were kept, if they are whole and still offered."""
    if not isinstance(kept, dict):
        return None
    id_type, situation, county = (kept.get(name) for name in ("id_type", "situation", "county"))
    whole = id_type in IdType.choices() and situation in Situation.choices() and county in _county_codes()
    return PreparingAnswers(id_type, situation, county, _known(kept.get("certificates", ()))) if whole else None  # type: ignore[arg-type]


def _known(codes: Iterable[str]) -> tuple[str, ...]:
    return tuple(code for code in HeldCertificate.choices() if code in codes)


def counties() -> Mapping[str, Mapping[str, str]]:
    """The counties by the name of their city."""
    return {name: matching.counties(city) for city, name in matching.cities().items()}


def _county_codes() -> frozenset[str]:
    return frozenset(code for found in counties().values() for code in found)


def papers(prepared: PreparingAnswers) -> Sequence[Paper]:
    """The papers that one has to prepare, in the order of the table."""
    facts = {"id_type": prepared.id_type, **_SITUATIONS[Situation(prepared.situation)]}
    for certificate in HeldCertificate:
        facts |= (_WITH if certificate in prepared.held else _WITHOUT).get(certificate, {})
    return [paper for paper in PAPERS if paper.asked(facts)]


def departments(prepared: PreparingAnswers) -> Sequence[DepartmentMatch]:
    """Who takes the filing, the one that covers the county first."""
    return matching.match(f"{prepared.county[:4]}00", prepared.county, None)


def answers_of(prepared: PreparingAnswers) -> Mapping[str, str]:
    """The answers of the declaration that follow for certain."""
    side = "employer" if prepared.situation == Situation.EMPLOYED else "home"
    found = dict(_SITUATIONS[Situation(prepared.situation)])
    found |= {f"{side}_city": f"{prepared.county[:4]}00", f"{side}_county": prepared.county}
    for certificate, answer in _WITHOUT.items():
        found |= answer if certificate not in prepared.held else {}
    return found | ({"has_part_time": YesNo.YES.value} if HeldCertificate.PART_TIME in prepared.held else {})
