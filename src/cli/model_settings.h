#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "vitrine/training/trainer.h"

namespace vitrine::cli {

// Whether `trainer` takes the value for its setting `name`, without training. Errors:
// INVALID_ARGUMENT the trainer's own words.
absl::Status CheckSetting(const Trainer& trainer, const std::string& name,
                          const std::string& value);

// Lets no model that is learned of a store's shoppers call popular what fewer than `min_group` of
// them touched, nor learn of a profile what fewer have: sets min_shoppers, of every trainer that
// has it, to that, unless it is more. `settings` are by model name; those of `models`, which may
// have labels, are made where there are none.
void RaiseMinShoppers(std::size_t min_group, const std::vector<std::string>& models,
                      std::map<std::string, Settings>& settings);

}  // namespace vitrine::cli
