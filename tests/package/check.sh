#!/usr/bin/env bash
# Packs the Debian package, installs it with dpkg in a root where little is, and lives with it there: its
# scripts make the user, a second installation changes nothing, the binary serves a store with the
# installed config and drains; removal leaves the config, purge does not. Where this is root, dpkg and
# the server enter that root, and the server is the user vitrine; else, under fakeroot, both stay
# outside of it. Usage: check.sh BUILD WORK, the build folder and a folder of its own, made anew.
# Exit status 77: this machine cannot try it.
set -euo pipefail
build=$1 work=$2 source=$(cd "$(dirname "$0")/../.." && pwd)
PATH=$PATH:/usr/sbin:/sbin  # Where useradd and chroot are.
. "$source/tests/package/root.sh"

fail() { echo "package: $*" >&2; exit 1; }

if [ "$(id -u)" -ne 0 ]; then
  # As GoogleTest says it, so that scripts/test finds why.
  command -v fakeroot >/dev/null ||
    { printf 'package: Skipped\nthe package wants root or fakeroot\n'; exit 77; }
  [ -n "${FAKEROOTKEY-}" ] || exec fakeroot "$0" "$@"
fi
if chroot / /bin/true 2>/dev/null; then
  can_enter=true
else
  can_enter=false
  echo "package: not root, so its scripts and the server run outside of the root that they are for"
fi

rm -rf "$work" && mkdir -p "$work"
(cd "$work" && cpack -G DEB --config "$build/CPackConfig.cmake" >cpack.log 2>&1) ||
  { cat "$work/cpack.log" >&2; fail "cpack failed"; }
package=$(echo "$work"/vitrine_*.deb)

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

# The user and the files, before and after a second installation over a config that somebody changed.
own_user=$(getent passwd vitrine || true)
root=$work/root
make_root "$root"
if $can_enter; then
  put_programs "$root" sh getent groupadd useradd install cut rmdir rm
  put_systemctl "$root"
fi
dpkg_in "$root" --install "$package"
vitrine=$root/usr/bin/vitrine
[ "$(dpkg-query --admindir="$root/var/lib/dpkg" -W -f='${db:Status-Status}' vitrine)" = installed ] ||
  fail "is not installed"
check_user "$root"
check_config "$root"
check_asked "$root" "daemon-reload"
echo "# Somebody's." >>"$root/etc/vitrine/vitrine.toml"
before=$(users_and_files "$root")
dpkg_in "$root" --install "$package"
[ "$(users_and_files "$root")" = "$before" ] ||
  fail "a second installation changes $(diff <(echo "$before") <(users_and_files "$root"))"
check_asked "$root" "daemon-reload daemon-reload try-restart vitrine.service"

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

# It serves with the installed config, and drains. `inside`: the root as the server sees it.
mkdir "$root/run/vitrine" && chown --reference="$root/var/lib/vitrine" "$root/run/vitrine"
"$vitrine" simulate --out "$root/tmp/shop" --items 50 --users 20 --events 500 --seed 1 >/dev/null
if $can_enter; then
  inside=
  put_libraries "$root" "$vitrine"
  as_vitrine() { exec chroot --userspec=vitrine:vitrine "$root" /usr/bin/vitrine "$@"; }
else
  inside=$root
  as_vitrine() { exec "$vitrine" "$@"; }
fi
(as_vitrine import --store "$inside/var/lib/vitrine" --items "$inside/tmp/shop/items.csv" \
   --events "$inside/tmp/shop/events.jsonl") >/dev/null
(as_vitrine serve --store "$inside/var/lib/vitrine" --config "$inside/etc/vitrine/vitrine.toml" \
   --listen "unix:$inside/run/vitrine/socket") >"$work/serve.out" 2>"$work/serve.log" &
server=$!
trap 'kill -9 $server 2>/dev/null || true' EXIT
for _ in $(seq 600); do
  grep -q 'serves' "$work/serve.out" && break
  kill -0 $server 2>/dev/null || { cat "$work/serve.log" >&2; fail "the server ended"; }
  sleep 0.1
done
socket=unix:$root/run/vitrine/socket
"$vitrine" recommend --target "$socket" --user u00001 --count 3 --json >"$work/list.json" ||
  fail "no list"
grep -q '"item' "$work/list.json" || fail "an empty list: $(cat "$work/list.json")"
"$vitrine" train --target "$socket" --force >/dev/null ||
  fail "no training with the installed config: $(cat "$work/serve.log")"
# As docs/ops/backup.md has it, where the unit lets the server write.
grep -qx 'ReadWritePaths=-/var/backups/vitrine' "$root/lib/systemd/system/vitrine.service" ||
  fail "the unit has no place for backups"
"$vitrine" backup --target "$socket" --to "$inside/var/backups/vitrine/first" >/dev/null ||
  fail "no backup with the installed config: $(cat "$work/serve.log")"
kill -TERM $server
wait $server || fail "the server ended with status $?"
trap - EXIT

dpkg_in "$root" --remove vitrine
[ ! -e "$vitrine" ] || fail "the binary stays after removal"
[ "$(users_and_files "$root")" = "$before" ] ||
  fail "removal changes $(diff <(echo "$before") <(users_and_files "$root"))"
asked="daemon-reload daemon-reload try-restart vitrine.service disable --now vitrine.service daemon-reload"
check_asked "$root" "$asked"
dpkg_in "$root" --purge vitrine
[ ! -e "$root/etc/vitrine" ] || fail "the config stays after purge"
[ -d "$root/var/lib/vitrine/models" ] || fail "the store goes with purge"
[ -d "$root/var/backups/vitrine/first" ] || fail "the backup goes with purge"
[ "$(grep -c 'is kept, with what is in it' "$work/dpkg.out")" = 2 ] ||
  fail "purge does not say that the store and the backup are kept"
check_user "$root"

# From outside of the root, as who makes an image does it; there is a group of that name, but no store.
can_enter=false
make_root "$work/image"
echo 'vitrine:x:450:' >>"$work/image/etc/group"
dpkg_in "$work/image" --install "$package"
check_user "$work/image"
grep -q '^vitrine:x:[0-9]*:450:' "$work/image/etc/passwd" || fail "the group is not the one that there was"
dpkg_in "$work/image" --purge vitrine
[ ! -e "$work/image/var/lib/vitrine" ] && [ ! -e "$work/image/var/backups/vitrine" ] ||
  fail "an empty folder stays after purge"
[ "$(getent passwd vitrine || true)" = "$own_user" ] || fail "it changes users of this machine"
echo "package: $(basename "$package") installs, serves, drains and goes"
