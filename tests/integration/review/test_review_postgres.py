"""The office's races and lists again on PostgreSQL, which does not let one writer wait for another as SQLite does."""

from __future__ import annotations

import pytest

from tests.integration.queue.test_review_queue import (  # noqa: F401
    test_a_name_part_is_searched_in_the_body_of_a_request,
    test_pages_follow_each_other_without_loss_or_repetition,
    test_tabs_part_the_states_and_a_lapsed_claim_counts_as_waiting,
)
from tests.integration.records.test_closing_race import test_a_closed_record_never_has_a_change_in_hand  # noqa: F401
from tests.integration.records.test_review_records import (  # noqa: F401
    test_every_order_pages_both_ways_and_names_no_one_in_an_address,
    test_pages_follow_each_other,
)
from tests.integration.review.test_review_decide import (  # noqa: F401
    test_of_opposite_decisions_at_the_same_moment_exactly_one_wins,
    test_of_two_officers_who_take_it_at_the_same_moment_exactly_one_holds_it,
    test_officers_who_press_for_the_next_at_the_same_moment_get_different_ones,
)
from tests.integration.workflow.test_opposite_decisions import (  # noqa: F401
    officers,
    original,
    test_an_applicant_who_acts_meanwhile_never_gets_a_decision_on_what_the_officer_did_not_see,
    test_of_opposite_decisions_one_wins_and_the_other_officer_is_told_who_and_when,
)

pytestmark = pytest.mark.postgres
