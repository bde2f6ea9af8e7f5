#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "feature_store/store_codec.h"
#include "vitrine/base/clock.h"
#include "vitrine/feature_store/feature_store.h"

namespace vitrine {

// Which events are old: those that happened before a time, and those of the first offsets. The row
// kForgettingRow has it while they are being deleted.
struct OldEvents {
  Micros before_us = 0;            // 0: none by time.
  std::uint64_t first_offset = 0;  // That is kept, by number.

  bool Has(std::uint64_t offset, const LogHead& head) const {
    return offset < first_offset || (before_us != 0 && head.time_us < before_us);
  }
};
// Whether anything is ever old under these settings.
bool HasRetention(const FeatureStoreOptions& options);

std::string EncodeOldEvents(const OldEvents& old);
absl::StatusOr<OldEvents> DecodeOldEvents(std::string_view bytes);

}  // namespace vitrine
