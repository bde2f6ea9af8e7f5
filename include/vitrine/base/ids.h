#pragma once

#include <cstddef>
#include <cstdint>

namespace vitrine {

// Dense numbers that the store gives to external ids, 0, 1, 2, ... in log order, for good: an index
// is never reused. Distinct types, so that a user can never be passed where an item is expected.
enum class UserIndex : std::uint32_t {};
enum class ItemIndex : std::uint32_t {};

// Row of a per-item or per-user table that belongs to `index`.
constexpr std::size_t Row(UserIndex index) { return static_cast<std::size_t>(index); }
constexpr std::size_t Row(ItemIndex index) { return static_cast<std::size_t>(index); }

}  // namespace vitrine
