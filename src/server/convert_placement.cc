#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "server/wire.h"
#include "vitrine/server/convert.h"
#include "vitrine/server/convert_controls.h"

namespace vitrine {
namespace {

// In this order on both sides, but for what is unspecified.
static_assert(static_cast<int>(Placement::Subject::kCart) + 1 == v1::Placement::SUBJECT_CART);
static_assert(static_cast<int>(Placements::Origin::kPut) + 1 == v1::Placement::ORIGIN_SERVICE);

Placement::Subject ReadSubject(v1::Placement::Subject message,
                               std::vector<FieldViolation>& violations) {
  if (!v1::Placement::Subject_IsValid(message)) {
    violations.push_back({"subject", absl::StrFormat("%d is none of its values", message)});
    return {};
  }
  return static_cast<Placement::Subject>(std::max(static_cast<int>(message) - 1, 0));
}

}  // namespace

Converted<Placement> FromProto(const v1::Placement& message) {
  Converted<Placement> converted;
  auto& [placement, violations] = converted;
  placement.name = message.name();
  placement.description = message.description();
  placement.subject = ReadSubject(message.subject(), violations);
  placement.weights.insert(message.weights().begin(), message.weights().end());
  placement.filter = message.filter();
  placement.max_age_days = message.max_age_days();
  placement.is_of_categories = message.of_categories();
  placement.is_of_bought = message.of_bought();
  if (message.page_size() < 0) {
    violations.push_back({"page_size", absl::StrFormat("is %d; must be 1 to 200, or 0 for 20",
                                                       message.page_size())});
  } else if (message.page_size() > 0) {
    placement.page_size = static_cast<std::size_t>(message.page_size());
  }
  placement.seen = ReadSeenPolicy(message.seen_items_policy(), "", violations)
                       .value_or(SeenPolicy::kExcludePurchased);
  placement.controls = ReadControls(message, "", violations);
  placement.fallbacks.assign(message.fallbacks().begin(), message.fallbacks().end());
  if (!violations.empty()) return converted;
  for (PlacementFault& fault : FaultsOf(placement)) {
    violations.push_back({std::move(fault.field), std::move(fault.description)});
  }
  return converted;
}

v1::Placement ToProto(const Placements::Entry& entry) {
  const Placement& placement = entry.placement;
  v1::Placement message;
  message.set_name(placement.name);
  message.set_description(placement.description);
  message.set_subject(static_cast<v1::Placement::Subject>(static_cast<int>(placement.subject) + 1));
  message.mutable_weights()->insert(placement.weights.begin(), placement.weights.end());
  message.set_filter(placement.filter);
  message.set_max_age_days(placement.max_age_days);
  message.set_of_categories(placement.is_of_categories);
  message.set_of_bought(placement.is_of_bought);
  message.set_page_size(static_cast<int>(placement.page_size));
  message.set_seen_items_policy(ToProto(placement.seen));
  SetControls(placement.controls, message);
  for (const std::string& fallback : placement.fallbacks) message.add_fallbacks(fallback);
  message.set_origin(static_cast<v1::Placement::Origin>(static_cast<int>(entry.origin) + 1));
  return message;
}

}  // namespace vitrine
