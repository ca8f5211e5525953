#!/usr/bin/env bash
# Babel and pycountry: neither Chinese list of countries fits an official form in China as it is.
#
# One would guess that a maintained list in simplified Chinese follows one usage for all three special cases.
# Forms say 中国香港, 中国澳门, 中国台湾. Babel has 中国香港特别行政区 but bare 台湾; pycountry 香港 but 中国台湾省.
# Babel's two-letter territories also hold what is no country: 欧盟, 欧元区, 未知地区, even test locales.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check babel==2.18.0 pycountry==26.2.16
venv/bin/python - <<'EOF'
import gettext
import sys
from importlib.metadata import version

import pycountry
from babel import Locale

CODES = ("HK", "MO", "TW", "FK")
territories = Locale("zh", "Hans").territories
translate = gettext.translation("iso3166-1", pycountry.LOCALES_DIR, languages=["zh_CN"]).gettext
babel = [territories[code] for code in CODES]
iso = [translate(pycountry.countries.get(alpha_2=code).name) for code in CODES]
strange = {
    code: title
    for code, title in territories.items()
    if len(code) == 2 and code.isalpha() and not pycountry.countries.get(alpha_2=code)
}
print(f"Babel {version('babel')}: {babel}")
print(f"pycountry {version('pycountry')}: {iso}")
print(f"in Babel only: {strange}")
expected = [
    ["中国香港特别行政区", "中国澳门特别行政区", "台湾", "福克兰群岛"],
    ["香港", "澳门", "中国台湾省", "福克兰群岛 (马尔维纳斯)"],
]
unchanged = [babel, iso] == expected and {"EU", "EZ", "ZZ", "XA"} <= set(strange)
sys.exit(None if unchanged else f"CHANGED: expected {expected}, and EU, EZ, ZZ, XA in Babel only")
EOF
