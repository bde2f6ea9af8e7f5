#include "vitrine/feature_store/transform/cyclical.h"

#include <cmath>
#include <numbers>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/feature_store/parse_cell.h"

namespace vitrine {
namespace {

constexpr double kFirstSecond = -62'135'596'800;  // 0001-01-01
constexpr double kLastSecond = 253'402'300'799;   // 9999-12-31 23:59:59
constexpr double kHours = 24;
constexpr double kWeekdays = 7;

absl::Status CheckTimes(const Numbers& numbers, const std::string& name) {
  for (std::size_t row = 0; row < numbers.size(); ++row) {
    const double value = numbers[row];
    if (std::isnan(value) || (value >= kFirstSecond && value <= kLastSecond)) continue;
    return absl::InvalidArgumentError(absl::StrFormat(
        "row %d of column %s is %s, which is no time in seconds since 1970 of the years 1 to 9999; "
        "is it in milliseconds?",
        row + 1, name, FormatNumber(value)));
  }
  return absl::OkStatus();
}

// The two columns of what goes round in `period` steps.
std::vector<Column> Circle(const std::string& name, const Numbers& steps, double period) {
  Column sine{.name = name + "_sin", .cells = Numbers()};
  Column cosine{.name = name + "_cos", .cells = Numbers()};
  for (const double step : steps) {
    const double angle = 2 * std::numbers::pi * step / period;
    std::get<Numbers>(sine.cells).push_back(std::sin(angle));
    std::get<Numbers>(cosine.cells).push_back(std::cos(angle));
  }
  return {std::move(sine), std::move(cosine)};
}

std::vector<Column> Encode(const std::string& name, const Numbers& times,
                           const absl::TimeZone& zone, const FittedCyclical& fitted) {
  Numbers hours = times;
  Numbers weekdays = times;
  for (std::size_t row = 0; row < times.size(); ++row) {
    if (std::isnan(times[row])) continue;
    const auto seconds = static_cast<std::int64_t>(std::floor(times[row]));
    const absl::CivilSecond local = absl::ToCivilSecond(absl::FromUnixSeconds(seconds), zone);
    hours[row] = local.hour();
    weekdays[row] = static_cast<double>(absl::GetWeekday(local));  // 0: Monday.
  }
  std::vector<Column> columns;
  if (fitted.has_hour) columns = Circle(name + "_hour", hours, kHours);
  if (fitted.has_weekday) {
    for (Column& column : Circle(name + "_weekday", weekdays, kWeekdays)) {
      columns.push_back(std::move(column));
    }
  }
  return columns;
}

}  // namespace

absl::StatusOr<FittedCyclical> Fit(const FeatureTable& table, const CyclicalSettings& settings) {
  if (!settings.has_hour && !settings.has_weekday) {
    return absl::InvalidArgumentError("neither hour nor weekday is wanted; wants one at least");
  }
  VITRINE_RETURN_IF_ERROR(FindTimeZone(settings.time_zone).status());
  FittedCyclical fitted{.time_zone = settings.time_zone,
                        .has_hour = settings.has_hour,
                        .has_weekday = settings.has_weekday};
  VITRINE_ASSIGN_OR_RETURN(fitted.columns, ChooseColumns(table, settings.columns));
  for (const std::string& name : fitted.columns) {
    VITRINE_ASSIGN_OR_RETURN(const Numbers* numbers, table.GetNumbers(name));
    VITRINE_RETURN_IF_ERROR(CheckTimes(*numbers, name));
  }
  return fitted;
}

absl::StatusOr<FeatureTable> Apply(const FittedCyclical& fitted, FeatureTable table) {
  VITRINE_ASSIGN_OR_RETURN(const absl::TimeZone zone, FindTimeZone(fitted.time_zone));
  for (const std::string& name : fitted.columns) {
    VITRINE_ASSIGN_OR_RETURN(const Numbers* times, table.GetNumbers(name));
    VITRINE_RETURN_IF_ERROR(CheckTimes(*times, name));
    VITRINE_RETURN_IF_ERROR(table.Replace(name, Encode(name, *times, zone, fitted)));
  }
  return table;
}

std::vector<std::string> Describe(const FittedCyclical& fitted) {
  std::vector<std::string> lines;
  for (const std::string& name : fitted.columns) {
    lines.push_back(absl::StrFormat("%s: %s%s%s of %s", name, fitted.has_hour ? "hour" : "",
                                    fitted.has_hour && fitted.has_weekday ? " and " : "",
                                    fitted.has_weekday ? "weekday" : "", fitted.time_zone));
  }
  return lines;
}

}  // namespace vitrine
