#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "vitrine/base/file_system.h"

namespace vitrine::simulate {

struct SimulateOptions {
  std::string folder{};           // Made where needed; files of these names in it are replaced.
  std::size_t num_items = 1'000;  // 1 to 10 million.
  std::size_t num_users = 1'000;  // Shoppers, visitors too. 1 to 100 million.
  std::uint64_t num_events = 100'000;  // At least 1.
  std::uint64_t seed = 1;
  int days = 180;  // About how long it takes for that many events to happen. 1 to 3,650.
};

// Called now and then with the share of the work that is done, 0 to 1. May be empty.
using SimulateProgress = std::function<void(double fraction)>;

// Makes up a shop that opens on 2026-01-01, and what happens in it, and writes
//
//   items.csv            the catalogue; users.csv the members: as `vitrine import` reads them
//   events.jsonl         what happened, oldest first, in exactly `num_events` lines
//   truth_items.csv      what the shop does not know about its products,
//   truth_users.csv      and about its shoppers
//   truth_purchases.csv  the purchases in the next `num_events` / 4 events: held out
//
// docs/simulator.md describes columns and model. The same options give the same bytes. Memory grows
// with items and users, not with events. Errors: INVALID_ARGUMENT an option is out of range; those
// of FileSystem.
absl::Status Simulate(const SimulateOptions& options, const SimulateProgress& progress,
                      FileSystem& files = LocalFileSystem());

}  // namespace vitrine::simulate
