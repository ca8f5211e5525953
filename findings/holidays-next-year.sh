#!/usr/bin/env bash
# chinesecalendar and holidays: beyond the last notice of the State Council one raises, the other guesses.
#
# One would guess that a calendar library answers for next year, or says that it cannot.
# Only a notice in November fixes next year's make-up days (weekend days on which people work).
# chinesecalendar raises for 1 January 2027: ten working days from late December end in an exception.
# holidays answers for any year. From 2027 on it knows no make-up day, and nothing marks the answer as an estimate.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check chinesecalendar==1.11.0 holidays==0.109
venv/bin/python - <<'EOF'
import sys
from datetime import date, timedelta
from importlib.metadata import version

import chinese_calendar
import holidays


def last_known_day() -> date:
    day = date(2026, 1, 1)
    try:
        while True:
            chinese_calendar.is_workday(day)
            day += timedelta(days=1)
    except NotImplementedError as error:
        print(f"chinesecalendar {version('chinesecalendar')}: {day} raises NotImplementedError: {error}")
    return day - timedelta(days=1)


def worked_weekends(year: int) -> int:
    calendar = holidays.country_holidays("CN", years=year)
    days = (date(year, 1, 1) + timedelta(days=number) for number in range(365))
    return sum(day.weekday() >= 5 and calendar.is_working_day(day) for day in days)


seen = last_known_day(), {year: worked_weekends(year) for year in (2025, 2026, 2027, 2028)}
print(f"holidays {version('holidays')}: Saturdays and Sundays that are worked: {seen[1]}")
expected = date(2026, 12, 31), {2025: 5, 2026: 6, 2027: 0, 2028: 0}
sys.exit(None if seen == expected else f"CHANGED: expected {expected}")
EOF
