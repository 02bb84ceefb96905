#!/bin/sh
# Run pytest, in as many processes side by side as there are processors, at most four; `make test ARGS="-n 0"`
# runs one test after the other. Tests marked realdata need the public data sets beside the checkout; without
# them they are left out, and this says so: they are deselected, never skipped in silence.
set -eu
cd "$(dirname "$0")/.."

set -- -n logical --maxprocesses 4 --dist worksteal "$@"
if [ -d ../shared/data ]; then
    exec .venv/bin/pytest "$@"
fi
echo "########################################################################" >&2
echo "#  ../shared/data is missing: tests marked 'realdata' are NOT run.     #" >&2
echo "########################################################################" >&2
exec .venv/bin/pytest -m "not realdata" "$@"
