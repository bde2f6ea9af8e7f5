#pragma once

#include <string>
#include <vector>

#include "cli/config.h"

namespace vitrine::cli {

// The keys, such as "store.history_limit", whose values differ and which a running server cannot
// take in. Empty: it can have `next` instead of `now`. The settings of models and the placements
// are always taken in.
std::vector<std::string> WantRestart(const Config& now, const Config& next);

}  // namespace vitrine::cli
