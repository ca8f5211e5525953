"""Today and local time, as people in China see them. Stored times are UTC (lib.database)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


def local(moment: datetime) -> datetime:
    """An aware moment as Shanghai time."""
    return moment.astimezone(SHANGHAI)


def today() -> date:
    return datetime.now(SHANGHAI).date()


def day_begins(day: date) -> datetime:
    """Midnight of a day in Shanghai, as UTC."""
    return datetime.combine(day, time(), SHANGHAI).astimezone(UTC)
