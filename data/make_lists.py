"""Makes the lists of this folder. Run by hand, never by the product; data/README.md names the packages.

    python data/make_lists.py zxcvbn/lib/frequency_lists.js

needs chinese-calendar, holidays, lunardate and Babel in an environment of their own.
"""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from importlib.metadata import version
from itertools import chain, product
from pathlib import Path

HERE = Path(__file__).resolve().parent
NOTICES = range(2024, 2027)  # years whose notice chinese-calendar knows
STATUTORY = range(2027, 2036)


def words(text: str) -> list[str]:
    return text.split()


NATIONS = words(  # GB/T 3304-1991, codes 01 to 56
    """汉 蒙古 回 藏 维吾尔 苗 彝 壮 布依 朝鲜 满 侗 瑶 白 土家 哈尼 哈萨克 傣 黎 傈僳 佤 畲 高山 拉祜 水 东乡 纳西
    景颇 柯尔克孜 土 达斡尔 仫佬 羌 布朗 撒拉 毛南 仡佬 锡伯 阿昌 普米 塔吉克 怒 乌孜别克 俄罗斯 鄂温克 德昂 保安
    裕固 京 塔塔尔 独龙 鄂伦春 赫哲 门巴 珞巴 基诺"""
)
NATIONS_FIRST = words("汉 满 蒙古 回 朝鲜 锡伯")  # the commonest in Liaoning

INDUSTRIES = words(  # GB/T 4754-2017, sections A to T
    """农、林、牧、渔业 采矿业 制造业 电力、热力、燃气及水生产和供应业 建筑业 批发和零售业 交通运输、仓储和邮政业
    住宿和餐饮业 信息传输、软件和信息技术服务业 金融业 房地产业 租赁和商务服务业 科学研究和技术服务业
    水利、环境和公共设施管理业 居民服务、修理和其他服务业 教育 卫生和社会工作 文化、体育和娱乐业
    公共管理、社会保障和社会组织 国际组织"""
)

#: Two-letter codes of CLDR that are not ISO 3166-1; CN is the 居民身份证's own.
NOT_COUNTRIES = set(words("AC CP CQ DG EA EU EZ IC QO TA UN XA XB XK ZZ CN"))
#: Where the usual Chinese name differs from CLDR's.
COUNTRY_TITLES = {
    "HK": "中国香港",
    "MO": "中国澳门",
    "TW": "中国台湾",
    "PS": "巴勒斯坦",
    "FK": "马尔维纳斯群岛(福克兰群岛)",
}


def write(name: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with (HERE / name).open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(header)
        out.writerows(rows)


def nations() -> list[tuple[str, str]]:
    codes = {title: f"{number:02d}" for number, title in enumerate(NATIONS, 1)}
    order = NATIONS_FIRST + [title for title in NATIONS if title not in NATIONS_FIRST]
    return [(codes[title], f"{title}族") for title in order] + [
        ("97", "其他(未识别民族)"),
        ("98", "外国血统中国籍人士"),
    ]


def industries() -> list[tuple[str, str]]:
    return [(chr(ord("A") + number), title) for number, title in enumerate(INDUSTRIES)]


def countries() -> list[tuple[str, str]]:
    from babel import Locale  # type: ignore[import-not-found,import-untyped,unused-ignore]

    titles = {code: title for code, title in Locale("zh", "Hans").territories.items() if re.fullmatch("[A-Z]{2}", code)}
    titles = {code: title for code, title in titles.items() if code not in NOT_COUNTRIES} | COUNTRY_TITLES
    first = ["HK", "MO", "TW"]
    # The order of GB 2312 is that of Pinyin for all characters that occur in names of countries, nearly.
    rest = sorted(set(titles) - set(first), key=lambda code: titles[code].encode("gb18030"))
    return [(code, titles[code]) for code in first + rest]


def statutory(year: int) -> Iterator[date]:
    """The days of the regulation of 2024 (全国年节及纪念日放假办法): 13 a year, wherever in the week they fall."""
    from holidays import country_holidays  # type: ignore[import-not-found,import-untyped,unused-ignore]
    from lunardate import LunarDate  # type: ignore[import-not-found,import-untyped,unused-ignore]

    new_year = LunarDate(year, 1, 1).to_solar_date()
    qingming = country_holidays("CN", years=year, observed=False, language="en_US").get_named("Tomb-Sweeping Day")[0]
    yield date(year, 1, 1)
    yield from (new_year + timedelta(days=offset) for offset in (-1, 0, 1, 2))
    yield qingming
    yield from (date(year, 5, 1), date(year, 5, 2))
    yield LunarDate(year, 5, 5).to_solar_date()
    yield LunarDate(year, 8, 15).to_solar_date()
    yield from (date(year, 10, day) for day in (1, 2, 3))


def with_days_in_lieu(days: Iterable[date]) -> set[date]:
    """Article 6 of the same regulation: a day that falls on a weekend is made good on the next working day."""
    taken = set(days)
    for day in sorted(taken):
        if day.weekday() >= 5:
            while day in taken or day.weekday() >= 5:
                day += timedelta(days=1)
            taken.add(day)
    return taken


def calendar() -> Iterator[tuple[str, str, str]]:
    """Only days that differ from the week's pattern."""
    import chinese_calendar  # type: ignore[import-not-found,import-untyped,unused-ignore]

    source = f"chinese-calendar {version('chinesecalendar')}"
    day = date(NOTICES.start, 1, 1)
    while day.year < NOTICES.stop:
        if chinese_calendar.is_workday(day) != (day.weekday() < 5):
            yield day.isoformat(), "workday" if day.weekday() >= 5 else "holiday", source
        day += timedelta(days=1)
    for year in (2025, 2026):  # our own calculation against the notices
        assert all(chinese_calendar.is_holiday(day) for day in statutory(year))
    for year in STATUTORY:
        yield from (
            (day.isoformat(), "holiday", "statutory")
            for day in sorted(with_days_in_lieu(statutory(year)))
            if day.weekday() < 5
        )


DIGITS = words(
    """123 1234 12345 123456 1234567 12345678 123456789 1234567890 0123456789 123123 123321 112233 111111 000000
    222222 333333 555555 666666 777777 888888 999999 11111111 88888888 66666666 520 521 1314 520520 521521
    5201314 1314520 52013140 13145200 147258 147258369 159357 789456 789456123 741852963 987654321 2025 2026 2027"""
)
STEMS = words(
    """a q w z x l s d aa qq ww zz ab abc abcd asd asdf qwe qwer zxc zxcv qaz wsx woaini woaini1314 iloveyou wo ai ni
    admin user test root pass password passw0rd p@ssw0rd p@ssword mima nihao xiaoming baobao laopo laogong kuaiji caiwu
    caizheng shenbao liaoning shenyang dalian anshan fushun benxi dandong jinzhou yingkou fuxin liaoyang panjin tieling
    chaoyang huludao zhongguo beijing china li wang zhang liu chen yang zhao huang zhou wu xu sun hu zhu gao lin he guo
    ma luo liang song zheng xie han tang feng yu dong xiao cheng cao yuan deng fu shen zeng peng lv su lu jiang cai jia
    ding wei xue ye yan pan du dai xia zhong tian ren fan fang shi yao tan"""
)
OTHERS = words(
    """1qaz2wsx 1qaz@wsx 1qaz!qaz 1q2w3e4r 1q2w3e4r5t q1w2e3r4 qwer1234 qwerasdf asdfghjk zxcvbnm1 qazwsxedc
    123456aa 123456qq 123456abc 1234567a 12345678a 123456789a a123456. abc@123 abcd@1234 admin@123 aa123456.
    我爱你1314 我爱你520 我爱我家123 密码12345678 一二三四五六七八 会计123456"""
)


def chinese_habits() -> Iterator[str]:
    """What people here type when a password must have eight characters, and perhaps letters and digits."""
    yield from DIGITS
    yield from (digit * 8 for digit in "0123456789abcdeqwxz")
    yield from (f"{stem}{number}" for stem, number in product(STEMS, DIGITS))
    yield from (f"{stem}@{number}" for stem, number in product(STEMS, ("123", "1234", "123456")))
    yield from OTHERS


def common_passwords(frequency_lists: Path) -> list[str]:
    """The 30,000 of zxcvbn and our own; entries shorter than a valid password are dropped."""
    found = re.search(r'passwords:\s*"([^"]+)"', frequency_lists.read_text(encoding="utf-8"))
    assert found
    every = chain(found.group(1).split(","), chinese_habits())
    return sorted({word.casefold() for word in every if len(word) >= 8})


def main() -> None:
    write("nations.csv", ("code", "title"), nations())
    write("industries.csv", ("code", "title"), industries())
    write("countries.csv", ("code", "title"), countries())
    write("calendar.csv", ("date", "kind", "source"), calendar())
    passwords = common_passwords(Path(sys.argv[1]))
    (HERE / "common_passwords.txt").write_text("\n".join(passwords) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
