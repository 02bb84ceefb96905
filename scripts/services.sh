#!/bin/sh
# The programs the tests start: PostgreSQL, Redis, Chromium with Chinese fonts, gettext, Node.js. Installs
# what is missing.
set -eu
cd "$(dirname "$0")/.."

missing=
need() { missing="$missing $1"; }

ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || command -v postgres >/dev/null 2>&1 || need postgresql
command -v redis-server >/dev/null 2>&1 || need redis-server
command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 \
    || command -v google-chrome >/dev/null 2>&1 || [ -n "${LINLI_CHROMIUM:-}" ] || need chromium
{ command -v fc-list >/dev/null 2>&1 && [ -n "$(fc-list :lang=zh-cn family)" ]; } || need fonts-noto-cjk
command -v xgettext >/dev/null 2>&1 || need gettext
command -v node >/dev/null 2>&1 || need nodejs

# shellcheck disable=SC2086
[ -z "$missing" ] || scripts/apt.sh $missing
