#!/bin/sh
# Format, lint and the import table; each is run whatever the others find. Needs what prepare.sh all makes.
set -u
cd "$(dirname "$0")/.." || exit
failed=0
node_modules/.bin/biome check --config-path scripts/lint-format.json --diagnostic-level=warn --error-on-warnings . || failed=1
node_modules/.bin/oxlint --config scripts/lint-rules.json --type-aware --deny-warnings src test scripts || failed=1
node dist/scripts/check-imports.js || failed=1
if command -v shellcheck >/dev/null; then
  shellcheck lteims scripts/*.sh scripts/kernel-lab .ci/run || failed=1
else
  echo 'lint: the shell scripts were not checked: needs Debian package shellcheck'
fi
exit "$failed"
