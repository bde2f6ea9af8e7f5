#include "models/bundle_codec.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "vitrine/base/bytes.h"
#include "vitrine/base/item_bitmap.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/scorers/dnn/session_predictor.h"

namespace vitrine {
namespace {

using FindItem = std::function<std::optional<ItemIndex>(std::string_view)>;

const ModelKind* Find(std::span<const ModelKind> kinds, std::string_view name) {
  const auto kind = std::find_if(kinds.begin(), kinds.end(),
                                 [&](const ModelKind& each) { return each.name == name; });
  return kind == kinds.end() ? nullptr : &*kind;
}

std::string Names(std::span<const ModelKind> kinds) {
  return absl::StrJoin(kinds, ", ",
                       [](std::string* out, const ModelKind& kind) { out->append(kind.name); });
}

void Write(const std::map<std::string, double>& values, ByteWriter& writer) {
  writer.Unsigned(values.size());
  for (const auto& [name, value] : values) {
    writer.String(name);
    writer.Double(value);
  }
}

std::map<std::string, double> ReadNumbers(ByteReader& reader) {
  std::map<std::string, double> values;
  for (std::size_t left = reader.Count(1 + sizeof(double)); left > 0 && reader.ok(); --left) {
    std::string name = reader.String();
    values[std::move(name)] = reader.Double();
  }
  return values;
}

// Written among the metrics, where a binary that does not know them takes them for two more.
constexpr const char* kBlendQuestion = "blend_question";
constexpr const char* kContentFingerprint = "content_fingerprint";

std::map<std::string, double> MetricsToSave(const ModelSet& models) {
  std::map<std::string, double> metrics = models.metrics;
  if (models.blend_question != 0) metrics[kBlendQuestion] = models.blend_question;
  if (models.content_fingerprint != 0) metrics[kContentFingerprint] = models.content_fingerprint;
  return metrics;
}

// Takes one of them from the metrics that were read. What is no such number is none.
std::uint32_t TakeNote(const char* name, std::map<std::string, double>& metrics) {
  const auto note = metrics.extract(name);
  if (note.empty()) return 0;
  const double number = note.mapped();
  const bool fits = number >= 0 && number <= std::numeric_limits<std::uint32_t>::max();
  return fits ? static_cast<std::uint32_t>(number) : 0;
}

void Write(const BlendWeights& weights, ByteWriter& writer) {
  writer.Unsigned(weights.size());
  for (const auto& [name, each] : weights) {
    writer.String(name);
    writer.Double(each.weight);
    for (const double growth : each.growth) writer.Double(growth);
  }
}

BlendWeights ReadWeights(ByteReader& reader) {
  BlendWeights weights;
  constexpr std::size_t kLeastBytes = 1 + (1 + kNumQueryFeatures) * sizeof(double);
  for (std::size_t left = reader.Count(kLeastBytes); left > 0 && reader.ok(); --left) {
    std::string name = reader.String();
    BlendWeight& each = weights[std::move(name)];
    each.weight = reader.Double();
    for (double& growth : each.growth) growth = reader.Double();
  }
  return weights;
}

bool IsSound(const BlendWeight& weight) {
  const auto is_finite = [](double value) { return std::isfinite(value); };
  return is_finite(weight.weight) && weight.weight >= 0 &&
         std::all_of(weight.growth.begin(), weight.growth.end(), is_finite);
}

void WriteHead(std::string_view name, std::string_view kind, const Settings& settings,
               ByteWriter& writer) {
  writer.String(name);
  writer.String(kind);
  writer.Unsigned(settings.size());
  for (const auto& [setting, value] : settings) {
    writer.String(setting);
    writer.String(value);
  }
}

Settings ReadSettings(ByteReader& reader) {
  Settings settings;
  for (std::size_t left = reader.Count(2); left > 0 && reader.ok(); --left) {
    std::string name = reader.String();
    settings[std::move(name)] = reader.String();
  }
  return settings;
}

// The purchase predictor is written as one more model, the last: it has no row of items.
bool IsPurchases(const Model& model) { return model.kind == kPurchasePredictorName; }

// Everything before the item ids. The models have neither scorer nor explainer yet.
ModelSet ReadHeader(ByteReader& reader) {
  ModelSet set;
  set.version = reader.String();
  set.trained_us = reader.Signed();
  set.dataset_fingerprint = reader.Fixed64();
  set.metrics = ReadNumbers(reader);
  set.blend_question = TakeNote(kBlendQuestion, set.metrics);
  set.content_fingerprint = TakeNote(kContentFingerprint, set.metrics);
  set.weights = ReadWeights(reader);
  set.cold_start_events = reader.Double();
  set.trend.power = reader.Double();
  set.trend.half_life_days = reader.Double();
  for (std::size_t left = reader.Count(3); left > 0 && reader.ok(); --left) {
    Model& model = set.models.emplace_back();
    model.name = reader.String();
    model.kind = reader.String();
    model.settings = ReadSettings(reader);
  }
  return set;
}

absl::Status CheckHeader(const ModelSet& set, std::string_view what) {
  for (const auto& [name, weight] : set.weights) {
    if (IsSound(weight)) continue;
    return absl::DataLossError(
        absl::StrFormat("%s is damaged: the weight of model '%s' is none", what, name));
  }
  if (std::isfinite(set.trend.power) && std::isfinite(set.trend.half_life_days) &&
      std::isfinite(set.cold_start_events)) {
    return absl::OkStatus();
  }
  return absl::DataLossError(
      absl::StrFormat("%s is damaged: its blend is made of no numbers", what));
}

// What is written of the items' trend: nothing where it does not count.
std::span<const float> TrendToSave(const Trend& trend) {
  return trend.power == 0 ? std::span<const float>() : std::span(trend.ln_by_item);
}

absl::Status ReadTrend(ByteReader& reader, std::string_view what, const ItemMapping& items,
                       Trend& trend) {
  const std::vector<float> by_row = reader.Array<float>();
  VITRINE_RETURN_IF_ERROR(reader.status(what));
  if (trend.power == 0 && by_row.empty()) return absl::OkStatus();
  const auto is_finite = [](float value) { return std::isfinite(value); };
  if (by_row.size() != items.index.size() ||
      !std::all_of(by_row.begin(), by_row.end(), is_finite)) {
    return absl::DataLossError(
        absl::StrFormat("%s is damaged: its trend is not of its items", what));
  }
  for (std::size_t row = 0; row < by_row.size(); ++row) {
    if (items.index[row] == ItemMapping::kDropped) continue;
    const std::size_t index = Row(items.index[row]);
    // Items that the bundle does not know are like those that nobody touched.
    if (index >= trend.ln_by_item.size()) trend.ln_by_item.resize(index + 1, kUntouchedTrend);
    trend.ln_by_item[index] = by_row[row];
  }
  return absl::OkStatus();
}

absl::StatusOr<ItemMapping> ReadItems(ByteReader& reader, std::string_view what,
                                      std::size_t num_items, const FindItem& find) {
  ItemMapping items{.index = {}, .num_items = num_items};
  ItemBitmap taken(num_items);
  const std::size_t count = reader.Count();
  items.index.reserve(count);
  for (std::size_t row = 0; row < count && reader.ok(); ++row) {
    const std::string id = reader.String();
    const std::optional<ItemIndex> index = find(id);
    items.index.push_back(index.value_or(ItemMapping::kDropped));
    if (!index.has_value()) continue;
    if (taken.Contains(*index)) {
      return absl::DataLossError(
          absl::StrFormat("%s is damaged: it names the item '%s' twice", what, id));
    }
    taken.Insert(*index);
    // The store may have grown since its items were counted.
    items.num_items = std::max(items.num_items, Row(*index) + 1);
  }
  VITRINE_RETURN_IF_ERROR(reader.status(what));
  return items;
}

absl::Status ReadPurchases(std::string_view bytes, std::string_view what, ModelSet& set) {
  ByteReader reader(bytes);
  auto predictor = LoadSessionPredictor(reader);
  const absl::Status status = predictor.ok() ? reader.Finish("its body") : predictor.status();
  if (!status.ok()) {
    return absl::DataLossError(absl::StrFormat("%s is damaged in its purchase predictor: %s", what,
                                               std::string(status.message())));
  }
  set.purchases = {.settings = std::move(set.models.back().settings),
                   .predictor = *std::move(predictor)};
  set.models.pop_back();
  return absl::OkStatus();
}

// Fills in what `model` can do from its own bytes.
absl::Status ReadModel(std::string_view bytes, std::string_view what, const ItemMapping& items,
                       std::span<const ModelKind> kinds, Model& model) {
  const ModelKind* kind = Find(kinds, model.kind);
  if (kind == nullptr) {
    return absl::DataLossError(absl::StrFormat(
        "%s holds a model of kind '%s', which this binary does not know (it knows %s): was it "
        "written by a newer version?",
        what, model.kind, Names(kinds)));
  }
  ByteReader reader(bytes);
  absl::StatusOr<Model> loaded = kind->load(reader, items);
  const absl::Status status = loaded.ok() ? reader.Finish("its body") : loaded.status();
  if (!status.ok()) {
    return absl::DataLossError(absl::StrFormat("%s is damaged in model '%s': %s", what, model.name,
                                               std::string(status.message())));
  }
  assert(loaded->scorer != nullptr);
  loaded->name = std::move(model.name);
  loaded->kind = std::move(model.kind);
  loaded->settings = std::move(model.settings);
  model = *std::move(loaded);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> EncodeBundle(const ModelSet& models,
                                         std::span<const std::string> item_ids,
                                         std::span<const ModelKind> kinds) {
  ByteWriter writer;
  writer.String(models.version);
  writer.Signed(models.trained_us);
  writer.Fixed64(models.dataset_fingerprint);
  Write(MetricsToSave(models), writer);
  Write(models.weights, writer);
  writer.Double(models.cold_start_events);
  writer.Double(models.trend.power);
  writer.Double(models.trend.half_life_days);
  const bool has_purchases = models.purchases.predictor != nullptr;
  writer.Unsigned(models.models.size() + (has_purchases ? 1 : 0));
  for (const Model& model : models.models) {
    WriteHead(model.name, model.kind, model.settings, writer);
  }
  if (has_purchases) {
    WriteHead(kPurchasePredictorName, kPurchasePredictorName, models.purchases.settings, writer);
  }
  writer.Unsigned(item_ids.size());
  for (const std::string& id : item_ids) writer.String(id);
  writer.Array(TrendToSave(models.trend));
  for (const Model& model : models.models) {
    const ModelKind* kind = Find(kinds, model.kind);
    if (kind == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrFormat("model '%s' is of kind '%s', which cannot be saved; kinds: %s",
                          model.name, model.kind, Names(kinds)));
    }
    ByteWriter body;
    kind->save(model, body);
    writer.String(body.bytes());
  }
  if (has_purchases) {
    ByteWriter body;
    Save(*models.purchases.predictor, body);
    writer.String(body.bytes());
  }
  return writer.Take();
}

absl::StatusOr<ModelSet> DecodeBundle(std::string_view bytes, std::string_view what,
                                      std::size_t num_items, const FindItem& find,
                                      std::span<const ModelKind> kinds) {
  ByteReader reader(bytes);
  ModelSet set = ReadHeader(reader);
  VITRINE_RETURN_IF_ERROR(reader.status(what));
  VITRINE_RETURN_IF_ERROR(CheckHeader(set, what));
  VITRINE_ASSIGN_OR_RETURN(const ItemMapping items, ReadItems(reader, what, num_items, find));
  VITRINE_RETURN_IF_ERROR(ReadTrend(reader, what, items, set.trend));
  std::string_view rest = bytes.substr(reader.position());
  for (std::size_t i = 0, count = set.models.size(); i < count; ++i) {
    ByteReader head(rest);
    const std::size_t size = head.Count();
    VITRINE_RETURN_IF_ERROR(head.status(what));
    // A view: a model may be half of the memory that loading takes.
    const std::string_view body = rest.substr(head.position(), size);
    const bool is_purchases = i + 1 == count && IsPurchases(set.models[i]);
    VITRINE_RETURN_IF_ERROR(is_purchases ? ReadPurchases(body, what, set)
                                         : ReadModel(body, what, items, kinds, set.models[i]));
    rest.remove_prefix(head.position() + size);
  }
  VITRINE_RETURN_IF_ERROR(ByteReader(rest).Finish(what));
  return set;
}

absl::StatusOr<BundleSummary> DecodeSummary(std::string_view bytes, std::string_view what) {
  ByteReader reader(bytes);
  ModelSet set = ReadHeader(reader);
  VITRINE_RETURN_IF_ERROR(reader.status(what));
  VITRINE_RETURN_IF_ERROR(CheckHeader(set, what));
  BundleSummary summary{.version = std::move(set.version),
                        .trained_us = set.trained_us,
                        .dataset_fingerprint = set.dataset_fingerprint,
                        .metrics = std::move(set.metrics)};
  for (const auto& [name, weight] : set.weights) summary.weights[name] = weight.weight;
  for (Model& model : set.models) summary.model_names.push_back(std::move(model.name));
  return summary;
}

}  // namespace vitrine
