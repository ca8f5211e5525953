"""What granian's parent does before and while it forks workers, without granian: in a process of its own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest

from tests.support.rules.house import ROOT
from tests.support.site.served import environment

FORKED = """
import json, os, signal, sys, threading, time
import worker

signal.signal(signal.SIGTERM, lambda *_: None)  # as granian's parent has a handler
worker.load()
app, = worker._shared
told = {"threads": threading.active_count()}
with app.app_context():
    from models import db
    told["connections"] = db.engine.pool.checkedin() + db.engine.pool.checkedout()
heavy = ("alembic", "commands", "demo", "openpyxl", "reportlab", "xlsxwriter", "zxingcpp", "psycopg", "boto3")
told["heavy"] = [name for name in heavy if name in sys.modules]
print(json.dumps(told), flush=True)
before = set(sys.modules)
if not (pid := os.fork()):
    served = worker.create_server()
    print(json.dumps({"loaded": sorted(set(sys.modules) - before), "same": worker._shared == [app]}), flush=True)
    os.kill(os.getpid(), signal.SIGTERM)
    os._exit(0)
print(json.dumps({"ended": os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}), flush=True)
begun, begins = os.pipe()
if not os.fork():
    os.write(begins, b"1")
    time.sleep(10)
    print(json.dumps("left behind"), flush=True)
    os._exit(0)
os.read(begun, 1)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="workers are forked on Linux only")
def test_a_worker_is_forked_from_what_its_parent_has_loaded_and_ends_at_a_signal(tmp_path):
    """No thread and no connection is there to be torn by the fork, and nothing is loaded that pages do not need.

    A worker ends with a parent that is killed: else it would keep the port, and answer beside the next server.
    """
    done = subprocess.run(
        [sys.executable, "-c", FORKED],
        cwd=ROOT,
        env=environment(tmp_path, 1),
        capture_output=True,
        text=True,
    )
    parent, child, end, *left = map(json.loads, done.stdout.splitlines())
    assert parent == {"threads": 1, "connections": 0, "heavy": []}
    assert child == {"loaded": [], "same": True}
    assert end == {"ended": -signal.SIGTERM}
    assert (done.returncode, left) == (-signal.SIGKILL, [])
