#include "vitrine/models/weights.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "models/scorer_weights.h"
#include "vitrine/base/nearest.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/models/model_kinds.h"
#include "vitrine/scorers/dnn/session_predictor.h"

namespace vitrine {
namespace {

// The head of a file takes at most 100,000,000 bytes, and JSON writes some characters as two.
constexpr std::size_t kMostIdBytes = 40'000'000;

// Metrics that nobody measured: they say what the models were trained on, and trainings go by them.
constexpr std::array<std::string_view, 3> kCounts = {"events", "blend_age",
                                                     "ranker_impression_lists"};

bool IsPurchases(const ModelSet& models, std::string_view name) {
  return name == kPurchasePredictorName && models.purchases.predictor != nullptr;
}

bool HasWeights(const Model& model) {
  const ModelKind* kind = FindModelKind(model.kind);
  return kind != nullptr && kind->weights.has_value();
}

std::vector<std::string> NamesOf(const ModelSet& models, bool (*is_meant)(const Model&)) {
  std::vector<std::string> names;
  for (const Model& model : models.models) {
    if (is_meant(model)) names.push_back(model.name);
  }
  if (models.purchases.predictor != nullptr) names.emplace_back(kPurchasePredictorName);
  return names;
}

absl::StatusOr<const Model*> FindWeighted(const ModelSet& models, std::string_view name) {
  const auto model = std::find_if(models.models.begin(), models.models.end(),
                                  [&](const Model& each) { return each.name == name; });
  if (model == models.models.end()) {
    return absl::NotFoundError(
        absl::StrFormat("the version %s has no model '%s'; %s", models.version, name,
                        Allowed(name, NamesOf(models, [](const Model&) { return true; }))));
  }
  if (HasWeights(*model)) return &*model;
  const std::vector<std::string> others = NamesOf(models, &HasWeights);
  return absl::FailedPreconditionError(absl::StrFormat(
      "what %s learns are no weights of a network and no factors; of the version %s these models "
      "have such: %s",
      name, models.version, others.empty() ? "none" : absl::StrJoin(others, ", ")));
}

absl::StatusOr<std::string> JoinIds(std::span<const std::string> item_ids) {
  std::string joined = absl::StrJoin(item_ids, "\n");  // No id of a store has a line break.
  if (joined.size() <= kMostIdBytes) return joined;
  return absl::FailedPreconditionError(absl::StrFormat(
      "the ids of %d items take %d bytes; in the head of a weight file %d are allowed",
      item_ids.size(), joined.size(), kMostIdBytes));
}

absl::Status Misfit(const std::string& what) {
  return absl::FailedPreconditionError("these weights do not fit: " + what);
}

// `wanted` and `given`: ids of items, joined.
absl::Status CheckItems(std::string_view wanted, std::string_view given) {
  if (wanted == given) return absl::OkStatus();
  const std::vector<std::string> ours = absl::StrSplit(std::string(wanted), '\n');
  const std::vector<std::string> theirs = absl::StrSplit(std::string(given), '\n');
  const auto differs = std::mismatch(ours.begin(), ours.end(), theirs.begin(), theirs.end());
  if (differs.first == ours.end() || differs.second == theirs.end()) {
    return Misfit(absl::StrFormat("they are of %d items, the model is of %d: export it again",
                                  theirs.size(), ours.size()));
  }
  return Misfit(absl::StrFormat(
      "row %d belongs to the item '%s' there and to '%s' in the model: export it again",
      differs.first - ours.begin(), *differs.second, *differs.first));
}

// `wanted`: as ExportWeights writes it.
absl::Status CheckMetadata(const std::map<std::string, std::string>& wanted,
                           const std::map<std::string, std::string>& given) {
  const auto kind = given.find(kModelKindKey);
  if (kind != given.end() && kind->second != wanted.at(kModelKindKey)) {
    return Misfit(absl::StrFormat("they are of kind '%s', the model is of kind '%s'", kind->second,
                                  wanted.at(kModelKindKey)));
  }
  const auto wanted_ids = wanted.find(kItemIdsKey);
  if (wanted_ids == wanted.end()) return absl::OkStatus();
  const auto given_ids = given.find(kItemIdsKey);
  if (given_ids != given.end()) return CheckItems(wanted_ids->second, given_ids->second);
  return Misfit(absl::StrFormat(
      "they do not say which row is which item; save them with the metadata of the file that was "
      "exported, as in save_file(tensors, path, metadata=safe_open(exported, \"pt\").metadata()), "
      "which has them as '%s'",
      kItemIdsKey));
}

absl::Status CheckTensors(const nn::TensorFile& wanted, const nn::TensorFile& given) {
  std::vector<std::string> names;
  for (const nn::Tensor& ours : wanted.tensors) {
    names.push_back(ours.name);
    const nn::Tensor* theirs = nn::FindTensor(given, ours.name);
    if (theirs == nullptr) {
      return Misfit(absl::StrFormat("they have no %s, which the model has", ours.name));
    }
    if (theirs->shape != ours.shape) {
      return Misfit(absl::StrFormat("%s has the shape [%s] there and [%s] in the model", ours.name,
                                    absl::StrJoin(theirs->shape, ", "),
                                    absl::StrJoin(ours.shape, ", ")));
    }
    const auto wrong = std::find_if_not(theirs->values.begin(), theirs->values.end(),
                                        [](float value) { return std::isfinite(value); });
    if (wrong != theirs->values.end()) {
      return Misfit(absl::StrFormat("number %d of %s is %g, finite ones are wanted",
                                    wrong - theirs->values.begin(), ours.name, *wrong));
    }
  }
  for (const nn::Tensor& theirs : given.tensors) {
    if (nn::FindTensor(wanted, theirs.name) != nullptr) continue;
    return Misfit(absl::StrFormat("they have %s, which the model has not; %s", theirs.name,
                                  Allowed(theirs.name, names)));
  }
  return absl::OkStatus();
}

// REQUIRES: CheckTensors(ours, theirs)
bool AreSame(const nn::TensorFile& ours, const nn::TensorFile& theirs) {
  return std::all_of(ours.tensors.begin(), ours.tensors.end(), [&](const nn::Tensor& each) {
    return nn::FindTensor(theirs, each.name)->values == each.values;
  });
}

// Through its bytes: what could not be loaded again would be refused wherever it is served.
absl::StatusOr<Model> Replaced(const Model& model, std::size_t num_items,
                               const nn::TensorFile& file) {
  const ModelKind* kind = FindModelKind(model.kind);
  VITRINE_ASSIGN_OR_RETURN(const Model made, kind->weights->replace(model, file));
  ByteWriter writer;
  kind->save(made, writer);
  ByteReader reader(writer.bytes());
  ItemMapping rows{.index = std::vector<ItemIndex>(num_items), .num_items = num_items};
  for (std::size_t row = 0; row < num_items; ++row) rows.index[row] = static_cast<ItemIndex>(row);
  VITRINE_ASSIGN_OR_RETURN(Model loaded, kind->load(reader, rows));
  loaded.name = model.name;
  loaded.kind = model.kind;
  loaded.settings = model.settings;
  return loaded;
}

}  // namespace

absl::StatusOr<nn::TensorFile> ExportWeights(const ModelSet& models, std::string_view name,
                                             std::span<const std::string> item_ids) {
  nn::TensorFile file;
  std::string kind(name);
  bool has_item_rows = false;
  if (IsPurchases(models, name)) {
    file = WeightsOf(*models.purchases.predictor);
  } else {
    VITRINE_ASSIGN_OR_RETURN(const Model* model, FindWeighted(models, name));
    const WeightAccess& access = *FindModelKind(model->kind)->weights;
    file = access.read(*model);
    kind = model->kind;
    has_item_rows = access.has_item_rows;
  }
  file.metadata = {{"format", "pt"},  // What PyTorch's users look for.
                   {"version", models.version},
                   {"model", std::string(name)},
                   {kModelKindKey, kind}};
  if (has_item_rows) {
    VITRINE_ASSIGN_OR_RETURN(file.metadata[kItemIdsKey], JoinIds(item_ids));
  }
  return file;
}

absl::StatusOr<ModelSet> ImportWeights(const ModelSet& models, std::string_view name,
                                       std::span<const std::string> item_ids,
                                       const nn::TensorFile& file, Micros now) {
  VITRINE_ASSIGN_OR_RETURN(const nn::TensorFile has, ExportWeights(models, name, item_ids));
  VITRINE_RETURN_IF_ERROR(CheckMetadata(has.metadata, file.metadata));
  VITRINE_RETURN_IF_ERROR(CheckTensors(has, file));
  ModelSet changed = models;
  changed.trained_us = now;
  std::erase_if(changed.metrics, [](const auto& metric) {
    return std::find(kCounts.begin(), kCounts.end(), metric.first) == kCounts.end();
  });
  if (AreSame(has, file)) return changed;
  absl::Status status;
  if (IsPurchases(models, name)) {
    auto predictor = WithWeights(*models.purchases.predictor, file);
    status = predictor.status();
    if (predictor.ok()) changed.purchases.predictor = *std::move(predictor);
  } else {
    const auto place = std::find_if(changed.models.begin(), changed.models.end(),
                                    [&](const Model& each) { return each.name == name; });
    auto model = Replaced(*place, item_ids.size(), file);
    status = model.status();
    if (model.ok()) *place = *std::move(model);
  }
  if (status.ok()) return changed;
  return Misfit(std::string(status.message()));
}

}  // namespace vitrine
