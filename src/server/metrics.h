#pragma once

#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <atomic>
#include <cstddef>
#include <functional>
#include <map>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "server/methods.h"
#include "vitrine/base/clock.h"

namespace vitrine {

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

  // Whether the next list is one of those whose stages are timed: one in kTracedLists.
  bool TracesNext() {
    return num_lists_.fetch_add(1, std::memory_order_relaxed) % kTracedLists == 0;
  }
  void Passed(const std::string& stage, double micros);

  // A write took effect for everybody so long after it was asked for.
  void TookEffect(Micros took_us) { effects_.Observe(Seconds(static_cast<double>(took_us))); }
  void Recorded(std::size_t num_events) { events_.Increment(static_cast<double>(num_events)); }

  std::vector<prometheus::MetricFamily> Collect() const { return registry_.Collect(); }

 private:
  static constexpr std::size_t kTracedLists = 64;
  static constexpr std::size_t kMaxLabels = 200;  // Beyond, they share the label "other".

  static double Seconds(double micros) { return micros / 1e6; }

  // Histograms of one family by the value of one label, which comes from requests.
  class ByLabel {
   public:
    ByLabel(prometheus::Family<prometheus::Histogram>& family, std::string label)
        : family_(family), label_(std::move(label)) {}
    prometheus::Histogram& Of(const std::string& value);

   private:
    prometheus::Family<prometheus::Histogram>& family_;
    const std::string label_;
    std::shared_mutex mutex_;
    std::map<std::string, prometheus::Histogram*> made_;  // Guarded by mutex_.
  };

  prometheus::Registry registry_;
  prometheus::Family<prometheus::Histogram>& calls_;
  prometheus::Family<prometheus::Counter>& streams_;
  ByLabel placements_;
  ByLabel stages_;
  prometheus::Histogram& effects_;
  prometheus::Counter& events_;
  std::atomic<std::size_t> num_lists_ = 0;
};

}  // namespace vitrine
