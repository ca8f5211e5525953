"""The same number, phone or picture in another submission. The reader's scope decides who is named (checks.run)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Any

from sqlalchemy import bindparam, literal, null, select, union_all

from lib import identity
from lib.codes import AccountState, IdType, Status
from lib.database import Prebuilt, parameter
from lib.sealed import Sealed
from models import Account, Declaration, Department, LegacyHolder, SearchKey, db, keys
from services.accounts import blind_index
from services.checks.case import Case, Outcome, look, passed
from services.declaration import labels
from services.papers import similar_pictures
from services.queue import index as queue_index

NOT_SUBMITTED = (Status.DRAFT, Status.DROPPED)
ENOUGH = 500  # of submissions whose phone has the same end: one in ten thousand


def _alike() -> Any:
    """Mobiles of other people's submissions that end alike; accounts of that phone; what stands under one of the
    numbers; and what the person was declined with before. ``kind`` tells which is which."""
    these: Any = bindparam("indexes", expanding=True)
    is_another = (Account.state != AccountState.RESERVED, Account.id != parameter("account_id"))
    nothing = (null(), null(), null())
    ends_alike = (
        select(SearchKey.declaration_id)
        .where(SearchKey.key == parameter("phone_key"), SearchKey.department_id.in_(select(Department.id)))
        .limit(ENOUGH)
    )
    mobiles = select(
        *(literal("mobile").label("kind"), Declaration.id, Declaration.account_id),
        *(Declaration.uid, Declaration.mobile_sealed),
    ).where(
        Declaration.id.in_(ends_alike),
        Declaration.mobile_sealed.is_not(None),
        Declaration.account_id != parameter("account_id"),
    )
    phones = select(literal("phone"), Account.id, *nothing).where(Account.phone_index == parameter("phone"))
    accounts = select(literal("account"), Account.id, *nothing).where(Account.id_index.in_(these))
    holders = select(literal("holder"), LegacyHolder.id, *nothing).where(LegacyHolder.id_index.in_(these))
    declined = select(literal("declined"), Declaration.id, *nothing).where(
        Declaration.account_id == parameter("account_id"),
        Declaration.status == Status.DECLINED,
        Declaration.id < parameter("before"),
    )
    return union_all(mobiles, phones.where(*is_another), accounts.where(*is_another), holders, declined)


_ALIKE = Prebuilt(_alike())


class _Mobile:
    """The sealed phone of a row of ``_ALIKE``."""

    __tablename__, keyring = Declaration.__tablename__, staticmethod(keys)
    mobile = Sealed()

    def __init__(self, row: Any) -> None:
        self.uid, self.mobile_sealed = row.uid, row.mobile_sealed


def _found(case: Case) -> dict[str, list[Any]]:
    """The rows of ``_ALIKE`` by their kind."""
    forms = _other_forms(case.get("id_type"), case.get("id_number")) - {case.account.id_number}
    mobile, found = case.get("mobile"), defaultdict(list)
    rows = _ALIKE.rows(
        db.session,
        indexes=[blind_index.of_number(form) for form in forms],
        phone=blind_index.of_phone(mobile),
        phone_key=queue_index.phone_key(mobile[-4:]),
        account_id=case.account.id,
        before=case.declaration.id,
    )
    for row in rows:
        found[row.kind].append(row)
    return found


def number(case: Case) -> Outcome:
    """Another account, record of the old register or declined submission under the same number, or its 15-digit form.

    Two accounts in force with the very same number cannot be: the database refuses them. One that an officer froze may
    have a submission that still waits.
    """
    found = case.once(_found)
    accounts, earlier = ([row.id for row in found[kind]] for kind in ("account", "declined"))
    registered = [row.id for row in found["holder"] if row.id != case.account.legacy_id]
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
    found, mobile = case.once(_found), case.get("mobile")
    people = {row.id for row in found["phone"]}
    people |= {row.account_id for row in found["mobile"] if _Mobile(row).mobile == mobile}
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
    select(Declaration.account_id, Declaration.id)
    .where(Declaration.account_id.in_(bindparam("accounts", expanding=True)))
    .where(Declaration.revision_number > 0, Declaration.status.not_in(NOT_SUBMITTED))
    .order_by(Declaration.created_at, Declaration.id)
)


def _submissions(accounts: Collection[int]) -> list[int]:
    """The newest submission of each account, if it has any."""
    rows = _NEWEST.rows(db.session, accounts=list(accounts)) if accounts else ()
    return list({row.account_id: row.id for row in rows}.values())
