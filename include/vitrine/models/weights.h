#pragma once

#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "vitrine/base/clock.h"
#include "vitrine/models/model.h"
#include "vitrine/nn/safetensors.h"

namespace vitrine {

// The weights of a trained model as a safetensors file, which PyTorch reads, and a model with the
// weights of such a file, which PyTorch may have written:
// docs/nn.md#the-weights-of-a-trained-model.
//
// Of both: `name` is that of a model of the set, the purchase predictor among them; item_ids[r] is
// the external id of row r of every model, as ReadBundle (bundle.h) gives them.

// What the metadata of the file says: where rows belong to items, their ids in order of rows, a
// line each; and always what the weights are of.
inline constexpr char kItemIdsKey[] = "item_ids";
inline constexpr char kModelKindKey[] = "kind";

// Errors: NOT_FOUND there is no such model; FAILED_PRECONDITION it is of a kind that has no
// weights, or the items' ids are more than the head of a file may hold.
absl::StatusOr<nn::TensorFile> ExportWeights(const ModelSet& models, std::string_view name,
                                             std::span<const std::string> item_ids);

// The same models but for the weights of one, and without what was measured of them. They count as
// trained `now`: of weights from elsewhere nobody knows which events they have seen. Weights that
// are those of the model leave it as it is.
// Errors: those of ExportWeights; FAILED_PRECONDITION naming what does not fit: a name, a shape, a
// number that is not finite, another kind, other items, or numbers that no model can be made of.
absl::StatusOr<ModelSet> ImportWeights(const ModelSet& models, std::string_view name,
                                       std::span<const std::string> item_ids,
                                       const nn::TensorFile& file, Micros now);

}  // namespace vitrine
