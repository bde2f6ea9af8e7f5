#pragma once

#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "vitrine/base/bytes.h"
#include "vitrine/feature_store/transform/reduction.h"
#include "vitrine/feature_store/transform/text_features.h"

namespace vitrine {

// Parts of a fitted step with a Save and a Load of their own, for saved_fields.h: always there,
// although a step that is being read has none yet.

template <typename T>
bool TakeLoaded(absl::StatusOr<T> loaded, std::optional<T>& value) {
  if (!loaded.ok()) return false;
  value = *std::move(loaded);
  return true;
}

inline void WriteField(const std::optional<Pca>& value, ByteWriter& writer) {
  Save(*value, writer);
}
inline bool ReadField(ByteReader& reader, std::optional<Pca>& value) {
  return TakeLoaded(LoadPca(reader), value);
}

inline void WriteField(const std::optional<LinearDiscriminants>& value, ByteWriter& writer) {
  Save(*value, writer);
}
inline bool ReadField(ByteReader& reader, std::optional<LinearDiscriminants>& value) {
  return TakeLoaded(LoadLinearDiscriminants(reader), value);
}

inline void WriteField(const std::optional<TfIdf>& value, ByteWriter& writer) {
  Save(*value, writer);
}
inline bool ReadField(ByteReader& reader, std::optional<TfIdf>& value) {
  return TakeLoaded(LoadTfIdf(reader), value);
}

inline void WriteField(const std::optional<LatentSemantics>& value, ByteWriter& writer) {
  Save(*value, writer);
}
inline bool ReadField(ByteReader& reader, std::optional<LatentSemantics>& value) {
  return TakeLoaded(LoadLatentSemantics(reader), value);
}

}  // namespace vitrine
