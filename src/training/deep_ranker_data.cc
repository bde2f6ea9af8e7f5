#include "training/deep_ranker_data.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_format.h"
#include "training/trainers.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/math/top_k.h"
#include "vitrine/scorers/dnn/deep_ranker.h"

namespace vitrine {

namespace {

constexpr double kWeek = 7;
constexpr double kMonth = 30;
constexpr std::size_t kShoppersOfAShard = 8;

double DaysBetween(Micros from, Micros to) {
  return static_cast<double>(std::max<Micros>(to - from, 0)) / static_cast<double>(kMicrosPerDay);
}

Micros LatestOf(const Dataset& dataset) {
  Micros latest = 0;
  for (const Interaction& each : dataset.interactions) latest = std::max(latest, each.time_us);
  return latest;
}

// Of an item: who touched it, and when.
struct Touches {
  double shoppers = 0;
  double in_a_week = 0;  // Shoppers by the age of their last touch.
  double in_a_month = 0;
  Micros first = std::numeric_limits<Micros>::max();
  Micros last = 0;
};

std::vector<Touches> CountTouches(const Dataset& dataset, Micros now_us) {
  std::vector<Touches> touches(dataset.num_items());
  std::vector<Micros> last(dataset.num_items(), -1);  // Of one shopper; -1: not touched.
  for (std::size_t user = 0; user < dataset.num_users(); ++user) {
    const auto history = dataset.History(user);
    for (const Interaction& each : history) {
      if (each.weight <= 0) continue;
      Touches& item = touches[Row(each.item)];
      item.first = std::min(item.first, each.time_us);
      item.last = std::max(item.last, each.time_us);
      last[Row(each.item)] = std::max(last[Row(each.item)], each.time_us);
    }
    for (const Interaction& each : history) {
      Micros& time = last[Row(each.item)];
      if (time < 0) continue;
      const double age = DaysBetween(time, now_us);
      Touches& item = touches[Row(each.item)];
      item.shoppers += 1;
      item.in_a_week += std::exp2(-age / kWeek);
      item.in_a_month += std::exp2(-age / kMonth);
      time = -1;
    }
  }
  return touches;
}

// The interactions of a shopper up to a cut, and after it.
struct CutHistory {
  std::vector<Interaction> shown{};  // Oldest first.
  std::vector<Interaction> asked{};
};

// The moment that leaves `share` of the interactions behind it; with all at one time, the largest.
Micros CutOf(const Dataset& dataset, double share) {
  std::vector<Micros> times;
  for (const Interaction& each : dataset.interactions) times.push_back(each.time_us);
  std::sort(times.begin(), times.end());
  if (times.empty() || times.front() == times.back()) return std::numeric_limits<Micros>::max();
  const auto at = static_cast<std::size_t>((1 - share) * static_cast<double>(times.size()));
  const Micros cut = times[std::min(at, times.size() - 1)];
  return std::max(cut, times.front() + 1);
}

CutHistory Cut(std::span<const Interaction> history, Micros cut_us, double share) {
  CutHistory cut;
  const auto first_asked =
      static_cast<std::size_t>((1 - share) * static_cast<double>(history.size()));
  for (std::size_t i = 0; i < history.size(); ++i) {
    const bool is_shown = cut_us == std::numeric_limits<Micros>::max()
                              ? i < std::max<std::size_t>(first_asked, 1)
                              : history[i].time_us < cut_us;
    (is_shown ? cut.shown : cut.asked).push_back(history[i]);
  }
  return cut;
}

// Asks the scorers about one shopper after another.
class Asker {
 public:
  Asker(const std::vector<Model>& models, std::size_t num_candidates, Matrix item_facts)
      : models_(models),
        num_candidates_(num_candidates),
        facts_(std::move(item_facts)),
        unknown_(UnknownItemFacts()) {
    for (const Model& model : models) names_.push_back(model.name);
  }

  struct Answer {
    Matrix features{};
    std::vector<std::uint8_t> is_wanted{};
  };

  // No rows where nothing is wanted.
  Answer Ask(const CutHistory& cut, Micros now_us) const {
    const std::vector<Interaction> newest_first(cut.shown.rbegin(), cut.shown.rend());
    std::vector<ItemIndex> had;
    for (const Interaction& each : cut.shown) had.push_back(each.item);
    std::sort(had.begin(), had.end());
    had.erase(std::unique(had.begin(), had.end()), had.end());
    std::vector<ItemIndex> wanted;
    for (const Interaction& each : cut.asked) {
      if (each.weight > 0 && !std::binary_search(had.begin(), had.end(), each.item)) {
        wanted.push_back(each.item);
      }
    }
    Answer answer;
    if (wanted.empty() || newest_first.empty()) return answer;
    std::sort(wanted.begin(), wanted.end());
    const Query query{.history = newest_first, .now_us = now_us, .excluded = had};
    const std::vector<ItemIndex> items = Candidates(query);
    bool has_any = false;
    for (const ItemIndex item : items) {
      answer.is_wanted.push_back(std::binary_search(wanted.begin(), wanted.end(), item) ? 1 : 0);
      has_any = has_any || answer.is_wanted.back() != 0;
    }
    if (!has_any) return {};
    Matrix scores(static_cast<Eigen::Index>(models_.size()),
                  static_cast<Eigen::Index>(items.size()));
    for (std::size_t m = 0; m < models_.size(); ++m) {
      models_[m].scorer->Score({&query, 1}, items, scores.row(static_cast<Eigen::Index>(m)));
    }
    answer.features = RankerFeatures({query, items, names_, scores}, names_, facts_, unknown_);
    return answer;
  }

 private:
  // The best of the mean of what the scorers say of their best.
  std::vector<ItemIndex> Candidates(const Query& query) const {
    std::vector<float> sums(static_cast<std::size_t>(facts_.rows()), 0);
    for (const Model& model : models_) {
      const auto list =
          std::move(model.scorer->Retrieve({&query, 1}, nullptr, num_candidates_).front());
      if (list.empty()) continue;
      const float scale = std::max(list.front().score, 1e-6F);
      for (const ScoredItem& each : list) {
        if (each.score > 0) sums[Row(each.item)] += each.score / scale;
      }
    }
    TopK best(num_candidates_);
    for (std::size_t row = 0; row < sums.size(); ++row) {
      if (sums[row] > 0) best.Offer(ItemIndex{static_cast<std::uint32_t>(row)}, sums[row]);
    }
    std::vector<ItemIndex> items;
    for (const ScoredItem& each : best.Take()) items.push_back(each.item);
    return items;
  }

  const std::vector<Model>& models_;
  std::size_t num_candidates_;
  Matrix facts_;
  Matrix unknown_;
  std::vector<std::string> names_;
};

absl::StatusOr<std::vector<Model>> TrainScorers(const Dataset& dataset,
                                                const std::vector<std::string>& scorers,
                                                const TrainingContext& context) {
  std::vector<Model> models;
  TrainingContext from_scratch = context;
  from_scratch.live = nullptr;
  for (std::size_t i = 0; i < scorers.size(); ++i) {
    from_scratch.progress = [&context, i, &scorers](double fraction) {
      ReportProgress(
          context, 0.5 * (static_cast<double>(i) + fraction) / static_cast<double>(scorers.size()));
    };
    VITRINE_ASSIGN_OR_RETURN(Model model,
                             FindTrainer(scorers[i])->train(dataset, {}, from_scratch));
    models.push_back(std::move(model));
  }
  return models;
}

}  // namespace

Matrix ItemFacts(const Dataset& dataset) {
  const Micros latest = LatestOf(dataset);
  const Micros now_us = dataset.now_us > 0 ? std::min(dataset.now_us, latest) : latest;
  const std::vector<Touches> touches = CountTouches(dataset, now_us);
  Matrix facts = UnknownItemFacts().replicate(static_cast<Eigen::Index>(dataset.num_items()), 1);
  for (std::size_t item = 0; item < touches.size(); ++item) {
    const Touches& of = touches[item];
    auto row = facts.row(static_cast<Eigen::Index>(item));
    if (of.shoppers > 0) {
      row[0] = static_cast<float>(std::log1p(of.shoppers));
      row[1] = static_cast<float>(std::log((1 + of.in_a_week) / (5 + of.shoppers)));
      row[2] = static_cast<float>(std::log((1 + of.in_a_month) / (5 + of.shoppers)));
      row[3] = static_cast<float>(std::log1p(DaysBetween(of.first, now_us)));
      row[4] = static_cast<float>(std::log1p(DaysBetween(of.last, now_us)));
    }
    const Item* described = item < dataset.items.size() ? dataset.items[item].get() : nullptr;
    if (described == nullptr || !described->price.has_value()) continue;
    const double price = static_cast<double>(described->price->micros) / 1e6;
    row[5] = static_cast<float>(std::log1p(std::max(price, 0.0)));
  }
  return facts;
}

Matrix UnknownItemFacts() {
  Matrix facts = Matrix::Zero(1, static_cast<Eigen::Index>(kNumItemFacts));
  facts(0, 1) = facts(0, 2) = static_cast<float>(std::log(1.0 / 5));
  return facts;
}

absl::StatusOr<RankerData> RankerDataOf(const Dataset& dataset, const RankerDataOptions& options,
                                        const TrainingContext& context) {
  const Micros cut_us = CutOf(dataset, options.asked_share);
  Dataset before;
  before.item_ids = dataset.item_ids;
  before.items = dataset.items;
  std::vector<CutHistory> cuts;
  for (std::size_t user = 0; user < dataset.num_users(); ++user) {
    cuts.push_back(Cut(dataset.History(user), cut_us, options.asked_share));
    if (cuts.back().shown.empty()) continue;
    before.interactions.insert(before.interactions.end(), cuts.back().shown.begin(),
                               cuts.back().shown.end());
    before.user_begin.push_back(before.interactions.size());
  }
  const Micros latest = LatestOf(dataset);
  before.now_us = std::min(cut_us, latest);
  VITRINE_ASSIGN_OR_RETURN(const std::vector<Model> models,
                           TrainScorers(before, options.scorers, context));
  const Asker asker(models, options.num_candidates, ItemFacts(before));
  std::vector<Asker::Answer> answers(cuts.size());
  const std::size_t num_shards = (cuts.size() + kShoppersOfAShard - 1) / kShoppersOfAShard;
  context.pool->ParallelFor(num_shards, [&](std::size_t shard) {
    if (IsCancelled(context)) return;
    const std::size_t end = std::min((shard + 1) * kShoppersOfAShard, cuts.size());
    for (std::size_t i = shard * kShoppersOfAShard; i < end; ++i) {
      answers[i] = asker.Ask(cuts[i], before.now_us);
    }
  });
  if (IsCancelled(context)) return Cancelled("deep_ranker");
  RankerData data;
  for (const Asker::Answer& answer : answers) {
    if (answer.is_wanted.empty()) continue;
    data.is_wanted.insert(data.is_wanted.end(), answer.is_wanted.begin(), answer.is_wanted.end());
    data.begin.push_back(data.is_wanted.size());
  }
  const auto num_features = static_cast<Eigen::Index>(RankerFeatureNames(options.scorers).size());
  data.features.resize(static_cast<Eigen::Index>(data.is_wanted.size()), num_features);
  Eigen::Index row = 0;
  for (const Asker::Answer& answer : answers) {
    if (answer.is_wanted.empty()) continue;
    data.features.middleRows(row, answer.features.rows()) = answer.features;
    row += answer.features.rows();
  }
  return data;
}

}  // namespace vitrine
