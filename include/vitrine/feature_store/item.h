#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "vitrine/base/clock.h"
#include "vitrine/feature_store/event.h"

namespace vitrine {

// The numbers are on disk: add at the end, never change one.
enum class Availability : std::uint8_t {
  kInStock = 1,
  kOutOfStock = 2,
  kPreorder = 3,
  kBackorder = 4
};

// A free attribute: text or a number.
using AttributeValue = std::variant<std::string, double>;

// A product as the shop described it.
struct Item {
  std::string id{};               // Case-sensitive, the shop's own.
  std::string primary_item_id{};  // Set on a variant (size, colour): the product it belongs to.
  std::string title{};
  std::string description{};
  std::vector<std::string> categories{};  // Paths: "Home > Kitchen".
  std::string brand{};
  std::optional<Money> price{};
  Availability availability = Availability::kInStock;
  std::optional<std::int64_t> stock{};  // Pieces; 0 is out of stock; absent: not counted.
  std::vector<std::string> tags{};
  std::vector<std::string> image_uris{};
  std::map<std::string, AttributeValue> attributes{};
  Micros publish_time_us = 0;  // Not shown before; 0: at once.
  bool operator==(const Item&) const = default;
};

// Whether the item may be recommended at `now`: published, and in stock or on (pre)order.
bool IsServable(const Item& item, Micros now);

}  // namespace vitrine
