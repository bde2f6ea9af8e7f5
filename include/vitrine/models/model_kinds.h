#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/base/bytes.h"
#include "vitrine/base/ids.h"
#include "vitrine/models/model.h"

namespace vitrine {

namespace nn {
struct TensorFile;
}

class Content;
class GanCf;
class Ials;
class ItemNeighbours;
class MeanFactors;
class MostPopular;
class NeuralCf;
class NextItem;
class RatingMf;
class RepeatPurchase;
class SequentialRules;
class SessionKnn;
class TwoTower;
class UserKnn;

// All that the scorer can do as a model, named after its kind, without settings: what a trainer
// returns and what loading gives back.
Model MakeModel(const std::shared_ptr<const Content>& scorer);
Model MakeModel(const std::shared_ptr<const GanCf>& scorer);
Model MakeModel(const std::shared_ptr<const Ials>& scorer);
Model MakeModel(const std::shared_ptr<const ItemNeighbours>& scorer);
Model MakeModel(const std::shared_ptr<const MeanFactors>& scorer);
Model MakeModel(const std::shared_ptr<const MostPopular>& scorer);
Model MakeModel(const std::shared_ptr<const NeuralCf>& scorer);
Model MakeModel(const std::shared_ptr<const NextItem>& scorer);
Model MakeModel(const std::shared_ptr<const RatingMf>& scorer);
Model MakeModel(const std::shared_ptr<const RepeatPurchase>& scorer);
Model MakeModel(const std::shared_ptr<const SequentialRules>& scorer);
Model MakeModel(const std::shared_ptr<const SessionKnn>& scorer);
Model MakeModel(const std::shared_ptr<const TwoTower>& scorer);
Model MakeModel(const std::shared_ptr<const UserKnn>& scorer);

// Where the rows of a saved model go: row r of the bundle becomes index[r]; `num_items` is the
// number of indices that the store has given. Items that the store does not know are dropped.
struct ItemMapping {
  static constexpr ItemIndex kDropped{0xFFFFFFFF};
  std::vector<ItemIndex> index{};
  std::size_t num_items = 0;
};

// How the weights of models of one kind are read and replaced; weights.h does it safely.
struct WeightAccess {
  bool has_item_rows = true;  // Rows of some tensors belong to items.
  std::function<nn::TensorFile(const Model& model)> read{};
  // REQUIRES: names and shapes are those that read gives
  // Errors: INVALID_ARGUMENT numbers that no model of the kind can have.
  std::function<absl::StatusOr<Model>(const Model& model, const nn::TensorFile& file)> replace{};
};

// How models of one kind get onto disk and back.
struct ModelKind {
  std::string_view name{};
  std::function<void(const Model& model, ByteWriter& writer)> save{};
  // Errors: DATA_LOSS the bytes are damaged.
  std::function<absl::StatusOr<Model>(ByteReader& reader, const ItemMapping& items)> load{};
  std::optional<WeightAccess> weights{};  // Nothing: what it learns are no arrays of numbers.
};

// Every kind this binary knows, in order of name.
const std::vector<ModelKind>& ModelKinds();

// Null when there is none of that name.
const ModelKind* FindModelKind(std::string_view name);

}  // namespace vitrine
