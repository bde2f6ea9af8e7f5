#include "vitrine/models/model_name.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "vitrine/base/nearest.h"
#include "vitrine/models/model_kinds.h"
#include "vitrine/models/ranker_model.h"

namespace vitrine {
namespace {

constexpr char kBeforeLabel = '@';

bool IsLabel(std::string_view text) {
  return !text.empty() && text.size() <= kMostLabelBytes &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_islower(static_cast<unsigned char>(c)) ||
                  absl::ascii_isdigit(static_cast<unsigned char>(c)) || c == '_';
         });
}

}  // namespace

std::string_view KindOf(std::string_view name) {
  const std::size_t at = name.find(kBeforeLabel);
  if (at == std::string_view::npos || !IsLabel(name.substr(at + 1))) return name;
  const std::string_view kind = name.substr(0, at);
  return kind == kRankerName ? name : kind;
}

std::string AllowedModels(std::string_view name, std::span<const std::string> names) {
  const std::string_view kind = name.substr(0, name.find(kBeforeLabel));
  const bool is_known = std::find(names.begin(), names.end(), kind) != names.end();
  if (!is_known || kind == name) return Allowed(kind, names);
  if (kind == kRankerName || FindModelKind(kind) == nullptr) {
    return absl::StrFormat("%s has no label, as there is one at most: write %s", kind, kind);
  }
  return absl::StrFormat("behind the @ goes a label of 1 to %d of a-z, 0-9 and _, as in %s@wide",
                         kMostLabelBytes, kind);
}

}  // namespace vitrine
