#pragma once

#include <string>
#include <vector>

#include "vitrine/evaluation/split.h"
#include "vitrine/models/model.h"

namespace vitrine {

// A model that is worth trying, and the settings that may suit the data: what its trainer does by
// itself first, then what has done well elsewhere.
struct AutoCandidate {
  std::string model{};
  std::vector<Settings> settings{};
};

// What is worth trying on such data, from its shape alone: how many items and pairs there are,
// whether things are bought again, whether moments differ, whether items are described.
// docs/scorers/blend.md has the rules.
std::vector<AutoCandidate> AutoCandidates(const Split& split);

}  // namespace vitrine
