#include "cli/nearest.h"

#include <vector>

#include "absl/strings/str_format.h"
#include "vitrine/base/nearest.h"

namespace vitrine::cli {

std::string Nearest(std::string_view word, std::span<const std::string> names) {
  const std::vector<std::string> nearest = NearestNames(word, names, 1);
  return nearest.empty() ? "" : nearest[0];
}

std::string Allowed(std::string_view word, std::span<const std::string> names) {
  std::string text;
  const std::string nearest = Nearest(word, names);
  if (!nearest.empty()) text = absl::StrFormat("did you mean %s? ", nearest);
  text += "Allowed: ";
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += ", ";
    text += names[i];
  }
  return text;
}

}  // namespace vitrine::cli
