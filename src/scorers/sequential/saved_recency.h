#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "vitrine/base/bytes.h"
#include "vitrine/scorers/sequential/recent_items.h"

namespace vitrine {

// INVALID_ARGUMENT, naming `what`, unless IsSound(weights).
absl::Status CheckRecency(const RecencyWeights& weights, std::string_view what);

void Write(const RecencyWeights& weights, ByteWriter& writer);

// Not checked: see IsSound.
RecencyWeights ReadRecency(ByteReader& reader);

}  // namespace vitrine
