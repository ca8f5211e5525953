#!/usr/bin/env bash
# python-stdnum: cn.ric refuses genuine identity numbers, cn.uscc genuine codes of employers.
#
# One would guess that a number with a sound check character, a real county and a real date of birth is valid.
# cn.ric asks whether the county's code existed in the year of birth. Numbers were assigned later, from the 1980s on.
# So people born in 1970 fail in most counties of Liaoning.
# cn.uscc wants eight digits first. GB 32100 has letters for some registrars: codes of village collectives begin with N.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check python-stdnum==2.2
venv/bin/python - <<'EOF'
import sys

import stdnum
from stdnum.cn import ric, uscc
from stdnum.iso7064 import mod_11_2

COUNTIES = {"210102": "沈阳市和平区", "210281": "瓦房店市", "210381": "海城市"}


def identity_number(county: str, year: int) -> str:
    """Invented: with the order code 000."""
    body = f"{county}{year}0701000"
    return body + mod_11_2.calc_check_digit(body)


def employer_code(body: str) -> str:
    """Invented: there is no region 219901."""
    return body + uscc.calc_check_digit(body)


people = {
    f"{county}, born {year}": ric.is_valid(identity_number(code, year))
    for year in (1970, 1990)
    for code, county in COUNTIES.items()
}
employers = {code: uscc.is_valid(code) for code in map(employer_code, ("91219901MA0000000", "N2219901MF0000000"))}
print(f"python-stdnum {stdnum.__version__}; is_valid of sound numbers:")
print(*(f"  {what}: {valid}" for what, valid in (people | employers).items()), sep="\n")
expected = [False] * 3 + [True] * 3 + [True, False]
seen = [*people.values(), *employers.values()]
sys.exit(None if seen == expected else f"CHANGED: expected {expected}")
EOF
