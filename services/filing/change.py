"""What a change is about (申请变更): its topics, and which pages and papers they lead to.

The whole record is in the declaration all the time, and all of it is checked and submitted. The topics only say what
is put before the person. What is changed elsewhere joins them. docs/adr/048
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from forms import SHEET, STEPS, TOPICS
from lib.codes import YesNo
from lib.questions.pages import Step, Topic
from models import Declaration
from services.declaration import labels
from services.filing.case import DeclarationCase
from services.papers import papers
from services.papers.papers import PaperState

NAME = "name"


def known(codes: Iterable[str]) -> list[str]:
    """Those codes that there are, in the order of the table."""
    wanted = set(codes)
    return [topic.code for topic in TOPICS if topic.code in wanted]


def topics_of(declaration: Declaration) -> Sequence[Topic]:
    """The topics of a change; none where all pages are shown."""
    return [topic for topic in TOPICS if topic.code in (declaration.change_topics or ())]


def way(declaration: Declaration, here: Step | None = None) -> Sequence[Step]:
    """The pages of questions that lie on the way; ``here`` too, when it was opened off it."""
    slugs = {topic.step for topic in topics_of(declaration)}
    return [step for step in STEPS if not slugs or step.slug in slugs or step is here]


def topics_after(case: DeclarationCase, step: Step, facts: Mapping[str, Any]) -> list[str] | None:
    """The topics once a page is saved with these facts: one that has changed off the way joins them."""
    chosen = case.declaration.change_topics
    if not chosen:
        return chosen
    joining = {NAME} if facts["name_differs"] == YesNo.YES else set()
    changed = any(facts[name] != case.facts[name] for name in labels.names(step))
    if changed and step not in way(case.declaration):
        joining.add([topic.code for topic in TOPICS if topic.step == step.slug][-1])
    return known({*chosen, *joining})


def steps_shown(case: DeclarationCase) -> set[Step]:
    """The pages whose answers 核对信息 shows at once: those on the way, and what differs from the record."""
    differing = (step for step in STEPS if not case.differing.isdisjoint(labels.names(step)))
    return {*way(case.declaration), *differing}


# --- papers -----------------------------------------------------------------------------------------------------------


def paper_states(case: DeclarationCase) -> Sequence[PaperState]:
    """The papers that the answers ask for. In a change those say so that still prove what was before."""
    if not case.declaration.change_topics:
        return case.paper_states
    return [
        replace(state, stale=not case.differing.isdisjoint(state.paper.proves) and _is_of_record(case, state))
        for state in case.paper_states
    ]


def _is_of_record(case: DeclarationCase, state: PaperState) -> bool:
    """Are these the pictures that the record has?"""
    revision = case.record_revision
    sent = papers.addresses(revision.papers.get(state.paper.kind)) if revision else []
    return bool(sent) and [page.address for page in state.pages] == sent


def is_shown(case: DeclarationCase, state: PaperState) -> bool:
    """Is this paper one to look at? The others are taken over from the record as they are."""
    topics, kind = topics_of(case.declaration), state.paper.kind
    if not topics or kind == SHEET or any(kind in topic.papers for topic in topics):
        return True
    asked = any(view.mark.target == kind for view in case.open_views)
    return asked or state.missing or state.stale or kind in case.unfinished or not _is_of_record(case, state)
