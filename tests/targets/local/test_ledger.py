"""The ledger's promise: whatever is predicted and in whatever order steps run, what ends up valid is the serial execution."""

from __future__ import annotations

import random
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kfjlab.runtime.protocol import ABSENT, UNTOUCHED, StepRecord, Value
from kfjlab.targets.local.ledger import Inputs, Ledger, Status, Touch


def touch(reads: str = "", writes: str = "", after: tuple[int, ...] = ()) -> Touch:
    return Touch(frozenset(reads.split()), frozenset(writes.split()), frozenset(after))


def ledger(*touches: Touch, base: dict[str, str] | None = None) -> Ledger:
    known = base or {}
    return Ledger(
        touches,
        lambda name: known.get(name, UNTOUCHED if name.startswith("ambient:") else ABSENT),
        lambda folder: [],
    )


def done(
    reads: dict[str, str] | None = None, writes: dict[str, str] | None = None, state: str = "succeeded"
) -> StepRecord:
    writes = writes or {}
    values = {
        n: Value(d, group=[n.split(":")[1]])
        for n, d in writes.items()
        if n.startswith("var:") and d != ABSENT
    }
    return StepRecord(state, reads=reads or {}, writes=writes, values=values)


def statuses(book: Ledger) -> list[str]:
    return [standing.status.value for standing in book.replay()]


def test_independent_steps_are_ready_together_and_a_reader_waits() -> None:
    book = ledger(touch(writes="var:a"), touch(writes="var:b"), touch(reads="var:a var:b"))
    assert statuses(book) == ["ready", "ready", "blocked"]
    book.put(0, done(writes={"var:a": "1"}))
    assert statuses(book) == ["valid", "ready", "blocked"]
    book.put(1, done(writes={"var:b": "2"}))
    standing = book.replay()[2]
    assert standing.status is Status.READY
    assert standing.inputs is not None and standing.inputs.digests() == {"var:a": "1", "var:b": "2"}


def test_a_read_takes_the_nearest_earlier_writer_not_a_later_one() -> None:
    book = ledger(touch(writes="var:x"), touch(reads="var:x"), touch(writes="var:x"))
    book.put(2, done(writes={"var:x": "late"}))
    book.put(0, done(writes={"var:x": "early"}))
    inputs = book.replay()[1].inputs
    assert inputs is not None and inputs.slots["var:x"].digest == "early"


def test_an_unforeseen_change_makes_a_later_reader_stale_and_teaches_it() -> None:
    book = ledger(touch(writes="var:d"), touch(), touch(reads="var:d"))
    book.put(0, done(writes={"var:d": "1"}))
    book.put(2, done(reads={"var:d": "1"}))
    assert statuses(book)[2] == "valid"
    book.put(1, done(reads={"var:d": "1"}, writes={"var:d": "2"}))
    stale = book.replay()[2]
    assert stale.status is Status.STALE
    assert [(m.resource, m.writer) for m in stale.mismatches] == [("var:d", 1)]
    book.drop(2)
    inputs = book.replay()[2].inputs
    assert inputs is not None and inputs.slots["var:d"].digest == "2"


def test_a_name_error_is_a_read_of_an_absent_variable() -> None:
    book = ledger(touch(), touch())
    book.put(1, done(reads={"var:x": ABSENT}, state="failed"))
    assert statuses(book)[1] == "valid"  # so far a real failure
    book.put(0, done(writes={"var:x": "1"}))
    assert statuses(book)[1] == "stale"


def test_what_depends_on_a_failed_step_stays_blocked() -> None:
    book = ledger(touch(writes="var:a"), touch(reads="var:a"), touch())
    book.put(0, done(state="failed"))
    assert statuses(book) == ["valid", "blocked", "ready"]


def test_a_failure_that_may_be_for_a_missing_file_is_none_before_the_steps_before_have_ended() -> None:
    book = ledger(touch(), touch())
    inputs = book.replay()[1].inputs
    assert inputs is not None and inputs.any_file is not None
    book.put(1, done(reads={"file:*": inputs.any_file}, state="failed"))
    assert statuses(book) == ["ready", "unsettled"]
    book.put(0, done(writes={"file:model": "1"}))
    assert statuses(book) == ["valid", "stale"]
    book.put(0, done())
    assert statuses(book) == ["valid", "valid"]


def test_values_bring_their_alias_group_and_what_their_functions_look_up() -> None:
    book = ledger(touch(writes="var:f var:d var:e"), touch(writes="var:k"), touch(reads="var:f var:e"))
    values = {
        "var:f": Value("F", group=["f"], needs=["k"]),
        "var:d": Value("G", group=["d", "e"]),
        "var:e": Value("G", group=["d", "e"]),
    }
    book.put(0, StepRecord("succeeded", writes={n: v.digest for n, v in values.items()}, values=values))
    assert book.replay()[2].waits_for == {"var:k"}
    book.put(1, done(writes={"var:k": "K"}))
    inputs = book.replay()[2].inputs
    assert inputs is not None and inputs.digests() == {"var:f": "F", "var:e": "G", "var:d": "G", "var:k": "K"}


def test_a_rebound_member_of_a_group_is_not_taken_from_it() -> None:
    book = ledger(touch(writes="var:d var:e"), touch(writes="var:e"), touch(reads="var:d"))
    group = {n: Value("G", group=["d", "e"]) for n in ("var:d", "var:e")}
    book.put(0, StepRecord("succeeded", writes=dict.fromkeys(group, "G"), values=group))
    book.put(1, done(writes={"var:e": "new"}))
    inputs = book.replay()[2].inputs
    assert inputs is not None and "var:e" not in inputs.slots


def test_a_step_that_only_aliases_its_input_holds_nobody_up() -> None:
    book = ledger(touch(writes="var:X"), touch(reads="var:X", writes="var:knn"), touch(reads="var:X"))
    book.put(
        0, StepRecord("succeeded", writes={"var:X": "c"}, values={"var:X": Value("one", ["X"], content="c")})
    )
    group = {
        "var:X": Value("two", ["X", "knn"], content="c"),
        "var:knn": Value("two", ["X", "knn"], content="k"),
    }
    writes = {"var:X": "c", "var:knn": "k"}
    book.put(
        1, StepRecord("succeeded", reads={"var:X": "c"}, writes=writes, values=group, given={"var:X": "one"})
    )
    book.put(2, done(reads={"var:X": "c"}))
    assert statuses(book) == ["valid"] * 3  # the reader saw the right content, whoever else holds it
    book.drop(1)
    assert statuses(book) == ["valid", "ready", "valid"]


def test_who_changes_a_variable_must_have_had_its_whole_alias_group() -> None:
    book = ledger(
        touch(writes="var:d"), touch(reads="var:d", writes="var:e"), touch(reads="var:d", writes="var:d")
    )
    book.put(
        0, StepRecord("succeeded", writes={"var:d": "c"}, values={"var:d": Value("one", ["d"], content="c")})
    )
    change = StepRecord("succeeded", reads={"var:d": "c"}, writes={"var:d": "new"}, given={"var:d": "one"})
    book.put(2, change)
    assert statuses(book)[2] == "valid"
    group = {n: Value("two", ["d", "e"], content="c") for n in ("var:d", "var:e")}
    writes = dict.fromkeys(group, "c")
    book.put(
        1, StepRecord("succeeded", reads={"var:d": "c"}, writes=writes, values=group, given={"var:d": "one"})
    )
    assert statuses(book)[2] == "stale"


def test_ambient_state_reaches_every_later_step_but_generators_only_who_draws() -> None:
    book = ledger(touch(writes="ambient:environ ambient:random"), touch(), touch(reads="ambient:random"))
    assert statuses(book) == ["ready", "blocked", "blocked"]
    book.put(0, done(writes={"ambient:environ": "E", "ambient:random": "R"}))
    first, second = (s.inputs for s in book.replay()[1:])
    assert first is not None and first.digests() == {"ambient:environ": "E"}
    assert second is not None and second.digests() == {"ambient:environ": "E", "ambient:random": "R"}


def test_a_record_without_ambient_state_that_was_changed_before_is_stale() -> None:
    book = ledger(touch(), touch())
    book.put(1, done())
    assert statuses(book)[1] == "valid"
    book.put(0, done(writes={"ambient:cwd": "C"}))
    assert statuses(book)[1] == "stale"


def test_a_writer_does_not_overtake_an_earlier_reader_of_the_file() -> None:
    touches = (
        touch(reads="file:d.csv"),
        touch(writes="file:d.csv"),
        touch(reads="dir:out"),
        touch(writes="file:out/x"),
    )
    book = ledger(*touches, base={"file:d.csv": "old"})
    assert statuses(book) == ["ready", "blocked", "ready", "blocked"]
    book.put(0, done(reads={"file:d.csv": "old"}))
    book.put(2, done(reads={"dir:out": "[]"}))
    assert statuses(book) == ["valid", "ready", "valid", "ready"]


def test_a_folder_shows_what_earlier_steps_made_and_not_what_later_ones_made() -> None:
    book = ledger(touch(writes="file:out/a"), touch(reads="dir:out"), touch(writes="file:out/b"))
    book.put(2, done(writes={"file:out/b": "B"}))
    book.put(0, done(writes={"file:out/a": "A"}))
    inputs = book.replay()[1].inputs
    assert inputs is not None and inputs.slots["dir:out"].digest == '["a"]'


def test_tags_order_steps_and_excluded_steps_hold_nobody_up() -> None:
    book = ledger(touch(), touch(after=(0,)), touch(after=(1,)))
    assert statuses(book) == ["ready", "blocked", "blocked"]
    book.exclude(0)
    assert statuses(book) == ["excluded", "ready", "blocked"]


def test_adopt_takes_only_records_that_hold_here() -> None:
    book = ledger(touch(writes="var:a"), touch(reads="var:a", writes="var:b"))
    offered = {
        0: [done(writes={"var:a": "1"})],
        1: [done(reads={"var:a": "other"}), done(reads={"var:a": "1"}, writes={"var:b": "2"})],
    }
    assert book.adopt(lambda position, inputs: offered[position]) == [0, 1]
    assert book.record(1) == offered[1][1]
    assert statuses(book) == ["valid", "valid"]


# The promise itself ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Program:
    """A step of a toy notebook: what it really touches, and what the analysis says of it."""

    reads: tuple[str, ...]
    writes: tuple[str, ...]
    predicted: Touch
    salt: int


NAMES = ["var:a", "var:b", "var:c", "ambient:environ", "ambient:random"]
programs = st.builds(
    lambda reads, writes, keep_reads, keep_writes, salt: Program(
        tuple(sorted(reads | {w for w in writes if w == "ambient:random"})),
        tuple(sorted(writes)),
        Touch(frozenset(reads & keep_reads), frozenset(writes & keep_writes)),
        salt,
    ),
    st.sets(st.sampled_from(NAMES)),
    st.sets(st.sampled_from(NAMES), max_size=2),
    st.sets(st.sampled_from(NAMES)),
    st.sets(st.sampled_from(NAMES)),
    st.integers(0, 3),
)


def run_step(program: Program, given: dict[str, str]) -> StepRecord:
    """What the runtime would observe of a step that was given these states (a variable that was not given is absent)."""
    seen = {n: given.get(n, UNTOUCHED if n.startswith("ambient:") else ABSENT) for n in program.reads}
    missing = [n for n in program.reads if n.startswith("var:") and seen[n] == ABSENT]
    ambient = {n: d for n, d in given.items() if n.startswith("ambient:") and n != "ambient:random"}
    ambient.setdefault("ambient:environ", UNTOUCHED)
    if missing:  # NameError at the first name that is not there
        return StepRecord(
            "failed",
            reads={**ambient, **{n: seen[n] for n in program.reads[: program.reads.index(missing[0]) + 1]}},
        )
    made = {n: f"{n}={program.salt}:{sorted(seen.items())!r:.200}" for n in program.writes}
    return StepRecord("succeeded", reads={**ambient, **seen}, writes=made)


def serially(steps: list[Program]) -> dict[str, str]:
    state: dict[str, str] = {}
    for program in steps:
        record = run_step(
            program, {n: d for n, d in state.items() if n in program.reads or n == "ambient:environ"}
        )
        if record.state == "failed":
            break
        state.update(record.writes)
    return state


@settings(max_examples=300, deadline=None)
@given(st.lists(programs, min_size=1, max_size=7), st.randoms(use_true_random=False))
def test_any_schedule_and_any_prediction_gives_the_serial_result(
    steps: list[Program], chance: random.Random
) -> None:
    book = ledger(*(program.predicted for program in steps))
    running: dict[int, Inputs] = {}
    for _ in range(2000):
        standings = book.replay()
        for position, standing in enumerate(standings):
            if standing.status is Status.STALE:
                book.drop(position)
        standings = book.replay()
        ready = [i for i, s in enumerate(standings) if s.inputs is not None and i not in running]
        if not ready and not running:
            break
        if ready and (not running or chance.random() < 0.6):
            position = chance.choice(ready)
            inputs = standings[position].inputs
            assert inputs is not None
            running[position] = inputs
            continue
        position = chance.choice(sorted(running))
        inputs = running.pop(position)
        record = run_step(steps[position], inputs.digests())
        reads = {**{n: d for n, d in inputs.digests().items() if n.startswith("var:")}, **record.reads}
        book.put(position, StepRecord(record.state, reads=reads, writes=record.writes))
    else:
        pytest.fail("it does not end")
    failed = []
    for i, standing in enumerate(book.replay()):
        entry = book.record(i)
        if standing.status is Status.VALID and entry is not None and entry.state == "failed":
            failed.append(i)
    expected = serially(steps[: min(failed)] if failed else steps)
    if failed:
        assert run_step(steps[min(failed)], dict(expected)).state == "failed"
    else:
        assert all(s.status is Status.VALID for s in book.replay())
        assert {n: slot.digest for n, slot in book.final().items()} == expected
