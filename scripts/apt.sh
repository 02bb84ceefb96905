#!/bin/sh
# Install Debian packages, or say what is missing and stop.
# Usage: scripts/apt.sh PACKAGE…
set -eu

if ! command -v apt-get >/dev/null 2>&1; then
    echo "Missing: $*. Please install it the way your system does, then run this again." >&2
    exit 1
fi
if [ "$(id -u)" -eq 0 ]; then
    as_root=
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    as_root="sudo -n"
else
    echo "Missing: $*. Please run: sudo apt-get install $*" >&2
    exit 1
fi

echo "Installing $* with apt-get …" >&2
install() {
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends "$@" >&2
}
install "$@" || { $as_root apt-get update --quiet >&2; install "$@"; }
