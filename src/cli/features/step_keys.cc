#include "cli/features/step_keys.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace vitrine::cli {
namespace {

constexpr double kMost = std::numeric_limits<double>::max();
constexpr std::uint64_t kMostCount = 1'000'000'000;

constexpr const char* kWantedColumns =
    "an array of columns, or one of \"numbers\", \"texts\", \"all\"";

// columns = ["a", "b"], or "numbers", "texts" or "all", then without those in `except`.
void ReadColumns(TomlTable& table, ColumnChoice& choice) {
  const toml::node* columns = table.Find("columns");
  if (columns == nullptr) {
    table.Refuse(std::string("has no columns; wants ") + kWantedColumns);
  } else if (columns->is_array()) {
    table.Texts("columns", choice.names);
  } else {
    table.Choice("columns",
                 {{"numbers", ColumnChoice::All::kNumbers},
                  {"texts", ColumnChoice::All::kTexts},
                  {"all", ColumnChoice::All::kColumns}},
                 choice.all);
  }
  table.Texts("except", choice.except);
}

StepSettings ReadDeduplicate(TomlTable& table) {
  DeduplicateSettings settings;
  table.Texts("keys", settings.keys);
  table.Choice("keep", {{"first", Keep::kFirst}, {"last", Keep::kLast}}, settings.keep);
  return settings;
}

StepSettings ReadClip(TomlTable& table) {
  ClipSettings settings;
  ReadColumns(table, settings.columns);
  table.Choice("method", {{"quantile", ClipMethod::kQuantile}, {"z_score", ClipMethod::kZScore}},
               settings.method);
  table.Number("lower", 0, 1, settings.lower);
  table.Number("upper", 0, 1, settings.upper);
  table.Number("deviations", 1e-9, 1e9, settings.deviations);
  return settings;
}

StepSettings ReadConvert(TomlTable& table) {
  ConvertSettings settings;
  ReadColumns(table, settings.columns);
  table.Choice(
      "to",
      {{"number", ConvertTo::kNumber}, {"text", ConvertTo::kText}, {"time", ConvertTo::kTime}},
      settings.to);
  table.Choice("unparsable", {{"error", Unparsable::kError}, {"missing", Unparsable::kMissing}},
               settings.unparsable);
  table.Text("format", settings.format);
  table.Text("time_zone", settings.time_zone);
  return settings;
}

StepSettings ReadSelect(TomlTable& table) {
  SelectSettings settings;
  ReadColumns(table, settings.columns);
  table.Choice("action", {{"keep", false}, {"drop", true}}, settings.is_dropping);
  return settings;
}

StepSettings ReadImpute(TomlTable& table) {
  ImputeSettings settings;
  ReadColumns(table, settings.columns);
  table.Choice("method",
               {{"constant", ImputeMethod::kConstant},
                {"mean", ImputeMethod::kMean},
                {"median", ImputeMethod::kMedian},
                {"mode", ImputeMethod::kMode},
                {"last", ImputeMethod::kLast}},
               settings.method);
  if (const toml::node* value = table.Find("value"); value != nullptr) {
    if (value->is_number()) {
      settings.number = value->value<double>();
    } else if (value->is_string()) {
      settings.text = value->as_string()->get();
    } else {
      table.Refuse("value", *value, "a number or a text");
    }
  }
  table.Flag("marked", settings.is_marked);
  return settings;
}

StepSettings ReadScale(TomlTable& table) {
  ScaleSettings settings;
  ReadColumns(table, settings.columns);
  table.Choice("method",
               {{"min_max", ScaleMethod::kMinMax},
                {"standard", ScaleMethod::kStandard},
                {"robust", ScaleMethod::kRobust}},
               settings.method);
  table.Number("low", -kMost, kMost, settings.low);
  table.Number("high", -kMost, kMost, settings.high);
  table.Number("lower", 0, 1, settings.lower);
  table.Number("upper", 0, 1, settings.upper);
  table.Flag("clipped", settings.is_clipped);
  return settings;
}

StepSettings ReadLog(TomlTable& table) {
  LogSettings settings;
  ReadColumns(table, settings.columns);
  table.Choice("negative",
               {{"error", NegativePolicy::kError},
                {"signed", NegativePolicy::kSigned},
                {"zero", NegativePolicy::kZero}},
               settings.negative);
  return settings;
}

StepSettings ReadBins(TomlTable& table) {
  BinSettings settings;
  ReadColumns(table, settings.columns);
  table.Count("bins", 2, 1'000'000, settings.num_bins);
  return settings;
}

StepSettings ReadCyclical(TomlTable& table) {
  CyclicalSettings settings;
  ReadColumns(table, settings.columns);
  table.Text("time_zone", settings.time_zone);
  table.Flag("hour", settings.has_hour);
  table.Flag("weekday", settings.has_weekday);
  return settings;
}

void ReadUnseen(TomlTable& table, UnseenPolicy& policy) {
  table.Choice("unseen",
               {{"ignore", UnseenPolicy::kIgnore},
                {"error", UnseenPolicy::kError},
                {"other", UnseenPolicy::kOther}},
               policy);
}

StepSettings ReadOneHot(TomlTable& table) {
  OneHotSettings settings;
  ReadColumns(table, settings.columns);
  ReadUnseen(table, settings.unseen);
  table.Flag("missing", settings.has_missing);
  table.Count("min_count", 1, kMostCount, settings.min_count);
  table.Count("max_categories", 0, 100'000, settings.max_categories);
  return settings;
}

StepSettings ReadOrdinal(TomlTable& table) {
  OrdinalSettings settings;
  ReadColumns(table, settings.columns);
  ReadUnseen(table, settings.unseen);
  return settings;
}

StepSettings ReadHash(TomlTable& table) {
  HashSettings settings;
  ReadColumns(table, settings.columns);
  table.Count("buckets", 1, 65'536, settings.num_buckets);
  table.Count("seed", 0, std::numeric_limits<std::int64_t>::max(), settings.seed);
  table.Flag("signed", settings.is_signed);
  table.Text("prefix", settings.prefix);
  return settings;
}

StepSettings ReadTargetMean(TomlTable& table) {
  TargetMeanSettings settings;
  ReadColumns(table, settings.columns);
  table.Number("smoothing", 0, kMost, settings.smoothing);
  table.Count("folds", 2, kMostCount, settings.num_folds);
  table.Flag("shuffled", settings.is_shuffled);
  table.Count("seed", 0, std::numeric_limits<std::int64_t>::max(), settings.seed);
  return settings;
}

StepSettings ReadSelection(TomlTable& table) {
  SelectionSettings settings;
  ReadColumns(table, settings.columns);
  table.Choice("by",
               {{"variance", SelectionCriterion::kVariance},
                {"mutual_information", SelectionCriterion::kMutualInformation},
                {"inflation", SelectionCriterion::kInflation}},
               settings.criterion);
  table.Number("threshold", 0, kMost, settings.threshold);
  table.Count("count", 1, kMostCount, settings.count);
  table.Number("most_inflation", 1, kMost, settings.most_inflation);
  table.Flag("classes", settings.is_target_class);
  table.Count("neighbours", 1, 1000, settings.neighbours);
  table.Texts("discrete", settings.discrete);
  table.Count("seed", 0, std::numeric_limits<std::int64_t>::max(), settings.seed);
  return settings;
}

StepSettings ReadPca(TomlTable& table) {
  PcaSettings settings;
  ReadColumns(table, settings.columns);
  table.Count("components", 0, kMostCount, settings.options.components);
  table.Choice("solver",
               {{"covariance", PcaSolver::kCovariance}, {"randomised", PcaSolver::kRandomised}},
               settings.options.solver);
  table.Flag("whiten", settings.options.whiten);
  table.Count("seed", 0, std::numeric_limits<std::int64_t>::max(), settings.options.seed);
  table.Text("prefix", settings.prefix);
  return settings;
}

StepSettings ReadDiscriminants(TomlTable& table) {
  DiscriminantSettings settings;
  ReadColumns(table, settings.columns);
  table.Count("components", 0, kMostCount, settings.options.components);
  table.Number("shrinkage", 0, 1, settings.options.shrinkage);
  table.Text("prefix", settings.prefix);
  return settings;
}

void ReadTerms(TomlTable& table, TfIdfOptions& options) {
  std::vector<std::string> languages;
  table.Texts("stop_languages", languages);
  constexpr std::array<std::pair<std::string_view, StopWordLanguage>, 4> kLanguages = {
      {{"english", StopWordLanguage::kEnglish},
       {"german", StopWordLanguage::kGerman},
       {"french", StopWordLanguage::kFrench},
       {"spanish", StopWordLanguage::kSpanish}}};
  for (const std::string& name : languages) {
    const auto known = std::find_if(kLanguages.begin(), kLanguages.end(),
                                    [&](const auto& each) { return each.first == name; });
    if (known != kLanguages.end()) {
      options.stop_languages.push_back(known->second);
    } else {
      table.Refuse("stop_languages", *table.Find("stop_languages"),
                   "english, german, french or spanish, not " + name);
    }
  }
  table.Texts("stop_words", options.stop_words);
  table.Count("min_documents", 1, kMostCount, options.min_documents);
  table.Number("max_document_share", 1e-9, 1, options.max_document_share);
  table.Count("max_terms", 0, kMostCount, options.max_terms);
  table.Flag("sublinear", options.is_sublinear);
  table.Flag("smooth", options.is_smooth);
  table.Flag("unit_length", options.has_unit_length);
}

StepSettings ReadTfIdf(TomlTable& table) {
  TfIdfSettings settings;
  ReadColumns(table, settings.columns);
  ReadTerms(table, settings.options);
  return settings;
}

StepSettings ReadLatentSemantics(TomlTable& table) {
  LatentSemanticsSettings settings;
  ReadColumns(table, settings.columns);
  ReadTerms(table, settings.terms);
  table.Count("dimensions", 1, 10'000, settings.options.dimensions);
  table.Count("iterations", 1, 1000, settings.options.iterations);
  table.Count("oversampling", 0, 10'000, settings.options.oversampling);
  table.Count("seed", 0, std::numeric_limits<std::int64_t>::max(), settings.options.seed);
  return settings;
}

constexpr std::array kAllSteps = {
    StepKeys{DeduplicateSettings::kKind, ReadDeduplicate},
    StepKeys{ClipSettings::kKind, ReadClip},
    StepKeys{ConvertSettings::kKind, ReadConvert},
    StepKeys{SelectSettings::kKind, ReadSelect},
    StepKeys{ImputeSettings::kKind, ReadImpute},
    StepKeys{ScaleSettings::kKind, ReadScale},
    StepKeys{LogSettings::kKind, ReadLog},
    StepKeys{BinSettings::kKind, ReadBins},
    StepKeys{CyclicalSettings::kKind, ReadCyclical},
    StepKeys{OneHotSettings::kKind, ReadOneHot},
    StepKeys{OrdinalSettings::kKind, ReadOrdinal},
    StepKeys{HashSettings::kKind, ReadHash},
    StepKeys{TargetMeanSettings::kKind, ReadTargetMean},
    StepKeys{SelectionSettings::kKind, ReadSelection},
    StepKeys{PcaSettings::kKind, ReadPca},
    StepKeys{DiscriminantSettings::kKind, ReadDiscriminants},
    StepKeys{TfIdfSettings::kKind, ReadTfIdf},
    StepKeys{LatentSemanticsSettings::kKind, ReadLatentSemantics},
};
static_assert(kAllSteps.size() == std::variant_size_v<StepSettings>);

}  // namespace

std::span<const StepKeys> AllStepKeys() { return kAllSteps; }

}  // namespace vitrine::cli
