#pragma once

#include <memory>

#include "vitrine/scorers/scorer.h"

namespace vitrine {

// The item-to-item form of a model that counts context items as history: `scorer`, which is shown
// the query's context items, what it excludes, and nothing else. Its name is `scorer`'s.
// Thread-safe as `scorer` is.
std::shared_ptr<const Scorer> MakeContextOnly(std::shared_ptr<const Scorer> scorer);

}  // namespace vitrine
