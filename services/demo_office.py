"""The demo's officers, and the old register as it comes in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from lib.codes import Role


@dataclass(frozen=True)
class Officer:
    username: str
    name: str
    role: Role
    department: str


STAFF = (
    Officer("heping", "王立新", Role.REVIEWER, "210102"),
    Officer("heping-zhuren", "李慧", Role.MANAGER, "210102"),
    Officer("haicheng", "张春生", Role.REVIEWER, "210381"),
    Officer("haicheng-zhuren", "刘敏", Role.MANAGER, "210381"),
    Officer("shenyang", "陈国栋", Role.REVIEWER, "210100"),
    Officer("shenyang-zhuren", "杨丽", Role.MANAGER, "210100"),
    Officer("liaoning", "赵宏", Role.REVIEWER, "210000"),
    Officer("liaoning-zhuren", "孙静", Role.MANAGER, "210000"),
    Officer("xitong", "周平", Role.SYSTEM, "210000"),
    Officer("anquan", "吴岩", Role.SECURITY, "210000"),
    Officer("shenji", "郑一鸣", Role.AUDITOR, "210000"),
)

#: The old register as it comes in, for 原有用户设置密码: name, born, serial, 档案号, 证书编号, 发证日期, 单位.
LEGACY = (
    ("胡秀英", date(1968, 5, 21), 902, "LN1996004271", "210102960427", "1996-08-15", "样例县第一粮库"),
    ("林建国", date(1972, 11, 2), 903, "LN2001013306", "", "2001-06-01", "样例县水利工程有限公司"),
    ("何晓梅", date(1985, 2, 14), 904, "", "210381080119", "2008年9月", "样例县实验小学"),
    ("高䶮", date(1979, 7, 30), 905, "LN2003020815", "210102030208", "20030512", ""),
    ("马丽", date(1990, 12, 8), 906, "", "", "2012-11-20", "样例县向阳超市"),
)
