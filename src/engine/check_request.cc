#include "engine/check_request.h"

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_format.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/engine/item_filter.h"

namespace vitrine {

namespace {

constexpr std::size_t kMaxPageItems = 100;  // Of the context, and of the cart.
constexpr std::size_t kMaxExcluded = 1000;
constexpr std::size_t kMaxCategories = 20;
constexpr std::size_t kMaxRanked = 1000;

absl::Status CheckPageSize(std::size_t page_size) {
  if (page_size >= 1 && page_size <= kMaxListPage) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("page_size is %d, must be 1 to %d", page_size, kMaxListPage));
}

absl::Status CheckCount(std::string_view field, const std::vector<std::string>& values,
                        std::size_t limit) {
  if (values.size() <= limit) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("%s has %d entries, at most %d are allowed", field, values.size(), limit));
}

absl::Status CheckPage(const std::vector<std::string>& context_item_ids,
                       const std::vector<std::string>& cart_item_ids) {
  VITRINE_RETURN_IF_ERROR(CheckCount("context_item_ids", context_item_ids, kMaxPageItems));
  return CheckCount("cart_item_ids", cart_item_ids, kMaxPageItems);
}

absl::Status CheckPins(const std::vector<Pin>& pins) {
  if (pins.size() > kMaxPins) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%d pins are given, at most %d are allowed", pins.size(), kMaxPins));
  }
  std::set<std::string_view> items;
  std::set<std::size_t> positions;
  for (const Pin& pin : pins) {
    if (pin.position < 1 || pin.position > kMaxListLength) {
      return absl::InvalidArgumentError(
          absl::StrFormat("the position of the pin \"%s\" is %d, must be 1 to %d", pin.item_id,
                          pin.position, kMaxListLength));
    }
    if (!items.insert(pin.item_id).second || !positions.insert(pin.position).second) {
      return absl::InvalidArgumentError(
          absl::StrFormat("the pin \"%s\" at %d shares its item or its position with another",
                          pin.item_id, pin.position));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckBoosts(const std::vector<Boost>& boosts) {
  if (boosts.size() > kMaxBoosts) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%d boosts are given, at most %d are allowed", boosts.size(), kMaxBoosts));
  }
  for (std::size_t i = 0; i < boosts.size(); ++i) {
    if (boosts[i].filter.empty()) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "boosts[%d].filter is empty: say which items are meant, such as brand = \"Acme\"", i));
    }
    const double strength = boosts[i].strength;
    if (!(strength >= -1 && strength <= 1) || strength == 0) {
      return absl::InvalidArgumentError(
          absl::StrFormat("boosts[%d].strength is %g, must be -1 to 1 and not 0", i, strength));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckExploration(const ListControls& controls) {
  const double temperature = controls.exploration.temperature;
  if (!(temperature >= 0 && temperature <= kMaxTemperature)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the temperature of the exploration is %g, must be above 0, to %g, or 0 "
                        "for none",
                        temperature, kMaxTemperature));
  }
  if (temperature > 0 && controls.diversity.method != Diversity::Method::kNone) {
    return absl::InvalidArgumentError(
        "both an exploration and a diversity are wanted: a list is drawn or made varied, leave one "
        "of the two out");
  }
  return absl::OkStatus();
}

absl::Status CheckExposed(const Exposure& exposure) {
  const bool has_filter = exposure.group == Exposure::Group::kFilter;
  if (has_filter == exposure.filter.empty()) {
    return absl::InvalidArgumentError(
        has_filter
            ? "the exposure of a filter has none; say which items are meant"
            : "the exposure has a filter, but is of another group; leave one of the two out");
  }
  const auto filter = ParseFilter(exposure.filter);
  if (filter.ok()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("the filter of the exposure: %s", std::string(filter.status().message())));
}

}  // namespace

absl::Status CheckControls(const ListControls& controls) {
  const double lambda = controls.diversity.lambda;
  if (!(lambda >= 0 && lambda <= 1)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the lambda of the diversity is %g, must be 0 to 1", lambda));
  }
  VITRINE_RETURN_IF_ERROR(CheckBoosts(controls.boosts));
  if (!(controls.rotation >= 0 && controls.rotation <= 1)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("rotation is %g, must be 0 to 1", controls.rotation));
  }
  if (!(controls.exposure.share >= 0 && controls.exposure.share <= 1)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "the share of the exposure is %g, must be 0 to 1", controls.exposure.share));
  }
  VITRINE_RETURN_IF_ERROR(CheckExposed(controls.exposure));
  VITRINE_RETURN_IF_ERROR(CheckExploration(controls));
  return CheckPins(controls.pins);
}

absl::Status CheckRequest(const RecommendRequest& request) {
  if (request.page_size > 0) VITRINE_RETURN_IF_ERROR(CheckPageSize(request.page_size));
  VITRINE_RETURN_IF_ERROR(CheckPage(request.context_item_ids, request.cart_item_ids));
  VITRINE_RETURN_IF_ERROR(CheckCount("exclude_item_ids", request.exclude_item_ids, kMaxExcluded));
  VITRINE_RETURN_IF_ERROR(CheckControls(request.controls));
  return CheckCount("categories", request.categories, kMaxCategories);
}

absl::Status CheckRequest(const SimilarRequest& request) {
  VITRINE_RETURN_IF_ERROR(CheckPageSize(request.page_size));
  if (request.item_id.empty()) {
    return absl::InvalidArgumentError("item_id is empty: name the item that others are like");
  }
  return CheckCount("exclude_item_ids", request.exclude_item_ids, kMaxExcluded);
}

absl::Status CheckRequest(const RankRequest& request) {
  VITRINE_RETURN_IF_ERROR(CheckPage(request.context_item_ids, request.cart_item_ids));
  VITRINE_RETURN_IF_ERROR(CheckCount("item_ids", request.item_ids, kMaxRanked));
  if (request.item_ids.empty()) {
    return absl::InvalidArgumentError("item_ids is empty: name the items to rank");
  }
  return absl::OkStatus();
}

absl::Status CheckRequest(const PurchaseRequest& request) {
  if (request.user_id.empty() && request.visitor_id.empty()) {
    return absl::InvalidArgumentError("user_id and visitor_id are empty: name the shopper");
  }
  if (request.num_reasons <= kMaxPurchaseReasons) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat("%d reasons are wanted, at most %d are given",
                                                    request.num_reasons, kMaxPurchaseReasons));
}

}  // namespace vitrine
