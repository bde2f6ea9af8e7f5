#include "engine/filter/item_fields.h"

#include <algorithm>
#include <array>
#include <vector>

#include "vitrine/feature_store/text.h"

namespace vitrine {

namespace {

constexpr std::array<FieldSpec, 10> kFields = {{
    {"id", ItemField::kId, FieldKind::kText},
    {"category", ItemField::kCategory, FieldKind::kText},
    {"brand", ItemField::kBrand, FieldKind::kText},
    {"price", ItemField::kPrice, FieldKind::kDecimal},
    {"currency", ItemField::kCurrency, FieldKind::kText},
    {"discount", ItemField::kDiscount, FieldKind::kDecimal},
    {"availability", ItemField::kAvailability, FieldKind::kAvailability},
    {"stock", ItemField::kStock, FieldKind::kInteger},
    {"tags", ItemField::kTags, FieldKind::kText},
    {"publish_time", ItemField::kPublishTime, FieldKind::kTime},
}};

constexpr std::array<Availability, 4> kAvailabilities = {
    Availability::kInStock, Availability::kOutOfStock, Availability::kPreorder,
    Availability::kBackorder};

constexpr std::string_view kSeparator = " > ";

bool IsNameByte(char c) { return std::string_view(" \t\r\n>").find(c) == std::string_view::npos; }

// Whether CategoryPrefixes would give the path as it stands.
bool IsNormalPath(std::string_view path) {
  if (path.empty() || !IsNameByte(path.front()) || !IsNameByte(path.back())) return false;
  for (std::size_t at = path.find('>'); at != path.npos; at = path.find('>', at + 1)) {
    if (at < 2 || path.substr(at - 1, 3) != kSeparator) return false;
    if (!IsNameByte(path[at - 2]) || !IsNameByte(path[at + 2])) return false;
  }
  return true;
}

}  // namespace

std::span<const FieldSpec> FilterFields() { return kFields; }

std::string_view NameOf(Availability availability) {
  switch (availability) {
    case Availability::kInStock:
      return "IN_STOCK";
    case Availability::kOutOfStock:
      return "OUT_OF_STOCK";
    case Availability::kPreorder:
      return "PREORDER";
    case Availability::kBackorder:
      return "BACKORDER";
  }
  return "";
}

bool IsAvailability(std::string_view name) {
  return std::any_of(kAvailabilities.begin(), kAvailabilities.end(),
                     [name](Availability each) { return NameOf(each) == name; });
}

std::string AvailabilityNames() {
  std::string names;
  for (const Availability each : kAvailabilities) {
    if (!names.empty()) names += ", ";
    names += NameOf(each);
  }
  return names;
}

bool LiesInOneOf(std::string_view path, std::span<const std::string> categories) {
  const auto is_one = [&](std::string_view prefix) {
    return std::binary_search(categories.begin(), categories.end(), prefix);
  };
  if (!IsNormalPath(path)) {
    const std::vector<std::string> prefixes = CategoryPrefixes(path);
    return std::any_of(prefixes.begin(), prefixes.end(), is_one);
  }
  for (std::size_t end = path.find(kSeparator); end != path.npos;
       end = path.find(kSeparator, end + kSeparator.size())) {
    if (is_one(path.substr(0, end))) return true;
  }
  return is_one(path);
}

}  // namespace vitrine
