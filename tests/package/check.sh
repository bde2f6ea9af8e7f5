#!/usr/bin/env bash
# Packs the Debian package, installs it with dpkg in a root where nothing is, and lives with it there:
# the binary serves a store with the installed config and drains; removal leaves the config, purge
# does not. Usage: check.sh BUILD WORK, the build folder and a folder of its own, made anew.
# Exit status 77: this machine cannot try it.
set -euo pipefail
build=$1 work=$2 source=$(cd "$(dirname "$0")/../.." && pwd)

fail() { echo "package: $*" >&2; exit 1; }

if [ "$(id -u)" -ne 0 ]; then
  command -v fakeroot >/dev/null || { echo "package: wants root or fakeroot" >&2; exit 77; }
  [ -n "${FAKEROOTKEY-}" ] || exec fakeroot "$0" "$@"
fi

rm -rf "$work" && mkdir -p "$work/root/var/lib/dpkg/updates" "$work/root/var/lib/dpkg/info"
touch "$work/root/var/lib/dpkg/status" "$work/root/var/lib/dpkg/available"
(cd "$work" && cpack -G DEB --config "$build/CPackConfig.cmake" >cpack.log 2>&1) ||
  { cat "$work/cpack.log" >&2; fail "cpack failed"; }
package=$(echo "$work"/vitrine_*.deb)
root=$work/root

# What it holds, and no more: no headers, no libraries.
files=$(dpkg-deb --contents "$package" | awk '$1 !~ /^d/ {print $6}' | sort | tr '\n' ' ')
wanted="./etc/vitrine/vitrine.toml ./lib/systemd/system/vitrine.service ./usr/bin/vitrine "
wanted+="./usr/share/doc/vitrine/copyright ./usr/share/man/man1/vitrine.1 "
[ "$files" = "$wanted" ] || fail "holds $files where $wanted was wanted"

# Each library that it depends on is a package that is installed here, where the binary runs, or what
# one of them provides.
installed=$(dpkg-query -W -f='${db:Status-Status} ${Package}, ${Provides}\n' | sed -n 's/^installed //p' |
            tr ',' '\n' | sed -e 's/(.*//' -e 's/ //g')
depends=$(dpkg-deb --field "$package" Depends | tr ',' '\n' | sed -e 's/|.*//' -e 's/(.*//' -e 's/ //g')
echo "$depends" | grep -q '^libgrpc++' || fail "does not depend on gRPC: $depends"
for name in $depends; do
  grep -qxF "$name" <<<"$installed" ||
    fail "depends on $name, which is not installed"
done

dpkg_in_root() {
  dpkg --root="$root" --force-not-root --force-depends --force-script-chrootless \
       --log="$work/dpkg.log" "$@" >"$work/dpkg.out" 2>&1 ||
    { cat "$work/dpkg.out" >&2; fail "dpkg $* failed"; }
}
dpkg_in_root --install "$package"
vitrine=$root/usr/bin/vitrine
[ "$(dpkg-query --admindir="$root/var/lib/dpkg" -W -f='${db:Status-Status}' vitrine)" = installed ] ||
  fail "is not installed"
sh -n "$source"/packaging/postinst && sh -n "$source"/packaging/prerm && sh -n "$source"/packaging/postrm

# The manual knows every subcommand, and no other.
subcommands=$("$vitrine" --help | sed -n '/^Subcommands:/,/^$/s/^  \([a-z]*\) .*/\1/p' | sort)
manual=$(sed -n '/^\.SH SUBCOMMANDS/,/^\.SH THE/s/^\.B //p' "$root/usr/share/man/man1/vitrine.1" | sort)
[ -n "$subcommands" ] && [ "$subcommands" = "$manual" ] ||
  fail "the manual has" $manual "and the binary" $subcommands

# What the unit starts is there.
for path in $(sed -n 's/^ExecStart=\([^ ]*\).*--config \(.*\)/\1 \2/p' \
                "$root/lib/systemd/system/vitrine.service"); do
  [ -e "$root$path" ] || fail "the unit names $path, which is not there"
done
if command -v systemd-analyze >/dev/null; then
  # The path of the binary and the user are of the machine that it is installed on.
  sed -e "s#/usr/bin/vitrine#$vitrine#" -e '/^\(User\|Group\)=/d' -e '/^Documentation/d' \
    "$root/lib/systemd/system/vitrine.service" >"$work/vitrine.service"
  complaints=$(systemd-analyze verify --man=no "$work/vitrine.service" 2>&1 | grep 'vitrine\.service' || true)
  [ -z "$complaints" ] || fail "$complaints"
fi

# It serves with the installed config, and drains.
"$vitrine" simulate --out "$work/shop" --items 50 --users 20 --events 500 --seed 1 >/dev/null
"$vitrine" import --store "$root/var/lib/vitrine" --items "$work/shop/items.csv" \
  --events "$work/shop/events.jsonl" >/dev/null
"$vitrine" serve --store "$root/var/lib/vitrine" --config "$root/etc/vitrine/vitrine.toml" \
  --listen "unix:$work/socket" >"$work/serve.out" 2>"$work/serve.log" &
server=$!
trap 'kill -9 $server 2>/dev/null || true' EXIT
for _ in $(seq 600); do
  grep -q 'serves' "$work/serve.out" && break
  kill -0 $server 2>/dev/null || { cat "$work/serve.log" >&2; fail "the server ended"; }
  sleep 0.1
done
"$vitrine" recommend --target "unix:$work/socket" --user u00001 --count 3 --json >"$work/list.json" ||
  fail "no list"
grep -q '"item' "$work/list.json" || fail "an empty list: $(cat "$work/list.json")"
"$vitrine" train --target "unix:$work/socket" --force >/dev/null ||
  fail "no training with the installed config: $(cat "$work/serve.log")"
kill -TERM $server
wait $server || fail "the server ended with status $?"
trap - EXIT

dpkg_in_root --remove vitrine
[ ! -e "$vitrine" ] || fail "the binary stays after removal"
[ -e "$root/etc/vitrine/vitrine.toml" ] || fail "the config goes with removal"
dpkg_in_root --purge vitrine
[ ! -e "$root/etc/vitrine/vitrine.toml" ] || fail "the config stays after purge"
[ -d "$root/var/lib/vitrine" ] || fail "the store goes with purge"
echo "package: $(basename "$package") installs, serves, drains and goes"
