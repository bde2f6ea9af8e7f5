#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "vitrine/base/matrix.h"
#include "vitrine/models/blend_weight.h"
#include "vitrine/models/trend.h"
#include "vitrine/scorers/item_vectors.h"
#include "vitrine/scorers/purchase_model.h"
#include "vitrine/scorers/rating_predictor.h"
#include "vitrine/scorers/scorer.h"

namespace vitrine {

// Settings by name, as in the config and on the command line: "dimensions" -> "64".
using Settings = std::map<std::string, std::string>;

// What a model learned from; decides how it counts for a shopper of whom little is known.
enum class ModelFamily {
  kPopularity,  // The same for every shopper.
  kContent,     // What items are: one event of the shopper is enough.
  kBehaviour,   // What shoppers did with items: needs some history to be right.
};
inline constexpr std::size_t kNumModelFamilies = 3;

// A trained model as a value: its scorer and what else it can do. Members that a model does not
// have are null. Copying shares the parts, which are immutable.
struct Model {
  std::string name{};  // Unique among the served ones: the kind, or KIND@LABEL (model_name.h).
  std::string kind{};  // Registry entry: how to save and load it.
  ModelFamily family = ModelFamily::kBehaviour;
  Settings settings{};                           // What it was trained with, complete.
  std::shared_ptr<const Scorer> scorer{};        // Never null.
  std::shared_ptr<const Explainer> explainer{};  // May be null.
  std::shared_ptr<const Scorer> item_to_item{};  // Scores from context_items alone; may be null.
  std::shared_ptr<const ItemVectors> vectors{};  // How alike items are to it; may be null.
  std::shared_ptr<const RatingPredictor> ratings{};  // Says ratings; may be null.
  // The method as published, where serving differs: user vectors as trained (Query::training_user),
  // nothing truncated. For measuring only: neither saved nor served. Null: as served.
  std::shared_ptr<const Scorer> as_paper{};
};

// The models that answer requests together, and where they came from. Published as a whole.
struct ModelSet {
  std::string version{};  // "20260131T101500Z-0001"; empty: no model was trained yet.
  Micros trained_us = 0;
  std::uint64_t dataset_fingerprint = 0;
  // Of the catalogue that its models of content were made of (Catalogue::content_fingerprint). 0:
  // not noted.
  std::uint32_t content_fingerprint = 0;
  std::map<std::string, double> metrics{};  // Of the blend on the temporal split: "ndcg@20" ...
  // What the blend was learned from, but for the data: the same number, the same models, settings
  // and options. 0: not noted.
  std::uint32_t blend_question = 0;
  BlendWeights weights{};  // Learned with the models, or as configured; empty: the usual ones.
  // The same: BlendOptions::cold_start_events; below 0 where it was not learned.
  double cold_start_events = -1;
  Trend trend{};  // The same.
  std::vector<Model> models{};
  PurchaseModel purchases{};  // Scores no items: PredictPurchase alone asks it.
};

}  // namespace vitrine
