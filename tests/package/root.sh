# The roots in which check.sh installs the package, and what is looked at there. check.sh sets `work`,
# `can_enter` and fail.

# A root with the users of a base system, and the books of dpkg. A plain file does for /dev/null.
make_root() {
  mkdir -p "$1"/{dev,etc,tmp,run,usr/{bin,sbin,lib,lib64}} "$1"/var/lib/dpkg/{updates,info}
  local folder
  for folder in bin sbin lib lib64; do ln -s "usr/$folder" "$1/$folder"; done
  touch "$1"/var/lib/dpkg/{status,available} "$1/dev/null"
  chmod 0666 "$1/dev/null"
  echo 'root:x:0:0:root:/root:/bin/sh' >"$1/etc/passwd"
  echo 'root:x:0:' >"$1/etc/group"
  echo 'root:*:20000::::::' >"$1/etc/shadow"
  echo 'root:*::' >"$1/etc/gshadow"
}

# put_libraries ROOT PROGRAM: those that it is linked with, where it looks for them.
put_libraries() {
  ldd "$2" | grep -o ' /[^ ]*\|^[[:space:]]/[^ ]*' | xargs cp -L --parents --update --target-directory="$1"
}

# put_programs ROOT NAME...
put_programs() {
  local root=$1 name
  shift
  for name in "$@"; do
    cp -L "$(command -v "$name")" "$root/usr/bin"
    put_libraries "$root" "$(command -v "$name")"
  done
}

# A systemd that runs, as far as scripts see, and writes down what it is asked.
put_systemctl() {
  mkdir -p "$1/run/systemd/system"
  printf '#!/bin/sh\necho "$*" >>/run/asked\n' >"$1/usr/bin/systemctl"
  chmod +x "$1/usr/bin/systemctl"
}

# check_asked ROOT WANTED: all that systemd was asked so far.
check_asked() {
  $can_enter || return 0
  local asked
  asked=$(tr '\n' ' ' <"$1/run/asked")
  [ "$asked" = "$2 " ] || fail "systemd was asked $asked where $2 was wanted"
}

# dpkg_in ROOT ARGUMENT...
dpkg_in() {
  local root=$1 how=(--force-depends)
  shift
  $can_enter || how+=(--force-not-root --force-script-chrootless)
  dpkg --root="$root" "${how[@]}" --log="$work/dpkg.log" "$@" >"$work/dpkg.out" 2>&1 </dev/null ||
    { cat "$work/dpkg.out" >&2; fail "dpkg $* failed"; }
}

# The user whom the unit names is one of the system who cannot log in, at home in the folder that the
# unit gives him. It is his, and so is the folder that the unit lets him write backups to.
check_user() {
  local root=$1 unit=$source/packaging/vitrine.service uid gid
  grep -qx 'User=vitrine' "$unit" && grep -qx 'Group=vitrine' "$unit" || fail "the unit has other users"
  local home=/var/lib/$(sed -n 's/^StateDirectory=//p' "$unit")
  local mode=$(sed -n 's/^StateDirectoryMode=0//p' "$unit")
  grep -qx "vitrine:x:[1-9][0-9]\{2\}:[1-9][0-9]\{2\}:[^:]*:$home:/usr/sbin/nologin" "$root/etc/passwd" ||
    fail "the user is not as wanted: $(cat "$root/etc/passwd")"
  uid=$(sed -n 's/^vitrine:x:\([0-9]*\):.*/\1/p' "$root/etc/passwd")
  gid=$(sed -n 's/^vitrine:x:\([0-9]*\):.*/\1/p' "$root/etc/group")
  grep -q "^vitrine:x:$uid:$gid:" "$root/etc/passwd" || fail "the user has another group than vitrine"
  grep -q '^vitrine:!' "$root/etc/shadow" || fail "the user can have a password"
  local folder
  for folder in "$home" "$(sed -n 's/^ReadWritePaths=-//p' "$unit")"; do
    [ "$(stat -c '%u:%g %a' "$root$folder")" = "$uid:$gid $mode" ] ||
      fail "$folder is $(stat -c '%u:%g %a' "$root$folder") where $uid:$gid $mode was wanted"
  done
}

# Of root, for all to read.
check_config() {
  local is
  is=$(stat -c '%u:%g %a' "$1/etc/vitrine/vitrine.toml")
  [ "$is" = "0:0 644" ] || fail "the config is $is where 0:0 644 was wanted"
}

# All that a second installation, and a removal, leave as it is.
users_and_files() {
  (cd "$1" && cat etc/{passwd,group,shadow,gshadow} etc/vitrine/vitrine.toml &&
     stat -c '%n %u:%g %a' var/lib/vitrine var/backups/vitrine etc/vitrine/vitrine.toml)
}
