#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "absl/status/status.h"
#include "vitrine/engine/engine.h"
#include "vitrine/feature_store/feature_store.h"
#include "vitrine/lifecycle/rollback_bounds.h"

namespace vitrine {

// What comes of the lists of each version, since this process began. Thread-safe.
class ServingWatch {
 public:
  void CountAnswer(const RecommendReply& reply);

  // What the caller did wrong is not counted.
  void CountFailure(const absl::Status& status, const std::string& live);

  // Reads on in the event log, from its beginning the first time, at most kMostEvents; counts what
  // was shown and clicked, as docs/attribution.md has it. From one thread at a time. Errors: those
  // of FeatureStore::ReadEvents.
  absl::Status ReadClicks(const FeatureStore& store);
  static constexpr std::size_t kMostEvents = 200'000;

  ServingFigures FiguresOf(const std::string& version) const;

 private:
  void CountEvent(const FeatureStore& store, const Event& event);

  std::uint64_t next_offset_ = 0;  // Used by ReadClicks alone.
  mutable std::mutex mutex_;
  std::map<std::string, ServingFigures> by_version_;  // Guarded by mutex_.
};

}  // namespace vitrine
