"""Numbers of certificates, the old register, and whether a return was answered."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from forms import PAPER
from lib.codes import Kind, YesNo
from lib.database import Prebuilt, parameter
from lib.identity import mask_number
from lib.pictures import quality
from models import LegacyHolder, Mark, db
from services.checks.case import Case, Outcome, look, passed, unknown, verdict
from services.declaration import labels
from services.marks.marks import sent_before
from services.papers import papers

#: A year at the beginning (管理号 of an exam), or in the brackets of an assessment's document number: 〔2018〕12 号.
_YEAR = re.compile(r"\A(?:19[89][0-9]|20[0-9]{2})|(?<=[〔\[(])(?:19[89][0-9]|20[0-9]{2})(?=[〕\])])")
#: Diplomas are numbered alike since 2001: school (5), kind (1), year (4), level (2), serial (6, some years 5). Degrees:
#: school (5), degree (1), year (4), serial (6).
NUMBERED_SINCE, YEAR_AT = "2001", slice(6, 10)
DIPLOMA_LENGTHS, DEGREE_LENGTHS = (17, 18), (16,)
NONE = "无"


def qualification(case: Case) -> Outcome | None:
    """The year in the certificate's number against the date."""
    stated, on = case.get("qualification_no"), case.get("qualification_on")
    if not stated or not on:
        return None
    targets = ("qualification_no", "qualification_on")
    found = _YEAR.search(stated)
    if not found:
        return unknown("资格证书编号里没有可以辨认的年份", *targets)
    if found[0] == on[:4]:
        return passed("资格证书编号里的年份与取得时间一致", *targets)
    return look(f"资格证书编号里的年份是 {found[0]}，取得时间是 {on}", *targets)


def diplomas(case: Case) -> Outcome | None:
    """Length and year of the numbers of diplomas and degrees against the graduation. Older ones followed no rule."""
    found = [outcome for prefix in ("full_time", "part_time") for outcome in _numbers(case, prefix)]
    if not found:
        return None
    for state in ("look", "unknown"):
        if chosen := [outcome for outcome in found if outcome.state == state]:
            targets = tuple(dict.fromkeys(target for outcome in chosen for target in outcome.targets))
            return Outcome(chosen[0].state, "；".join(outcome.reason for outcome in chosen), targets)
    return passed("学历、学位证书编号里的年份与毕业时间一致", *dict.fromkeys(sum((o.targets for o in found), ())))


def _numbers(case: Case, prefix: str) -> Iterator[Outcome]:
    graduated = case.get(f"{prefix}_graduated")
    for name, lengths in ((f"{prefix}_diploma_no", DIPLOMA_LENGTHS), (f"{prefix}_degree_no", DEGREE_LENGTHS)):
        if graduated and graduated >= NUMBERED_SINCE and (stated := case.get(name)):
            reason, state = _number(stated, graduated, lengths)
            yield Outcome(state, labels.short(name) + reason, (name, f"{prefix}_graduated"))  # type: ignore[arg-type]


def _number(stated: str, graduated: str, lengths: Sequence[int]) -> tuple[str, str]:
    if stated == NONE:
        return f"填写为「无」，{graduated[:4]} 年的证书应有编号", "look"
    if not re.fullmatch("[0-9]+", stated):
        return "不是统一的编号格式，可能是证明书或国(境)外学历学位认证书", "unknown"
    if len(stated) not in lengths:
        return f"有 {len(stated)} 位数字，一般是 {lengths[-1]} 位", "look"
    if stated[YEAR_AT] == graduated[:4]:
        return "里的年份与毕业时间一致", "passed"
    return f"里的年份是 {stated[YEAR_AT]}，毕业时间是 {graduated}", "look"


# --- resubmissions ----------------------------------------------------------------------------------------------------

_BESIDE_THE_POINT = re.compile(r"[\W_]+")


def marks(case: Case) -> Outcome | None:
    """Was each place that the last return marked really changed, not by a blank or the same picture again?"""
    last = sent_before(case.revision)
    if not last:
        return None
    old = last[0].revision.answers
    problems = [(mark.target, words) for mark in last if (words := _untouched(case, mark, old))]
    return verdict(problems, f"退回时标记的 {len(last)} 处都已修改")


def _untouched(case: Case, mark: Mark, old: Mapping[str, Any]) -> str:
    """What speaks against a mark's having been dealt with; empty: nothing. What is not asked any more is dealt with."""
    if mark.target in PAPER:
        now = case.papers.get(mark.target)
        same = _same_pictures(mark.revision.papers.get(mark.target, []), now) if now else ""
    else:
        same = _same_answer(old.get(mark.target), case.get(mark.target))
    explained = "，申报人作了说明" if mark.explanation.strip() else ""
    return f"{labels.short(mark.target)}{same}{explained}" if same else ""


def _same_answer(before: object, now: object) -> str:
    if now is None:
        return ""
    if before == now:
        return "没有修改"
    return "只改了空格或标点" if before and _bare(before) == _bare(now) else ""


def _same_pictures(before: Sequence[dict[str, Any]], now: Sequence[dict[str, Any]]) -> str:
    if papers.addresses(before) == papers.addresses(now):
        return "没有更换图片"
    if len(before) != len(now):
        return ""
    pairs = [(one.get("measures"), other.get("measures")) for one, other in zip(before, now, strict=True)]
    alike = all(one and other and quality.is_same_picture(one, other) for one, other in pairs)
    return "的图片看起来与上次相同" if alike else ""


def _bare(value: object) -> str:
    return _BESIDE_THE_POINT.sub("", str(value)).casefold()


# --- what is known from before ----------------------------------------------------------------------------------------


def name(case: Case) -> Outcome | None:
    """The name against the record, the old register or the registration."""
    stated, account = case.get("applicant_name"), case.account
    known = account.name
    where = "人员档案" if case.declaration.kind == Kind.CHANGE else "注册时的姓名"
    if case.declaration.kind != Kind.CHANGE and account.legacy:
        known, where = account.legacy.name, "原证书登记的姓名"
    if case.get("name_differs") != YesNo.YES and stated == known:
        return passed(f"姓名与{where}一致", "applicant_name")
    before = f"({known})" if stated != known else ""
    proof = f"，请核对{labels.short('name_change')}" if "name_change" in case.papers else ""
    return look(f"姓名与{where}{before}不同{proof}", "applicant_name")


_REGISTERED = Prebuilt(
    select(LegacyHolder.archive_no, LegacyHolder.certificate_no, LegacyHolder.issued_month).where(
        LegacyHolder.id_index == parameter("id_index")
    )
)


def legacy(case: Case) -> Outcome | None:
    """会计从业资格证 against the old register."""
    account, target = case.account, "holds_legacy_certificate"
    holder = account.legacy or _REGISTERED.first(db.session, id_index=account.id_index)
    stated = case.get("legacy_certificate_no") if case.get(target) == YesNo.YES else None
    if holder is None:
        return unknown("原证书登记库里没有这个证件号码，请对照证书", target) if stated else None
    if not stated:
        return look(f"原证书登记库里有这个证件号码{_registered(holder)}，申报人填写为不持证", target)
    registered = {_bare(known) for known in (holder.archive_no, holder.certificate_no) if known}
    if not registered:
        return unknown("原证书登记库里没有档案号和证书编号，无法核对", "legacy_certificate_no")
    if _bare(stated) in registered:
        return passed("从业资格证档案号与原证书登记一致", "legacy_certificate_no")
    return look(f"从业资格证档案号与原证书登记不同{_registered(holder)}", "legacy_certificate_no")


def _registered(holder: Any) -> str:
    """What the old register says. The number of a certificate is often the ID number, so it is masked like one."""
    numbers = (("档案号", holder.archive_no), ("证书编号", holder.certificate_no))
    said = [f"{title} {mask_number(number)}" for title, number in numbers if number]
    said += [f"发证年月 {holder.issued_month}"] if holder.issued_month else []
    return f"（登记的是{'、'.join(said)}）" if said else ""
