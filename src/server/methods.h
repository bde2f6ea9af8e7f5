#pragma once

#include <google/protobuf/message.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "server/shopper_fields.h"
#include "vitrine/base/clock.h"
#include "vitrine/server/api_keys.h"

namespace prometheus {
class Histogram;
}

namespace vitrine {

// What the server knows of one of its methods.
struct Method {
  std::string name{};  // "RecommendItems"
  Scope scope = Scope::kAdmin;
  ShopperFields shoppers{};  // Of its requests; of a stream's messages.
  bool is_limitable = true;  // Streams and the health check pass by what counts calls in flight.
  std::atomic<std::int64_t> max_in_flight = 0;  // 0: no limit of its own.
  std::atomic<std::int64_t> in_flight = 0;      // Calls that wait or are worked on.
  std::atomic<Micros> cost_us = 0;  // Of one call on a thread, lately; 0: not known yet.
  // How long calls took, by status code; made by Metrics on the first such call.
  std::array<std::atomic<prometheus::Histogram*>, 17> took{};

  // Counts one more call that took a thread for so long.
  void AddCost(Micros took_us);
};

// The methods of the API, found by the type of their request: each has its own. Thread-safe.
class Methods {
 public:
  // `services`: full names; one that this program does not know is left out.
  explicit Methods(const std::vector<std::string>& services);

  // How many calls of a method may be in flight, by its name; one that is not named has no limit.
  using Limits = std::map<std::string, std::size_t>;
  // Errors: INVALID_ARGUMENT there is no such method, or it is a stream; the nearest is named.
  absl::Status CheckLimits(const Limits& limits) const;
  // For the calls that come from now on. REQUIRES: CheckLimits(limits).ok()
  void SetLimits(const Limits& limits);

  // Of a request that belongs to none: a method of its own, for admins.
  Method& Of(const google::protobuf::Message& request);

  std::vector<const Method*> All() const;

  // What a method, "vitrine.v1.UserService.EraseUser", wants of a key. One that nobody thought of
  // wants the most.
  static Scope ScopeOf(std::string_view full_name);

 private:
  std::unordered_map<const google::protobuf::Descriptor*, std::unique_ptr<Method>> methods_;
  Method unknown_;
};

}  // namespace vitrine
