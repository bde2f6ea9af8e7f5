#include "cli/features/training_set.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <string_view>
#include <utility>
#include <variant>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "cli/features/table_csv.h"
#include "vitrine/base/nearest.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/feature_store/behaviour/registry.h"
#include "vitrine/feature_store/parse_cell.h"

namespace vitrine::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kCellsPerRead = 2'000'000;  // About 250 MB of features at a time.
constexpr std::size_t kNumNearest = 3;
constexpr char kCatalogueWindow[] = "now";

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

const char* EntityName(FeatureEntity entity) {
  return entity == FeatureEntity::kUser ? "user" : "item";
}

absl::Status NoSuchFeature(const std::string& name) {
  std::vector<std::string> names;
  for (const FeatureSpec& spec : BehaviourFeatures()) names.push_back(spec.name);
  const std::vector<std::string> nearest = NearestNames(name, names, kNumNearest);
  return absl::InvalidArgumentError(absl::StrFormat(
      "--features has \"%s\", which is no behaviour feature%s docs/features.md has them all; "
      "values "
      "that the shop puts are kept without their past",
      name, nearest.empty() ? "." : "; did you mean " + absl::StrJoin(nearest, ", ") + "?"));
}

bool AreAbout(const Labels& labels, FeatureEntity entity) {
  return entity == FeatureEntity::kUser ? labels.has_shoppers : labels.has_items;
}

// The names of one entity's; where there are none the first there is, since none would mean all.
std::vector<std::string> NamesOf(std::span<const FeatureSpec> specs, FeatureEntity entity) {
  std::vector<std::string> names;
  for (const FeatureSpec& spec : specs) {
    if (spec.entity == entity) names.push_back(spec.name);
  }
  if (!names.empty()) return names;
  const auto all = BehaviourFeatures();
  names.push_back(std::find_if(all.begin(), all.end(), [&](const FeatureSpec& spec) {
                    return spec.entity == entity;
                  })->name);
  return names;
}

// Adds rows of CSV, and counts what is missing.
class Writer {
 public:
  Writer(char delimiter, TrainingSet& set) : delimiter_(delimiter), set_(set) {}

  void AddHeader(const std::vector<std::string>& label_columns) {
    for (const std::string& name : label_columns) Add(name);
    for (const TrainingColumn& column : set_.columns) Add(column.spec.name);
    End();
  }

  void AddRow(const std::vector<std::string>& label, const FeatureRow& features) {
    for (const std::string& cell : label) Add(cell);
    auto user = features.user.begin();
    auto item = features.item.begin();
    bool is_known = false;
    for (TrainingColumn& column : set_.columns) {
      const bool is_user = column.spec.entity == FeatureEntity::kUser;
      auto& next = is_user ? user : item;
      // A row without an item has no features of items, not even their defaults.
      const bool is_absent = next == (is_user ? features.user.end() : features.item.end());
      const std::string cell = is_absent ? "" : FeatureCell(next->value);
      if (cell.empty()) ++column.num_missing;
      Add(cell);
      if (is_absent) continue;
      // What the catalogue says has no past: it says nothing of what was known then.
      is_known = is_known || (next->status != FeatureStatus::kMissing &&
                              column.spec.window != kCatalogueWindow);
      ++next;
    }
    if (is_known) ++set_.num_known;
    ++set_.num_rows;
    End();
  }

 private:
  void Add(std::string_view cell) {
    if (!is_first_) set_.csv += delimiter_;
    is_first_ = false;
    AppendCsvCell(cell, delimiter_, set_.csv);
  }
  void End() {
    set_.csv += '\n';
    is_first_ = true;
  }

  char delimiter_;
  bool is_first_ = true;
  TrainingSet& set_;
};

}  // namespace

absl::StatusOr<std::vector<FeatureSpec>> ChooseFeatures(const std::vector<std::string>& names,
                                                        const Labels& labels) {
  std::vector<FeatureSpec> chosen;
  std::set<std::string> known(labels.columns.begin(), labels.columns.end());
  const auto take = [&](const FeatureSpec& spec) {
    if (known.insert(spec.name).second) {
      chosen.push_back(spec);
      return absl::OkStatus();
    }
    return absl::InvalidArgumentError(absl::StrFormat(
        "there would be two columns %s; rename that of the labels, or name each feature of "
        "--features once",
        spec.name));
  };
  for (const std::string& name : names) {
    const FeatureSpec* spec = FindFeature(name);
    if (spec == nullptr) return NoSuchFeature(name);
    if (!AreAbout(labels, spec->entity)) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "--features has %s, a feature of %ss, and the labels have no column %s_id", name,
          EntityName(spec->entity), EntityName(spec->entity)));
    }
    VITRINE_RETURN_IF_ERROR(take(*spec));
  }
  if (!names.empty()) return chosen;
  for (const FeatureSpec& spec : BehaviourFeatures()) {
    if (AreAbout(labels, spec.entity)) VITRINE_RETURN_IF_ERROR(take(spec));
  }
  return chosen;
}

absl::StatusOr<TrainingSet> MakeTrainingSet(const FeatureStore& store, const Labels& labels,
                                            const TrainingSetOptions& options) {
  VITRINE_ASSIGN_OR_RETURN(const auto specs, ChooseFeatures(options.features, labels));
  TrainingSet set{.num_label_columns = labels.columns.size()};
  for (const FeatureSpec& spec : specs) set.columns.push_back({.spec = spec});
  Writer writer(options.delimiter, set);
  writer.AddHeader(labels.columns);
  const AsOfOptions as_of{.user_features = NamesOf(specs, FeatureEntity::kUser),
                          .item_features = NamesOf(specs, FeatureEntity::kItem),
                          .known_since = options.known_since};
  const std::size_t rows_per_read = std::max<std::size_t>(1, kCellsPerRead / specs.size());
  for (std::size_t begin = 0; begin < labels.rows.size(); begin += rows_per_read) {
    const std::size_t end = std::min(labels.rows.size(), begin + rows_per_read);
    std::vector<FeatureQuestion> questions(
        labels.questions.begin() + static_cast<std::ptrdiff_t>(begin),
        labels.questions.begin() + static_cast<std::ptrdiff_t>(end));
    if (options.is_strict) {
      for (FeatureQuestion& question : questions) --question.time_us;
    }
    VITRINE_ASSIGN_OR_RETURN(const auto rows, store.FeaturesAsOf(questions, as_of));
    for (std::size_t i = 0; i < rows.size(); ++i) writer.AddRow(labels.rows[begin + i], rows[i]);
  }
  return set;
}

std::string FeatureCell(const FeatureValue& value) {
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return std::to_string(*whole);
  if (const auto* number = std::get_if<double>(&value)) return FormatNumber(*number);
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  const auto* weights = std::get_if<WeightedNames>(&value);
  if (weights == nullptr) return "";
  Json json = Json::object();
  for (const auto& [name, weight] : *weights) json[name] = weight;
  return Dump(json);
}

std::string TrainingSetText(const std::string& path, const TrainingSet& set) {
  std::string text =
      absl::StrFormat("%s: %d rows, %d columns of labels, %d features as of each row's time\n\n",
                      path, set.num_rows, set.num_label_columns, set.columns.size());
  text +=
      absl::StrFormat("%-28s %-8s %-24s %-24s %s\n", "feature", "of", "unit", "window", "missing");
  for (const TrainingColumn& column : set.columns) {
    text += absl::StrFormat(
        "%-28s %-8s %-24s %-24s %d (%.3g%%)\n", column.spec.name, EntityName(column.spec.entity),
        column.spec.unit.empty() ? "-" : column.spec.unit, column.spec.window, column.num_missing,
        100.0 * static_cast<double>(column.num_missing) / static_cast<double>(set.num_rows));
  }
  text += absl::StrFormat("\n%d of %d rows are of somebody or something known by then.\n",
                          set.num_known, set.num_rows);
  if (set.num_known > 0) return text;
  return text +
         "A log that was imported after the fact arrived today, as a whole: --known-since "
         "event-time\ntakes each event as known when it happened.\n";
}

std::string TrainingSetJson(const std::string& path, const TrainingSet& set) {
  Json json = {{"out", path},
               {"rows", set.num_rows},
               {"rows_known", set.num_known},
               {"features", Json::array()}};
  for (const TrainingColumn& column : set.columns) {
    json["features"].push_back({{"name", column.spec.name},
                                {"entity", EntityName(column.spec.entity)},
                                {"unit", column.spec.unit},
                                {"window", column.spec.window},
                                {"missing", column.num_missing}});
  }
  return Dump(json);
}

}  // namespace vitrine::cli
