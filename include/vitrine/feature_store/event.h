#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vitrine/base/clock.h"
#include "vitrine/base/ids.h"

namespace vitrine {

// What a shopper did. The numbers are on disk: add at the end, never change one.
enum class EventType : std::uint8_t {
  kHomePageView = 1,
  kCategoryPageView = 2,
  kDetailPageView = 3,
  kSearch = 4,
  kAddToCart = 5,
  kRemoveFromCart = 6,
  kShoppingCartPageView = 7,
  kPurchaseComplete = 8,
  kImpression = 9,
  kRecommendationClick = 10,
  kRate = 11,
  kNotInterested = 12,
  kReturnComplete = 13,
};
inline constexpr std::size_t kNumEventTypes = 14;  // Index 0 is unused.

// "detail-page-view" and so on: the names of the API, the importer and the config.
std::string_view Name(EventType type);
std::optional<EventType> ParseEventType(std::string_view name);

// An amount in millionths of the currency's unit: 9.99 EUR is {9990000, "EUR"}.
struct Money {
  std::int64_t micros = 0;
  std::string currency{};  // ISO 4217, three capital letters.
  bool operator==(const Money&) const = default;
};

struct EventItem {
  std::string item_id{};
  std::uint32_t quantity = 1;
  std::optional<Money> unit_price{};
  bool operator==(const EventItem&) const = default;
};

// One event as the shop sent it. Which fields a type needs: ValidateEvent.
struct Event {
  std::string event_id{};  // The client's, to make a repeat a no-op; empty: no protection.
  EventType type{};
  std::string user_id{};     // Signed-in shopper.
  std::string visitor_id{};  // Anonymous shopper; at least one of the two.
  std::string session_id{};
  Micros time_us = 0;  // When it happened; 0 means when it arrived.
  std::vector<EventItem> items{};
  std::optional<double> rating{};  // `rate` only, 0 to 5.
  std::string search_query{};
  std::vector<std::string> page_categories{};
  std::string order_id{};
  std::optional<Money> revenue{};
  std::string placement{};
  std::string attribution_token{};
  bool operator==(const Event&) const = default;
};

// One item that one shopper touched, as scorers and views see it.
struct Interaction {
  Micros time_us = 0;
  ItemIndex item{};
  float weight = 0;  // Of the event's type, see EventWeights; below 0: dislike.
  float value = 1;   // The rating for kRate, else the quantity.
  EventType type{};
  bool operator==(const Interaction&) const = default;
};

// How much an event of each type says about preference. Unitless, relative to one detail page view.
struct EventWeights {
  std::array<float, kNumEventTypes> by_type = DefaultEventWeights();

  // Whether events of the type are in histories: their weight is not 0. A rating is one at any
  // value, the neutral 2.5 too, which weighs nothing.
  bool AreInteractions(EventType type) const;

  // A rating r counts as by_type[kRate] * (r - 2.5) / 2.5, anything else as its type's weight.
  float Of(EventType type, float value) const;

 private:
  static constexpr std::array<float, kNumEventTypes> DefaultEventWeights() {
    std::array<float, kNumEventTypes> weights{};
    weights[static_cast<std::size_t>(EventType::kDetailPageView)] = 1;
    weights[static_cast<std::size_t>(EventType::kRecommendationClick)] = 1;
    weights[static_cast<std::size_t>(EventType::kAddToCart)] = 3;
    weights[static_cast<std::size_t>(EventType::kRemoveFromCart)] = -1;
    weights[static_cast<std::size_t>(EventType::kPurchaseComplete)] = 5;
    weights[static_cast<std::size_t>(EventType::kRate)] = 4;
    weights[static_cast<std::size_t>(EventType::kNotInterested)] = -5;
    weights[static_cast<std::size_t>(EventType::kReturnComplete)] = -4;
    return weights;
  }
};

}  // namespace vitrine
