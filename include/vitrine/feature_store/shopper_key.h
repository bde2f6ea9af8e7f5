#pragma once

#include <cstdint>
#include <string_view>

#include "vitrine/feature_store/event.h"

namespace vitrine {

class FeatureStore;

// A shopper in 64 bits, to join what one did without keeping ids. Users and visitors are apart: the
// last bit says which.
std::uint64_t UserKey(std::string_view user_id);
std::uint64_t VisitorKey(std::string_view visitor_id);

// The shopper of an event: the user that it names, else the user that its visitor was merged into,
// else the visitor.
std::uint64_t ShopperKey(const FeatureStore& store, const Event& event);

}  // namespace vitrine
