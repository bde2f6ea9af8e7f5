#pragma once

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "vitrine/feature_store/feature_store.h"

namespace vitrine::testing {

// The ids of all events of the log, one that is doubled twice.
inline std::multiset<std::string> EventIds(const FeatureStore& store) {
  std::multiset<std::string> ids;
  const absl::Status read = store.ReadEvents(0, [&](std::uint64_t, const Event& event) {
    ids.insert(event.event_id);
    return true;
  });
  EXPECT_TRUE(read.ok()) << read;
  return ids;
}

}  // namespace vitrine::testing
