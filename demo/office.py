"""What the administrators of the demo find to do: a county's old register to look at, a locked officer, notices."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta

from sqlalchemy import select

from demo.people import id_number
from lib.database import utcnow
from lib.sealed import new_uid
from lib.storage import Folder
from models import Notice, RegisterImport, Staff, db
from services.accounts import throttle
from services.accounts.staff import actor_of
from services.old_register import jobs, reading

LOCKED_OUT, ADMINISTRATOR = "haicheng", "xitong"
HEADER = ("持证人", "身份证号", "会计证号", "档案号", "领证日期", "发证机关", "联系电话", "工作单位")
#: Two of the rows have to be looked at: a number that a spreadsheet ruined, a number that is no one's.
PEOPLE = (
    ("邓桂芳", date(1963, 4, 12), 921, "辽会20010317", "LN2001031745", "2001-03-17"),
    ("白志强", date(1970, 8, 25), 923, "2.10102E+11", "LN1999052231", "1999/5/22"),
    ("石红梅", date(1975, 1, 30), 925, "辽会20040911", "LN2004091138", "2004年9月11日"),
    ("康建军", date(1981, 11, 2), 927, "辽会20070625", "LN2007062559", "2007-06-25"),
)
NOTICES = (
    (
        "关于开展会计人员信息采集工作的公告",
        "全省会计人员信息采集工作现已开始。请从事会计工作的人员、取得会计专业技术资格的人员和准备报考的人员登录本平台申报。\n\n"
        "申报前请准备身份证件、学历证书和资格证书，用手机拍照即可上传。",
        20,
    ),
    (
        "关于使用手机拍摄附件的提示",
        "证件请摆放居中，避免反光，文字要清楚。\n\n拍得不清楚的，可以在附件上传页删除后重新拍摄。",
        6,
    ),
    ("关于国庆节期间审核安排的公告（草稿）", "节假日不计入审核期限。", None),
)


def load(store: Folder, staff: dict[str, Staff]) -> None:
    """Into an empty database; later runs find all of it there."""
    if db.session.scalar(select(RegisterImport.id).limit(1)):
        return
    _upload(store, staff[ADMINISTRATOR])
    source = throttle.AttemptSource("192.0.2.1")
    for _attempt in range(throttle.STAFF_SIGN_IN.source.most):
        throttle.count_secret(throttle.STAFF_SIGN_IN, staff[LOCKED_OUT].username, source)
    for title, body, days in NOTICES:
        published = utcnow() - timedelta(days=days) if days else None
        db.session.add(Notice(title=title, body=body, published_at=published))


def _upload(store: Folder, system: Staff) -> None:
    """Uploaded and read; its columns wait for a person."""
    text = io.StringIO()
    rows = [
        (name, id_number(born, serial), *proofs, "样例县财政局", f"1380013{serial * 7}", "样例县供销社")
        for name, born, serial, *proofs in PEOPLE
    ]
    wrong = (*rows[-1][:1], rows[-1][1][:17], *rows[-1][2:])
    csv.writer(text).writerows([HEADER, *rows[:-1], wrong])
    data = text.getvalue().encode("gb18030")
    job, worker = jobs.create(actor_of(system), "样例县名册.csv", store.put(data).address), new_uid()
    source = reading.look_at(lambda: io.BytesIO(data))
    jobs.take(worker)
    jobs.finish(job.id, worker, **jobs.read_values(source))
