"""What a person who orders an export gets: the articles as they stood, in a file, once, and what became of each."""

import csv
import io
from collections.abc import Iterable, Iterator

import pytest

from chalicelib.errors import Invalid, NotFound
from chalicelib.exports import run, service, writing
from chalicelib.exports.baselines import EXPORT
from chalicelib.exports.results import KEPT, results_of
from chalicelib.exports.view import shown, state_of
from chalicelib.jobs import runs
from chalicelib.ports.article_scan import PictureGone, Selection
from chalicelib.ports.export_baselines import PURGED
from chalicelib.ports.jobs import Progress
from chalicelib.times import microseconds
from tests.doubles.export_world import MAPPING, ExportGround, ExportWorld, small_parts

HOUR = 3600.0
DAY = 24 * HOUR


@pytest.fixture
def ground() -> ExportGround:
    return ExportGround()


def numbers(rows: list[list[str]]) -> list[str]:
    return [row[0] for row in rows]


def test_all_articles_are_in_the_file_in_the_order_of_their_numbers(ground: ExportGround) -> None:
    for number in ("20", "3", "007", "100", "99"):
        ground.write(number, F_3=f"lamp {number}", F_80004="1,50")
    job = ground.run()
    result = ground.result(job)
    assert ground.rows(result) == [
        [number, "0", f"lamp {number}", "1,50"] for number in ("007", "100", "20", "3", "99")
    ]
    assert job.progress == Progress(5, done=5)
    assert (result.since, result.failed, result.deleted, result.left_out) == (None, 0, 0, 0)
    assert ground.told[-1] == "export csv test: passed. 5 done, 0 skipped, 0 failed."
    assert ground.failures == []


def test_no_articles_make_a_file_with_its_header_alone(ground: ExportGround) -> None:
    assert ground.rows(ground.result(ground.run())) == []


def test_the_mapping_that_is_built_in_needs_no_name(ground: ExportGround) -> None:
    ground.write("1", F_3="lamp")
    result = ground.result(ground.run(mapping=None))
    rows = list(csv.DictReader(io.StringIO(ground.file(result).decode("utf-8-sig")), delimiter=";"))
    assert [(row["Number"], row["Code"]) for row in rows] == [("1", "lamp")]


@pytest.mark.parametrize("count", [0, 1, 7, 200, 1000])
def test_a_file_of_many_parts_is_one_file(
    ground: ExportGround, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_parts(monkeypatch, part=5000)
    ground.article_scan.per_page = 100
    for number in range(count):
        ground.write(f"{number:04d}", F_3="x" * (number % 50))
    ground.seconds = 59  # one page for each invocation
    job = ground.run()
    assert numbers(ground.rows(ground.result(job))) == [f"{number:04d}" for number in range(count)]
    assert job.progress == Progress(count, done=count)
    assert ground.uploads.open == {}


@pytest.mark.parametrize("name", ["csv", "xml", "bc-batch"])
def test_a_file_is_the_same_in_one_part_as_in_many(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    files = []
    for part, seconds in ((8 * 1024 * 1024, 900.0), (3000, 59.0)):
        ground = ExportGround(seconds=seconds)
        small_parts(monkeypatch, part=part)
        for number in range(330):
            ground.write(f"{number:03d}", F_3="é ½", F_80004="1,50", F_80006="20/06/2022")
        job = ground.run(format=name, mapping=None)
        assert job.progress == Progress(330, done=330)
        files.append(ground.file(ground.result(job)))
    assert files[0] == files[1]


def test_bytes_that_make_no_part_yet_wait_for_more(
    ground: ExportGround, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_parts(monkeypatch, part=4000, articles=64)  # a slice a page, of about 1,000 bytes
    for number in range(500):
        ground.write(f"{number:04d}", F_3="x")
    job = ground.run()
    assert len(ground.rows(ground.result(job))) == 500
    result = ground.result(job)
    assert ground.objects() == [result.file]


def test_rows_that_fail_are_listed_with_article_and_reason_and_are_not_in_the_file(
    ground: ExportGround, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_parts(monkeypatch, part=3000, articles=64)
    for number in range(300):
        ground.write(f"{number:03d}", F_3="x", F_80004="cheap" if number % 3 == 0 else "1")
    job = ground.run()
    result = ground.result(job)
    assert job.progress == Progress(300, done=200, failed=100)
    assert (result.rows, result.failed) == (200, 100)
    failed = ground.failed_rows(result)
    assert [row["number"] for row in failed] == [f"{number:03d}" for number in range(0, 300, 3)]
    assert failed[0]["faults"][0]["column"] == "Price"
    assert set(numbers(ground.rows(result))).isdisjoint(row["number"] for row in failed)
    assert job.feedback.startswith("Article 000 is not in the file: ")
    assert ground.objects() == sorted([result.file, result.failures])


def test_a_long_list_of_failures_is_put_together_by_one_worker(
    ground: ExportGround, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_parts(monkeypatch)
    monkeypatch.setattr(writing, "PIECE_BYTES", 500)
    for number in range(640):
        ground.write(f"{number:03d}", F_80004="cheap")
    write_once, workers = ground.blobs.write_once, set[int]()

    def written_slowly(key: str, chunks: Iterable[bytes]) -> int:
        def slow() -> Iterator[bytes]:
            for chunk in chunks:
                ground.clock.advance(30)
                ground.tick()
                workers.add(len(ground.job_queue))
                yield chunk

        return write_once(key, slow())

    ground.blobs.write_once = written_slowly  # type: ignore[method-assign]
    job = ground.run()
    assert len(ground.failed_rows(ground.result(job))) == 640
    assert workers == {1}


def test_a_filter_chooses_articles_by_words_and_values(ground: ExportGround) -> None:
    ground.write("1", F_3="Deckenleuchte", C_75000="INDOOR")
    ground.write("2", F_3="Deckenleuchte", C_75000="OUTDOOR")
    ground.write("3", F_3="spot", C_75000="INDOOR")
    assert numbers(ground.rows(ground.result(ground.run(filter={"C_75000": ["INDOOR"]})))) == ["1", "3"]
    assert numbers(ground.rows(ground.result(ground.run(filter={"q": "decken", "C_75000": "INDOOR"})))) == [
        "1"
    ]


def test_an_export_shows_one_moment_whatever_is_written_meanwhile(
    ground: ExportGround, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_parts(monkeypatch, part=500)
    for number in range(200):
        ground.write(f"{number:03d}", F_3="old")
    ground.seconds = 59
    job = ground.order()
    ground.clock.sleep(0)
    for _ in range(3):
        ground.work()
    for number in range(0, 200, 2):
        ground.write(f"{number:03d}", F_3="new")
    for number in range(1, 200, 2):
        ground.write(f"{number:03d}", deleted=True)
    ground.write("9999", F_3="new")
    ground.settle()
    rows = ground.rows(ground.result(job))
    assert len(rows) == 200
    assert {row[2] for row in rows} == {"old"}


def test_the_next_export_since_the_last_tells_what_changed_and_what_was_deleted(ground: ExportGround) -> None:
    for number in ("1", "2", "3"):
        ground.write(number, F_3="old")
    ground.clock.advance(HOUR)
    first = ground.run()
    ground.clock.advance(DAY)
    ground.write("2", F_3="new")
    ground.write("3", deleted=True)
    ground.write("4", F_3="new")
    ground.clock.advance(HOUR)
    second = ground.run(since="last")
    result = ground.result(second)
    assert ground.rows(result) == [
        ["2", "0", "new", ""],
        ["3", "1", "", ""],
        ["4", "0", "new", ""],
    ]
    assert (result.rows, result.deleted) == (2, 1)
    assert result.since is not None
    assert result.since < ground.result(first).until
    ground.clock.advance(DAY)
    assert ground.rows(ground.result(ground.run(since="last"))) == []


def test_the_first_export_since_the_last_has_everything_that_there_is(ground: ExportGround) -> None:
    ground.write("1")
    ground.write("2", deleted=True)
    result = ground.result(ground.run(since="last"))
    assert numbers(ground.rows(result)) == ["1"]
    assert result.since is None


@pytest.mark.parametrize("other", [{"filter": {"C_1": ["a"]}}, {"mapping": None}, {"mapping": "other"}])
def test_an_export_builds_on_the_last_of_the_same_format_mapping_and_filter(
    ground: ExportGround, other: dict[str, object]
) -> None:
    ground.blobs.put(
        "mappings/other.yaml", b"".join(ground.blobs.read("mappings/test.yaml")).replace(b"Price", b"Cost")
    )
    ground.write("1", C_1="a")
    ground.run()
    ground.clock.advance(DAY)
    assert ground.result(ground.run(since="last", **other)).since is None


def test_a_mapping_that_is_changed_makes_another_export(ground: ExportGround) -> None:
    ground.run()
    ground.clock.advance(DAY)
    ground.blobs.put("mappings/test.yaml", MAPPING.replace(b"missing: leave-out", b"missing: fail"))
    assert ground.result(ground.run(since="last")).since is None


def test_an_export_since_a_time_tells_what_was_written_since_and_moves_no_baseline(
    ground: ExportGround,
) -> None:
    ground.write("1")
    ground.clock.advance(HOUR)
    first = ground.run()
    ground.clock.advance(DAY)
    ground.write("2")
    ground.clock.advance(DAY)
    ground.write("3")
    time = "2023-11-16T21:00:00Z"  # the clock of the tests began at 2023-11-14T22:13:20Z
    assert numbers(ground.rows(ground.result(ground.run(since=time)))) == ["3"]
    result = ground.result(ground.run(since="last"))
    assert numbers(ground.rows(result)) == ["2", "3"]
    assert result.since == ground.result(first).until - 300 * 1_000_000


def test_an_export_that_was_deleted_is_built_on_all_the_same(ground: ExportGround) -> None:
    ground.write("1")
    ground.clock.advance(HOUR)
    first = ground.run()
    ground.delete(first)
    ground.clock.advance(DAY)
    ground.write("2")
    assert numbers(ground.rows(ground.result(ground.run(since="last")))) == ["2"]


def test_deletions_that_are_not_known_any_more_make_a_run_fail_with_what_to_do(ground: ExportGround) -> None:
    job = ground.run()
    ground.clock.advance(91 * DAY)
    later = ground.run(since="last")
    assert (later.success, later.feedback.split("\n")[0]) == (
        False,
        "Deletions are known for 90 days, and this goes back further: export everything, without since.",
    )
    assert results_of(later) == []
    assert ground.result(job)


def test_deletions_whose_marks_were_purged_are_not_told_by_half(ground: ExportGround) -> None:
    job = ground.run()
    ground.clock.advance(DAY)
    ground.export_baselines.advance(PURGED, microseconds(ground.clock.now()))  # under a setting of fewer days
    later = ground.run(since="last")
    assert (later.success, later.feedback.split("\n")[0]) == (
        False,
        "Deletions before 2023-11-15T22:14:20.000000Z are not known any more: export everything, without since.",
    )
    assert results_of(later) == []
    ground.clock.advance(3600)
    assert ground.run().success
    ground.clock.advance(3600)
    assert ground.run(since="last").success
    assert ground.result(job)


def test_a_scheduled_export_runs_by_itself_and_keeps_its_last_results(ground: ExportGround) -> None:
    ground.write("1")
    job = ground.order(repeat="everyMinute", since="last")
    for _ in range(KEPT + 3):
        ground.minute()
    found = ground.job(job.id)
    assert state_of(found) == "scheduled"
    results = results_of(found)
    assert len(results) == KEPT
    assert [each.until for each in results] == sorted((each.until for each in results), reverse=True)
    assert results[0].since is not None
    kept = {each.file for each in results}
    assert kept <= set(ground.objects())
    assert len(ground.objects()) <= KEPT + 1  # the oldest goes when the next run begins


def test_two_exports_at_once_are_each_whole(ground: ExportGround, monkeypatch: pytest.MonkeyPatch) -> None:
    small_parts(monkeypatch, part=500)
    for number in range(300):
        ground.write(f"{number:03d}", F_3="x")
    ground.seconds = 59
    one, other = ground.order(), ground.order(filter={"F_3": ["x"]})
    ground.settle()
    for job in (one, other):
        assert len(ground.rows(ground.result(job))) == 300
    assert len(ground.objects()) == 2


def test_a_picture_that_is_lost_begins_the_file_anew_and_never_mixes(
    ground: ExportGround, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_parts(monkeypatch, part=500)
    for number in range(200):
        ground.write(f"{number:03d}", F_3="old")
    ground.seconds = 59
    job = ground.order()
    for _ in range(3):
        ground.work()
    assert ground.job(job.id).progress.done > 0
    ground.article_scan.lose()
    for number in range(200):
        ground.write(f"{number:03d}", F_3="new")
    ground.settle()
    done = ground.job(job.id)
    assert {row[2] for row in ground.rows(ground.result(job))} == {"new"}
    assert done.progress == Progress(200, done=200)
    assert run.PICTURE in done.feedback
    assert ground.uploads.open == {}
    assert len(ground.objects()) == 1


def test_a_picture_that_is_lost_at_once_is_taken_anew(
    ground: ExportGround, monkeypatch: pytest.MonkeyPatch
) -> None:
    ground.write("1")
    count = ground.article_scan.count

    def lose_once(picture: str, selection: Selection) -> int:
        if ground.article_scan.taken == 1:
            raise PictureGone(picture)
        return count(picture, selection)

    monkeypatch.setattr(ground.article_scan, "count", lose_once)
    assert len(ground.rows(ground.result(ground.run()))) == 1


def test_a_search_engine_that_never_keeps_a_picture_makes_the_run_fail(
    ground: ExportGround, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_parts(monkeypatch, part=500)
    for number in range(100):
        ground.write(f"{number:03d}", F_3="x")
    ground.seconds = 59
    job = ground.order()
    for _ in range(200):
        ground.work()
        ground.article_scan.lose()
    found = ground.job(job.id)
    assert (found.success, found.run) == (False, None)
    assert run.PICTURE in found.feedback
    assert found.progress.total == found.progress.seen
    assert ground.uploads.open == {}
    assert ground.objects() == []


def test_an_upload_that_is_gone_begins_the_file_anew(
    ground: ExportGround, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_parts(monkeypatch, part=500)
    for number in range(100):
        ground.write(f"{number:03d}", F_3="x")
    ground.seconds = 59
    job = ground.order()
    for _ in range(3):
        ground.work()
    ground.uploads.open.clear()
    ground.settle()
    assert len(ground.rows(ground.result(job))) == 100
    assert run.UPLOAD in ground.job(job.id).feedback


def test_a_mapping_that_is_changed_while_a_run_goes_on_begins_it_anew(
    ground: ExportGround, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_parts(monkeypatch, part=500)
    for number in range(100):
        ground.write(f"{number:03d}", F_3="x")
    ground.seconds = 59
    job = ground.order()
    for _ in range(3):
        ground.work()
    ground.blobs.put("mappings/test.yaml", MAPPING.replace(b"missing: leave-out", b"missing: fail"))
    ground.settle()
    done = ground.job(job.id)
    assert (done.success, done.progress) == (True, Progress(100, failed=100))
    assert run.CHANGED in done.feedback


@pytest.mark.parametrize("after", range(8))
def test_an_export_that_is_deleted_while_it_runs_ends_and_leaves_nothing(
    ground: ExportGround, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_parts(monkeypatch, part=500)
    for number in range(100):
        ground.write(f"{number:03d}", F_3="x", F_80004="cheap" if number % 2 else "1")
    ground.seconds = 59
    job = ground.order()
    for _ in range(after):
        ground.work()
    ground.delete(job)
    for _ in range(5):
        ground.minute()
    assert ground.jobs() == []
    assert ground.objects() == []
    assert ground.uploads.open == {}
    with pytest.raises(NotFound, match="Export not found"):
        ExportWorld(ground).exports.get(job.id)


def test_an_export_that_is_deleted_between_two_calls_of_its_worker_is_published_never(
    ground: ExportGround, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_parts(monkeypatch, part=500)
    for number in range(40):
        ground.write(f"{number:03d}", F_3="x")
    job = ground.order()
    world = ExportWorld(ground)
    real = world.uploads.put_part

    def cancel(*arguments: object) -> None:
        ground.delete(job)
        real(*arguments)

    monkeypatch.setattr(ground.uploads, "put_part", cancel)
    ground.settle()
    assert ground.jobs() == []
    assert ground.objects() == []
    assert ground.told[-1].startswith("export csv test: cancelled. The job was deleted.")


def test_a_file_that_would_be_too_large_makes_the_run_fail(
    ground: ExportGround, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_parts(monkeypatch, part=500)
    monkeypatch.setattr(run, "MOST_BYTES", 2000)
    for number in range(100):
        ground.write(f"{number:03d}", F_3="x" * 30)
    job = ground.run()
    assert (job.success, job.feedback.split("\n")[0]) == (False, run.TOO_LARGE)
    assert (ground.objects(), ground.uploads.open) == ([], {})


def test_a_digest_that_another_process_began_is_made_of_what_is_read_again(
    ground: ExportGround, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_parts(monkeypatch, part=500)
    monkeypatch.setattr(run, "READ_BYTES", 300)
    for number in range(200):
        ground.write(f"{number:03d}", F_3="x")
    job = ground.order()
    ground.seconds = 59  # each page in a process of its own
    ground.settle()
    assert len(ground.rows(ground.result(job))) == 200


def test_a_mapping_that_went_before_the_run_makes_it_fail_with_its_name(ground: ExportGround) -> None:
    job = ground.order(repeat="dailyAt", time="00:00")
    ground.blobs.delete("mappings/test.yaml")
    ground.clock.advance(DAY)
    ground.minute()
    found = ground.job(job.id)
    assert found.success is False
    assert "mappings/test.yaml" in found.feedback
    assert state_of(found) == "scheduled"


def test_there_are_so_many_exports_at_most(ground: ExportGround, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MOST", 2)
    for _ in range(2):
        ground.order(repeat="dailyAt", time="00:00")
    with pytest.raises(Invalid, match="delete those that are not needed"):
        ground.order()
    assert len(ground.jobs()) == 2


def test_an_export_begins_at_once_and_where_that_fails_with_the_next_tick(ground: ExportGround) -> None:
    job = ground.order()
    assert runs.is_going_on(job)
    assert state_of(job) == "running"
    ground.settle()
    assert state_of(ground.job(job.id)) == "succeeded"


def test_an_export_is_shown_with_all_that_can_be_known_of_it(ground: ExportGround) -> None:
    ground.write("1", F_80004="cheap")
    ground.write("2")
    job = ground.run(repeat="dailyAt", time="10:00", timezone="Europe/Brussels", replay=True, since="last")
    for _ in range(3):
        ground.minute()
    told = shown(ground.job(job.id))
    result = told["result"]
    assert told["state"] == "scheduled"
    assert told["next_run_at"] == "2023-11-15T09:00:00.000000Z"
    assert (told["repeat"], told["time"], told["timezone"]) == ("dailyAt", "10:00", "Europe/Brussels")
    assert (told["format"], told["mapping"], told["since"], told["filter"]) == ("csv", "test", "last", {})
    assert told["progress"] == {"total": 2, "done": 1, "skipped": 0, "failed": 1}
    assert isinstance(result, dict)
    assert (result["rows"], result["failed"], result["since"]) == (1, 1, None)
    assert result["file_name"].endswith(".csv")
    assert job.type == EXPORT
