#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/base/clock.h"
#include "vitrine/feature_store/feature_store.h"
#include "vitrine/feature_store/mutation.h"
#include "vitrine/models/bundle.h"
#include "vitrine/v1/user_service.pb.h"

// What an erasure says of itself: what went, and which models may have learned from it.
namespace vitrine {

// Erases the person from a store that no server serves, and waits for it. `versions`: all that are
// on disk. Errors: those of FeatureStore::Write.
absl::StatusOr<v1::ErasureReceipt> EraseWithReceipt(FeatureStore& store, const EraseUser& person,
                                                    const std::vector<BundleSummary>& versions,
                                                    const Clock& clock);

// The steps of it, in this order, for a server, which waits for no write.

// What the store held of a person before it erased them.
struct ErasedPast {
  bool is_known = false;         // There was anything: an event, a profile, a feature.
  std::uint64_t num_events = 0;  // In the log, with an id of theirs.
  Micros earliest_us = 0;        // None of these was recorded before; 0: not known.
};

// What memory knows of the person now, as it will be gone.
ErasedPast SetRemoved(const FeatureStore& store, const EraseUser& person, Micros now,
                      v1::ErasureReceipt& receipt);

// Whether a version may be older than all that there is of the person, so that ReadPast, which
// takes seconds per million events, may spare it.
bool MaySpareVersion(const FeatureStore& store, const EraseUser& person, Micros now,
                     const std::vector<BundleSummary>& versions);

// Adds what the log says of the person. It does not where it has forgotten events, which may have
// been theirs, and where it is not read to its end.
ErasedPast ReadPast(const FeatureStore& store, const EraseUser& person, const ErasedPast& past,
                    const std::atomic<bool>& is_stopped);

// What went. Whether there was anything of the person that a model may have learned from.
bool SetErased(const WriteResult& result, const ErasedPast& past, Micros now,
               v1::ErasureReceipt& receipt);

// Those of the versions that may have learned from the person, who is gone by now.
void SetTraces(const WriteResult& result, const ErasedPast& past,
               const std::vector<BundleSummary>& versions, v1::ErasureReceipt& receipt);

}  // namespace vitrine
