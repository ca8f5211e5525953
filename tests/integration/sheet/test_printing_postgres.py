"""Printing together on PostgreSQL: who takes a job, scopes and the order of a selection."""

from __future__ import annotations

import pytest

from tests.integration.sheet.test_printing import (  # noqa: F401
    desk,
    test_ticked_lines_become_one_pdf_in_the_order_of_the_list,
    test_what_left_the_scope_before_the_drawing_is_left_out_and_told,
)
from tests.integration.sheet.test_printing_drawers import (  # noqa: F401
    store,
    test_a_killed_drawer_is_taken_over_and_what_it_does_afterwards_counts_for_nothing,
    test_two_drawers_never_take_the_same_job,
)

pytestmark = pytest.mark.postgres
