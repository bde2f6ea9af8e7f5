#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/feature_store/parse_cell.h"
#include "vitrine/feature_store/transform/cleaning.h"

namespace vitrine {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

std::optional<double> Parse(const std::string& text, const FittedConvert& fitted,
                            const TimeFormat& format) {
  if (fitted.to == ConvertTo::kNumber) return ParseAnyNumber(text);
  const std::optional<Micros> time = format.Parse(text);
  if (!time.has_value()) return std::nullopt;
  return static_cast<double>(*time) / static_cast<double>(kMicrosPerSecond);
}

// Cells that are not of the type wanted.
struct Misfits {
  std::size_t first = 0;
  std::size_t count = 0;
};

absl::Status Refuse(const Texts& texts, const Misfits& misfits, const std::string& name,
                    const FittedConvert& fitted) {
  const std::string wanted = fitted.to == ConvertTo::kNumber
                                 ? "a number"
                                 : absl::StrFormat("a time (format \"%s\")", fitted.format);
  return absl::InvalidArgumentError(absl::StrFormat(
      "row %d of column %s is \"%s\", which is not %s, as are %d of %d rows; let unparsable be "
      "\"missing\" to go on without them",
      misfits.first + 1, name, texts[misfits.first]->substr(0, 40), wanted, misfits.count,
      texts.size()));
}

absl::StatusOr<Numbers> ParseAll(const Texts& texts, const std::string& name,
                                 const FittedConvert& fitted, const TimeFormat& format) {
  Numbers numbers(texts.size(), kMissing);
  Misfits misfits;
  for (std::size_t row = 0; row < texts.size(); ++row) {
    if (!texts[row].has_value()) continue;
    const std::optional<double> value = Parse(*texts[row], fitted, format);
    numbers[row] = value.value_or(kMissing);
    if (!value.has_value() && misfits.count++ == 0) misfits.first = row;
  }
  if (misfits.count == 0 || fitted.unparsable == Unparsable::kMissing) return numbers;
  return Refuse(texts, misfits, name, fitted);
}

Texts AllTexts(const Column& column) {
  Texts texts;
  texts.reserve(column.size());
  for (std::size_t row = 0; row < column.size(); ++row) texts.push_back(CellText(column, row));
  return texts;
}

// Numbers that are times, such as 20101201 or 1000000000000: the shortest form of the latter,
// 1e+12, is none.
Texts WrittenOut(const Numbers& numbers) {
  Texts texts;
  texts.reserve(numbers.size());
  for (const double value : numbers) {
    texts.emplace_back();
    if (std::isnan(value)) continue;
    texts.back() =
        std::trunc(value) == value ? absl::StrFormat("%.0f", value) : FormatNumber(value);
  }
  return texts;
}

// Errors: INVALID_ARGUMENT a cell is not of the type.
absl::StatusOr<Column> Convert(const Column& column, const FittedConvert& fitted,
                               const TimeFormat& format) {
  Column converted{.name = column.name};
  const auto* numbers = std::get_if<Numbers>(&column.cells);
  if (fitted.to == ConvertTo::kText) {
    converted.cells = AllTexts(column);
  } else if (numbers != nullptr && fitted.to == ConvertTo::kNumber) {
    converted = column;
  } else {
    const Texts texts = numbers == nullptr ? std::get<Texts>(column.cells) : WrittenOut(*numbers);
    VITRINE_ASSIGN_OR_RETURN(converted.cells, ParseAll(texts, column.name, fitted, format));
  }
  return converted;
}

}  // namespace

absl::StatusOr<FittedConvert> Fit(const FeatureTable& table, const ConvertSettings& settings) {
  VITRINE_RETURN_IF_ERROR(FindTimeZone(settings.time_zone).status());
  FittedConvert fitted{.to = settings.to,
                       .unparsable = settings.unparsable,
                       .format = settings.format,
                       .time_zone = settings.time_zone};
  VITRINE_ASSIGN_OR_RETURN(fitted.columns, ChooseColumns(table, settings.columns));
  return fitted;
}

absl::StatusOr<FeatureTable> Apply(const FittedConvert& fitted, FeatureTable table) {
  VITRINE_ASSIGN_OR_RETURN(const TimeFormat format,
                           TimeFormat::Create(fitted.format, fitted.time_zone));
  for (const std::string& name : fitted.columns) {
    VITRINE_ASSIGN_OR_RETURN(const Column* column, table.Get(name));
    std::vector<Column> converted(1);
    VITRINE_ASSIGN_OR_RETURN(converted[0], Convert(*column, fitted, format));
    VITRINE_RETURN_IF_ERROR(table.Replace(name, std::move(converted)));
  }
  return table;
}

std::vector<std::string> Describe(const FittedConvert& fitted) {
  constexpr const char* kNames[] = {"number", "text", "time"};
  std::vector<std::string> lines;
  for (const std::string& name : fitted.columns) {
    std::string line = name + ": to " + kNames[static_cast<std::size_t>(fitted.to)];
    if (fitted.to == ConvertTo::kTime) {
      line += absl::StrFormat(" (%s, %s)", fitted.format, fitted.time_zone);
    }
    if (fitted.unparsable == Unparsable::kMissing) line += ", missing where it is none";
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace vitrine
