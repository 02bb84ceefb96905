#!/bin/sh
# Make .venv with what a requirements file names. Does nothing when that is already there.
# Usage: scripts/setup.sh requirements.txt
set -eu
cd "$(dirname "$0")/.."
wanted=$1
venv=.venv

say() { printf '%s\n' "$*" >&2; }

usable() { "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() {
    for candidate in "${PYTHON3:-}" python3.13 python3.12 python3.11 python3; do
        if [ -n "$candidate" ] && usable "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

# What a file asks for, with the files it includes.
fingerprint() {
    { cat requirements.txt; [ "$wanted" = requirements.txt ] || cat "$wanted"; "$venv/bin/python" --version; } | cksum
}

installed() { [ -f "$venv/.installed-$1" ] && [ "$(cat "$venv/.installed-$1")" = "$(fingerprint)" ]; }

if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    if ! python=$(find_python); then
        scripts/apt.sh python3 python3-venv
        if ! python=$(find_python); then
            say "Linli needs Python 3.11 or newer with its venv module."
            exit 1
        fi
    fi
    rm -rf "$venv"
    "$python" -m venv "$venv"
fi

if ! installed "$wanted"; then
    say "Installing what $wanted names into $venv (a minute or two, once) …"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$wanted"
    fingerprint >"$venv/.installed-$wanted"
    if [ "$wanted" != requirements.txt ]; then
        (wanted=requirements.txt; fingerprint >"$venv/.installed-requirements.txt")
    fi
fi
