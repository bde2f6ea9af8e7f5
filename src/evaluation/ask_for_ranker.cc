#include "evaluation/ask_for_ranker.h"

#include <algorithm>

#include "evaluation/asked.h"
#include "evaluation/blend_cases.h"
#include "vitrine/engine/rank_stage.h"
#include "vitrine/scorers/dnn/ranker_features.h"

namespace vitrine {
namespace {

constexpr std::size_t kMostLessons = 4000;
constexpr std::size_t kCasesPerBlock = 64;

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

}  // namespace

bool HasRanker(const ComparisonOptions& options) {
  return std::find(options.models.begin(), options.models.end(), kRankerName) !=
         options.models.end();
}

void RemoveRanker(ComparisonOptions& options) {
  std::erase(options.models, kRankerName);
  options.settings.erase(std::string(kRankerName));
}

std::shared_ptr<const RankerLessons> AskForRanker(const Pipeline& blend, const Split& validation,
                                                  std::size_t num_candidates,
                                                  std::size_t history_limit,
                                                  const TrainingContext& context) {
  std::vector<std::string> scorers;
  for (const Model& model : blend.models().models) scorers.push_back(model.name);
  const Matrix facts = ItemFacts(validation.train);
  const Matrix unknown = UnknownItemFacts();
  EvaluationOptions evaluation;
  evaluation.history_limit = history_limit;
  const std::vector<TestCase> cases = Spread(validation.cases, kMostLessons);
  std::vector<Lesson> each(cases.size());
  const auto is_cancelled = [&] {
    return context.is_cancelled != nullptr && *context.is_cancelled;
  };
  context.pool->ParallelFor((cases.size() + kCasesPerBlock - 1) / kCasesPerBlock, [&](auto block) {
    const std::size_t begin = block * kCasesPerBlock;
    const std::size_t count = std::min(kCasesPerBlock, cases.size() - begin);
    const AskedCases asked(validation, std::span(cases).subspan(begin, count), evaluation);
    for (std::size_t i = 0; i < count && !is_cancelled(); ++i) {
      QueryMemo memo;
      Query query = asked.queries()[i];
      query.memo = &memo;
      const std::vector<ItemIndex>& relevant = cases[begin + i].relevant;
      const auto best =
          std::move(blend.Recommend({&query, 1}, &validation.candidates, num_candidates).front());
      const ToldCandidates told = AskScorers(blend.models(), scorers, query, best);
      Lesson& lesson = each[begin + i];
      lesson.features = RankerFeatures(told.View(query), scorers, facts, unknown);
      for (const ItemIndex item : told.items) {
        const bool is_wanted = std::binary_search(relevant.begin(), relevant.end(), item);
        lesson.is_wanted.push_back(is_wanted ? 1 : 0);
      }
    }
  });
  if (is_cancelled()) return nullptr;
  return std::make_shared<const RankerLessons>(Joined(std::move(scorers), each));
}

}  // namespace vitrine
