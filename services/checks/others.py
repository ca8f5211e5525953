"""The same number, phone or picture in another submission. The reader's scope decides who is named (checks.run)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import bindparam, func, literal, select, union_all

from lib import identity
from lib.codes import AccountState, IdType, Status
from lib.database import Prebuilt, parameter
from lib.sealed import Sealed
from models import Account, Declaration, Department, LegacyHolder, SearchKey, db, keys
from services.checks.case import Case, Outcome, look, passed
from services.declaration import labels
from services.papers import similar_pictures
from services.queue import index as queue_index

NOT_SUBMITTED = (Status.DRAFT, Status.DROPPED)
ENOUGH = 500  # of submissions whose phone ends alike: one in ten thousand


def _same_number() -> Any:
    """What stands under one of these numbers, and what the person was declined with before."""
    these: Any = bindparam("indexes", expanding=True)
    accounts = select(Account.id, literal("account").label("kind")).where(
        Account.id_index.in_(these), Account.state != AccountState.RESERVED, Account.id != parameter("account_id")
    )
    holders = select(LegacyHolder.id, literal("holder")).where(LegacyHolder.id_index.in_(these))
    earlier = select(Declaration.id, literal("declined")).where(
        Declaration.account_id == parameter("account_id"),
        Declaration.status == Status.DECLINED,
        Declaration.id < parameter("before"),
    )
    return union_all(accounts, holders, earlier)


_SAME_NUMBER = Prebuilt(_same_number())
_SAME_PHONE = Prebuilt(
    select(Account.id).where(
        Account.phone_index == parameter("index"),
        Account.state != AccountState.RESERVED,
        Account.id != parameter("account_id"),
    )
)
_ENDS_ALIKE = Prebuilt(
    select(Declaration.id, Declaration.uid, Declaration.account_id, Declaration.mobile_sealed).where(
        Declaration.id.in_(
            select(SearchKey.declaration_id)
            .where(SearchKey.key == parameter("key"), SearchKey.department_id.in_(select(Department.id)))
            .limit(ENOUGH)
        ),
        Declaration.mobile_sealed.is_not(None),
        Declaration.account_id != parameter("account_id"),
    )
)


class _Mobile:
    """The sealed phone of a row of ``_ENDS_ALIKE``."""

    __tablename__, keyring = Declaration.__tablename__, staticmethod(keys)
    mobile = Sealed()

    def __init__(self, row: Any) -> None:
        self.uid, self.mobile_sealed = row.uid, row.mobile_sealed


def number(case: Case) -> Outcome:
    """Another account, record of the old register or declined submission under the same number, or its 15-digit form.

    Two accounts in force with the very same number cannot be: the database refuses them. One that an officer froze may
    have a submission that still waits.
    """
    forms = _other_forms(case.get("id_type"), case.get("id_number")) - {case.account.id_number}
    indexes = [keys().index("id_number", form) for form in forms]
    found = _SAME_NUMBER.rows(db.session, indexes=indexes, account_id=case.account.id, before=case.declaration.id)
    accounts = [row.id for row in found if row.kind == "account"]
    registered = [row.id for row in found if row.kind == "holder" and row.id != case.account.legacy_id]
    earlier = [row.id for row in found if row.kind == "declined"]
    words = ["账号已被冻结，证件号码是冒用的"] if case.account.state == AccountState.FROZEN else []
    words += [f"另有 {len(accounts)} 个账号使用同一号码的新旧写法"] if accounts else []
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
    mobile, mine = case.get("mobile"), case.account.id
    index = keys().index("phone", mobile)
    accounts = {row.id for row in _SAME_PHONE.rows(db.session, index=index, account_id=mine)}
    key = queue_index.phone_key(mobile[-4:])
    stated = [row for row in _ENDS_ALIKE.rows(db.session, key=key, account_id=mine) if _Mobile(row).mobile == mobile]
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


_NEWEST = Prebuilt(
    select(func.max(Declaration.id).label("id"))
    .where(Declaration.account_id.in_(bindparam("accounts", expanding=True)))
    .where(Declaration.revision_number > 0, Declaration.status.not_in(NOT_SUBMITTED))
    .group_by(Declaration.account_id)
)


def _submissions(accounts: Collection[int]) -> list[int]:
    """The newest submission of each account, if it has any."""
    rows = _NEWEST.rows(db.session, accounts=list(accounts)) if accounts else ()
    return [row.id for row in rows]
