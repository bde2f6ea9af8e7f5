#include "cli/ratings_report.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "absl/strings/str_format.h"

namespace vitrine::cli {
namespace {

using Json = nlohmann::ordered_json;

Json ToJson(const RatingErrors& errors) {
  return {{"ratings", errors.num_ratings}, {"rmse", errors.rmse}, {"mae", errors.mae}};
}

Json ToJson(const Difference& difference) {
  return {{"difference", difference.value},
          {"low", difference.interval.low},
          {"high", difference.interval.high},
          {"p_value", difference.p_value}};
}

Json ToJson(const RatingRow& row) {
  Json json = {{"scorer", row.name}, {"settings", row.settings}, {"users", row.num_users}};
  json.update(ToJson(row.all));
  json["intervals"] = {{"rmse", {row.rmse_interval.low, row.rmse_interval.high}},
                       {"mae", {row.mae_interval.low, row.mae_interval.high}}};
  for (const RatingErrors& fold : row.folds) json["folds"].push_back(ToJson(fold));
  json["train_seconds"] = row.train_seconds;
  json["evaluate_seconds"] = row.evaluate_seconds;
  return json;
}

// How far the first is from the second; nothing where the second has no error to compare with.
std::string RmseWords(double first, double second) {
  if (!(second > 0)) return {};
  const double percent = 100 * (first / second - 1);
  return absl::StrFormat("the first's rmse is %.2f %% %s the second's; ", std::abs(percent),
                         percent < 0 ? "below" : "above");
}

std::string Line(const RatingRow& row) {
  std::string text = absl::StrFormat(
      "%-18s %9d %8.4f %17s %8.4f %8.2f %8.2f ", row.name, row.all.num_ratings, row.all.rmse,
      absl::StrFormat("%.4f-%.4f", row.rmse_interval.low, row.rmse_interval.high), row.all.mae,
      row.train_seconds, row.evaluate_seconds);
  for (const RatingErrors& fold : row.folds) text += absl::StrFormat(" %.4f", fold.rmse);
  return text + "\n";
}

}  // namespace

std::string RatingsJson(const RatingComparison& comparison, std::uint64_t peak_rss_bytes) {
  Json json = ToJson(comparison.row);
  if (comparison.other.has_value()) {
    json["against"] = {{"row", ToJson(*comparison.other)},
                       {"differences",
                        {{"squared_error", ToJson(comparison.differences.squared)},
                         {"absolute_error", ToJson(comparison.differences.absolute)}}}};
  }
  json["peak_rss_bytes"] = peak_rss_bytes;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string RatingsTable(const RatingComparison& comparison) {
  std::string text =
      absl::StrFormat("%-18s %9s %8s %17s %8s %8s %8s  %s\n", "scorer", "ratings", "rmse",
                      "rmse, 95 %", "mae", "train s", "answer s", "rmse by fold");
  text += Line(comparison.row);
  if (!comparison.other.has_value()) return text;
  const RatingRow& other = *comparison.other;
  const Difference& squared = comparison.differences.squared;
  text += Line(other);
  text += "\n";
  text += RmseWords(comparison.row.all.rmse, other.all.rmse);
  return text + absl::StrFormat("squared error %+.4f (95 %%: %+.4f to %+.4f), p = %.4f\n",
                                squared.value, squared.interval.low, squared.interval.high,
                                squared.p_value);
}

std::string PredictionLines(const Dataset& dataset, const std::vector<HeldRating>& held,
                            const RatingRow& row) {
  std::string text;
  for (std::size_t i = 0; i < held.size(); ++i) {
    text += absl::StrFormat("%s\t%s\t%g\t%d\t%.6f\n", dataset.user_ids[held[i].user],
                            dataset.item_ids[Row(held[i].item)], held[i].rating, held[i].fold + 1,
                            row.predicted[i]);
  }
  return text;
}

}  // namespace vitrine::cli
