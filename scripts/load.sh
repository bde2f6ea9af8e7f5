# What the scripts share that put a server under load. Sourced at the root of the tree by those that
# set $vitrine and $work, the folder with the store; a load writes its report to $work/load.json.

fail() { echo "$0: $*" >&2; exit 1; }

server=
# Serves $work/store, and sets $address once the server says it. $1: the seconds that this may take,
# the rest: arguments of `vitrine serve`.
serve() {
  : >"$work/address"
  "$vitrine" serve --store "$work/store" "${@:2}" --listen 127.0.0.1:0 \
    >"$work/address" 2>"$work/serve.log" &
  server=$!
  for _ in $(seq $((10 * $1))); do
    [ ! -s "$work/address" ] || break
    kill -0 "$server" 2>/dev/null || { tail -n 5 "$work/serve.log" >&2; fail "the server stopped"; }
    sleep 0.1
  done
  address=$(sed -n 's/.* on //p' "$work/address")
  [ -n "$address" ] || { tail -n 5 "$work/serve.log" >&2; fail "the server did not come up within $1 seconds"; }
}
stop_server() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  [ -z "$server" ] || wait "$server" 2>/dev/null || true
}

# A number of what the load saw. $1: its name, $2: of which call alone, such as RecommendItems.
number() {
  if [ $# -eq 2 ]; then
    grep -o "\"$2\": *{[^}]*}" "$work/load.json"
  else  # All calls come before those by call.
    cat "$work/load.json"
  fi | grep -o "\"$1\": *[0-9.]*" | head -1 | grep -o '[0-9.]*$'
}
