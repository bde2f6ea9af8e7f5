#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "training/recency_settings.h"
#include "training/sessions.h"
#include "training/setting_reader.h"
#include "training/trainers.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/models/model_kinds.h"
#include "vitrine/scorers/sequential/session_knn.h"

namespace vitrine {

namespace {

Settings Defaults() {
  Settings defaults = {{"neighbours", "1500"},        {"sessions_per_item", "5000"},
                       {"similarity_power", "2"},     {"match_decay", "0.1"},
                       {"distance_power", "1.2"},     {"backward_weight", "0.2"},
                       {"idf_power", "0.3"},          {"self_weight", "0.08"},
                       {"session_gap_minutes", "30"}, {"session_half_life_days", "0"},
                       {"max_sessions", "1000000"},   {"step_decay", "0.3"}};
  defaults.merge(RecencyDefaults());
  return defaults;
}

// ln(sessions / sessions with the item)^power; 0 for an item of no session.
std::vector<float> IdfWeights(const CsrMatrix& sessions, double power) {
  std::vector<std::size_t> counts(sessions.num_cols, 0);
  for (const std::uint32_t item : sessions.column) ++counts[item];
  std::vector<float> weights(counts.size(), 0);
  for (std::size_t item = 0; item < counts.size(); ++item) {
    if (counts[item] == 0) continue;
    const double idf =
        std::log(static_cast<double>(sessions.num_rows) / static_cast<double>(counts[item]));
    weights[item] = static_cast<float>(std::pow(idf, power));
  }
  return weights;
}

// 2^(-age / half life), an age being the time before the latest session: what all ages have in
// common changes no ranking.
std::vector<float> AgeWeights(const std::vector<Micros>& end_us, double half_life_days) {
  std::vector<float> weights(end_us.size(), 1);
  if (half_life_days == 0) return weights;
  for (std::size_t session = 0; session < end_us.size(); ++session) {
    const auto age_us = static_cast<double>(end_us.front() - end_us[session]);
    weights[session] = static_cast<float>(
        std::exp2(-age_us / (half_life_days * static_cast<double>(kMicrosPerDay))));
  }
  return weights;
}

absl::StatusOr<Model> Train(const Dataset& dataset, const Settings& settings,
                            const TrainingContext& context) {
  SettingReader reader("session_knn", Defaults(), settings);
  const auto count = [&reader](const std::string& name) {
    return static_cast<std::uint32_t>(reader.Count(name, 1, 1'000'000));
  };
  const auto number = [&reader](const std::string& name) {
    return static_cast<float>(reader.Number(name, 0, 10));
  };
  SessionKnnTable table;
  table.weights.num_neighbours = count("neighbours");
  table.weights.sessions_per_item = count("sessions_per_item");
  table.weights.similarity_power = number("similarity_power");
  table.weights.match_decay = number("match_decay");
  table.weights.distance_power = number("distance_power");
  table.weights.backward_weight = number("backward_weight");
  table.weights.self_weight = number("self_weight");
  table.recency = ReadRecency(reader);
  const double idf_power = reader.Number("idf_power", 0, 10);
  const double half_life_days = reader.Number("session_half_life_days", 0, 36'500);
  SessionOptions options;
  options.gap_minutes = reader.Number("session_gap_minutes", 0, 1e6);
  options.max_sessions = reader.Count("max_sessions", 1, 100'000'000);
  VITRINE_RETURN_IF_ERROR(reader.status());

  if (IsCancelled(context)) return Cancelled("session_knn");
  ReportProgress(context, 0);
  Sessions sessions = SessionsOf(JourneysOf(dataset), dataset.num_items(), options);
  table.session_weights = AgeWeights(sessions.end_us, half_life_days);
  table.item_weights = IdfWeights(sessions.items, idf_power);
  table.sessions = std::move(sessions.items);
  VITRINE_ASSIGN_OR_RETURN(const auto scorer, SessionKnn::Create(std::move(table)));
  ReportProgress(context, 1);
  Model model = MakeModel(scorer);
  model.settings = reader.complete();
  return model;
}

}  // namespace

Trainer SessionKnnTrainer() {
  return {.name = "session_knn",
          .description = "what came next in the sessions most like this one",
          .defaults = Defaults(),
          .ranges = {WholeBetweenLog("neighbours", 20, 5000), Between("similarity_power", 0.5, 4),
                     Between("match_decay", 0, 0.5), Between("self_weight", 0, 0.2),
                     Between("distance_power", 0, 2), Between("backward_weight", 0, 1),
                     Between("idf_power", 0, 2), Between("step_decay", 0.1, 1),
                     OneOf("session_half_life_days", {"0", "7", "30", "90", "365"})},
          .train = &Train};
}

}  // namespace vitrine
