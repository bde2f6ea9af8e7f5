# Packs source files into groups that compile as one, for scripts/cmake/VitrineUnity.cmake.
#
#   awk -v most=8 -f unity_groups.awk a.cc b.cc ...      prints: a.cc <tab> group
#
# Two files that define the same name at the left margin (functions in unnamed namespaces, for the
# most part) never share a group. A name that is no definition costs a group at worst.

# The name that a line defines; empty when none can be told.
function Defined(line,    words, count) {
  if (line !~ /^[A-Za-z]/ || line ~ /^(namespace|return|template|public|private|protected|extern)/) return ""
  if (line ~ /^using namespace/) return ""
  if (line ~ /^(struct|class|union|enum)[ ]/) sub(/[ ]:[ ].*/, "", line)
  sub(/[(={;].*/, "", line)
  sub(/\[[^\]]*\][ ]*$/, "", line)
  sub(/[ ]+$/, "", line)
  count = split(line, words, /[ *&]+/)
  if (words[count] ~ /::/ || words[count] !~ /^[A-Za-z_][A-Za-z0-9_]*$/) return ""
  if (words[count] ~ /^[A-Z0-9_]+$/) return ""  # A macro, such as TEST.
  return words[count]
}

FNR == 1 { files[++num_files] = FILENAME }

{
  name = Defined($0)
  if (name != "") defines[num_files, ++num_names[num_files]] = name
}

END {
  for (f = 1; f <= num_files; ++f) {
    for (g = 1; size[g] >= most || Clashes(f, g); ++g) {}
    ++size[g]
    for (n = 1; n <= num_names[f]; ++n) taken[g, defines[f, n]] = 1
    print files[f] "\t" g
  }
}

function Clashes(f, g,    n) {
  for (n = 1; n <= num_names[f]; ++n) {
    if ((g, defines[f, n]) in taken) return 1
  }
  return 0
}
