#!/bin/sh
# Lints the manual pages with mandoc(1). Warnings are errors.
set -eu
cd "$(dirname "$0")/.."

if command -v mandoc >/dev/null 2>&1; then
	exec mandoc -Tlint -Wwarning man/*.[157]
fi
echo 'lint-man: NOT LINTED, there is no mandoc (apt-get install mandoc)' >&2
[ -z "${CI:-}" ]
