#pragma once

#include <cstddef>

#include "scorers/saved_rows.h"
#include "vitrine/base/bytes.h"
#include "vitrine/scorers/dnn/ranker_features.h"

namespace vitrine {

// Whether it is of `num_items` items or of none, and its numbers are finite.
bool IsSound(const ItemBehaviour& behaviour, std::size_t num_items);

void Write(const ItemBehaviour& behaviour, ByteWriter& writer);

// Not checked: see IsSound.
ItemBehaviour ReadBehaviour(ByteReader& reader);

// Rows moved to where `mapping` sends them. REQUIRES: IsSound(behaviour, n), CheckRows(n, mapping)
ItemBehaviour Remap(const ItemBehaviour& behaviour, const RowMapping& mapping);

}  // namespace vitrine
