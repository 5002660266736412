"""The contract of providers as checks that anybody can run on theirs; each is a function that raises AssertionError.

With pytest, and with a provider that is registered as `image.acme`:

    @pytest.mark.parametrize("check", suite.CHECKS, ids=lambda check: check.__name__)
    def test_it_keeps_the_contract(check):
        check(suite.Subject("image", "acme", others={"model": "acme-2"}, variables={"ACME_KEY": "..."}))

The checks ask once, with a request that is as small as they come, and read what came as often as they like; point the
provider at a server of your own by `variables` to ask for nothing. What a check says when it fails is what to mend.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from reelmake.providers.testing.answers import (
    check_it_answers_and_bills_no_more_than_its_price,
    check_it_asks_nothing_without_its_secrets,
    check_it_does_not_go_past_the_proxy,
    check_it_keeps_its_secrets,
    check_it_reads_its_answers,
    check_it_recovers_nothing_when_there_is_nothing,
    check_it_refuses_garbage,
    check_it_says_when_its_model_ends,
    check_its_errors_can_be_pickled,
    check_its_tickets_lead_back_to_the_answer,
)
from reelmake.providers.testing.requests import (
    check_it_is_registered,
    check_it_says_what_it_cannot_do,
    check_its_options_are_described,
    check_its_price_is_an_amount,
    check_its_settings_are_well_formed,
    check_its_shape_holds_nothing_else,
    check_its_shape_holds_what_matters,
    check_its_shape_is_json,
    check_its_shape_is_pure,
    check_its_shape_names_the_provider,
)
from reelmake.providers.testing.subject import Subject

__all__ = ["CHECKS", "Check", "Subject"]

Check = Callable[[Subject], None]

CHECKS: Final[tuple[Check, ...]] = (
    check_it_is_registered,
    check_its_settings_are_well_formed,
    check_its_options_are_described,
    check_its_shape_is_json,
    check_its_shape_is_pure,
    check_its_shape_names_the_provider,
    check_its_shape_holds_what_matters,
    check_its_shape_holds_nothing_else,
    check_its_price_is_an_amount,
    check_it_answers_and_bills_no_more_than_its_price,
    check_it_reads_its_answers,
    check_it_refuses_garbage,
    check_its_errors_can_be_pickled,
    check_it_says_when_its_model_ends,
    check_it_recovers_nothing_when_there_is_nothing,
    check_its_tickets_lead_back_to_the_answer,
    check_it_keeps_its_secrets,
    check_it_asks_nothing_without_its_secrets,
    check_it_does_not_go_past_the_proxy,
    check_it_says_what_it_cannot_do,
)
