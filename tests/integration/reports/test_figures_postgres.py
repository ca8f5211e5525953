"""Counting, the overview and rosters again on PostgreSQL: its calendar and grouping differ from SQLite's."""

from __future__ import annotations

import pytest

from tests.integration.reports.test_overview import (  # noqa: F401
    manager,
    test_officers_stand_in_the_order_of_their_names_with_counts_and_no_times,
    test_the_counts_of_departments_add_up_to_the_total,
)
from tests.integration.reports.test_roster import (  # noqa: F401
    test_a_city_takes_its_counties_all_or_one,
    test_everybody_in_it_can_see_who_exported_it_and_nobody_else,
)
from tests.integration.reports.test_statistics import (  # noqa: F401
    test_at_most_twenty_reasons_are_listed_and_all_are_counted,
    test_months_are_those_of_shanghai,
    test_second_looks_count_when_they_were_answered,
    test_the_counts_are_those_of_the_definition_over_invented_histories,
    test_what_was_taken_up_again_lies_with_the_office_from_then_on,
)
from tests.integration.reports.test_timing import test_a_departments_medians_are_of_its_scope  # noqa: F401

pytestmark = pytest.mark.postgres
