#!/bin/sh
# Brings node_modules/ and dist/ up to date.
#   prepare.sh server   what the server needs to run; does nothing when nothing changed
#   prepare.sh all      also what the tests need; always compiles, from a clean dist
# What was installed and built is known by the content of the files, not by their times, so that copied, unpacked and
# checked-out trees are judged alike and a deleted source counts as a change. Each stamp is written last: interrupted
# work is done again.
set -eu
scope=$1
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
cd "$root"
export LC_ALL=C

say() {
  echo "lteims: $*" >&2
}

fail() {
  for line in "$@"; do say "$line"; done
  exit 1
}

check_node() {
  how='Get Node.js 24 from https://nodejs.org/en/download, or with a version manager: nvm install 24'
  if [ "$(id -u)" = 0 ]; then
    how="$how (root does not see a Node.js installed for one user; sudo env \"PATH=\$PATH\" COMMAND does)"
  fi
  found=$(node --version 2>/dev/null) || fail 'Node.js 20.19 or newer is needed, and no node runs on this PATH.' "$how"
  major=${found#v}
  minor=${major#*.}
  major=${major%%.*}
  minor=${minor%%.*}
  [ "$major" -gt 20 ] || { [ "$major" -eq 20 ] && [ "$minor" -ge 19 ]; } ||
    fail "Node.js 20.19 or newer is needed; $(command -v node) is $found." "$how"
}

# Serialises what writes here. The kernel drops the lock with its holder, so none is left behind by a crash.
lock() {
  [ -w "$root" ] || fail "packages or the build in $root are missing or outdated, and this user may not write there." \
    'Start it once as the user who owns it.'
  command -v flock >/dev/null || return 0
  exec 9<"$root"
  flock -n 9 || {
    say 'another process is installing or building here; waiting for it'
    flock 9
  }
}

# --- packages

installed_stamp=node_modules/.lteims-installed

stamped_as_installed() {
  [ "$installed" = "all $packages" ] || [ "$installed" = "$scope $packages" ]
}

# Packages somebody installed with npm directly are good when npm's own record agrees with the lock file.
npm_record_agrees() {
  [ -f node_modules/.package-lock.json ] && node -e '
    const read = (path) => JSON.parse(fs.readFileSync(path, "utf8")).packages;
    const have = read("node_modules/.package-lock.json");
    const spare = (entry) => entry.optional || (process.argv[1] === "server" && (entry.dev || entry.devOptional));
    const good = ([path, entry]) => path === "" || (have[path] ? have[path].version === entry.version : spare(entry));
    process.exit(Object.entries(read("package-lock.json")).every(good) ? 0 : 1);' "$scope" 2>/dev/null
}

packages_ready() {
  stamped_as_installed && return
  npm_record_agrees || return
  { echo "$scope $packages" >"$installed_stamp"; } 2>/dev/null || : # a read-only tree stays without
}

install_packages() {
  command -v npm >/dev/null ||
    fail 'npm is needed to install packages, and there is none on this PATH.' \
      'It comes with Node.js from https://nodejs.org/en/download; on Debian and Ubuntu: apt-get install npm'
  case "$scope $installed" in
    'server all '*) keep=all ;; # a developer's tree stays one
    *) keep=$scope ;;
  esac
  which=--include=dev
  [ "$keep" = all ] || which=--omit=dev
  say "installing packages (npm ci $which)"
  npm ci "$which" --prefer-offline --no-audit --no-fund --loglevel=error >&2 ||
    fail "npm could not install the packages; what it said is above." \
      'Check that this machine reaches the npm registry (npm config get registry, npm config get proxy) and has disk space.'
  echo "$keep $packages" >"$installed_stamp"
}

# --- build

built_stamp=dist/.lteims-built

sources() {
  {
    find src -type f -name '*.ts' -exec cksum {} +
    cksum package.json package-lock.json tsconfig.json scripts/tsconfig.server.json
  } | sort
}

stamped_as_built() {
  [ -f dist/src/main.js ] && [ "$(cat "$built_stamp" 2>/dev/null)" = "$sources" ]
}

build() {
  say "building ($2)"
  rm -f "$built_stamp"
  rm -rf dist
  node_modules/.bin/tsc -p "$1" >&2 ||
    fail 'the sources did not compile; what the compiler said is above.' \
      'If you changed none of them: git status shows whether the checkout is complete; rm -rf node_modules installs anew.'
  # The sources as they were before compiling: an edit made meanwhile counts as a change.
  echo "$sources" >"$built_stamp"
}

look() {
  packages=$(cksum <package-lock.json)
  installed=$(cat "$installed_stamp" 2>/dev/null) || installed=
  sources=$(sources)
}

check_node
look
if [ "$scope" = server ] && packages_ready && stamped_as_built; then exit 0; fi

lock
look
packages_ready || install_packages
if [ "$scope" = all ]; then
  build tsconfig.json 'server, tests and scripts'
elif ! stamped_as_built; then
  build scripts/tsconfig.server.json server
  say 'ready'
fi
