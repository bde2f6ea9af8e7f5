#pragma once

#include <prometheus/histogram.h>
#include <prometheus/labels.h>
#include <prometheus/registry.h>

#include <atomic>
#include <cstddef>
#include <deque>
#include <map>
#include <shared_mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "server/methods.h"
#include "vitrine/base/clock.h"

namespace vitrine {

// The methods that make lists, whose stages are timed.
enum class ListMethod { kRecommendItems, kBatchRecommendItems, kSimilarItems, kRankItems };

// What the server counts while it answers, for Prometheus: docs/ops/metrics.md says what each name
// means. A call costs an observation or two. Thread-safe.
class Metrics {
 public:
  Metrics();

  // A call of `method` that came to `code`, so long after it arrived.
  void Called(Method& method, absl::StatusCode code, Micros took_us);

  void StreamEnded(const Method& method, absl::StatusCode code);

  // A list was made for a placement that there is.
  void Listed(const std::string& placement, Micros took_us);

  // Whether the stages of the next call of `method` are counted: of each method those of one call
  // in kTimedCalls. Each has a count of its own: of two calls that a page always makes in the same
  // order, one might never be chosen otherwise.
  bool TimesNext(ListMethod method) {
    return Of(method).num_calls.fetch_add(1, std::memory_order_relaxed) % kTimedCalls == 0;
  }
  void Passed(ListMethod method, const std::string& stage, double micros) {
    Of(method).took.Of(stage).Observe(Seconds(micros));
  }

  // A write took effect for everybody so long after it was asked for.
  void TookEffect(Micros took_us) { effects_.Observe(Seconds(static_cast<double>(took_us))); }
  void Recorded(std::size_t num_events) { events_.Increment(static_cast<double>(num_events)); }

  std::vector<prometheus::MetricFamily> Collect() const { return registry_.Collect(); }

 private:
  static constexpr std::size_t kTimedCalls = 64;
  static constexpr std::size_t kMaxLabels = 200;  // Beyond, they share the label "other".

  static double Seconds(double micros) { return micros / 1e6; }

  // Histograms of one family by the value of one label, which comes from requests; `others` are the
  // same for all.
  class ByLabel {
   public:
    ByLabel(prometheus::Family<prometheus::Histogram>& family, std::string label,
            prometheus::Labels others = {})
        : family_(family), label_(std::move(label)), others_(std::move(others)) {}
    prometheus::Histogram& Of(const std::string& value);

   private:
    prometheus::Family<prometheus::Histogram>& family_;
    const std::string label_;
    const prometheus::Labels others_;
    std::shared_mutex mutex_;
    std::map<std::string, prometheus::Histogram*> made_;  // Guarded by mutex_.
  };

  // Of one method that makes lists.
  struct ListStages {
    ListStages(prometheus::Family<prometheus::Histogram>& family, const std::string& method)
        : took(family, "stage", {{"method", method}}) {}
    ByLabel took;
    std::atomic<std::size_t> num_calls = 0;
  };

  ListStages& Of(ListMethod method) { return stages_[static_cast<std::size_t>(method)]; }

  prometheus::Registry registry_;
  prometheus::Family<prometheus::Histogram>& calls_;
  prometheus::Family<prometheus::Counter>& streams_;
  ByLabel placements_;
  std::deque<ListStages> stages_;  // By ListMethod; made with this.
  prometheus::Histogram& effects_;
  prometheus::Counter& events_;
};

}  // namespace vitrine
