#include <algorithm>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "engine/check_request.h"
#include "engine/live_scorers.h"
#include "vitrine/engine/item_filter.h"
#include "vitrine/engine/placement.h"
#include "vitrine/models/model_kinds.h"
#include "vitrine/models/model_name.h"

namespace vitrine {
namespace {

constexpr std::size_t kMaxNameBytes = 64;
constexpr std::size_t kMaxDescriptionBytes = 1000;
constexpr double kMostWeight = 1000;
constexpr double kMostDays = 3650;

bool IsPlacementName(std::string_view name) {
  return !name.empty() && name.size() <= kMaxNameBytes &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return absl::ascii_islower(static_cast<unsigned char>(c)) ||
                  absl::ascii_isdigit(static_cast<unsigned char>(c)) || c == '-';
         });
}

std::vector<std::string> ScorerNames() {
  std::vector<std::string> names;
  for (const ModelKind& kind : ModelKinds()) names.emplace_back(kind.name);
  names.insert(names.end(), kLiveScorerNames.begin(), kLiveScorerNames.end());
  return names;
}

void CheckWeights(const Placement& placement, std::vector<PlacementFault>& faults) {
  for (const auto& [model, weight] : placement.weights) {
    const std::string field = absl::StrFormat("weights[\"%s\"]", model);
    if (FindModelKind(KindOf(model)) == nullptr && !IsLiveModel(model)) {
      faults.push_back({field, "is no model; " + AllowedModels(model, ScorerNames())});
    } else if (!(weight > 0 && weight <= kMostWeight)) {
      faults.push_back({field, absl::StrFormat("is %g; must be above 0, to %g, or not be there",
                                               weight, kMostWeight)});
    }
  }
}

void CheckFallbacks(const Placement& placement, std::vector<PlacementFault>& faults) {
  const std::vector<std::string>& fallbacks = placement.fallbacks;
  if (fallbacks.size() > kMaxFallbacks) {
    faults.push_back({"fallbacks", absl::StrFormat("has %d entries; at most %d are allowed",
                                                   fallbacks.size(), kMaxFallbacks)});
  }
  std::set<std::string_view> seen = {placement.name};
  for (std::size_t i = 0; i < fallbacks.size(); ++i) {
    if (seen.insert(fallbacks[i]).second) continue;
    faults.push_back(
        {absl::StrFormat("fallbacks[%d]", i),
         absl::StrFormat("\"%s\" is the placement itself, or comes before already", fallbacks[i])});
  }
}

void CheckOwnControls(const ListControls& controls, std::vector<PlacementFault>& faults) {
  if (!controls.pins.empty()) {
    faults.push_back({"pins", "are a request's alone; a placement cannot have any"});
  }
  if (controls.exploration != Exploration()) {
    faults.push_back({"exploration", "is a request's alone; a placement cannot have it"});
  }
  for (std::size_t i = 0; i < controls.boosts.size(); ++i) {
    const auto filter = ParseFilter(controls.boosts[i].filter);
    if (filter.ok()) continue;
    faults.push_back(
        {absl::StrFormat("boosts[%d].filter", i), std::string(filter.status().message())});
  }
  const absl::Status checked = CheckControls(controls);
  if (!checked.ok()) faults.push_back({"controls", std::string(checked.message())});
}

}  // namespace

std::vector<PlacementFault> FaultsOf(const Placement& placement) {
  std::vector<PlacementFault> faults;
  if (!IsPlacementName(placement.name)) {
    faults.push_back(
        {"name",
         absl::StrFormat("is \"%s\"; must be 1 to %d lower-case letters, digits and hyphens",
                         placement.name.substr(0, kMaxNameBytes), kMaxNameBytes)});
  }
  if (placement.description.size() > kMaxDescriptionBytes) {
    faults.push_back(
        {"description", absl::StrFormat("has %d bytes; at most %d are allowed",
                                        placement.description.size(), kMaxDescriptionBytes)});
  }
  CheckWeights(placement, faults);
  if (const auto filter = ParseFilter(placement.filter); !filter.ok()) {
    faults.push_back({"filter", std::string(filter.status().message())});
  }
  if (!(placement.max_age_days >= 0 && placement.max_age_days <= kMostDays)) {
    faults.push_back({"max_age_days", absl::StrFormat("is %g; must be 0, for all, to %g",
                                                      placement.max_age_days, kMostDays)});
  }
  if (placement.page_size < 1 || placement.page_size > kMaxListPage) {
    faults.push_back({"page_size", absl::StrFormat("is %d; must be 1 to %d", placement.page_size,
                                                   kMaxListPage)});
  }
  CheckOwnControls(placement.controls, faults);
  CheckFallbacks(placement, faults);
  return faults;
}

}  // namespace vitrine
