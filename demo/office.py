"""What the administrators of the demo find to do: a merger and a zone, a register with errors, accounts, messages."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select

from demo.accounts import LEGACY
from demo.people import id_number
from lib.clock import today
from lib.codes import Channel, OutboxState, Role
from lib.database import utcnow
from lib.storage import Store
from models import Department, OutboxMessage, RegisterImport, Staff, db
from services import audit
from services.access import Actor
from services.accounts import passwords, staff, throttle
from services.accounts.staff import actor_of
from services.accounts.throttle import AttemptSource
from services.administration import administrators, staff_accounts
from services.departments import administration, matching
from services.old_register import batches, findings, jobs, reading
from services.workflow import department_closing

CLOSING, SUCCESSOR = "210124", "210123"  # 法库县 goes to 康平县
HEPING, PROVINCE = "210102", "210000"
LOCKED = "heping-suoding"
OFFICERS = (
    staff.NewStaff("heping-lizhi", "冯远", Role.REVIEWER, HEPING),  # has left
    staff.NewStaff(LOCKED, "程悦", Role.REVIEWER, HEPING),  # cannot remember the password
    staff.NewStaff("heping-xinren", "魏宁", Role.REVIEWER, HEPING),  # has not signed in yet
)


def is_loaded() -> bool:
    """The register's file tells that it was done."""
    return db.session.scalar(select(RegisterImport.id).limit(1)) is not None


def load(store: Store, officers: dict[str, Staff]) -> None:
    system, security = actor_of(officers["xitong"]), actor_of(officers["anquan"])
    _departments(system)
    _accounts(officers, system, security)
    _register(store, system)
    _messages(officers["heping-zhuren"])


def _departments(system: Actor) -> None:
    closing = db.session.scalars(select(Department).where(Department.code == CLOSING)).one()
    on = today() + timedelta(days=30)
    department_closing.plan(system, closing, on, SUCCESSOR, moves_staff=True)
    zone = administration.add_zone(system, "样例经济开发区财政局", "KF", SUCCESSOR)
    street = next(iter(matching.streets(SUCCESSOR)))
    administration.cover(system, zone, SUCCESSOR, [street], whole=False)


def _accounts(officers: dict[str, Staff], system: Actor, security: Actor) -> None:
    for officer in officers.values():
        officer.last_sign_in_at = utcnow()
        audit.record("staff_sign_in", actor_of(officer))
    nobody_knows = passwords.hashed(staff.first_password(), staff=True)
    left, *_others = [staff_accounts.create(system, new, nobody_knows)[0] for new in OFFICERS]
    staff_accounts.disable(left, system)
    proposed = staff.NewStaff("shenji-er", "邓可", Role.AUDITOR, PROVINCE)
    administrators.propose(security, proposed, nobody_knows)


def lock_out() -> None:
    """Too many failures just now."""
    limits = throttle.STAFF_SIGN_IN
    for _try in range(limits.source.most):
        throttle.count_secret(limits, LOCKED, AttemptSource("192.0.2.7"))


def _register(store: Store, system: Actor) -> None:
    """Checked and not imported: an error, a spoilt number, one who is here already, one with another name."""
    (name, born, serial, *_rest), (_other, other_born, other_serial, *_more) = LEGACY[:2]
    known, differing, fresh = id_number(born, serial), id_number(other_born, other_serial), id_number(born, 951)
    lines = (
        "姓名,证件号码,档案号,证书编号,发证日期",
        f"{name},{known},LN1996004271,,1996-08-15",
        f"林建军,{differing},LN2001013306,,2001-06-01",
        f"关月,{fresh},,2.10102E+11,2004-03-01",
        f"佟安,{fresh[:17]}Q,LN2004020011,,2004-03-01",
        f"那晴,{id_number(born, 953)},LN2004020012,,2004-03-01",
    )
    data = "\r\n".join(lines).encode("gb18030")
    job = jobs.create(system, "样例县名册.csv", store.put(data).address)
    _keep(job, jobs.read_values(reading.look_at(lambda: io.BytesIO(data), None)))
    found: list[batches.Finding] = []
    source = reading.open_source(lambda: io.BytesIO(data), None, job.columns)
    result = batches.import_source(source, today(), dry_run=True, found=found.append)
    table = store.put(findings.table_of(found)).address
    _keep(job, {"state": "checked", "counts": jobs.counts_of(result), "findings": table, "done": result.rows})


def _keep(job: RegisterImport, values: dict[str, object]) -> None:
    for name, value in values.items():
        setattr(job, name, value)


def _messages(officer: Staff) -> None:
    """None waits, so that nothing leaves the demo by itself."""
    for words, state, problem in _SENT:
        row = OutboxMessage(channel=Channel.EMAIL, text_name="digest", staff_id=officer.id, state=state, tries=1)
        row.recipient, row.words = "heping@example.org", list(words)
        row.problem, row.sent_at = problem, utcnow() if state == OutboxState.SENT else None
        db.session.add(row)


_DIGEST = ("今天的待办", "您有待审核的申报，请登录查看。")
_SENT: Sequence[tuple[tuple[str, str], OutboxState, str]] = (
    (_DIGEST, OutboxState.SENT, ""),
    (_DIGEST, OutboxState.GIVEN_UP, "邮件服务器没有接受：550"),
)
