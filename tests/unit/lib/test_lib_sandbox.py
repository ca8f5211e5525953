"""The bounded child: what runs there may crash, hang, grow or lie; the person gets a message, the next one works."""

from __future__ import annotations

import errno
import logging
import os
import pickle
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from lib.pictures.images import PictureRefused
from lib.sandbox import client as sandbox
from lib.sandbox.client import Limits, run
from lib.sandbox.jobs import JOBS
from tests.support.attacks.bad_jobs import TABLE
from tests.support.patience import PATIENCE_S

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[3]
BEGIN = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from tests.support.attacks import bad_jobs; bad_jobs.begin(int(sys.argv[2]))"
)


@pytest.fixture(autouse=True)
def child(monkeypatch: pytest.MonkeyPatch) -> Iterator[sandbox._Process]:
    """A fork server of its own, which knows the bad jobs."""
    here = sandbox._Process()
    monkeypatch.setattr(sandbox, "_process", here)
    monkeypatch.setattr(sandbox, "FORKSERVER_PROGRAM", BEGIN)
    for name, path in TABLE.items():
        monkeypatch.setitem(JOBS, name, path)
    yield here
    here.close()


@pytest.fixture
def used(monkeypatch: pytest.MonkeyPatch) -> list[sandbox.Usage]:
    ended: list[sandbox.Usage] = []
    monkeypatch.setattr(sandbox, "usage_listeners", [ended.append])
    return ended


def works() -> bool:
    return run("echo", b"next") == ({"length": 4}, [b"next", b"txen"])


def test_facts_and_blobs_come_back() -> None:
    facts, blobs = run("echo", b"abc", crop=[0.5, None], name="何")
    assert facts == {"length": 3, "crop": [0.5, None], "name": "何"}
    assert blobs == [b"abc", b"cba"]


def test_fifteen_megabytes_go_there_and_back() -> None:
    data = os.urandom(1 << 20) * 15
    assert run("echo", data)[1] == [data, data[::-1]]


def test_a_refusal_of_the_job_is_told_in_its_words() -> None:
    with pytest.raises(PictureRefused, match=r"^不收$"):
        run("refuse", b"")


def test_a_job_nobody_listed_does_not_run() -> None:
    with pytest.raises(KeyError):
        run("os.system", b"")


def test_an_error_says_nothing_of_the_picture_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), pytest.raises(PictureRefused, match="图片内容异常，无法处理"):
        run("fail", b"")
    assert "ValueError" in caplog.text
    assert "何新丽" not in caplog.text
    assert works()


def test_too_much_memory_is_refused(used: list[sandbox.Usage]) -> None:
    with pytest.raises(PictureRefused, match="无法处理"):
        run("grow", b"")
    assert works()
    assert used[0].memory < 300 << 20


def test_who_goes_on_asking_for_memory_stays_below_300_mb_and_is_ended(used: list[sandbox.Usage]) -> None:
    with pytest.raises(PictureRefused, match="图片太复杂，无法处理"):
        run("hog", b"", limits=Limits(cpu_s=1))
    assert 200 << 20 < used[0].memory < 300 << 20
    assert works()


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE])
def test_a_crash_is_a_refusal(number: signal.Signals, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), pytest.raises(PictureRefused, match="图片内容异常，无法处理"):
        run("crash", b"", number=int(number))
    assert number.name in caplog.text
    assert works()


def test_a_signal_without_a_name_is_a_refusal_too() -> None:
    with pytest.raises(PictureRefused, match="图片内容异常，无法处理"):
        run("crash", b"", number=signal.SIGRTMIN + 2)
    assert works()


@pytest.mark.parametrize("job", ["leave", "large"])
def test_an_answer_that_does_not_come_or_is_too_large_is_a_refusal(job: str) -> None:
    with pytest.raises(PictureRefused, match="图片内容异常，无法处理"):
        run(job, b"", size=2 << 20)
    assert works()


HEAD = struct.Struct(">4sII").pack
NONSENSE = {
    "noise": os.urandom(4000),
    "nothing like a head": b"HTTP/1.1 200 OK\r\n\r\n",
    "too much JSON": HEAD(b"kj1\n", 1 << 30, 0),
    "too many blobs": HEAD(b"kj1\n", 2, 1 << 30) + b"{}",
    "too large blobs": HEAD(b"kj1\n", 2, 2) + struct.pack(">II", 1 << 31, 1 << 31) + b"{}",
    "no JSON": HEAD(b"kj1\n", 4, 0) + b"{{{{",
    "deep JSON": HEAD(b"kj1\n", 200_000, 0) + b"[" * 200_000,
    "a list": HEAD(b"kj1\n", 2, 0) + b"[]",
    "no number": HEAD(b"kj1\n", 24, 0) + b'{"facts": {"size": NaN}}',
    "no words we know": HEAD(b"kj1\n", 2, 0) + b"{}",
    "facts that are none": HEAD(b"kj1\n", 12, 0) + b'{"facts": 1}',
    "a pickle": pickle.dumps({"facts": {}}),
}


@pytest.mark.parametrize("data", NONSENSE.values(), ids=NONSENSE)
def test_nonsense_is_a_refusal(data: bytes) -> None:
    with pytest.raises(PictureRefused, match="图片内容异常，无法处理"):
        run("babble", data)
    assert works()


def test_a_job_that_spins_is_ended_by_the_limit_of_cpu(used: list[sandbox.Usage]) -> None:
    with pytest.raises(PictureRefused, match="图片太复杂，无法处理"):
        run("spin", b"", limits=Limits(cpu_s=1, wall_s=60))
    assert os.WTERMSIG(used[0].status) == signal.SIGXCPU
    assert 0.5 < used[0].cpu_s < 2.5
    assert works()


@pytest.mark.parametrize("job", ["sleep", "promise"])
def test_a_job_that_hangs_is_ended_by_the_clock(job: str, used: list[sandbox.Usage]) -> None:
    with pytest.raises(PictureRefused, match="用时过长，没有完成。请稍后再试"):
        run(job, b"", limits=Limits(wall_s=0.3))
    assert os.WTERMSIG(used[0].status) == signal.SIGKILL
    assert works()


def test_without_its_fork_server_a_job_is_done_by_a_new_one(child: sandbox._Process) -> None:
    assert works()
    before = sandbox.forkserver_pid()
    os.kill(before, signal.SIGKILL)
    assert works()
    assert sandbox.forkserver_pid() != before


def test_who_ends_the_fork_server_each_time_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(PictureRefused, match=r"无法处理|请稍后再试"):
        run("kill_forkserver", b"")
    assert works()


def test_without_an_interpreter_the_person_is_asked_to_come_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sandbox, "FORKSERVER_PROGRAM", "raise SystemExit(1)")
    with pytest.raises(sandbox.SandboxUnavailable, match="暂时无法处理图片，请稍后再试"):
        run("echo", b"")
    assert "no child process" in caplog.text


def test_a_fork_server_that_is_stuck_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    assert works()
    stuck = sandbox.forkserver_pid()
    os.kill(stuck, signal.SIGSTOP)
    with monkeypatch.context() as patch, suppress(PictureRefused):  # the new one may take longer than that to start
        patch.setattr(sandbox, "GRACE_PERIOD_S", 0.2)
        run("echo", b"", limits=Limits(wall_s=0.2))
    assert works()
    assert sandbox.forkserver_pid() != stuck


# --- what it may do -------------------------------------------------------------------------------------------------


def test_it_has_no_environment_and_no_descriptors_of_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KUAIJI_SECRET_KEY", "secret")
    with (tmp_path / "open").open("w") as kept:
        os.set_inheritable(kept.fileno(), True)
        facts, _ = run("look_around", b"")
    ours = {*sandbox.ENVIRONMENT, "LC_CTYPE", "OMP_NUM_THREADS"}  # the last two by Python and lib.pictures.portrait
    assert set(facts["environment"]) <= ours
    assert facts["open"] == 1, "the job's socket only"


def test_it_gives_way_to_the_pages_of_this_server() -> None:
    facts, _ = run("look_around", b"")
    assert (facts["nice"] > os.getpriority(os.PRIO_PROCESS, 0), facts["session"]) == (True, os.getsid(0))


def test_it_writes_no_file(tmp_path: Path) -> None:
    assert "error" in run("write", b"", path=str(tmp_path / "file"))[0]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("job", ["read", "read_after_closing", "open_many", "call_out"])
def test_it_opens_no_file_and_no_socket(job: str) -> None:
    assert run(job, b"")[0] == {"error": "OSError"}


def test_it_starts_no_program() -> None:
    """The kernel would, but its loader can open no library."""
    with pytest.raises(PictureRefused, match="图片内容异常，无法处理"):
        run("run_program", b"")
    assert works()


# --- the pictures of one person -------------------------------------------------------------------------------------


def asked(data: bytes, person: str = "") -> tuple[int, list[str]]:
    facts = run("remember", data, person=person)[0]
    return facts["process"], facts["seen"]


def test_pictures_of_one_person_in_a_row_share_a_process_and_nobody_elses_come_to_it() -> None:
    first, _ = asked(b"a1", "a")
    assert asked(b"a2", "a") == (first, ["a1", "a2"])
    for data, person in ((b"b1", "b"), (b"n1", ""), (b"n2", "")):
        assert asked(data, person)[1] == [data.decode()]


def test_no_more_processes_wait_than_may_work() -> None:
    processes = {person: asked(b"", person)[0] for person in "abc"}
    assert gone(processes["a"])
    assert asked(b"", "c")[0] == processes["c"]
    assert asked(b"", "a")[0] != processes["a"]


@pytest.mark.parametrize(("job", "by"), [("spin", signal.SIGXCPU), ("sleep", signal.SIGKILL)])
def test_the_second_picture_has_the_limits_of_the_first(
    job: str, by: signal.Signals, used: list[sandbox.Usage], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "IDLE_S", 600.0)
    limits = Limits(cpu_s=1, wall_s=60 if job == "spin" else 2)
    run("echo", b"", person="a", limits=limits)
    forkserver = sandbox.forkserver_pid()
    with pytest.raises(PictureRefused, match="图片太复杂" if job == "spin" else "用时过长"):
        run(job, b"", person="a", limits=limits)
    assert (used[0].status, os.WTERMSIG(used[1].status)) == (0, by)
    assert sandbox.forkserver_pid() == forkserver, "it watched the clock itself"


def test_who_has_kept_memory_gets_no_second_picture() -> None:
    assert len({run("keep", b"", person="a")[0]["process"] for _ in range(2)}) == 2


def test_a_refused_picture_ends_nothing_and_a_crash_ends_only_itself() -> None:
    process = asked(b"a1", "a")[0]
    with pytest.raises(PictureRefused, match=r"^不收$"):
        run("refuse", b"", person="a")
    assert asked(b"a2", "a")[0] == process
    with pytest.raises(PictureRefused, match="图片内容异常"):
        run("crash", b"", person="a", number=11)
    assert asked(b"a3", "a")[1] == ["a3"]


def test_who_waits_for_the_next_picture_ends_when_none_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    for seconds in ("IDLE_S", "GRACE_PERIOD_S"):
        monkeypatch.setattr(sandbox, seconds, 0.1)
    process = asked(b"a1", "a")[0]
    assert gone(process)
    assert asked(b"a2", "a")[1] == ["a2"]


# --- many at once, forks, the end -----------------------------------------------------------------------------------


def test_eight_threads_at_once_get_each_their_own() -> None:
    found: dict[int, object] = {}

    def one(number: int) -> None:
        for _ in range(5):
            found[number] = run("echo", bytes([number]) * 1000)[1][0]

    threads = [threading.Thread(target=one, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: bytes([number]) * 1000 for number in range(8)}


def test_who_waits_too_long_for_a_turn_is_told_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go = threading.Semaphore(0), threading.Event()

    def do(*_asked: Any) -> Any:
        begun.release()
        return {"waited": go.wait(PATIENCE_S)}, []

    with monkeypatch.context() as patch, ThreadPoolExecutor(sandbox.MAX_CONCURRENT_JOBS) as pool:
        patch.setattr(sandbox._Process, "run_job", do)
        held = [pool.submit(run, "echo", b"") for _ in range(sandbox.MAX_CONCURRENT_JOBS)]
        assert all(begun.acquire(timeout=PATIENCE_S) for _ in held)
        patch.setattr(sandbox, "QUEUE_TIMEOUT_S", 0.05)
        with pytest.raises(sandbox.SandboxBusy, match="系统繁忙，请稍后再试"):
            run("echo", b"")
        go.set()
        assert [result.result() for result in held] == [({"waited": True}, [])] * sandbox.MAX_CONCURRENT_JOBS
    assert works()


SCRIPT = """
import os, sys
sys.path.insert(0, {root!r})
from lib.sandbox import client as sandbox
from lib.pictures.images import PictureRefused
def ask():
    try:
        sandbox.run("paper", b"x", person="a")
    except PictureRefused as refused:
        return "heic" in str(refused)
assert ask()
print(sandbox.forkserver_pid())
child = os.fork()
if not child:
    assert ask()
    print(sandbox.forkserver_pid())
    sys.stdout.flush()
    sandbox._process.close()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
assert ask()
print(sandbox.forkserver_pid(), flush=True)
{end}
"""


def gone(pid: int) -> bool:
    for _ in range(20 * PATIENCE_S):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        if "Z (zombie)" in Path(f"/proc/{pid}/status").read_text():
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("end", ["", "os._exit(0)", "os.kill(os.getpid(), 9)"], ids=["normal", "at once", "killed"])
def test_a_fork_has_a_fork_server_of_its_own_and_nothing_outlives_the_server(end: str) -> None:
    script = SCRIPT.format(root=str(ROOT), end=end)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert done.stderr == ""
    first, forked, again = map(int, done.stdout.split())
    assert first == again != forked
    assert gone(first)
    assert gone(forked)


def test_a_machine_without_room_for_a_process_is_asked_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_command: Any, **_options: Any) -> Any:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    with monkeypatch.context() as patch:
        patch.setattr(sandbox, "_process", sandbox._Process())
        patch.setattr(sandbox.subprocess, "Popen", refuse)
        for _time in range(sandbox.MAX_CONCURRENT_JOBS + 1):
            with pytest.raises(sandbox.SandboxUnavailable, match="暂时无法处理图片，请稍后再试"):
                run("echo", b"")
    assert works()
