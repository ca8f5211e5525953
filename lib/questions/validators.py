"""The rules of answers. Each looks at ``data``, never at the request, so stored answers can be checked again.

``reads`` of a rule: the facts that it looks at besides the answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from wtforms import Field
from wtforms.validators import StopValidation, ValidationError

from lib.names import describe
from lib.questions.conditions import Condition, FormWithContext, FormWithFacts, read_by


def problem_of(field: Field) -> str:
    """What is wrong with it, as a line of its own away from the field: it names the field."""
    label, message = field.label.text, str(field.errors[0])
    return message if label in message else f"{label}：{message}"


class Required:
    """The question must be answered."""

    field_flags: dict[str, Any] = {"required": True}

    def __call__(self, form: FormWithFacts, field: Field) -> None:
        if field.data in (None, "", []):
            if not field.errors:
                field.errors = [getattr(field, "empty_message", None) or f"请填写{field.label.text}"]
            raise StopValidation


class Optional:
    """The question may be left open; other rules are for what was typed."""

    def __call__(self, form: FormWithFacts, field: Field) -> None:
        if field.data in (None, "", []) and not field.errors:
            raise StopValidation


class AskedWhen(Optional):
    """Asked only while ``condition`` holds; otherwise any leftover answer is dropped.

    The condition is published as ``field.flags.when``: it hides the input in the browser, leaves the row out of the
    summary and the sheet, and excuses it from the completeness check.
    """

    def __init__(self, condition: Condition) -> None:
        self.condition, self.reads = condition, read_by(condition)
        self.field_flags = {"when": condition}

    def __call__(self, form: FormWithFacts, field: Field) -> None:
        if not self.condition.holds(form.facts()):
            field.data, field.errors = None, []
            raise StopValidation
        super().__call__(form, field)


class RequiredWhen(Required):
    """Required while ``condition`` holds; otherwise as AskedWhen."""

    def __init__(self, condition: Condition) -> None:
        self.condition, self.reads = condition, read_by(condition)
        self.field_flags = {"when": condition, "required": True}

    def __call__(self, form: FormWithFacts, field: Field) -> None:
        if not self.condition.holds(form.facts()):
            field.data, field.errors = None, []
            raise StopValidation
        super().__call__(form, field)


class DerivedFrom:
    """While the fact ``name`` is known it is the answer, whatever was sent; the page shows it read-only.

    ``because``: the words next to it that say where the answer comes from.
    """

    def __init__(self, name: str, because: str) -> None:
        self.field_flags = {"derived": name, "because": because}
        self.name, self.reads = name, (name,)

    def __call__(self, form: FormWithFacts, field: Field) -> None:
        if (value := form.facts().get(self.name)) is not None:
            field.data, field.errors = value, []
            raise StopValidation


class AllowedWhen:
    """One of the choices is for those only for whom ``condition`` holds."""

    def __init__(self, choice: str, condition: Condition, message: str) -> None:
        self.choice, self.condition, self.message = choice, condition, message
        self.reads, self.field_flags = read_by(condition), {"allowed": (choice, condition)}

    def __call__(self, form: FormWithFacts, field: Field) -> None:
        if field.data == self.choice and not self.condition.holds(form.facts()):
            raise ValidationError(self.message)


class Fits:
    """Fits the answer to ``other``: ``problem`` gets both and returns a sentence, or None.

    What cannot be is refused. What is only rare is said (``warn``), and the person may go on.
    """

    def __init__(self, other: str, problem: Callable[[Any, Any], str | None], warn: bool = False) -> None:
        self.other, self.problem, self.warn = other, problem, warn
        self.reads = () if warn else (other,)  # what is only said makes no page wrong

    def __call__(self, form: FormWithFacts, field: Field) -> None:
        other = form.facts().get(self.other)
        message = self.problem(field.data, other) if field.data and other else None
        if message and not self.warn:
            raise ValidationError(message)
        if message:
            field.warnings = [f"{message}。确认无误的可以继续"]


class StillValid:
    """The last day of a document that is valid for ``years`` at most. What does not fit is only said."""

    def __init__(self, years: int, over: str, too_far: str) -> None:
        self.years, self.over, self.too_far = years, over, too_far

    def __call__(self, form: FormWithContext, field: Field) -> None:
        today = form.context.today
        if field.data and field.data < today:
            field.warnings = [self.over]
        elif field.data and field.data.year > today.year + self.years:
            field.warnings = [self.too_far]


class Length:
    def __init__(self, least: int, most: int) -> None:
        self.least, self.most = least, most
        self.field_flags = {"maxlength": most}

    def __call__(self, form: FormWithFacts, field: Field) -> None:
        count = len(field.data)
        if not self.least <= count <= self.most:
            allowed = f"应为 {self.least} 至 {self.most} 个字" if self.least > 1 else f"最多 {self.most} 个字"
            raise ValidationError(f"{field.label.text}{allowed}，您填写了 {count} 个字，请修改")


class Checked:
    """A rule of lib.identity: a function that returns what is wrong in Chinese, or None."""

    def __init__(self, problem: Callable[[str], str | None]) -> None:
        self.problem = problem

    def __call__(self, form: FormWithFacts, field: Field) -> None:
        if message := self.problem(field.data):
            raise ValidationError(message)


class Matches:
    def __init__(self, pattern: str, message: str) -> None:
        self.pattern, self.message = re.compile(pattern + r"\Z"), message

    def __call__(self, form: FormWithFacts, field: Field) -> None:
        if not self.pattern.match(field.data):
            raise ValidationError(self.message)


class Email:
    def __call__(self, form: FormWithFacts, field: Field) -> None:
        from email_validator import EmailNotValidError, validate_email  # large, and needed by few requests

        name = field.data.rpartition("@")[0]
        if odd := next((character for character in name if not character.isascii()), None):
            raise ValidationError(f"电子邮箱的 @ 前面只能用英文字母、数字和符号，不能有{describe(odd)}，请改正")
        try:
            validate_email(field.data, check_deliverability=False, allow_smtputf8=False)
        except EmailNotValidError as error:
            raise ValidationError("电子邮箱的格式不对，请按 name@example.com 的样子填写") from error


def unprintable_note(characters: Sequence[str]) -> str:
    """Which characters the printed sheet cannot draw, and what happens then. Warns, never refuses."""
    named = "、".join(f"「{char}」(U+{ord(char):04X})" for char in characters)
    return f"{named}打印时显示为□，请在打印的表上手写补正；不影响申报"


class Past:
    """Not in the future, and not before the person was ``age`` years old. Works on months (``YYYY-MM``) and dates."""

    reads = ("birth_date",)

    def __init__(self, age: int) -> None:
        self.age = age

    def __call__(self, form: FormWithContext, field: Field) -> None:
        value = str(field.data)
        if value > form.context.today.isoformat()[: len(value)]:
            raise ValidationError(f"{field.label.text}不能晚于今天，请核对")
        born = form.facts().get("birth_date")
        if isinstance(born, date) and value < f"{born.year + self.age:04d}{born.isoformat()[4 : len(value)]}":
            raise ValidationError(f"{field.label.text}不应早于年满 {self.age} 周岁({born.year + self.age} 年)，请核对")


class Aged:
    """A birth date of somebody of ``least`` to ``most`` years."""

    def __init__(self, least: int, most: int) -> None:
        self.least, self.most = least, most

    def __call__(self, form: FormWithContext, field: Field) -> None:
        born, today = field.data, form.context.today
        age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
        if not self.least <= age <= self.most:
            raise ValidationError(
                f"按{field.label.text}现在是 {max(age, 0)} 周岁，应在 {self.least} 至 {self.most} 周岁之间，请核对"
            )


class NotBefore:
    """Not earlier than the answer to ``other``, where that is given. ``warn`` says so without refusing."""

    def __init__(self, other: str, label: str, warn: bool = False) -> None:
        self.other, self.label, self.warn = other, label, warn
        self.reads = (other,)

    def __call__(self, form: FormWithFacts, field: Field) -> None:
        earliest = form.facts().get(self.other)
        if earliest and str(field.data) < str(earliest)[: len(str(field.data))]:
            message = f"{field.label.text}早于{self.label}({earliest})，请核对"
            if not self.warn:
                raise ValidationError(message)
            field.warnings = [message + "。确认无误的可以继续"]
