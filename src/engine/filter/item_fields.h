#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "vitrine/engine/item_filter.h"

// What a filter may speak of.
namespace vitrine {

enum class FieldKind { kText, kAvailability, kDecimal, kInteger, kTime, kAttribute };

struct FieldSpec {
  std::string_view name{};
  ItemField field{};
  FieldKind kind{};
};

// The fields but for attributes, whose names are "attributes." and more.
std::span<const FieldSpec> FilterFields();
inline constexpr std::string_view kAttributePrefix = "attributes.";

// As the API calls it: "IN_STOCK". Of none of its values: "".
std::string_view NameOf(Availability availability);

// Whether it is the name of one.
bool IsAvailability(std::string_view name);

// All of them, for a message.
std::string AvailabilityNames();

// In double quotes, as ParseFilter reads it.
std::string Quoted(std::string_view text);

// Whether `path` is one of `categories` or lies below one. REQUIRES: these are ascending, and in
// the form that CategoryPrefixes gives.
bool LiesInOneOf(std::string_view path, std::span<const std::string> categories);

}  // namespace vitrine
