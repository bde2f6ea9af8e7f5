#pragma once

#include <prometheus/metric_family.h>

#include <mutex>
#include <vector>

#include "server/methods.h"
#include "server/request_pool.h"

namespace vitrine {

// What is true of the server at the moment of asking: its load, its store, its models, the process.
// Nothing of it is kept up to date in between. Thread-safe.
class Gauges {
 public:
  // Both must outlive it.
  Gauges(const Methods& methods, const RequestPool& pool) : methods_(methods), pool_(pool) {}

  std::vector<prometheus::MetricFamily> Collect();

 private:
  // Of the disk, so asked at most once in kModelsAgeUs.
  ModelControl::Versions Versions();

  const Methods& methods_;
  const RequestPool& pool_;
  std::mutex mutex_;
  ModelControl::Versions versions_;  // Guarded by mutex_.
  Micros asked_us_ = 0;              // The same; 0: never.
};

// Whether requests are answered: OK, or why not. A store that takes no writes is no reason, since
// lists are made all the same.
absl::Status Readiness(const RequestPool& pool);

}  // namespace vitrine
