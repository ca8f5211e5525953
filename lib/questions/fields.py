"""The kinds of questions, and the form that a page of them is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

from wtforms import Field, Form, StringField
from wtforms.meta import DefaultMeta
from wtforms.utils import unset_value
from wtforms.validators import ValidationError

from lib import names
from lib.codes import ChoiceEnum
from lib.questions.conditions import Condition, DepartmentChoice, DerivedFact, FactsOnPage, FormContext
from lib.questions.validators import Checked, unprintable_note


class Question(Field):
    """What every field of a page can do: give its answer in words, warn, and say how wide it is on the sheet."""

    warnings: Sequence[str] = ()
    kind = "text"
    office_hint = ""  # what the office says beside the hint

    def __init__(
        self, label: str, validators: Any = (), hint: str = "", short: str = "", span: int = 0, **kwargs: Any
    ) -> None:
        self.printed: bool = kwargs.pop("printed", True)  # on the sheet; what is not leaves a signed one as it is
        super().__init__(label, tuple(validators), description=hint, **kwargs)
        #: Of WTForms's flags, which look for one that is not set in a function.
        self.when: Condition | None = self.flags.when
        self.derived: str | None = self.flags.derived
        self.short = short or label  # the label on the printed sheet
        self.span = span  # its width there: 1 (half a row) or 2 (a row); 0 lets the length decide

    def copy_for(self, form: Any) -> Question:
        """The same field on another form. Copying is several times faster than building."""
        copied: Question = object.__new__(type(self))
        copied.__dict__.update(self.__dict__, _form=form, meta=form.meta)
        return copied

    @property
    def errors_text(self) -> list[str]:
        return [str(error) for error in self.errors]

    @property
    def was_typed(self) -> bool:
        """Was anything sent for it?"""
        return any(self.raw_data or ())

    def say(self, answer: Any) -> str:
        """An answer in words: titles for codes, ISO for dates. ``answer`` is a stored value, not typed text."""
        return "" if answer is None else str(answer)

    def kept(self, value: Any) -> Any:
        """What a stored answer stands for, as ``data``."""
        return value or None


class TextQuestion(Question, StringField):
    def __init__(
        self,
        label: str,
        validators: Any = (),
        clean: Callable[[str], str] | None = None,
        multiline: bool = False,
        **kwargs: Any,
    ) -> None:
        clean = clean or (names.normalise_lines if multiline else names.normalise_text)
        rules = (*validators, Checked(control_characters))
        super().__init__(label, rules, filters=[lambda text: clean(text) if text else None], **kwargs)
        self.kind = "textarea" if multiline else "text"

    def post_validate(self, form: Any, validation_stopped: bool) -> None:
        """Warn of characters that the sheet cannot draw. Only a page of the declaration ends up on the sheet."""
        context: FormContext | None = getattr(form, "context", None)
        if context and self.data and not self.errors:
            missing = context.unprintable(self.data)
            self.warnings = [unprintable_note(missing)] if missing else ()


def control_characters(text: str) -> str | None:
    """Characters that no page shows, or each computer as another one: they would break the sheet and the lists."""
    if names.has_control_characters(text):
        return "内容中有看不见的控制字符，请删除后手工输入"
    return names.private_problem(text)


class ChoiceQuestion(Question):
    """One code of a list: an enum, a fixed mapping, or ``listed``, an option list that the province edits."""

    def __init__(
        self,
        label: str,
        choices: type[ChoiceEnum] | Mapping[str, str] | None = None,
        validators: Any = (),
        listed: str = "",
        kind: str = "select",
        preset: str | None = None,
        shown: Condition | None = None,
        **kwargs: Any,
    ) -> None:
        """``shown``: scripts show it only then; at other times its answer is known."""
        super().__init__(label, validators, default=preset, **kwargs)
        self.shown = shown
        self.fixed = choices.choices() if isinstance(choices, type) else dict(choices or {})
        self.listed, self.kind = listed, kind
        self.empty_message = f"请选择{label}"
        self.preset = preset

    @property
    def choices(self) -> Mapping[str, str]:
        """Code -> title, as offered now; a retired option stays for those who have it."""
        if not self.listed:
            return self.fixed
        offered = dict(self._form.context.options.get(self.listed, {}))
        if self.object_data and self.object_data not in offered:
            titles = self._form.context.titles.get(self.listed, {})
            offered |= {self.object_data: titles[self.object_data]} if self.object_data in titles else {}
        return offered

    def process_data(self, value: Any) -> None:
        self.data = self.kept(value)

    def kept(self, value: Any) -> Any:
        return value or self.preset

    def process_formdata(self, valuelist: list[str]) -> None:
        if valuelist:
            self.data = valuelist[0] or None

    def pre_validate(self, form: StepForm) -> None:
        if self.data and self.data not in self.choices:
            raise ValidationError(f"请从列表中选择{self.label.text}")

    def say(self, answer: Any) -> str:
        if self.listed:
            return self.title_of(answer, self._form.context)
        return self.choices.get(answer, str(answer)) if answer else ""

    def title_of(self, answer: Any, context: FormContext) -> str:  # in the words of its list in the reference data
        return context.titles.get(self.listed, {}).get(answer, str(answer)) if answer else ""


class ManyQuestion(ChoiceQuestion):
    """One or several codes of a list; the answer is a list of codes in the list's order."""

    def __init__(self, label: str, choices: type[ChoiceEnum], validators: Any = (), **kwargs: Any) -> None:
        super().__init__(label, choices, validators, kind="checkboxes", **kwargs)

    def process_formdata(self, valuelist: list[str]) -> None:
        known = [code for code in self.choices if code in valuelist]
        self.data = known + [value for value in dict.fromkeys(valuelist) if value not in known] or None

    def pre_validate(self, form: StepForm) -> None:
        if any(code not in self.choices for code in self.data or ()):
            raise ValidationError(f"请从列表中选择{self.label.text}")

    def say(self, answer: Any) -> str:
        return "、".join(self.choices.get(code, code) for code in answer or ())


class DivisionQuestion(ChoiceQuestion):
    """One of the three division selects. Its choices depend on the select before it (``parent``)."""

    def __init__(self, label: str, parent: str = "", validators: Any = (), **kwargs: Any) -> None:
        super().__init__(label, None, validators, **kwargs)
        self.parent = parent

    @property
    def choices(self) -> Mapping[str, str]:
        above = self._form[self.parent].data if self.parent else ""
        return self._form.context.divisions(above) if above is not None else {}

    def pre_validate(self, form: StepForm) -> None:
        if self.data and self.data not in self.choices:
            self.data = None  # the city or county above was changed: choose again


class DepartmentQuestion(ChoiceQuestion):
    """会计管理部门: the departments that match the address on this page, each with the reason why it is offered."""

    @property
    def candidates(self) -> Sequence[DepartmentChoice]:
        return self._form.context.departments(self._form.facts())

    @property
    def choices(self) -> Mapping[str, str]:
        return {candidate.code: candidate.name for candidate in self.candidates if not candidate.own_system}

    def pre_validate(self, form: StepForm) -> None:
        elsewhere = next((candidate for candidate in self.candidates if candidate.own_system), None)
        if elsewhere and not self.choices:
            self.data = None
            raise ValidationError(f"{elsewhere.name}使用自己的采集系统，请向该部门办理，不在本平台申报")
        if self.data and self.data not in self.choices:
            self.data = None  # the address was changed: choose again


class MonthQuestion(Question):
    """Year and month, ``<name>-year`` typed and ``<name>-month`` chosen; the answer is ``YYYY-MM``.

    Who types the month behind the year (2018-07, 201807, 2018年7月) need not choose it.
    """

    kind = "month"
    typed_whole = re.compile(r"([0-9]{4})[-年]? ?(0?[1-9]|1[0-2])(?:月|[-月](?:0?[1-9]|[12][0-9]|3[01])日?)?")

    def __init__(self, label: str, validators: Any = (), **kwargs: Any) -> None:
        super().__init__(label, validators, **kwargs)
        self.empty_message = f"请填写{label}，例如 2018-07"
        self.year = self.month = ""

    def process(self, formdata: Any, data: Any = None, extra_filters: Any = None) -> None:
        self.process_errors, self.raw_data = [], None
        self.object_data = self.data = data or None
        self.year, _, self.month = (self.data or "").partition("-")
        if formdata is None or f"{self.name}-year" not in formdata:
            return
        self.year, self.month = self._typed(formdata)
        self.data = None
        if re.fullmatch(r"[0-9]{4}", self.year) and re.fullmatch(r"0?[1-9]|1[0-2]", self.month):
            self.month = f"{int(self.month):02d}"
            self.data = f"{self.year}-{self.month}"
        elif self.year or self.month:
            self.process_errors = [f"请把{self.label.text}的年和月都填上，例如 2018-07"]

    @property
    def was_typed(self) -> bool:
        return bool(self.year and self.month)

    def _typed(self, formdata: Any) -> tuple[str, str]:
        year, month = (
            names.normalise_text(formdata[f"{self.name}-year"]),
            formdata.get(f"{self.name}-month", "").strip(),
        )
        whole = self.typed_whole.fullmatch(names.plain_date(year))
        return (whole[1], whole[2]) if whole else (year.removesuffix("年"), month)


class DayQuestion(Question):
    kind = "date"

    def __init__(self, label: str, validators: Any = (), **kwargs: Any) -> None:
        super().__init__(label, validators, **kwargs)
        self.typed = ""

    def kept(self, value: Any) -> Any:
        return date.fromisoformat(value) if isinstance(value, str) and value else value or None

    def process_data(self, value: Any) -> None:
        self.data = self.kept(value)
        self.typed = self.data.isoformat() if self.data else ""

    def process_formdata(self, valuelist: list[str]) -> None:
        if not valuelist:
            return
        self.typed, self.data = valuelist[0].strip(), None
        if not self.typed:
            return
        parts = re.fullmatch(
            r"([0-9]{4})[-年]([0-9]{1,2})[-月]([0-9]{1,2})日?|([0-9]{4})([0-9]{2})([0-9]{2})",
            names.plain_date(self.typed),
        )
        try:
            self.data = date(*(int(part) for part in parts.groups() if part)) if parts else None
        except ValueError:
            self.data = None
        if self.data is None:
            raise ValueError(f"{self.label.text}不是一个正确的日期，请按 2021-09-05 的样子填写")


class ConfirmQuestion(ChoiceQuestion):
    """A single box to tick; the answer is ``yes`` or nothing."""

    def __init__(self, label: str, validators: Any = (), **kwargs: Any) -> None:
        super().__init__(label, {"yes": "是"}, validators, kind="confirm", **kwargs)
        self.empty_message = f"请勾选「{label}」"

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = "yes" if "yes" in valuelist else None


class StepForm(Form):
    """One page of questions.

    ``context`` is what it needs and cannot know. ``data`` holds stored answers, ``formdata`` what was sent.
    """

    #: Facts that the page works out from its answers, by name.
    derived: Mapping[str, DerivedFact] = {}

    def __init__(self, formdata: Any = None, *, context: FormContext, data: Mapping[str, Any] | None = None) -> None:
        self.context = context
        self._before: dict[str, Any] = {}
        self._facts = FactsOnPage(self)
        super().__init__(formdata=formdata, data=context.facts if data is None else data)

    def process(self, formdata: Any = None, _obj: Any = None, data: Any = None, *_filters: Any, **_more: Any) -> None:
        """What WTForms does, without what none of our forms has: filters by name, objects, lists of proposals."""
        sent = self.meta.wrap_formdata(self, formdata)
        for name, question in self._fields.items():
            question.process(sent, data.get(name, unset_value))

    class Meta:
        def get_translations(self, form: Any) -> Any:
            return None  # our messages are our own; stock translations would need an application

        def bind_field(self, form: StepForm, unbound_field: Any, options: Mapping[str, Any]) -> Question:
            """Fields are built once in a process: one submission needs eight hundred of them."""
            return _built(unbound_field, options["name"]).copy_for(form)

    @property
    def questions(self) -> list[Question]:
        return list(self)

    def reads(self) -> frozenset[str]:
        """The facts of other pages that the rules of this one look at: without another of these it stays valid."""
        by_rules = {name for question in self for rule in question.validators for name in getattr(rule, "reads", ())}
        by_facts = {name for derived in self.derived.values() for name in derived.reads}
        return frozenset((by_rules | by_facts) - self._fields.keys() - self.derived.keys())

    def facts(self) -> Mapping[str, Any]:
        """Stored answers of all pages, overlaid by what is on this one, and what is derived from it."""
        return self._facts

    def asks(self, question: Question) -> bool:
        """Does the question apply now?"""
        return question.when is None or question.when.holds(self.facts())

    def asked(self) -> list[Question]:
        """The questions that apply now."""
        facts = self.facts()
        return [question for question in self if question.when is None or question.when.holds(facts)]

    def impossible(self, question: Question) -> bool:
        """Does a fact that this page cannot change rule the question out? Then the page leaves it out altogether."""
        if question.when is None:
            return False
        given = self.context.facts
        others = [part for part in question.when.parts if part.question not in self._fields]
        return any(part.question in given and not part.holds(given) for part in others)

    def fixed(self, question: Question) -> bool:
        """Is the answer known from another fact, and so read-only?"""
        return question.derived is not None and self.facts().get(question.derived) is not None

    def checks(self) -> bool:
        """Validate. Unlike ``validate_on_submit`` it works on stored answers as well."""
        self._before = self.answers()
        return bool(Form.validate(self))

    def remarks(self) -> dict[str, str]:
        """Validate, and say what is wrong or odd about what was typed; nothing of what is still empty."""
        self.checks()
        said = {
            question.name: [*question.errors_text, *question.warnings]
            for question in self
            if question.was_typed or question.kind == "confirm"
        }
        return {name: texts[0] for name, texts in said.items() if texts}

    def put_back_hidden(self) -> None:
        """Give questions that are not asked what stood in their hidden inputs, for a page that is shown again.

        Validation drops it. A person who switches the governing answer back before saving finds it still there.
        """
        asked = self.asked()
        for question in self.questions:
            if question not in asked:
                question.data = self._before.get(question.name)

    def answers(self) -> dict[str, Any]:
        """The valid answers: a question that is not asked is None."""
        return {question.name: question.data for question in self}


@cache
def _built(unbound: Any, name: str) -> Question:
    question: Question = unbound.bind(form=None, name=name, _meta=DefaultMeta())
    return question
