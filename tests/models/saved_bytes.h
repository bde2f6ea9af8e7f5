#pragma once

#include <string>

#include "vitrine/base/bytes.h"
#include "vitrine/models/model_kinds.h"

namespace vitrine::testing {

// What the model's kind saves of it.
inline std::string SavedBytes(const Model& model) {
  ByteWriter writer;
  FindModelKind(model.kind)->save(model, writer);
  return writer.Take();
}

}  // namespace vitrine::testing
