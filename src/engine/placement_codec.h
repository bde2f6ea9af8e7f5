#pragma once

#include <map>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "vitrine/base/bytes.h"
#include "vitrine/engine/placement.h"

namespace vitrine {

// The controls that a placement may set: all but the pins and the exploration of a single call.
void EncodeControls(const ListControls& controls, ByteWriter& writer);

// Placements, by name, as the store's folder keeps them: docs/formats/placements.md.
std::string EncodePlacements(const std::map<std::string, Placement>& placements);

// Errors: DATA_LOSS the bytes are damaged or of a newer version.
absl::StatusOr<std::map<std::string, Placement>> DecodePlacements(std::string_view bytes);

}  // namespace vitrine
