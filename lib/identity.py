"""Numbers of people and employers: normalised, checked with a reason for the person, masked.

Digits are matched as ``[0-9]`` and ends as ``\\Z`` throughout: ``"²".isdigit()`` is true and ``$`` lets a newline pass.
Every function expects what its ``normalise_*`` returns. Of python-stdnum only the check characters are used: its
``cn.ric`` refuses living people whose county code is younger than they are.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal

from stdnum.cn import uscc
from stdnum.iso7064 import mod_11_2

from lib.codes import IdType
from lib.names import describe, normalise_text

AGES = (16, 100)
LONGEST_NUMBER = 20  # characters; a passport's

# --- identity numbers -----------------------------------------------------------------------------------------------

#: GB/T 2260, first two digits; 81 to 83 are used by the 港澳台居民居住证.
_DAYS = frozenset(f"{date(2001, 1, 1) + timedelta(day):%m%d}" for day in range(365))  # of each year
_PROVINCES = frozenset(
    f"{region}{province}"
    for region, provinces in {1: "12345", 2: "123", 3: "1234567", 4: "123456", 5: "01234", 6: "12345", 7: "1"}.items()
    for province in provinces
)
_HMT_PREFIXES = frozenset({"81", "82", "83"})
_EIGHTEEN = re.compile(r"[0-9]{17}[0-9X]\Z")
_CHECK_CHARACTERS = "10X98765432"
_FIFTEEN = re.compile(r"[0-9]{15}\Z")

_NUMBER_NAMES: dict[str, str] = {
    IdType.RESIDENT: "身份证号码",
    IdType.HMT_RESIDENCE: "居住证号码",
    IdType.FOREIGN_PR: "永久居留身份证号码",
}

#: For the types without a check character: the pattern, and the message when it does not match.
_PATTERNS: dict[str, tuple[re.Pattern[str], str]] = {
    IdType.HK_MACAU_PASS: (
        re.compile(r"[HM][0-9]{8}\Z"),
        "通行证号码应为字母 H 或 M 加 8 位数字；旧证有 11 位的，请只填前 9 位",
    ),
    IdType.TAIWAN_PASS: (
        re.compile(r"[0-9]{8}\Z"),
        "通行证号码应为 8 位数字；旧证更长的，请只填前 8 位数字",
    ),
    IdType.PASSPORT: (
        re.compile(r"(?=[A-Z]*[0-9])[A-Z0-9]{5,20}\Z"),
        "护照号码应为 5 至 20 位字母和数字，请照护照资料页填写",
    ),
}
_OLD_FOREIGN_PR = re.compile(r"[A-Z]{3}[0-9]{12}\Z")


def _compact(text: str) -> str:
    return normalise_text(text).replace(" ", "").upper()


def _real_date(digits: str) -> date | None:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return None


def _to_eighteen(number: str) -> str:
    """A 15-digit number of an old 居民身份证 (without century and check character) as 18; anything else unchanged."""
    if not _FIFTEEN.match(number) or number[:2] not in _PROVINCES or not _real_date("19" + number[6:12]):
        return number
    longer = f"{number[:6]}19{number[6:]}"
    return longer + mod_11_2.calc_check_digit(longer)


def normalise_number(id_type: str, text: str) -> str:
    """Upper case, half width, no spaces. A 居民身份证 of 15 digits becomes 18: both are one person."""
    number = _compact(text)
    return _to_eighteen(number) if id_type == IdType.RESIDENT else number


def sign_in_number(text: str) -> str:
    """A number as typed on a page that does not ask for its type: as tolerant as ``normalise_number``.

    Fifteen digits can only be an old 居民身份证; the old 15-character foreigners' cards begin with letters.
    """
    return _to_eighteen(_compact(text))


def number_problem(id_type: str, number: str, today: date) -> str | None:
    """Why a normalised number is refused, saying what to do, or None. ``today`` decides the age (16 to 100)."""
    if not number:
        return "请填写证件号码"
    if known := _PATTERNS.get(id_type):
        pattern, message = known
        # None of these documents has 18 digits and a check character.
        if _EIGHTEEN.match(number) and mod_11_2.is_valid(number):
            return "这是 18 位的居民身份证或居住证号码，请在证件类型里选择相应的证件"
        return None if pattern.match(number) else message
    if id_type == IdType.FOREIGN_PR and not number[0].isdecimal():
        return None if _OLD_FOREIGN_PR.match(number) else _foreign_pr_shape()
    return _eighteen_problem(id_type, number, today)


def wrong_resident_numbers(numbers: Collection[str], today: date) -> set[str]:
    """Those of numbers of 17 digits and one more that are no 居民身份证. It is quick, since no reason is made up."""
    name, born = _NUMBER_NAMES[IdType.RESIDENT], {number[6:14] for number in numbers}
    years = {f"{year}" for year in range(today.year - AGES[1] + 1, today.year - AGES[0])}  # whatever the birthday
    wrong = {day for day in born if (day[:4] not in years or day[4:] not in _DAYS) and _birth_problem(name, day, today)}
    return {n for n in numbers if n[:2] not in _PROVINCES or n[6:14] in wrong or not _has_check_character(n)}


def _foreign_pr_shape() -> str:
    return "永久居留身份证号码应为 9 开头的 18 位(新证)，或 3 个字母加 12 位数字(旧证)，请照证件填写"


def _eighteen_problem(kind: str, number: str, today: date) -> str | None:
    name = _NUMBER_NAMES[kind]
    return (
        _shape_problem(name, number)
        or _prefix_problem(kind, number)
        or _birth_problem(name, number[6:14], today)
        or (None if _has_check_character(number) else f"{name}的最后一位(校验码)不对，请逐位核对")
    )


def _shape_problem(name: str, number: str) -> str | None:
    if _EIGHTEEN.match(number):
        return None
    for position, character in enumerate(number):
        last = position == 17 and character == "X"
        if not last and not re.match("[0-9]", character):
            return f"{name}只能是数字(最后一位可以是 X)，第 {position + 1} 位是{describe(character)}，请核对"
    if len(number) == 15:
        return f"这个 15 位的{name}无法换算成 18 位，请核对，或填写新证上的 18 位号码"
    return f"{name}应为 18 位，现在是 {len(number)} 位，请核对"


def _prefix_problem(kind: str, number: str) -> str | None:
    prefix = number[:2]
    if kind == IdType.RESIDENT and prefix in _HMT_PREFIXES:
        return f"{prefix} 开头的是港澳台居民居住证的号码，请改选证件类型"
    if kind == IdType.RESIDENT and prefix not in _PROVINCES:
        return f"身份证号码的前两位({prefix})不是任何省份的代码，请核对"
    if kind == IdType.HMT_RESIDENCE and prefix not in _HMT_PREFIXES:
        return f"居住证号码应以 81、82 或 83 开头，现在是 {prefix}，请核对号码和证件类型"
    if kind == IdType.FOREIGN_PR and prefix[0] != "9":
        return _foreign_pr_shape()
    return None


def _has_check_character(number: str) -> bool:
    """ISO 7064 mod 11-2 of 17 digits and one more. python-stdnum takes long, which a whole register notices.

    Each digit weighs twice as much as the next one, modulo 11: as it does in base 13.
    """
    return _CHECK_CHARACTERS[int(number[:17], 13) * 2 % 11] == number[17]


def _birth_problem(name: str, digits: str, today: date) -> str | None:
    born = _real_date(digits)
    if born is None:
        return f"{name}的第 7 至 14 位({digits})不是真实的出生日期，请核对"
    if born > today:
        return f"{name}里的出生日期({born})还没有到，请核对"
    age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    least, most = AGES
    if age < least:
        return f"按{name}里的出生日期({born})还不满 {least} 周岁，请核对；年满 {least} 周岁后才能申报"
    if age > most:
        return f"按{name}里的出生日期({born})已超过 {most} 周岁，请核对"
    return None


def facts_from_number(id_type: str, number: str) -> tuple[Literal["male", "female"], date] | None:
    """Sex and birth date as a valid 居民身份证 or 港澳台居民居住证 number states them; None for all others."""
    if id_type not in (IdType.RESIDENT, IdType.HMT_RESIDENCE) or not _EIGHTEEN.match(number):
        return None
    born = _real_date(number[6:14])
    if born is None or not mod_11_2.is_valid(number):
        return None
    return ("male" if int(number[16]) % 2 else "female"), born


def birth_date_unlike_number(born: date, number: str) -> str | None:
    """An 18-digit number has a birth date in it, that of a 外国人永久居留身份证 too."""
    in_number = _real_date(number[6:14]) if re.fullmatch(r"[0-9]{17}[0-9X]", number) else None
    return "出生日期与证件号码里的不一致，请照证件核对" if in_number and in_number != born else None


def mask_number(number: str) -> str:
    """First three and last two characters. With more, the check digit would leave only a few thousand candidates."""
    if len(number) < 6:
        return "*" * len(number)
    first = 3 if len(number) >= 10 else 1
    return number[:first] + "*" * (len(number) - first - 2) + number[-2:]


# --- phones ---------------------------------------------------------------------------------------------------------

_MOBILE = re.compile(r"1[3-9][0-9]{9}\Z")
_DASHES = re.compile("[-\u2010-\u2015\u2212\uff0d]")
_PHONE_MARKS = re.compile("[ ()\uff08\uff09.\\-\u2010-\u2015\u2212\uff0d]")
_COUNTRY = re.compile(r"\A(?:[+＋]|00)?86(?=1[0-9]{10}\Z|0[0-9]{9,11}\Z|[48]00[0-9]{7}\Z)")
#: 010 and 02x have three digits, all other area codes four. Subscriber numbers begin with 2 to 8 (or 9 in few places).
_FIXED = re.compile(r"\A(010|02[0-9]|0[3-9][0-9]{2})([2-9][0-9]{6,7})\Z")
_WITH_AREA = re.compile(r"0[0-9]{2,3}-[0-9]{7,8}(?:-[0-9]{1,6})?\Z")
#: From abroad an area code has no 0: +86-24-86123456.
_ABROAD = re.compile(r"\A(?:[+＋]|00)?86(?=(?:10|[2-9][0-9])[0-9]{7,9}\Z)")
#: A number for the whole country, that of many companies.
_SERVICE = re.compile(r"([48]00)([0-9]{3})([0-9]{4})([0-9]{1,6})?\Z")
_ADDRESS_MARKS = {ord(mark): sign for marks, sign in {"。．｡": ".", "＠": "@", " ": ""}.items() for mark in marks}
_EXTENSION = re.compile(r"(?:转|分机|EXT\.?|#|×|X)+[:：]?([0-9]{1,6})\Z")
_DASHED_EXTENSION = re.compile(r"(?<=[0-9]{7})-([0-9]{1,6})\Z")


def normalise_phone(text: str) -> str:
    """A mobile number without spaces, hyphens, brackets and the country code 86."""
    return _COUNTRY.sub("", _PHONE_MARKS.sub("", _compact(text)))


def _phone_shape(number: str, expected: str) -> str:
    for character in number:
        if not re.match(r"[0-9]", character):
            what = "字母" if character.isalpha() and character.isascii() else "数字以外的字符"
            return f"号码里有{what}{describe(character)}，请只填写数字"
    return f"{expected}，现在是 {len(number)} 位，请核对"


def phone_problem(number: str) -> str | None:
    """Why a normalised number is no mainland mobile number, or None."""
    if not number:
        return "请填写手机号码"
    if _MOBILE.match(number):
        return None
    if re.match(r"[0-9]{11}\Z", number):
        return f"手机号码应以 13 至 19 开头，现在是 {number[:2]} 开头，请核对"
    return _phone_shape(number, "手机号码应为 11 位数字")


def _split_extension(text: str) -> tuple[str, str]:
    for pattern in (_EXTENSION, _DASHED_EXTENSION):
        if found := pattern.search(text):
            return text[: found.start()], found.group(1)
    return text, ""


def normalise_any_phone(text: str) -> str:
    """A mobile number, or ``024-86123456``, with an extension ``024-86123456-801``, or ``400-123-4567``; any marks
    between. What is none of these keeps its digits and letters, without the marks.
    """
    if _MOBILE.match(number := normalise_phone(text)):
        return number
    base, extension = _split_extension(_DASHES.sub("-", _compact(text)))
    if service := _SERVICE.match(normalise_phone(base) + extension):
        return "-".join(filter(None, service.groups()))
    number = _FIXED.sub(r"\1-\2", _ABROAD.sub("0", normalise_phone(base)))
    return f"{number}-{extension}" if extension else number


def any_phone_problem(number: str) -> str | None:
    """Why a number from ``normalise_any_phone`` is neither a mobile nor a fixed line with its area code, or None."""
    if not number:
        return "请填写电话号码"
    if _MOBILE.match(number) or _WITH_AREA.match(number) or _SERVICE.match(number.replace("-", "")):
        return None
    if re.match(r"[2-9][0-9]{6,7}(?:-[0-9]{1,6})?\Z", number):
        return "固定电话前面请加上区号，例如 024-86123456"
    return _phone_shape(number.replace("-", ""), "请填写 11 位手机号码，或带区号的固定电话(例如 024-86123456)")


def normalise_email(text: str) -> str:
    """Full stops of a Chinese keyboard, full-width letters and spaces gone; the host in lower case."""
    name, at, host = normalise_text(text).translate(_ADDRESS_MARKS).rpartition("@")
    return f"{name}{at}{host.lower()}"


def mask_phone(number: str) -> str:
    """``138****1234``; a fixed line keeps its first three and last four characters too."""
    if len(number) < 7:
        return "*" * len(number)
    first, last = (3, 4) if len(number) >= 11 else (0, 2)
    return number[:first] + "*" * (len(number) - first - last) + number[-last:]


def mask_email(address: str) -> str:
    """``s***@example.org``."""
    name, at, host = address.rpartition("@")
    return f"{name[:1]}***{at}{host}"


# --- employers ------------------------------------------------------------------------------------------------------

_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC = re.compile(rf"[{_USCC_ALPHABET}]{{18}}\Z")
_LOOKALIKES = {"O": "数字 0", "I": "数字 1", "Z": "数字 2", "S": "数字 5"}


def normalise_uscc(text: str) -> str:
    """统一社会信用代码 in upper case, half width, without spaces and hyphens."""
    return _DASHES.sub("", _compact(text))


def uscc_problem(code: str) -> str | None:
    """Why a normalised code has not the shape of GB 32100 (18 characters of its alphabet), or None."""
    if not code:
        return "请填写统一社会信用代码"
    for position, character in enumerate(code, 1):
        if character not in _USCC_ALPHABET:
            hint = f"是不是{_LOOKALIKES[character]}？" if character in _LOOKALIKES else ""
            return f"统一社会信用代码里不会有{describe(character)}(第 {position} 位)，{hint}请照证照核对"
    if len(code) != 18:
        return f"统一社会信用代码应为 18 位，现在是 {len(code)} 位，请照证照核对"
    return None


@lru_cache(maxsize=1000)  # a page asks twenty times
def uscc_standing(code: str | None) -> str:
    """``failed`` for a code of the right form whose check character is wrong, else ``ok``."""
    return "failed" if code and not uscc_problem(code) and not uscc_check_ok(code) else "ok"


def uscc_check_ok(code: str) -> bool:
    """Whether the GB 32100 check character is right. Some genuine codes fail: ask the person, do not refuse.

    ``uscc.is_valid`` would also refuse letters in the first eight places, as village collectives' codes (N2...) have.
    """
    return bool(_USCC.match(code)) and uscc.calc_check_digit(code[:17]) == code[17]


# --- passwords ------------------------------------------------------------------------------------------------------

PASSWORD_LENGTH = (8, 64)


def password_problem(
    password: str, *, name: str = "", number: str = "", phone: str = "", common: Collection[str]
) -> str | None:
    """Why a new password is refused, or None. ``common`` holds case-folded passwords."""
    least, most = PASSWORD_LENGTH
    if not least <= len(password) <= most:
        return f"密码应为 {least} 至 {most} 个字符，现在是 {len(password)} 个，请重新设置"
    folded = normalise_text(password).casefold()
    if password.casefold() in common or folded in common:
        return "这个密码太常见，容易被猜到，请换一个"
    personal = {"姓名": name, "证件号码": number, "证件号码的后六位": number[-6:], "手机号码": phone}
    for what, value in personal.items():
        if len(value) > 1 and normalise_text(value).casefold() in folded:
            return f"密码里不能包含您的{what}，请换一个"
    return None


# --- numbers of the old register ------------------------------------------------------------------------------------

_SCIENTIFIC = re.compile(r"[0-9][.,][0-9]*(?:E|[×X*]10)|[0-9]E[+-]|\A[0-9]+E[0-9]{1,3}\Z")
_DAY = re.compile(
    r"(?:(?:19|20)[0-9]{2}[-/.年]?(?:0?[1-9]|1[0-2])[-/.月]?(?:0?[1-9]|[12][0-9]|3[01])日?(?:[ T].*)?"
    r"|(?:19|20)[0-9]{2}[-/.年](?:0?[1-9]|1[0-2])月?|1899[-/.]12[-/.]3[01]|1900[-/.]0?1[-/.]0?0)\Z"
)
#: Between the characters of a number; nobody types them as they are printed.
NUMBER_MARKS = " \t-－—–_"
_MARKS_OF_NUMBER = str.maketrans(dict.fromkeys(NUMBER_MARKS))


def spelled_alike(number: str) -> str:
    """One spelling of a 档案号 or 证书编号: case, width, spaces and dashes do not matter."""
    return normalise_text(number).translate(_MARKS_OF_NUMBER).upper()


def broken_proof(number: str) -> str | None:
    """Why a 档案号 or 证书编号 cannot be anybody's (a spreadsheet's ruin, a filler), or None.

    Who knows the spreadsheet knows such a value, so nobody may prove with it who they are.
    """
    text = unicodedata.normalize("NFKC", number).upper()
    digits = re.sub("[^0-9]", "", text)
    reasons = {
        "是表格软件的错误值或公式": text.startswith("=") or "#" in text or "\ufffd" in text,
        "被表格软件改成了科学计数，后几位已经丢失": _SCIENTIFIC.search(text.replace(" ", "")),
        "里的数字不足 4 位，像是填充的内容": len(digits) < 4,
        "是重复或连续的数字，像是填充的内容": len(set(digits)) == 1 or digits in "01234567890123456789",
        "是一个日期": _DAY.match(text),
        "的末尾是一串 0，像是被表格软件舍入过": _is_rounded(text),
    }
    return next((reason for reason, applies in reasons.items() if applies), None)


def _is_rounded(text: str) -> bool:
    """Spreadsheets keep 15 digits of a number and fill up with zeros."""
    if not re.match(r"[0-9]{12,}\Z", text):
        return False
    return text.endswith("00000") or (len(text) >= 17 and not text[15:].strip("0"))
