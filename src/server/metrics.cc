#include "server/metrics.h"

#include <mutex>

#include "prometheus/counter.h"

namespace vitrine {
namespace {

// Seconds: fine where answers should be, coarse where they should not.
const prometheus::Histogram::BucketBoundaries& CallBuckets() {
  static const prometheus::Histogram::BucketBoundaries buckets = {
      0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
      0.05,   0.1,     0.25,   0.5,   1,      2.5,   5,    10};
  return buckets;
}
const prometheus::Histogram::BucketBoundaries& StageBuckets() {
  static const prometheus::Histogram::BucketBoundaries buckets = {
      0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001,
      0.0025,  0.005,    0.01,    0.025,  0.05,    0.1,    1};
  return buckets;
}

// As gRPC spells them.
std::string NameOf(absl::StatusCode code) {
  return code == absl::StatusCode::kOk ? "OK" : absl::StatusCodeToString(code);
}

prometheus::Family<prometheus::Histogram>& Histograms(prometheus::Registry& registry,
                                                      const std::string& name,
                                                      const std::string& help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
}

}  // namespace

Metrics::Metrics()
    : calls_(Histograms(registry_, "vitrine_request_seconds",
                        "From a call's arrival to its answer, by method and status code")),
      streams_(prometheus::BuildCounter()
                   .Name("vitrine_streams_total")
                   .Help("Streams that ended, by method and status code")
                   .Register(registry_)),
      placements_(Histograms(registry_, "vitrine_placement_seconds",
                             "Making one list, by the placement that answered"),
                  "placement"),
      effects_(Histograms(registry_, "vitrine_effect_seconds",
                          "From a write's arrival until every later answer reflects it")
                   .Add({}, CallBuckets())),
      events_(prometheus::BuildCounter()
                  .Name("vitrine_events_recorded_total")
                  .Help("Events that were acknowledged")
                  .Register(registry_)
                  .Add({})) {
  prometheus::Family<prometheus::Histogram>& stages =
      Histograms(registry_, "vitrine_stage_seconds",
                 "A stage of making a list, of one call in 64 of each method");
  for (const char* const method :  // In the order of ListMethod.
       {"RecommendItems", "BatchRecommendItems", "SimilarItems", "RankItems"}) {
    stages_.emplace_back(stages, method);
  }
}

prometheus::Histogram& Metrics::ByLabel::Of(const std::string& value) {
  {
    const std::shared_lock lock(mutex_);
    if (const auto found = made_.find(value); found != made_.end()) return *found->second;
  }
  const std::unique_lock lock(mutex_);
  const std::string& shown = made_.size() < kMaxLabels ? value : std::string("other");
  const auto& buckets = label_ == "stage" ? StageBuckets() : CallBuckets();
  auto*& made = made_[shown];
  if (made == nullptr) {
    prometheus::Labels labels = others_;
    labels.emplace(label_, shown);
    made = &family_.Add(labels, buckets);
  }
  return *made;
}

void Metrics::Called(Method& method, absl::StatusCode code, Micros took_us) {
  const auto place = static_cast<std::size_t>(code);
  if (place >= method.took.size()) return;
  std::atomic<prometheus::Histogram*>& took = method.took.at(place);
  prometheus::Histogram* histogram = took.load(std::memory_order_acquire);
  if (histogram == nullptr) {  // The same labels give the same histogram, to two threads as well.
    histogram = &calls_.Add({{"method", method.name}, {"code", NameOf(code)}}, CallBuckets());
    took.store(histogram, std::memory_order_release);
  }
  histogram->Observe(Seconds(static_cast<double>(took_us)));
}

void Metrics::StreamEnded(const Method& method, absl::StatusCode code) {
  streams_.Add({{"method", method.name}, {"code", NameOf(code)}}).Increment();
}

void Metrics::Listed(const std::string& placement, Micros took_us) {
  placements_.Of(placement).Observe(Seconds(static_cast<double>(took_us)));
}

}  // namespace vitrine
