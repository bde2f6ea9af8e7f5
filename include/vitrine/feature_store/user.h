#pragma once

#include <map>
#include <string>

#include "vitrine/feature_store/item.h"

namespace vitrine {

// What a shopper is said to be, such as "country" or "age".
using ProfileAttributes = std::map<std::string, AttributeValue>;

// What the shop tells about a signed-in shopper. Everything but the id is optional.
struct User {
  std::string id{};
  ProfileAttributes attributes{};
  bool operator==(const User&) const = default;
};

}  // namespace vitrine
