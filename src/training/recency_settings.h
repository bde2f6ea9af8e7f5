#pragma once

#include "training/setting_reader.h"
#include "vitrine/scorers/sequential/recent_items.h"

namespace vitrine {

// The settings `max_steps`, `step_decay` and `half_life_days`, which every scorer of order has.
Settings RecencyDefaults();

// What these settings say.
RecencyWeights ReadRecency(SettingReader& reader);

}  // namespace vitrine
