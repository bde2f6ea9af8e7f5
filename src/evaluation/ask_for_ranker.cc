#include "evaluation/ask_for_ranker.h"

#include <algorithm>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "evaluation/asked.h"
#include "evaluation/blend_cases.h"
#include "vitrine/engine/placement.h"
#include "vitrine/engine/rank_stage.h"
#include "vitrine/engine/seen_items.h"
#include "vitrine/scorers/dnn/ranker_features.h"

namespace vitrine {
namespace {

constexpr std::size_t kMostLessons = 4000;
constexpr std::size_t kCasesPerBlock = 64;
constexpr std::size_t kLeastCandidates = 2;  // Of a list that was shown.

struct Lesson {
  Matrix features{};
  std::vector<std::uint8_t> is_wanted{};
};

RankerLessons Joined(std::vector<std::string> scorers, const std::vector<Lesson>& each) {
  RankerLessons lessons{.scorers = std::move(scorers)};
  for (const Lesson& one : each) {
    lessons.is_wanted.insert(lessons.is_wanted.end(), one.is_wanted.begin(), one.is_wanted.end());
    lessons.begin.push_back(lessons.is_wanted.size());
  }
  lessons.features.resize(static_cast<Eigen::Index>(lessons.is_wanted.size()),
                          static_cast<Eigen::Index>(RankerFeatureNames(lessons.scorers).size()));
  Eigen::Index row = 0;
  for (const Lesson& one : each) {
    lessons.features.middleRows(row, one.features.rows()) = one.features;
    row += one.features.rows();
  }
  return lessons;
}

// The blend's candidates and their features, as requests see them.
class CandidateSource {
 public:
  struct Candidates {
    std::vector<ItemIndex> items{};  // The best first.
    Matrix features{};               // [items x features]
  };

  // All must outlive this.
  CandidateSource(const Pipeline& blend, const Split& validation, const RankerAsking& asking)
      : blend_(blend),
        allowed_(validation.candidates),
        num_candidates_(asking.num_candidates),
        facts_(ItemFacts(validation.train)),
        unknown_(UnknownItemFacts()),
        behaviour_(MeasureBehaviour(validation.train)) {
    for (const Model& model : blend.models().models) scorers_.push_back(model.name);
  }

  const std::vector<std::string>& scorers() const { return scorers_; }

  Candidates Ask(Query query) const {
    QueryMemo memo;
    query.memo = &memo;
    const auto best = std::move(blend_.Recommend({&query, 1}, &allowed_, num_candidates_).front());
    ToldCandidates told = AskScorers(blend_, scorers_, query, best);
    Matrix features = RankerFeatures(told.View(query), scorers_, facts_, unknown_, behaviour_);
    return {.items = std::move(told.items), .features = std::move(features)};
  }

 private:
  const Pipeline& blend_;
  const ItemBitmap& allowed_;
  const std::size_t num_candidates_;
  const Matrix facts_;
  const Matrix unknown_;
  const ItemBehaviour behaviour_;
  std::vector<std::string> scorers_;
};

// What placements keep out by default of a history, ascending, but for what the list showed all the
// same.
std::vector<ItemIndex> ExcludedAt(const ShownList& list, std::span<const Interaction> history) {
  std::vector<ItemIndex> excluded = SeenItems(history, OwnedItems(history), Placement().seen);
  std::erase_if(excluded, [&list](ItemIndex item) {
    return std::binary_search(list.items.begin(), list.items.end(), item);
  });
  std::sort(excluded.begin(), excluded.end());
  excluded.erase(std::unique(excluded.begin(), excluded.end()), excluded.end());
  return excluded;
}

// Empty where the list shows too few candidates.
Lesson LessonOf(const CandidateSource& source, const ShownList& list,
                std::span<const Interaction> past, std::size_t history_limit) {
  std::vector<Interaction> history(past.rbegin(), past.rend());
  if (history_limit > 0 && history.size() > history_limit) history.resize(history_limit);
  const std::vector<ItemIndex> excluded = ExcludedAt(list, history);
  const CandidateSource::Candidates candidates = source.Ask({.history = history,
                                                             .profile = list.profile.get(),
                                                             .now_us = list.time_us,
                                                             .excluded = excluded});
  Lesson lesson;
  std::vector<Eigen::Index> rows;
  for (std::size_t i = 0; i < candidates.items.size(); ++i) {
    const auto shown = std::lower_bound(list.items.begin(), list.items.end(), candidates.items[i]);
    if (shown == list.items.end() || *shown != candidates.items[i]) continue;
    rows.push_back(static_cast<Eigen::Index>(i));
    lesson.is_wanted.push_back(
        list.is_wanted[static_cast<std::size_t>(shown - list.items.begin())]);
  }
  if (rows.size() < kLeastCandidates) return {};
  lesson.features = candidates.features(rows, Eigen::all);
  return lesson;
}

}  // namespace

bool HasRanker(const ComparisonOptions& options) {
  return std::find(options.models.begin(), options.models.end(), kRankerName) !=
         options.models.end();
}

void RemoveRanker(ComparisonOptions& options) {
  std::erase(options.models, kRankerName);
  options.settings.erase(std::string(kRankerName));
}

std::string LessonsSetting(const ComparisonOptions& options) {
  const auto ranker = options.settings.find(std::string(kRankerName));
  if (ranker == options.settings.end()) return "auto";
  const auto setting = ranker->second.find("lessons");
  return setting == ranker->second.end() ? "auto" : setting->second;
}

std::shared_ptr<const RankerLessons> AskForRanker(const Pipeline& blend, const Split& validation,
                                                  const RankerAsking& asking,
                                                  const TrainingContext& context) {
  const CandidateSource source(blend, validation, asking);
  EvaluationOptions evaluation;
  evaluation.history_limit = asking.history_limit;
  const std::vector<TestCase> cases = Spread(validation.cases, kMostLessons);
  std::vector<Lesson> each(cases.size());
  context.pool->ParallelFor((cases.size() + kCasesPerBlock - 1) / kCasesPerBlock, [&](auto block) {
    const std::size_t begin = block * kCasesPerBlock;
    const std::size_t count = std::min(kCasesPerBlock, cases.size() - begin);
    const AskedCases asked(validation, std::span(cases).subspan(begin, count), evaluation);
    for (std::size_t i = 0; i < count && !IsCancelled(context); ++i) {
      const std::vector<ItemIndex>& relevant = cases[begin + i].relevant;
      CandidateSource::Candidates candidates = source.Ask(asked.queries()[i]);
      Lesson& lesson = each[begin + i];
      lesson.features = std::move(candidates.features);
      for (const ItemIndex item : candidates.items) {
        const bool is_wanted = std::binary_search(relevant.begin(), relevant.end(), item);
        lesson.is_wanted.push_back(is_wanted ? 1 : 0);
      }
    }
  });
  if (IsCancelled(context)) return nullptr;
  return std::make_shared<const RankerLessons>(Joined(source.scorers(), each));
}

std::shared_ptr<const RankerLessons> AskAboutShown(const Pipeline& blend, const Split& validation,
                                                   const ShownLists& shown,
                                                   const RankerAsking& asking,
                                                   const TrainingContext& context) {
  const CandidateSource source(blend, validation, asking);
  std::vector<Lesson> each(shown.lists.size());
  const std::size_t num_blocks = (each.size() + kCasesPerBlock - 1) / kCasesPerBlock;
  context.pool->ParallelFor(num_blocks, [&](std::size_t block) {
    const std::size_t end = std::min((block + 1) * kCasesPerBlock, each.size());
    for (std::size_t i = block * kCasesPerBlock; i < end && !IsCancelled(context); ++i) {
      const ShownList& list = shown.lists[i];
      const auto past =
          std::span(shown.past).subspan(list.history_begin, list.history_end - list.history_begin);
      each[i] = LessonOf(source, list, past, asking.history_limit);
    }
  });
  if (IsCancelled(context)) return nullptr;
  std::vector<std::uint32_t> shoppers;
  std::uint32_t last = 0;
  for (std::size_t i = 0; i < each.size(); ++i) {
    if (each[i].is_wanted.empty()) continue;
    const std::uint32_t shopper = shown.lists[i].shopper;
    const bool is_next = !shoppers.empty() && shopper != last;
    shoppers.push_back(shoppers.empty() ? 0 : shoppers.back() + (is_next ? 1 : 0));
    last = shopper;
  }
  std::erase_if(each, [](const Lesson& one) { return one.is_wanted.empty(); });
  RankerLessons lessons = Joined(source.scorers(), each);
  lessons.source = LessonSource::kImpressions;
  lessons.shoppers = std::move(shoppers);
  return std::make_shared<const RankerLessons>(std::move(lessons));
}

std::size_t NumChoosers(const RankerLessons& lessons) {
  std::vector<bool> chooses(lessons.num_shoppers());
  for (std::size_t list = 0; list < lessons.num_lists(); ++list) {
    const auto wanted =
        std::span(lessons.is_wanted)
            .subspan(lessons.begin[list], lessons.begin[list + 1] - lessons.begin[list]);
    if (IsChoice(wanted)) chooses[lessons.ShopperOf(list)] = true;
  }
  return static_cast<std::size_t>(std::count(chooses.begin(), chooses.end(), true));
}

}  // namespace vitrine
