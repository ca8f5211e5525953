"""The officers' list, its search and what follows a move again on PostgreSQL: other locks, other orders of text."""

from __future__ import annotations

import pytest

from tests.integration.queue.test_queue_index_races import (  # noqa: F401
    test_counters_of_many_moves_at_once_equal_those_made_anew,
)
from tests.integration.queue.test_queue_lanes import (  # noqa: F401
    desk_full,
    test_an_office_with_a_zone_below_it_sees_both_in_one_order,
    test_lanes_part_what_is_to_be_done_and_are_counted,
    test_the_last_page_and_the_one_before_it_are_links,
    test_todays_own_decisions_are_counted_with_their_time_without_what_was_undone,
)
from tests.integration.queue.test_queue_search import (  # noqa: F401
    people,
    test_each_way_finds_who_is_meant_in_the_own_scope,
    test_the_whole_number_finds_one_never_a_part_of_it,
)
from tests.unit.queue.test_queue_index import (  # noqa: F401
    filed,
    test_a_rebuild_drops_what_does_not_belong_and_keeps_the_reminders,
    test_after_a_transfer_line_counters_and_search_keys_stand_at_the_new_department,
)
from tests.unit.queue.test_queue_index_moves import test_after_any_moves_the_tables_equal_those_made_anew  # noqa: F401

pytestmark = pytest.mark.postgres
