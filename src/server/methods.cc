#include "server/methods.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <set>

#include "absl/strings/str_format.h"
#include "vitrine/base/nearest.h"

namespace vitrine {
namespace {

constexpr Micros kCostMemory = 16;  // Calls that the mean looks back on.

const std::set<std::string_view>& WritingMethods() {
  static const auto* const methods = new std::set<std::string_view>{
      "vitrine.v1.EventService.RecordEvents",   "vitrine.v1.EventService.StreamEvents",
      "vitrine.v1.CatalogService.UpsertItems",  "vitrine.v1.CatalogService.DeleteItems",
      "vitrine.v1.CatalogService.SetInventory", "vitrine.v1.CatalogService.ReplaceCatalog",
      "vitrine.v1.UserService.UpsertUsers",     "vitrine.v1.UserService.MergeUsers",
      "vitrine.v1.FeatureService.PutFeatures"};
  return *methods;
}

}  // namespace

// Two threads at a time may lose one call's share of the mean; it is an estimate.
void Method::AddCost(Micros took_us) {
  const Micros before = cost_us.load(std::memory_order_relaxed);
  const Micros after = before == 0 ? took_us : before + (took_us - before) / kCostMemory;
  cost_us.store(std::max<Micros>(1, after), std::memory_order_relaxed);
}

Methods::Methods(const std::vector<std::string>& services) {
  for (const std::string& name : services) {
    const auto* service =
        google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(name);
    for (int i = 0; service != nullptr && i < service->method_count(); ++i) {
      const auto& descriptor = *service->method(i);
      auto method = std::make_unique<Method>();
      method->name = descriptor.name();
      method->scope = ScopeOf(descriptor.full_name());
      method->shoppers = ShopperFields(*descriptor.input_type());
      method->is_limitable = !descriptor.client_streaming() && !descriptor.server_streaming() &&
                             name.starts_with("vitrine.");
      methods_[descriptor.input_type()] = std::move(method);
    }
  }
}

absl::Status Methods::CheckLimits(const Limits& limits) const {
  std::set<std::string> names;
  for (const auto& [type, method] : methods_) {
    if (method->is_limitable) names.insert(method->name);
  }
  for (const auto& [name, limit] : limits) {
    if (names.contains(name)) continue;
    return absl::InvalidArgumentError(absl::StrFormat(
        "max_in_flight names the method \"%s\", which is none that can be limited so; %s", name,
        Allowed(name, std::vector<std::string>(names.begin(), names.end()))));
  }
  return absl::OkStatus();
}

void Methods::SetLimits(const Limits& limits) {
  for (const auto& [type, method] : methods_) {
    const auto limit = limits.find(method->name);
    method->max_in_flight = limit == limits.end() ? 0 : static_cast<std::int64_t>(limit->second);
  }
}

Method& Methods::Of(const google::protobuf::Message& request) {
  const auto found = methods_.find(request.GetDescriptor());
  return found == methods_.end() ? unknown_ : *found->second;
}

std::vector<const Method*> Methods::All() const {
  std::vector<const Method*> all;
  for (const auto& [type, method] : methods_) all.push_back(method.get());
  return all;
}

Scope Methods::ScopeOf(std::string_view full_name) {
  if (WritingMethods().contains(full_name)) return Scope::kWrite;
  if (full_name.starts_with("vitrine.v1.RecommendationService.")) return Scope::kRead;
  const std::string_view name = full_name.substr(full_name.rfind('.') + 1);
  for (const char* verb : {"Get", "List", "BatchGet", "Watch", "Predict"}) {
    if (name.starts_with(verb)) return Scope::kRead;
  }
  return Scope::kAdmin;
}

}  // namespace vitrine
