#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace vitrine {

// Which call a load consists of.
enum class LoadCall { kRecommendItems, kRecordEvents, kCheck };

struct LoadOptions {
  std::string address{};
  LoadCall call = LoadCall::kRecommendItems;
  std::size_t concurrency = 1;  // Calls in flight: always (closed loop), or at most (open).
  double seconds = 10;          // Of measuring.
  double warm_up_seconds = 1;   // Before it, not measured.
  double rate = 0;              // Calls a second, started on time (open loop); 0: closed loop.
  std::uint64_t max_calls = 100'000'000;
  std::vector<std::string> user_ids{};  // Taken in turn; empty: requests without a user.
  std::vector<std::string> item_ids{};  // Of events, taken in turn. Needed by kRecordEvents.
  std::size_t page_size = 20;
  std::string filter{};    // Of kRecommendItems, as the API has it; empty: none.
  std::uint64_t seed = 1;  // Of the order of users and items.
};

// What was measured. Latencies are exact to 1 %. In an open loop they count from the moment a call
// was due, so that a server which stalls is charged for all the calls that waited meanwhile
// (Tene, "How NOT to measure latency", 2013).
struct LoadReport {
  std::uint64_t num_calls = 0;  // Answered, well or not, while it was measured.
  std::uint64_t num_errors = 0;
  std::map<std::string, std::uint64_t> errors{};  // By the name of the status code.
  double seconds = 0;
  double calls_per_second = 0;
  double mean_us = 0;
  double p50_us = 0;
  double p90_us = 0;
  double p99_us = 0;
  double p999_us = 0;
  double max_us = 0;
};

// Puts the load on a server, from one thread that waits for answers (and in an open loop one that
// starts calls). Answers are not parsed: what is measured is the server more than the client.
//
// Errors: INVALID_ARGUMENT an option out of range; UNAVAILABLE no server answers there within 5 s.
absl::StatusOr<LoadReport> GenerateLoad(const LoadOptions& options);

}  // namespace vitrine
