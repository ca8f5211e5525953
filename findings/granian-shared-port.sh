#!/usr/bin/env bash
# granian: a second server starts on the port of a running one without an error, and both answer.
#
# One would guess that the second one ends with "address already in use".
# granian listens with SO_REUSEPORT, for its own workers. Linux lets any other process of the same user join.
# If a restart leaves the old server alive, visitors get pages of the old and the new version at random.
set -euo pipefail
work=$(mktemp -d)
servers=()
trap '((${#servers[@]})) && kill "${servers[@]}" 2>/dev/null; wait; rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check granian==2.8.7
cat > site_of.py <<'EOF'
import os


def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [os.environ["VERSION"].encode()]
EOF
port=$(venv/bin/python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')

serve() {
    VERSION=$1 venv/bin/granian --interface wsgi --backpressure 8 --port "$port" site_of:app > "$1.log" 2>&1 &
    servers+=($!)
}

answers() { # until $1 has answered, 20 seconds at most, and the next 40
    venv/bin/python - "$1" "$port" <<'EOF'
import sys
import time
from collections import Counter
from urllib.request import urlopen

seen, until = Counter(), time.monotonic() + 20
while not seen[sys.argv[1]] and time.monotonic() < until:
    try:
        seen[urlopen(f"http://127.0.0.1:{sys.argv[2]}", timeout=5).read().decode()] += 1
    except OSError:
        time.sleep(0.1)
seen.update(urlopen(f"http://127.0.0.1:{sys.argv[2]}", timeout=5).read().decode() for _ in range(40))
print(*(f"{version}:{seen[version]}" for version in sorted(seen)))
EOF
}

serve old
alone=$(answers old)
serve new
both=$(answers new)
echo "$(venv/bin/granian --version); one server: $alone; after the second started on the same port: $both"
[[ $alone == old:* && $alone != *new* && $both == *new:*old:* ]] || { echo "CHANGED: expected answers of both" >&2; exit 1; }
