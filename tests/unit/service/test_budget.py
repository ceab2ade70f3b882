"""Shares never exceed their budget, and what is released can be had again."""

import pytest
from bld_remote_mcp.budget import Budget, TooMuchHeldError


def test_all_together_hold_no_more_than_the_limit() -> None:
    budget = Budget(10)
    one, two = budget.share(), budget.share()
    one.hold(6)
    two.hold(4)
    with pytest.raises(TooMuchHeldError):
        two.hold(5)
    assert budget.held == 10
    one.hold(5)
    two.hold(5)
    one.release()
    one.release()
    assert budget.held == 5
    two.hold(10)


def test_a_little_of_each_does_not_count() -> None:
    budget = Budget(10, free=3)
    shares = [budget.share() for _ in range(5)]
    shares[0].hold(13)
    for share in shares[1:]:
        share.hold(3)
        with pytest.raises(TooMuchHeldError):
            share.hold(4)
    assert budget.held == 10
    for share in shares:
        share.release()
    assert budget.held == 0
