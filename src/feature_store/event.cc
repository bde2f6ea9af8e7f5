#include "vitrine/feature_store/event.h"

namespace vitrine {
namespace {

constexpr std::array<std::string_view, kNumEventTypes> kNames = {
    "",
    "home-page-view",
    "category-page-view",
    "detail-page-view",
    "search",
    "add-to-cart",
    "remove-from-cart",
    "shopping-cart-page-view",
    "purchase-complete",
    "impression",
    "recommendation-click",
    "rate",
    "not-interested",
    "return-complete",
};

constexpr float kNeutralRating = 2.5F;  // The middle of 0 to 5.

}  // namespace

std::string_view Name(EventType type) {
  const auto number = static_cast<std::size_t>(type);
  return number < kNames.size() ? kNames[number] : std::string_view();
}

std::optional<EventType> ParseEventType(std::string_view name) {
  for (std::size_t number = 1; number < kNames.size(); ++number) {
    if (kNames[number] == name) return static_cast<EventType>(number);
  }
  return std::nullopt;
}

bool EventWeights::AreInteractions(EventType type) const {
  const auto number = static_cast<std::size_t>(type);
  return number < by_type.size() && by_type[number] != 0;
}

float EventWeights::Of(EventType type, float value) const {
  const auto number = static_cast<std::size_t>(type);
  if (number >= by_type.size()) return 0;
  if (type == EventType::kRate) return by_type[number] * (value - kNeutralRating) / kNeutralRating;
  return by_type[number];
}

}  // namespace vitrine
