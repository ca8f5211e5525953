"""管理: what a province and its offices keep up by themselves, one module a page or list."""

from blueprints.admin import department_setup, departments, home, notices, options, reasons, working_days
from blueprints.admin.shared import bp

__all__ = ["bp", "department_setup", "departments", "home", "notices", "options", "reasons", "working_days"]
