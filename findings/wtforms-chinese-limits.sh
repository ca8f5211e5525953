#!/usr/bin/env bash
# WTForms: the Chinese message of NumberRange states another limit than the one that is checked.
#
# One would guess that a translated message says what the English one says.
# NumberRange(min=16) accepts 16. In English it asks for "at least 16", in Chinese for more than 16 (数值必须大于 16).
# The upper limit has the same error (必须小于 for "at most").
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check wtforms==3.3.2
venv/bin/python - <<'EOF'
import sys

import wtforms
from wtforms.validators import NumberRange


def said(number: int, language: str, **limit: int) -> str:
    class Page(wtforms.Form):
        class Meta:
            locales = [language]

        age = wtforms.IntegerField(validators=[NumberRange(**limit)])

    page = Page(data={"age": number})
    return "accepted" if page.validate() else page.errors["age"][0]


seen = [
    [said(number, language, **limit) for language in ("en", "zh_CN")]
    for number, limit in ((16, {"min": 16}), (15, {"min": 16}), (100, {"max": 100}), (101, {"max": 100}))
]
print(f"WTForms {wtforms.__version__}; min=16 with 16 and 15, max=100 with 100 and 101:")
print(*(f"  {pair}" for pair in seen), sep="\n")
expected = [
    ["accepted", "accepted"],
    ["Number must be at least 16.", "数值必须大于 16。"],
    ["accepted", "accepted"],
    ["Number must be at most 100.", "数值必须小于 100。"],
]
sys.exit(None if seen == expected else f"CHANGED: expected {expected}")
EOF
