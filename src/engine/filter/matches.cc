#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "engine/filter/item_fields.h"
#include "vitrine/engine/item_filter.h"
#include "vitrine/feature_store/text.h"

namespace vitrine {

namespace {

// Whether `test` holds for one of the texts of the field.
template <typename Test>
bool HasText(const FilterClause& clause, const Item& item, const Test& test) {
  switch (clause.field) {
    case ItemField::kId:
      return test(item.id);
    case ItemField::kCategory:
      return std::any_of(item.categories.begin(), item.categories.end(), test);
    case ItemField::kBrand:
      return test(item.brand);
    case ItemField::kCurrency:
      return test(item.price ? item.price->currency : std::string());
    case ItemField::kAvailability:
      return test(NameOf(item.availability));
    case ItemField::kTags:
      return std::any_of(item.tags.begin(), item.tags.end(), test);
    case ItemField::kAttribute: {
      const auto found = item.attributes.find(clause.attribute);
      if (found == item.attributes.end()) return false;
      const auto* text = std::get_if<std::string>(&found->second);
      return text != nullptr && test(*text);
    }
    case ItemField::kPrice:
    case ItemField::kStock:
    case ItemField::kPublishTime:
    case ItemField::kDiscount:
      break;
  }
  return false;
}

// In millionths of what the item cost before; nothing where it is no cheaper now.
std::optional<std::int64_t> DiscountOf(const Item& item) {
  constexpr double kMillion = 1e6;
  const auto before = item.attributes.find("original_price");
  if (!item.price || before == item.attributes.end()) return std::nullopt;
  const auto* units = std::get_if<double>(&before->second);
  if (units == nullptr || !(*units > 0)) return std::nullopt;
  const double share = 1 - static_cast<double>(item.price->micros) / (*units * kMillion);
  const auto discount = static_cast<std::int64_t>(std::llround(share * kMillion));
  return discount > 0 ? std::optional(discount) : std::nullopt;
}

std::optional<std::int64_t> IntegerOf(ItemField field, const Item& item) {
  switch (field) {
    case ItemField::kPrice:
      return item.price ? std::optional(item.price->micros) : std::nullopt;
    case ItemField::kStock:
      return item.stock;
    case ItemField::kPublishTime:
      return item.publish_time_us > 0 ? std::optional(item.publish_time_us) : std::nullopt;
    case ItemField::kDiscount:
      return DiscountOf(item);
    default:
      return std::nullopt;
  }
}

bool Holds(const FilterClause& clause, const IsSet& /*test*/, const Item& item) {
  if (clause.field == ItemField::kAttribute) return item.attributes.contains(clause.attribute);
  return IntegerOf(clause.field, item).has_value() ||
         HasText(clause, item, [](std::string_view text) { return !text.empty(); });
}

bool Holds(const FilterClause& clause, const IsOneOf& test, const Item& item) {
  if (clause.field == ItemField::kCategory) {
    return HasText(clause, item,
                   [&](std::string_view path) { return LiesInOneOf(path, test.values); });
  }
  return HasText(clause, item, [&](std::string_view text) {
    return std::binary_search(test.values.begin(), test.values.end(), text);
  });
}

bool Holds(const FilterClause& clause, const IntegerRange& test, const Item& item) {
  const std::optional<std::int64_t> value = IntegerOf(clause.field, item);
  return value.has_value() && test.least <= *value && *value <= test.greatest;
}

bool Holds(const FilterClause& clause, const NumberRange& test, const Item& item) {
  const auto found = item.attributes.find(clause.attribute);
  if (found == item.attributes.end()) return false;
  const auto* number = std::get_if<double>(&found->second);
  return number != nullptr && test.least <= *number && *number <= test.greatest;
}

bool Holds(const FilterClause& clause, const Item& item) {
  return std::visit([&](const auto& test) { return Holds(clause, test, item); }, clause.test);
}

bool Holds(const AllOf& all, const Item& item) {
  return std::all_of(all.parts.begin(), all.parts.end(),
                     [&](const FilterExpression& part) { return Matches(part, item); });
}

bool Holds(const AnyOf& any, const Item& item) {
  return std::any_of(any.parts.begin(), any.parts.end(),
                     [&](const FilterExpression& part) { return Matches(part, item); });
}

bool Holds(const NoneOf& none, const Item& item) {
  return std::none_of(none.parts.begin(), none.parts.end(),
                      [&](const FilterExpression& part) { return Matches(part, item); });
}

}  // namespace

bool AllOf::operator==(const AllOf& other) const { return parts == other.parts; }
bool AnyOf::operator==(const AnyOf& other) const { return parts == other.parts; }
bool NoneOf::operator==(const NoneOf& other) const { return parts == other.parts; }

bool Matches(const FilterExpression& filter, const Item& item) {
  return std::visit([&](const auto& form) { return Holds(form, item); }, filter.is);
}

FilterClause InCategory(std::string_view path) {
  IsOneOf test;
  const std::vector<std::string> prefixes = CategoryPrefixes(path);
  if (!prefixes.empty()) test.values.push_back(prefixes.back());
  return {.field = ItemField::kCategory, .test = std::move(test)};
}

}  // namespace vitrine
