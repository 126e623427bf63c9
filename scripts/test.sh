#!/bin/sh
# Runs the tests, after installing and building all they need.
#   test.sh        lint and the quick tests
#   test.sh long   the tests that take minutes: test/long
set -eu
cd "$(dirname "$0")/.."
sh scripts/prepare.sh all
sh scripts/test-tools.sh

failed=0
if [ "${1:-quick}" = long ]; then
  each_at_most_ms=1800000
  files=$(find dist/test -path 'dist/test/long/*' -name '*.test.js' | sort)
  [ -n "$files" ] || { echo 'there are no long tests'; exit 0; }
else
  sh scripts/lint.sh || failed=1
  each_at_most_ms=300000
  files=$(find dist/test -name '*.test.js' ! -path 'dist/test/long/*' | sort)
fi

# shellcheck disable=SC2086 # a list of files
node --enable-source-maps --test --test-reporter=spec --test-timeout="$each_at_most_ms" \
  --test-force-exit --test-concurrency="$(getconf _NPROCESSORS_ONLN)" $files || failed=1
[ "$failed" = 0 ] || echo 'FAILED: see above (the lint comes before the tests)' >&2
exit "$failed"
