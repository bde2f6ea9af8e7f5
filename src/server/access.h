#pragma once

#include <google/protobuf/message.h>
#include <grpcpp/server_context.h>

#include <atomic>
#include <cstddef>
#include <mutex>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "server/methods.h"
#include "vitrine/base/clock.h"
#include "vitrine/server/api_keys.h"

namespace vitrine {

// Limits the calls about one shopper, whoever sends them: a fixed table of the shoppers seen last,
// so that no number of them takes more memory. Thread-safe.
class ShopperLimits {
 public:
  // 0: no limit.
  explicit ShopperLimits(double calls_per_second) : per_second_(calls_per_second) {}

  // For the calls that come from now on; what was spent before stays so.
  void Set(double calls_per_second) { per_second_ = calls_per_second; }
  double per_second() const { return per_second_; }

  // As TokenBucket::Take. An empty id has no limit.
  Micros Take(std::string_view shopper, Micros now);

 private:
  struct Slot {
    std::uint64_t shopper = 0;  // 0: free.
    Tokens tokens{};
  };
  static constexpr std::size_t kNumSets = 16'384;  // Times 4 slots of 24 bytes: 1.5 MiB.
  static constexpr std::size_t kNumWays = 4;

  std::atomic<double> per_second_;
  std::mutex mutex_;
  std::vector<Slot> slots_;  // Guarded by mutex_; made with the first limit.
};

// Who may call what, and how often: asked first for every call, before anything of the request is
// looked at but whose it is. Thread-safe.
class AccessControl {
 public:
  struct Options {
    const KeyRing* keys = nullptr;            // Null: no keys are wanted. Must outlive this.
    double calls_per_second_per_shopper = 0;  // 0: no limit.
  };

  AccessControl(const Options& options, const Clock& clock);

  // As ShopperLimits::Set.
  void SetCallsPerShopper(double per_second) { shoppers_.Set(per_second); }

  // Errors, each with its reason: UNAUTHENTICATED KEY_MISSING, KEY_UNKNOWN; PERMISSION_DENIED
  // SCOPE_MISSING; RESOURCE_EXHAUSTED RATE_LIMITED, with when to retry.
  absl::Status Admit(const grpc::CallbackServerContext& context, const Method& method,
                     const google::protobuf::Message& request);

 private:
  absl::Status CheckKey(const grpc::CallbackServerContext& context, const Method& method);
  absl::Status CheckShoppers(const google::protobuf::Message& request);

  const KeyRing* const keys_;
  const Clock& clock_;
  ShopperLimits shoppers_;
};

}  // namespace vitrine
