#pragma once

#include <google/protobuf/message.h>
#include <grpcpp/server_context.h>

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/methods.h"
#include "vitrine/base/clock.h"
#include "vitrine/server/api_keys.h"

namespace vitrine {

// Limits the calls about one shopper, whoever sends them: a fixed table of the ids seen last, so
// that no number of them takes more memory. A user and a visitor of one call are two shoppers to
// it, both of whom must have something left. Thread-safe.
class ShopperLimits {
 public:
  // 0: no limit.
  explicit ShopperLimits(double calls_per_second) : per_second_(calls_per_second) {}

  // For the calls that come from now on; what was spent before stays so.
  void Set(double calls_per_second) { per_second_ = calls_per_second; }
  double per_second() const { return per_second_; }

  // How many calls are about whom: by a hash of the id, never 0.
  using CallsByShopper = absl::flat_hash_map<std::uint64_t, double>;
  // One more. An empty id has no limit.
  static void Count(std::string_view shopper, CallsByShopper& calls);

  // 0: go ahead, all at once; a shopper with anything left may take more on credit, so that what
  // comes in one batch gets in, and what comes after it waits. Else how long until all of them have
  // anything left, and nothing is taken.
  Micros Take(const CallsByShopper& calls, Micros now);

 private:
  struct Slot {
    std::uint64_t shopper = 0;  // 0: free.
    Tokens tokens{};
  };
  static constexpr std::size_t kNumSets = 16'384;  // Times 4 slots of 24 bytes: 1.5 MiB.
  static constexpr std::size_t kNumWays = 4;

  // REQUIRES: mutex_ is held, and slots_ are made.
  Slot* SetOf(std::uint64_t shopper);
  Slot* Find(std::uint64_t shopper);  // Null: not seen lately.

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

  // Those of them that are of the key, without counting a call: whether a call that was admitted
  // may go on.
  absl::Status CheckStill(const grpc::CallbackServerContext& context, const Method& method) const;

 private:
  // Null where no key is wanted.
  absl::StatusOr<std::shared_ptr<const KeyRing::Entry>> FindKey(
      const grpc::CallbackServerContext& context, const Method& method) const;

  absl::Status CheckShoppers(const Method& method, const google::protobuf::Message& request);

  const KeyRing* const keys_;
  const Clock& clock_;
  ShopperLimits shoppers_;
};

}  // namespace vitrine
