#pragma once

#include <gmock/gmock.h>

#include <cstddef>
#include <string>
#include <vector>

#include "models/saved_bytes.h"
#include "testing/status_matchers.h"
#include "vitrine/training/trainer.h"

namespace vitrine::testing {

// The bytes of the models that 1, 2 and 3 threads train.
inline std::vector<std::string> BytesByThreads(const Trainer& trainer, const Settings& settings,
                                               const Dataset& shop) {
  std::vector<std::string> bytes;
  for (const std::size_t num_threads : {1U, 2U, 3U}) {
    ThreadPool pool(num_threads);
    const auto model = trainer.train(shop, settings, {.pool = &pool});
    EXPECT_THAT(model, IsOk());
    bytes.push_back(model.ok() ? SavedBytes(*model) : "");
  }
  return bytes;
}

}  // namespace vitrine::testing
