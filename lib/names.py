"""Typed text and people's names: normalised, and checked with a reason for the person.

Normalising removes what no page shows and nobody typed (marks of direction, joiners). Control, private-use and
surrogate characters stay, so that ``text_problem`` and ``name_problem`` can name them.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

NAME_LENGTH = (2, 50)
SORT_KEY_LENGTH = 80
MOST_INITIALS = 16  # stored readings of one name

#: Full-width digits and Latin letters to ASCII, which is 0xFEE0 lower.
_HALF_WIDTH = {
    code: code - 0xFEE0 for first, last in ("０９", "ＡＺ", "ａｚ") for code in range(ord(first), ord(last) + 1)
}
_SPACES = re.compile(r"[ \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+")

#: What keyboards, forms and old registers use between the parts of a minority name.
_MIDDLE_DOTS = str.maketrans(dict.fromkeys("•‧・･．∙⋅᛫", "·"))
_MARKS = str.maketrans({"’": "'", "‘": "'", "＇": "'", "‐": "-", "‑": "-", "－": "-", "–": "-"})

#: FE50 to FEA0 of GBK: at U+E815 to U+E864 until Unicode got the characters (GB 18030-2022).
#: Old registers still contain the private code points; Python's codec still produces fourteen of them.
_GBK_TAIL = (
    "⺁𠂇𠂉𠃌⺄㑳㑇⺈⺋龴㖞㘚㘎⺌⺗㥮㤘龵㧏㧟㩳㧐龶龷㭎㱮㳠⺧𡗗龸⺪䁖䅟⺮䌷⺳⺶⺷𢦏䎱䎬⺻䏝䓖䙡䙌"
    "龹䜣䜩䝼䞍⻊䥇䥺䥽䦂䦃䦅䦆䦟䦛䦷䦶龺𤇾䲣䲟䲠䲡䱷䲢䴓䴔䴕䴖䴗䴘䴙䶮龻"
)
_PRIVATE_TO_HAN = {0xE815 + position: character for position, character in enumerate(_GBK_TAIL)}

#: Copying from a PDF yields radicals instead of the characters that look the same. Unicode's EquivalentUnifiedIdeograph
#: for U+2E81 to U+2E99 and U+2E9B to U+2EF3; NFKC knows two of these, and the Kangxi radicals U+2F00 to U+2FD5.
_RADICALS = {
    0x2E81: "厂乛乚乙亻冂𠘨刀刂卜㔾小小兀尣尢𡯂巳幺彑彐忄心扌攵",
    0x2E9B: (
        "旡日月歺母民氵氺灬爫爫丬牛犭王𤴔目示礻𥫗糹纟罓罒㓁冗𦉫羊𦍌𦍋耂肀聿肉𦥑艹艹艹虎衤覀西见角𧢲"
        "讠贝𧾷车辶辶辶邑钅長镸长门𨸏阝雨青韦页风飞食𩙿飠饣𩠐马骨鬼鱼鸟卤麦黄黾斉齐歯齿竜龙龜亀龟"
    ),
}
_RADICAL_TO_HAN = {code: unicodedata.normalize("NFKC", chr(code)) for code in range(0x2F00, 0x2FD6)} | {
    code: character for start, line in _RADICALS.items() for code, character in enumerate(line, start)
}

#: What nobody sees and phones and web pages put around what is copied: soft hyphen, joiners, directions, variants.
_UNSEEN = dict.fromkeys(
    code
    for first, last in (
        *((0x00AD, 0x00AD), (0x061C, 0x061C), (0x180E, 0x180E), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F)),
        *((0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xE0100, 0xE01EF)),
    )
    for code in range(first, last + 1)
)
_TYPED = _HALF_WIDTH | _RADICAL_TO_HAN | _UNSEEN
_DATE_MARKS = dict.fromkeys(map(ord, "/.．／－—–‐‑−。"), "-")
_LINE_ENDS = re.compile("[\t\n\x0b\x0c\r\x85\u2028\u2029]+")

#: 〇, the unified ideographs with extensions A to J, and the twelve unified ones among the compatibility ideographs.
#: By number, because Python 3.11's own table ends with extension G.
_HAN = (
    "\u3007\u3400-\u4dbf\u4e00-\u9fff\ufa0e\ufa0f\ufa11\ufa13\ufa14\ufa1f\ufa21\ufa23\ufa24\ufa27-\ufa29"
    "\U00020000-\U0002a6df\U0002a700-\U0002ebe0\U0002ebf0-\U0002ee5d\U00030000-\U00033479"
)
#: First letters of readings that a surname has and pypinyin's characters lack: 谌 is Shèn too, 会 Guì, 费 Bì.
_SURNAME_LETTERS = dict(
    pair.split("=")
    for pair in "谌=s 諶=s 会=g 會=g 呙=whk 咼=k 费=b 覃=x 谭=q 譚=q 缪=j 繆=j 郤=q 贲=f 賁=f 遆=d 隽=z 雋=z".split()
)
_HAN_RE = re.compile(f"[{_HAN}]")
_SPACE_INSIDE_HAN = re.compile(f"(?<=[{_HAN}·]) (?=[{_HAN}·])")
#: Control characters, line separators, byte order mark, changes of the direction of writing, lone surrogates.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_DOTS_INSIDE_HAN = re.compile(rf"(?<=[{_HAN}])[.·]+(?=[{_HAN}])")


def normalise_text(text: str) -> str:
    """One line: NFC, half-width digits and Latin letters, characters instead of radicals, nothing that nobody sees, no
    surrounding space, one space for a run of them. A tab and a line break are spaces.
    """
    return _SPACES.sub(" ", _plain(_LINE_ENDS.sub(" ", text))).strip(" ")


def normalise_lines(text: str) -> str:
    """The same of several lines; tabs and line breaks inside stay."""
    return _SPACES.sub(" ", _plain(text)).strip(" \t\r\n")


def _plain(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFC", text.translate(_TYPED))


def plain_date(text: str) -> str:
    """``normalise_text``, and one hyphen for each mark that keyboards put between year, month and day."""
    return normalise_text(text).translate(_DATE_MARKS)


def fold_radicals(text: str) -> str:
    """Only this: for what officers write, where every other character counts."""
    return text.translate(_RADICAL_TO_HAN)


def normalise_name(text: str) -> str:
    """``normalise_text``, and one spelling for each name, because people sign in with it.

    Every middle dot (and a full stop between two Han characters) becomes U+00B7; a space between two Han characters
    goes (``张 三``); private code points of GBK become the character they stand for.
    """
    text = normalise_text(text.translate(_PRIVATE_TO_HAN).translate(_MIDDLE_DOTS).translate(_MARKS))
    text = re.sub(" *·[ ·]*", "·", text)
    return _DOTS_INSIDE_HAN.sub("·", _SPACE_INSIDE_HAN.sub("", text)).strip("· \t\r\n")


def has_control_characters(text: str) -> bool:
    """Whether it contains characters that no page shows and that would break the sheet and the lists."""
    return bool(_CONTROL.search(text))


def without_control_characters(text: str, replacement: str = "") -> str:
    return _CONTROL.sub(replacement, text)


def describe(character: str) -> str:
    """How a message names a character that may not be visible: 「1」, or its code point."""
    shown = unicodedata.category(character)[0] not in "CZM"
    return f"「{character}」" if shown else f"(U+{ord(character):04X})"


def _unprintable(character: str) -> str | None:
    """Why no text may contain a character, or None."""
    match unicodedata.category(character):
        case "Cc" | "Cf" | "Zl" | "Zp":
            return f"有看不见的控制字符{describe(character)}，请删去后重新输入"
        case "Co":
            return f"有电脑自造的字{describe(character)}，{_instead_of(character)}"
        case "Cs":
            return f"有不完整的字符{describe(character)}，请删去后重新输入"
        case "Cn" if (ord(character) & 0xFFFE) == 0xFFFE or 0xFDD0 <= ord(character) <= 0xFDEF:
            return f"有不是文字的编码{describe(character)}，请删去后重新输入"
    return None


def _instead_of(private: str) -> str:
    if standard := _PRIVATE_TO_HAN.get(ord(private)):
        return f"请改用标准的字「{standard}」"
    return "请换成国家标准里的字；打不出来请联系会计管理部门"


def private_problem(text: str) -> str | None:
    """Why a text with a private-use character is refused: each computer shows another character, or none."""
    private = next((char for char in text if unicodedata.category(char) == "Co"), None)
    return f"内容中{_unprintable(private)}" if private else None


def text_problem(text: str, label: str = "内容", *, multiline: bool = False) -> str | None:
    """Why ``text`` is refused, or None. Line breaks and tabs are allowed only with ``multiline``."""
    for character in text:
        if multiline and character in "\r\n\t":
            continue
        if reason := _unprintable(character):
            return f"{label}里{reason}"
    return None


def _is_latin(character: str) -> bool:
    return character.isalpha() and unicodedata.name(character, "").startswith("LATIN ")


def _name_character_problem(character: str) -> str | None:
    if _HAN_RE.match(character) or character in "· .-'" or _is_latin(character):
        return None
    if reason := _unprintable(character):
        return f"姓名里{reason}"
    if character.isnumeric():
        return f"姓名里不能有数字{describe(character)}，请删去"
    return f"姓名里不能有{describe(character)}，请只填写汉字、字母和间隔号「·」"


def name_problem(name: str) -> str | None:
    """Why a normalised name is refused, as a sentence for the person who typed it, or None."""
    for character in name:
        if problem := _name_character_problem(character):
            return problem
    if not any(_HAN_RE.match(character) or _is_latin(character) for character in name):
        return "请填写姓名"
    least, most = NAME_LENGTH
    if not least <= len(name) <= most:
        return f"姓名应为 {least} 至 {most} 个字，现在是 {len(name)} 个字，请核对"
    return None


def initials(name: str) -> list[str]:
    """The pinyin initials of a name in lower case, one for each reading: 单雄信 is dxx, cxx, sxx and more.

    Surnames often have a special reading, so every reading of every character counts. In names with more than 16
    combinations the later characters have only their usual reading. Latin letters are themselves (``Li 明`` is lim).
    """
    found = [""]
    for at, character in enumerate(name):
        readings = [character.lower()] if character.isascii() and character.isalpha() else _first_letters(character)
        readings = [*readings, *_SURNAME_LETTERS.get(character, "")] if at == 0 else readings
        if len(found) * len(readings) > MOST_INITIALS:
            readings = readings[:1]
        if readings:
            found = [start + letter for start in found for letter in readings]
    return sorted({one for one in found if one})


@cache
def phrase_initials(text: str) -> str:
    """The pinyin initials of ordinary words, each character as it is read in them: 会计工作岗位 is kjgzgw."""
    from pypinyin import Style, pinyin

    letters = (reading[0] for reading in pinyin(text, style=Style.FIRST_LETTER, errors="ignore"))
    return "".join(letter for letter in letters if letter.isalnum() and letter.isascii())


def sort_key(text: str) -> str:
    """Sorted by this, texts stand as in a dictionary: by the usual pinyin of each character; the empty one is last."""
    return "".join(map(_place, text))[:SORT_KEY_LENGTH] or "~"


@cache
def _place(character: str) -> str:
    """The reading first, so that the order is by sound; then the character, so that one stands next to its like."""
    if character.isascii():
        return character.lower()
    from pypinyin import Style, pinyin

    readings = pinyin(character, style=Style.NORMAL, errors="ignore")
    return f"{readings[0][0] if readings else ''}{character}"


@cache
def _first_letters(character: str) -> list[str]:
    """The first letters of a Han character's readings, the usual one first; none for what has no reading."""
    from pypinyin import Style, pinyin  # 65 MB and 0.2 s: load it only where names are stored

    readings = pinyin(character, style=Style.FIRST_LETTER, heteronym=True, errors="ignore")
    letters = [letter for letter in (readings[0] if readings else []) if letter.isascii() and letter.isalpha()]
    return list(dict.fromkeys(letters))
