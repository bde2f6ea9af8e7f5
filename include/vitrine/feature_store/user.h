#pragma once

#include <map>
#include <string>

#include "vitrine/feature_store/item.h"

namespace vitrine {

// What the shop tells about a signed-in shopper. Everything but the id is optional.
struct User {
  std::string id{};
  std::map<std::string, AttributeValue> attributes{};  // Such as "country" or "age".
  bool operator==(const User&) const = default;
};

}  // namespace vitrine
