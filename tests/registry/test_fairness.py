"""The rule of fairness: twice in 24 hours, four times in seven days, half-open spans, whole milliseconds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from registries import HOUR, MONDAY, Clock, admit, found, new_store, submit_and_score

from glevel_fast.errors import GLevelError, SubmissionError
from glevel_fast.registry.entries import utc
from glevel_fast.registry.fairness import DEFAULT_LIMITS, Limit, next_admission, parse_limit

DAY = 24 * HOUR


@given(st.lists(st.integers(0, 10 * DAY), max_size=8), st.integers(0, 20 * DAY))
def test_next_admission_is_the_first_that_keeps_every_limit(admitted, at):
    def keeps(at):
        return all(sum(at - t < limit.span for t in admitted) < limit.most for limit in DEFAULT_LIMITS)

    at = max([at, *admitted])
    assert keeps(at) == (at >= next_admission(admitted))
    latest = sorted(admitted, reverse=True)
    by_hand = max([0, *(t + DAY for t in latest[1:2]), *(t + 7 * DAY for t in latest[3:4])])
    assert next_admission(admitted) == by_hand


def test_limits_are_written_and_read():
    assert [str(limit) for limit in DEFAULT_LIMITS] == ["2/24h", "4/7d"]
    assert [parse_limit(str(limit)) for limit in DEFAULT_LIMITS] == list(DEFAULT_LIMITS)
    for limit in (Limit(1, 1000), Limit(3, 90_000), Limit(5, 48 * HOUR), Limit(9, 14 * DAY), Limit(1, 60_000)):
        assert parse_limit(str(limit)) == limit
    for text in ("", "2", "0/24h", "2/0h", "2/24", "2/24y", "-2/24h", "2/2.5h"):
        with pytest.raises(GLevelError, match="is not written such as"):
            parse_limit(text)


def test_two_in_a_day(tmp_path):
    clock = Clock()
    with new_store(tmp_path / "board.db", clock) as store:
        submit_and_score(store, b"1")
        clock.at += HOUR
        submit_and_score(store, b"2")
        clock.at = MONDAY + DAY - 1
        with pytest.raises(SubmissionError, match=r"2026-01-06 00:00:00\.000 UTC") as refused:
            admit(store, b"3")
        assert refused.value.possible_at == MONDAY + DAY
        clock.at = MONDAY + DAY
        submit_and_score(store, b"3")


def test_four_in_a_week(tmp_path):
    clock = Clock()
    with new_store(tmp_path / "board.db", clock) as store:
        for i in range(4):
            clock.at = MONDAY + i * DAY
            submit_and_score(store, b"%d" % i)
        clock.at = MONDAY + 7 * DAY - 1
        with pytest.raises(SubmissionError) as refused:
            admit(store, b"5")
        assert refused.value.possible_at == MONDAY + 7 * DAY
        clock.at += 1
        submit_and_score(store, b"5")


@pytest.mark.parametrize(("days", "next_day"), [((2, 6, 6.5, 7), 9), ((0, 5, 6.25, 6.75), 7.25)])
def test_the_later_of_two_limits_decides(tmp_path, days, next_day):
    clock = Clock()
    with new_store(tmp_path / "board.db", clock) as store:
        for day in days:
            clock.at = MONDAY + int(day * DAY)
            submit_and_score(store, b"%f" % day)
        clock.at += 1
        with pytest.raises(SubmissionError) as refused:
            admit(store, b"next")
        assert refused.value.possible_at == MONDAY + int(next_day * DAY)


def test_none_while_one_is_pending(tmp_path):
    clock = Clock()
    with new_store(tmp_path / "board.db", clock) as store:
        admission = admit(store, b"1")
        clock.at += 1
        with pytest.raises(SubmissionError, match=r"is being evaluated.*possible when that has ended$"):
            admit(store, b"2")
        admit(store, b"3", email="other@lab.org")  # somebody else may
        assert store.finish(admission, found(store))
        admit(store, b"2")
        clock.at += 1
        with pytest.raises(SubmissionError, match=r"ended, from 2026-01-06 00:00:00\.000 UTC on"):
            admit(store, b"4")


def test_submitters_meet_by_folded_address(tmp_path):
    with new_store(tmp_path / "board.db") as store:
        admit(store, b"1", email="Ann@Lab.org")
        for email in ("ann@lab.org", "ANN@LAB.ORG", "Ａnn@lab.org"):
            with pytest.raises(SubmissionError, match="is being evaluated"):
                admit(store, b"2" + email.encode(), email=email)
        assert [s.email for s in store.submissions()] == ["ann@lab.org"]


def test_what_counts(tmp_path):
    """Withdrawn ones do; those refused, failed by us, or evaluated again do not."""
    clock = Clock()
    with new_store(tmp_path / "board.db", clock) as store:
        store.refuse("x.zip", "is no archive", email="who@lab.org")
        for i, ours in enumerate((True, False)):
            store.fail(admit(store, b"fails %d" % i), "why", ours=ours)
        store.withdraw(submit_and_score(store, b"1"))
        again = submit_and_score(store, b"2")
        entry = found(store, 70.0)
        assert store.rescore({again: entry}, {}, {"settings": {}})
        with pytest.raises(SubmissionError) as refused:
            admit(store, b"3")
        assert refused.value.possible_at == MONDAY + DAY
        assert [s.state for s in store.submissions()] == ["failed", "refused", "withdrawn", "scored"]


def test_the_same_archive_twice(tmp_path):
    clock = Clock()
    with new_store(tmp_path / "board.db", clock) as store:
        first = submit_and_score(store, b"same")
        for email in ("who@lab.org", "other@lab.org"):
            with pytest.raises(SubmissionError, match="submitted before, as number 1 at 2026-01-05"):
                admit(store, b"same", email=email, model="Another")
        store.withdraw(first)
        with pytest.raises(SubmissionError, match="submitted before"):
            admit(store, b"same", email="other@lab.org")
        store.fail(admit(store, b"ours", email="third@lab.org"), "no disk", ours=True)
        submit_and_score(store, b"ours", email="third@lab.org")  # that we failed is no reason to refuse it


def test_a_stuck_evaluation_is_freed_by_its_lease(tmp_path):
    clock = Clock()
    with new_store(tmp_path / "board.db", clock, lease=HOUR) as store:
        stuck = admit(store, b"1")
        assert stuck.lease == MONDAY + HOUR
        clock.at = stuck.lease - 1
        with pytest.raises(SubmissionError, match=r"by 2026-01-05 01:00:00\.000 UTC at the latest"):
            admit(store, b"2")
        clock.at = stuck.lease
        after = admit(store, b"2")
        with pytest.raises(SubmissionError, match="its lease ran out"):  # the first worker wakes up
            store.finish(stuck, found(store))
        with pytest.raises(SubmissionError, match="its lease ran out"):
            store.fail(stuck, "why", ours=True)
        assert store.finish(after, found(store))
        assert [(s.state, s.why) for s in store.submissions()] == [
            ("failed", "its evaluation did not end before its lease"),
            ("scored", ""),
        ]
        again = store.take(stuck.submission)  # and its archive is still there
        assert store.finish(again, found(store))
        assert not store.faults()


def test_taking_up_again(tmp_path):
    clock = Clock()
    with new_store(tmp_path / "board.db", clock) as store:
        first = admit(store, b"1")
        with pytest.raises(SubmissionError, match="is pending; this needs one that is failed"):
            store.take(first.submission)
        with pytest.raises(SubmissionError, match="is not in the registry"):
            store.take(99)
        store.free(first.submission)
        second = admit(store, b"2")
        with pytest.raises(SubmissionError, match="has another one pending"):
            store.take(first.submission)
        assert store.finish(second, found(store))
        clock.at += 5
        again = store.take(first.submission)
        assert again.lease > first.lease
        with pytest.raises(SubmissionError, match="its lease ran out"):
            store.finish(first, found(store))
        assert store.finish(again, found(store))


def test_limits_are_options(tmp_path):
    clock = Clock()
    with new_store(tmp_path / "board.db", clock, limits=[Limit(1, HOUR)]) as store:
        submit_and_score(store, b"1")
        clock.at += HOUR - 1
        with pytest.raises(SubmissionError, match="the limits are 1/1h admitted submissions"):
            admit(store, b"2")
        clock.at += 1
        submit_and_score(store, b"2")
    with new_store(tmp_path / "free.db", limits=[]) as store:
        for i in range(9):
            submit_and_score(store, b"%d" % i)


def test_times_are_whole_milliseconds_of_utc():
    assert utc(0) == "1970-01-01 00:00:00.000 UTC"
    assert utc(MONDAY + 7) == "2026-01-05 00:00:00.007 UTC"
