"""管理: what a province and its offices keep up by themselves, one module a page or list."""

from blueprints.admin import (
    audit,
    backups,
    department_setup,
    departments,
    home,
    messages,
    notices,
    old_register,
    options,
    reasons,
    staff,
    working_days,
)
from blueprints.admin.shared import bp

__all__ = [
    "audit",
    "backups",
    "bp",
    "department_setup",
    "departments",
    "home",
    "messages",
    "notices",
    "old_register",
    "options",
    "reasons",
    "staff",
    "working_days",
]
