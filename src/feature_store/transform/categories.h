#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vitrine/feature_store/transform/feature_table.h"

namespace vitrine {

// How many rows each category has; missing ones are none.
std::map<std::string, std::size_t> CountCategories(const Column& column);

// Where `category` is in `ascending`.
std::optional<std::size_t> FindCategory(std::span<const std::string> ascending,
                                        std::string_view category);

// Whether it ascends, without equal ones.
bool Ascends(std::span<const std::string> categories);

// INVALID_ARGUMENT that names the category and the row.
absl::Status UnseenCategory(std::string_view column, std::string_view category, std::size_t row);

}  // namespace vitrine
