#include <algorithm>
#include <mutex>
#include <numeric>
#include <utility>

#include "evaluation/asked.h"
#include "evaluation/auc.h"
#include "evaluation/long_tail.h"
#include "vitrine/engine/expose.h"
#include "vitrine/engine/rank_stage.h"
#include "vitrine/evaluation/protocol.h"

namespace vitrine {
namespace {

// Queries asked at once: enough for a scorer to share its reading of the items. Part of the
// result's definition only through rounding; never derived from the number of threads.
constexpr std::size_t kCasesPerBlock = 64;

// Runs over the cases block by block, and says how far it has come.
class Blocks {
 public:
  // `num_passes`: how often ForEach will be called.
  Blocks(std::size_t num_cases, std::size_t num_passes, const EvaluationOptions& options,
         ThreadPool& pool)
      : num_cases_(num_cases),
        num_blocks_((num_cases + kCasesPerBlock - 1) / kCasesPerBlock),
        num_passes_(num_passes),
        options_(options),
        pool_(pool) {}

  // Calls body(begin, end) for each block of cases, on the pool's threads.
  void ForEach(const std::function<void(std::size_t begin, std::size_t end)>& body) {
    pool_.ParallelFor(num_blocks_, [&](std::size_t block) {
      if (options_.is_cancelled != nullptr && *options_.is_cancelled) return;
      const std::size_t begin = block * kCasesPerBlock;
      body(begin, std::min(begin + kCasesPerBlock, num_cases_));
      if (!options_.progress) return;
      std::lock_guard lock(mutex_);
      options_.progress(static_cast<double>(++num_done_) /
                        static_cast<double>(num_blocks_ * num_passes_));
    });
  }

 private:
  const std::size_t num_cases_;
  const std::size_t num_blocks_;
  const std::size_t num_passes_;
  const EvaluationOptions& options_;
  ThreadPool& pool_;
  std::mutex mutex_;
  std::size_t num_done_ = 0;  // Guarded by mutex_.
};

// How alike items are to the models, or by what the training part says of them.
ItemSimilarity SimilarityOf(const Pipeline& pipeline, const Split& split) {
  return {pipeline.models(), [&split](ItemIndex item) {
            const auto& items = split.train.items;
            return Row(item) < items.size() ? items[Row(item)] : nullptr;
          }};
}

double Mean(const std::vector<double>& values) {
  if (values.empty()) return 0;
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// How many items a pipeline is asked for to show `k`.
std::size_t NumAsked(const EvaluationOptions& options, std::size_t k) {
  const bool is_plain =
      !options.diversity.has_value() || options.diversity->method == Diversity::Method::kNone;
  return is_plain ? k : NumDiversityCandidates(k);
}

// What is asked, of whom.
struct Asking {
  const Pipeline& pipeline;
  const Split& split;
  const EvaluationOptions& options;
  ItemBitmap long_tail{};  // Where lists give it a share.
};

// Gives the long tail its share of the lists of `queries`.
void ExposeLongTail(const Asking& asking, std::span<const Query> queries, std::size_t k,
                    std::vector<RankedList>& lists) {
  auto exposed = RecommendRanked(asking.pipeline, queries, &asking.split.candidates, k,
                                 RankDeadline::kNone, {.only = &asking.long_tail});
  for (std::size_t q = 0; q < lists.size(); ++q) {
    lists[q].items = Expose(asking.options.long_tail_share, asking.long_tail,
                            std::move(lists[q].items), std::move(exposed[q].items), k);
  }
}

// Fills in what the cases [begin, end) are shown and how good that is.
void AskBlock(const Asking& asking, std::pair<std::size_t, std::size_t> block,
              Evaluation& evaluation) {
  const auto& [pipeline, split, options, long_tail] = asking;
  const auto [begin, end] = block;
  const AskedCases asked(split, std::span(split.cases).subspan(begin, end - begin), options);
  const std::size_t k = *std::max_element(options.cutoffs.begin(), options.cutoffs.end());
  auto lists = RecommendRanked(pipeline, asked.queries(), &split.candidates, NumAsked(options, k),
                               RankDeadline::kNone);
  if (options.long_tail_share > 0) ExposeLongTail(asking, asked.queries(), k, lists);
  ItemSimilarity similarity = SimilarityOf(pipeline, split);
  for (std::size_t i = begin; i < end; ++i) {
    std::vector<BlendedItem>& list = lists[i - begin].items;
    if (options.diversity.has_value()) {
      list = Diversify(*options.diversity, std::move(list), similarity, k);
    }
    std::vector<ItemIndex>& ranked = evaluation.lists[i];
    for (const BlendedItem& each : list) ranked.push_back(each.item);
    for (auto& [cutoff, by_case] : evaluation.similarity) {
      by_case[i] = IntraListSimilarity(
          std::span<const ItemIndex>(ranked).first(std::min(cutoff, ranked.size())), similarity);
    }
    for (auto& [cutoff, by_case] : evaluation.by_case) {
      by_case[i] = MeasureRanking(ranked, split.cases[i].relevant, cutoff);
    }
  }
}

// Fills in the AUC of the cases [begin, end).
void CompareBlock(const Pipeline& pipeline, const Split& split, const EvaluationOptions& options,
                  const Negatives& negatives, std::pair<std::size_t, std::size_t> block,
                  std::vector<double>& auc) {
  const auto [begin, end] = block;
  const AskedCases asked(split, std::span(split.cases).subspan(begin, end - begin), options);
  for (std::size_t i = begin; i < end; ++i) {
    const Query& query = asked.queries()[i - begin];
    const TestCase& test = split.cases[i];
    auc[i] = MeasureAuc(pipeline, query, test, negatives.Of(query, test, i));
  }
}

double SecondsSince(Micros start) {
  return static_cast<double>(MonotonicNow() - start) / static_cast<double>(kMicrosPerSecond);
}

}  // namespace

double Evaluation::MeanAuc() const { return Mean(auc); }

double Evaluation::MeanSimilarity(std::size_t k) const {
  const auto found = similarity.find(k);
  return found == similarity.end() ? 0 : Mean(found->second);
}

RankingMetrics MeanOf(std::span<const RankingMetrics> by_case) {
  RankingMetrics total;
  for (const RankingMetrics& each : by_case) total += each;
  return by_case.empty() ? total : total / static_cast<double>(by_case.size());
}

Evaluation Evaluate(const Pipeline& pipeline, const Split& split, const EvaluationOptions& options,
                    ThreadPool& pool) {
  const std::size_t num_cases = split.cases.size();
  Evaluation evaluation{.num_users = split.num_groups(), .num_cases = num_cases};
  evaluation.lists.resize(num_cases);
  for (const std::size_t k : options.cutoffs) {
    evaluation.by_case[k].resize(num_cases);
    if (options.diversity.has_value()) evaluation.similarity[k].resize(num_cases);
  }
  Blocks blocks(num_cases, options.auc_negatives > 0 ? 2 : 1, options, pool);

  Asking asking{.pipeline = pipeline, .split = split, .options = options};
  if (options.long_tail_share > 0) asking.long_tail = LongTailOf(split);
  const Micros start = MonotonicNow();
  if (!options.cutoffs.empty()) {
    blocks.ForEach([&](std::size_t begin, std::size_t end) {
      AskBlock(asking, {begin, end}, evaluation);
    });
  }
  evaluation.seconds = SecondsSince(start);
  for (const auto& [k, by_case] : evaluation.by_case) evaluation.at[k] = MeanOf(by_case);

  if (options.auc_negatives > 0) {
    evaluation.auc.resize(num_cases);
    const Negatives negatives(split, options.auc_negatives);
    blocks.ForEach([&](std::size_t begin, std::size_t end) {
      CompareBlock(pipeline, split, options, negatives, {begin, end}, evaluation.auc);
    });
  }
  return evaluation;
}

Evaluation EvaluateModel(const Model& model, const Split& split, const EvaluationOptions& options,
                         ThreadPool& pool) {
  auto models = std::make_shared<ModelSet>();
  models->models = {model};
  if (options.as_paper && model.as_paper != nullptr) {
    models->models.front().scorer = model.as_paper;
  }
  BlendOptions blend;
  blend.weights = {{model.name, 1.0}};
  blend.cold_start_events = 0;
  return Evaluate(Pipeline(std::move(models), std::move(blend)), split, options, pool);
}

}  // namespace vitrine
