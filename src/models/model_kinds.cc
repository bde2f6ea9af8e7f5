#include "vitrine/models/model_kinds.h"

#include <algorithm>

namespace vitrine {

const std::vector<ModelKind>& ModelKinds() {
  static const std::vector<ModelKind> kinds;
  return kinds;
}

const ModelKind* FindModelKind(std::string_view name) {
  const auto& kinds = ModelKinds();
  const auto kind = std::find_if(kinds.begin(), kinds.end(),
                                 [&](const ModelKind& each) { return each.name == name; });
  return kind == kinds.end() ? nullptr : &*kind;
}

}  // namespace vitrine
