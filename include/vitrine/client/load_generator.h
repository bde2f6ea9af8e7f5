#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/client/client.h"

namespace vitrine {

// The calls that a load may consist of.
enum class LoadCall { kRecommendItems, kRecordEvents, kCheck, kSimilarItems, kRankItems };

// Such as "RecommendItems".
std::string_view NameOf(LoadCall call);

struct LoadShare {
  LoadCall call = LoadCall::kRecommendItems;
  double share = 1;  // Of all calls, above 0, to 1.
  bool operator==(const LoadShare&) const = default;
};

// "recommend=0.95,events=0.05": recommend, events, similar, rank or check, each with its share.
// Errors: INVALID_ARGUMENT another name, one twice, a share that is none, or shares that do not sum
// to 1 within 0.001.
absl::StatusOr<std::vector<LoadShare>> ParseLoadMix(std::string_view text);

inline constexpr std::size_t kLoadRankedItems = 500;  // Of a RankItems call.

struct LoadOptions {
  std::string address{};
  ClientOptions client{};                      // Its key and TLS; the time limit is deadline_ms.
  std::vector<LoadShare> mix = {LoadShare{}};  // Sums to 1.
  std::size_t concurrency = 1;                 // Calls in flight: always (closed loop), or at most.
  double seconds = 10;                         // Of measuring.
  double warm_up_seconds = 1;                  // Before it, not measured.
  double rate = 0;         // Calls a second, started on time (open loop); 0: closed loop.
  double deadline_ms = 0;  // Of one call, as the server is told; 0: 30 s.
  std::uint64_t max_calls = 100'000'000;
  std::vector<std::string> user_ids{};  // Drawn for each request; empty: requests without a user.
  // The r-th of the users is drawn in proportion to 1 / r^skew (Zipf); 0: all alike.
  double skew = 0;
  // Drawn alike: of events, to compare with, and to rank. Calls but kRecommendItems and kCheck need
  // some.
  std::vector<std::string> item_ids{};
  std::size_t page_size = 20;
  std::size_t events_per_call = 1;  // Of RecordEvents.
  // Of RecommendItems and SimilarItems, as the API has them: each request has one, drawn. Empty:
  // none.
  std::vector<std::string> filters{};
  std::uint64_t seed = 1;  // Of all that is drawn.
  // Called once, when the requests are made and the warm-up begins; must be quick, may be empty.
  std::function<void()> on_begin{};
};

// Latencies are exact to 1 %. In an open loop they count from the moment a call was due, so that a
// server which stalls is charged for all the calls that waited meanwhile (Tene, "How NOT to measure
// latency", 2013).
struct LoadLatencies {
  std::uint64_t num_calls = 0;  // Answered, well or not, while it was measured.
  std::uint64_t num_errors = 0;
  // Answered well, with a list that lacks something for want of time, as its `fallbacks` say.
  std::uint64_t num_cut_short = 0;
  double mean_us = 0;
  double p50_us = 0;
  double p90_us = 0;
  double p99_us = 0;
  double p999_us = 0;
  double max_us = 0;
};

// What was measured: of all calls, and by call.
struct LoadReport : LoadLatencies {
  std::map<std::string, std::uint64_t> errors{};  // By the name of the status code.
  // That were measured: to the last answer, and no less than were asked for unless max_calls ended
  // it before.
  double seconds = 0;
  double calls_per_second = 0;  // Over `seconds`; 0 of fewer than two calls, which make no rate.
  std::map<LoadCall, LoadLatencies> by_call{};
};

// Puts the load on a server, from one thread that waits for answers (and in an open loop one that
// starts calls). Of answers nothing is read but the `fallbacks` of lists: what is measured is the
// server more than the client. Requests are made before, as many as the run can send, or 256 MB of
// them, which are then sent again in the same order.
//
// Errors: INVALID_ARGUMENT an option out of range; UNAVAILABLE no server answers there within 5 s.
absl::StatusOr<LoadReport> GenerateLoad(const LoadOptions& options);

}  // namespace vitrine
