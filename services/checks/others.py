"""The same number, phone or picture in another submission. The reader's scope decides who is named (checks.run)."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import func, select
from sqlalchemy.orm import load_only

from lib import identity
from lib.codes import AccountState, IdType, Status
from models import Account, Declaration, Department, LegacyHolder, SearchKey, db, keys
from services.checks.case import Case, Outcome, look, passed
from services.declaration import labels
from services.papers import similar_pictures
from services.queue import index as queue_index

NOT_SUBMITTED = (Status.DRAFT, Status.DROPPED)
ENOUGH = 500  # of submissions whose phone ends alike: one in ten thousand


def number(case: Case) -> Outcome:
    """Another account, record of the old register or declined submission under the same number, or its 15-digit form.

    Accounts with the very same number cannot be: the database refuses them.
    """
    forms = _other_forms(case.get("id_type"), case.get("id_number")) - {case.account.id_number}
    indexes = [keys().index("id_number", form) for form in forms]
    wanted = (Account.id_index.in_(indexes), Account.state != AccountState.RESERVED)
    accounts = list(db.session.scalars(select(Account.id).where(*wanted, Account.id != case.account.id)))
    holders = select(LegacyHolder.id).where(LegacyHolder.id_index.in_(indexes))
    registered = [holder for holder in db.session.scalars(holders) if holder != case.account.legacy_id]
    query = select(Declaration.id).where(Declaration.account_id == case.account.id)
    before = (Declaration.status == Status.DECLINED, Declaration.id < case.declaration.id)
    earlier = list(db.session.scalars(query.where(*before)))
    words = [f"另有 {len(accounts)} 个账号使用同一号码的新旧写法"] if accounts else []
    words += ["原证书登记库里有同一号码的 15 位或 18 位写法"] if registered else []
    words += ["本人以前的申报不予采集"] if earlier else []
    if not words:
        return passed("证件号码没有重复", "id_number")
    return look("；".join(words), "id_number", others=[*_submissions(accounts), *earlier])


def _other_forms(kind: str, digits: str) -> set[str]:
    """A 居民身份证 number in its old and new form, whatever type it was entered under."""
    longer = identity.sign_in_number(digits)
    forms = {digits, longer}
    if len(longer) == 18 and longer[6:8] == "19" and kind in (IdType.RESIDENT, IdType.PASSPORT):
        forms.add(longer[:6] + longer[8:17])
    return forms


def phone(case: Case) -> Outcome:
    """The mobile as another account's phone, or as the mobile of another person's submission.

    Submissions are found by the search key of the last four digits, one range a department; the sealed phone decides.
    """
    mobile = case.get("mobile")
    same = (Account.phone_index == keys().index("phone", mobile), Account.state != AccountState.RESERVED)
    accounts = set(db.session.scalars(select(Account.id).where(*same, Account.id != case.account.id)))
    ended = select(SearchKey.declaration_id).where(
        SearchKey.key == queue_index.phone_key(mobile[-4:]), SearchKey.department_id.in_(select(Department.id))
    )
    query = select(Declaration).where(Declaration.id.in_(ended.limit(ENOUGH)), Declaration.mobile_sealed.is_not(None))
    query = query.where(Declaration.account_id != case.account.id)
    load = load_only(Declaration.id, Declaration.uid, Declaration.account_id, Declaration.mobile_sealed)
    stated = [row for row in db.session.scalars(query.options(load)) if row.mobile == mobile]
    people = accounts | {row.account_id for row in stated}
    if not people:
        return passed("没有其他人使用这个手机号码", "mobile")
    return look(f"这个手机号码另有 {len(people)} 人使用", "mobile", others=_submissions(people))


def picture(case: Case) -> Outcome:
    found = similar_pictures.find(case.revision)
    if not found:
        return passed("照片、证件和证书的图片没有与他人相同的")
    kinds = list(dict.fromkeys(one.kind for one in found))
    words = "、".join(labels.short(kind) for kind in kinds)
    return look(f"{words}与其他人的图片看起来相同", *kinds, others=list(dict.fromkeys(o.declaration_id for o in found)))


def _submissions(accounts: Iterable[int]) -> list[int]:
    """The newest submission of each account, if it has any."""
    query = select(func.max(Declaration.id)).where(Declaration.account_id.in_(accounts))
    query = query.where(Declaration.revision_number > 0, Declaration.status.not_in(NOT_SUBMITTED))
    return list(db.session.scalars(query.group_by(Declaration.account_id)))
