#!/bin/sh
# Installs the Debian packages that tests use, where that is possible. Without one its tests say so and are skipped.
set -eu
PATH=$PATH:/usr/sbin:/sbin

# command        package
wanted='
baresip          baresip-core
freeDiameterd    freediameterd freediameter-extensions
ip               iproute2
linux.uml        user-mode-linux
kamailio         kamailio kamailio-ims-modules
modprobe         kmod
osmo-auc-gen     libosmocore-utils
openssl          openssl
shellcheck       shellcheck
sipp             sip-tester
tcpdump          tcpdump
tshark           tshark
'

packages=$(echo "$wanted" | while read -r command package; do
  [ -z "$command" ] || command -v "$command" >/dev/null || echo "$package"
done)
[ -n "$packages" ] || exit 0
# One line, as people and apt-get read it.
packages=$(echo "$packages" | tr '\n' ' ')

if ! command -v apt-get >/dev/null; then
  echo "test tools: some tests need $packages(Debian's names), and there is no apt-get to install them"
elif [ "$(id -u)" != 0 ]; then
  echo "test tools: some tests need $packages; to have them: sudo apt-get install --no-install-recommends $packages"
else
  echo "test tools: installing $packages"
  export DEBIAN_FRONTEND=noninteractive
  # shellcheck disable=SC2086 # a list of packages
  { apt-get update -q && apt-get install -q -y --no-install-recommends -o DPkg::Lock::Timeout=120 $packages; } ||
    echo 'test tools: apt-get failed; the tests that need the missing ones will be skipped'
fi
