#include "cli/features/step_keys.h"

#include <array>
#include <limits>
#include <string>
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
};
static_assert(kAllSteps.size() == std::variant_size_v<StepSettings>);

}  // namespace

std::span<const StepKeys> AllStepKeys() { return kAllSteps; }

}  // namespace vitrine::cli
