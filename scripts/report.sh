# What the scripts share that append rows to a report in docs/. Sourced at the root of the tree.
#
# A row begins with when it was written and with the tree that it tells of: the commit, and "-dirty"
# where what lies here is not what that commit has. Rows of another commit tell of this tree too
# unless something that they depend on has changed since; those of a dirty tree only in the run that
# wrote them, since nobody knows later what it was.
#
#   open_report docs/ops/soak.md src include proto
#   add_row 5 30000 held         # | 2026-11-30 03:29 | 0b547e3 | 5 | 30000 | held |
#   rows_of_this_tree

# $1: the report, the rest: the files and folders that its rows depend on.
open_report() {
  report=$PWD/$1
  shift
  local path commit untracked
  for path in "$@"; do
    [ -e "$path" ] || { echo "$0: rows of $report depend on $path, which is not there" >&2; exit 2; }
  done
  tree=$(git rev-parse --short HEAD) ||
    { echo "$0: rows of $report name a commit; run it in a clone of the repository" >&2; exit 2; }
  # By these paths alone: to `git describe --dirty` the rows themselves would be a change.
  untracked=$(git ls-files --others --exclude-standard -- "$@")
  if [ -n "$untracked" ] || ! git diff --quiet HEAD -- "$@"; then
    tree+=-dirty
    [ "${told_of-}" = "$tree" ] ||
      echo "$0: there are changes that are not committed: rows of $tree count for this run alone" >&2
    told_of=$tree
  fi
  same_trees=()
  while read -r commit; do
    if [ -z "$untracked" ] && git diff --quiet "$commit" -- "$@" 2>/dev/null; then same_trees+=("$commit"); fi
  done < <(cut -d'|' -f3 "$report" | { grep -xE ' [0-9a-f]{7,40} ' || true; } | sort -u
           echo "${tree%-dirty}")
  lines_before=$(wc -l <"$report")
}

# $@: the cells behind those of the time and the tree.
add_row() {
  local row cell
  row="| $(date -u +'%Y-%m-%d %H:%M') | $tree"
  for cell in "$@"; do row+=" | $cell"; done
  echo "$row |" | tee -a "$report"
}

# To be read by fields (awk -F' *[|] *'): the time is $2, the tree $3.
rows_of_this_tree() {
  awk -F' *[|] *' -v same="${same_trees[*]}" -v tree="$tree" -v before="$lines_before" '
    BEGIN { split(same, trees, " "); for (i in trees) counts[trees[i]] = 1 }
    $3 in counts || ($3 == tree && NR > before)' "$report"
}

# The folders of modules, such as base, in src/ and include/.
module_paths() {
  local name path
  for name in "$@"; do
    for path in "src/$name" "include/vitrine/$name"; do
      if [ -e "$path" ]; then echo "$path"; fi
    done
  done
}

# What is run is built of the tree that lies here, which the rows name. $@: targets.
build_release() {
  cmake --preset release >/dev/null
  cmake --build --preset release --target "$@"
}
