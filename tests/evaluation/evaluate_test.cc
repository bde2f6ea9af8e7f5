#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <optional>
#include <set>

#include "evaluation/hashing_scorer.h"
#include "evaluation/made_dataset.h"
#include "vitrine/base/random.h"
#include "vitrine/evaluation/protocol.h"

namespace vitrine {
namespace {

using testing::HashingModel;

constexpr std::size_t kItems = 150;
constexpr std::size_t kUsers = 211;  // Not a whole number of blocks.

Split RandomSplit(bool allow_repeats) {
  Random random(11);
  Dataset dataset;
  dataset.item_ids.resize(kItems, "item");
  dataset.items.resize(kItems);
  for (std::size_t user = 0; user < kUsers; ++user) {
    Micros time = 0;
    for (std::uint64_t left = 1 + random.Below(30); left > 0; --left) {
      time += static_cast<Micros>(random.Below(20));
      dataset.interactions.push_back(
          {.time_us = time, .item = static_cast<ItemIndex>(random.Below(kItems)), .weight = 1});
    }
    dataset.user_begin.push_back(dataset.interactions.size());
  }
  return SplitByTime(dataset, 120, allow_repeats);
}

// What the definitions of docs/evaluation.md say, one user and one rank at a time.
struct Naive {
  std::size_t num_users = 0;
  RankingMetrics mean{};
};

std::vector<ItemIndex> NaiveList(const Model& model, const Split& split, const TestCase& test) {
  const auto history = split.train.History(test.training_user);
  const std::vector<Interaction> latest_first(history.rbegin(), history.rend());
  const Query query{.history = latest_first, .now_us = split.train.now_us};
  std::vector<ScoredItem> scored;
  for (std::uint32_t row = 0; row < kItems; ++row) {
    const ItemIndex item{row};
    const bool was_trained = std::any_of(history.begin(), history.end(),
                                         [&](const auto& each) { return each.item == item; });
    if (!split.candidates.Contains(item) || (was_trained && !split.allow_repeats)) continue;
    Matrix score(1, 1);
    model.scorer->Score({&query, 1}, {&item, 1}, score);
    if (std::isfinite(score(0, 0))) scored.push_back({item, score(0, 0)});
  }
  std::sort(scored.begin(), scored.end(), RanksBefore);
  std::vector<ItemIndex> list;
  for (const ScoredItem& each : scored) list.push_back(each.item);
  return list;
}

Naive MeasureNaively(const Model& model, const Split& split, std::size_t k) {
  Naive naive;
  for (const TestCase& test : split.cases) {
    const std::set<ItemIndex> relevant(test.relevant.begin(), test.relevant.end());
    ++naive.num_users;
    const std::vector<ItemIndex> list = NaiveList(model, split, test);
    double hits = 0;
    double gain = 0;
    double first = 0;
    double ideal = 0;
    for (std::size_t rank = 1; rank <= k; ++rank) {
      const double discount = 1 / std::log2(static_cast<double>(rank) + 1);
      if (rank <= relevant.size()) ideal += discount;
      if (rank > list.size() || !relevant.contains(list[rank - 1])) continue;
      if (hits == 0) first = 1 / static_cast<double>(rank);
      ++hits;
      gain += discount;
    }
    const auto num_relevant = static_cast<double>(relevant.size());
    naive.mean.recall += hits / num_relevant;
    naive.mean.recall_min += hits / std::min(num_relevant, static_cast<double>(k));
    naive.mean.ndcg += gain / ideal;
    naive.mean.hit += hits > 0 ? 1 : 0;
    naive.mean.mrr += first;
  }
  naive.mean = naive.mean / static_cast<double>(naive.num_users);
  return naive;
}

void ExpectNear(const RankingMetrics& a, const RankingMetrics& b) {
  constexpr double kRounding = 1e-12;
  EXPECT_NEAR(a.recall, b.recall, kRounding);
  EXPECT_NEAR(a.recall_min, b.recall_min, kRounding);
  EXPECT_NEAR(a.ndcg, b.ndcg, kRounding);
  EXPECT_NEAR(a.hit, b.hit, kRounding);
  EXPECT_NEAR(a.mrr, b.mrr, kRounding);
}

TEST(EvaluateTest, OneModelIsMeasuredAsTheDefinitionsSay) {
  const Model model = HashingModel(kItems);
  for (const bool allow_repeats : {false, true}) {
    const Split split = RandomSplit(allow_repeats);
    ThreadPool pool(2);

    const Evaluation evaluation = EvaluateModel(model, split, {.cutoffs = {1, 5, 20, 60}}, pool);

    for (const std::size_t k : {1, 5, 20, 60}) {
      const Naive naive = MeasureNaively(model, split, k);
      EXPECT_EQ(evaluation.num_users, naive.num_users);
      EXPECT_GT(naive.mean.recall, 0) << "a test that measures nothing";
      ExpectNear(evaluation.at.at(k), naive.mean);
    }
  }
}

// What is no bestseller, by the definition of long_tail@k.
std::set<ItemIndex> NaiveLongTail(const Split& split) {
  std::vector<std::set<std::size_t>> owners(kItems);
  for (std::size_t user = 0; user < split.train.num_users(); ++user) {
    for (const Interaction& each : split.train.History(user)) owners[Row(each.item)].insert(user);
  }
  std::vector<ItemIndex> items = split.candidates.Items();
  std::stable_sort(items.begin(), items.end(), [&](ItemIndex a, ItemIndex b) {
    return owners[Row(a)].size() > owners[Row(b)].size();
  });
  double total = 0;
  for (const ItemIndex item : items) total += static_cast<double>(owners[Row(item)].size());
  double sum = 0;
  std::set<ItemIndex> tail;
  for (const ItemIndex item : items) {
    if (sum >= 0.8 * total) tail.insert(item);
    sum += static_cast<double>(owners[Row(item)].size());
  }
  return tail;
}

TEST(EvaluateTest, AShareOfTheLongTailIsGivenPlaceByPlace) {
  const Model model = HashingModel(kItems);
  const Split split = RandomSplit(true);
  const std::set<ItemIndex> tail = NaiveLongTail(split);
  ASSERT_GT(tail.size(), 10U);
  ThreadPool pool(2);

  const Evaluation evaluation =
      EvaluateModel(model, split, {.cutoffs = {20}, .long_tail_share = 0.4}, pool);

  for (std::size_t i = 0; i < split.cases.size(); ++i) {
    std::vector<ItemIndex> left = NaiveList(model, split, split.cases[i]);
    std::vector<ItemIndex> expected;
    std::size_t num_exposed = 0;
    for (std::size_t n = 1; n <= 20; ++n) {
      const bool is_due = num_exposed < 4 * n / 10;
      const auto next = std::find_if(
          left.begin(), left.end(), [&](ItemIndex item) { return !is_due || tail.contains(item); });
      expected.push_back(*next);
      num_exposed += tail.contains(*next) ? 1 : 0;
      left.erase(next);
    }
    EXPECT_EQ(evaluation.lists[i], expected) << i;
  }
}

TEST(EvaluateTest, TheNumberOfThreadsDoesNotMatter) {
  const Split split = RandomSplit(false);
  const Model model = HashingModel(kItems);
  ThreadPool one(1);
  ThreadPool five(5);

  const RankingMetrics a = EvaluateModel(model, split, {}, one).at.at(20);
  const RankingMetrics b = EvaluateModel(model, split, {}, five).at.at(20);

  EXPECT_EQ(a.recall, b.recall);
  EXPECT_EQ(a.ndcg, b.ndcg);
  EXPECT_EQ(a.mrr, b.mrr);
}

TEST(EvaluateTest, TheHistoryLimitKeepsTheLatest) {
  Split split = RandomSplit(false);
  const Model model = HashingModel(kItems);
  ThreadPool pool(1);
  const auto limited = EvaluateModel(model, split, {.history_limit = 3}, pool);

  // The same by hand: histories cut to their last three, and the old masks kept out of candidates.
  double recall = 0;
  for (const TestCase& test : split.cases) {
    const auto history = split.train.History(test.training_user);
    std::vector<Interaction> latest(history.rbegin(), history.rend());
    std::vector<ItemIndex> excluded;
    for (const Interaction& each : latest) excluded.push_back(each.item);
    std::sort(excluded.begin(), excluded.end());
    latest.resize(std::min<std::size_t>(latest.size(), 3));
    const Query query{.history = latest, .now_us = split.train.now_us, .excluded = excluded};
    const auto lists = model.scorer->Retrieve({&query, 1}, &split.candidates, 20);
    std::vector<ItemIndex> list;
    for (const ScoredItem& each : lists[0]) {
      list.push_back(each.item);
    }
    recall += MeasureRanking(list, test.relevant, 20).recall;
  }

  EXPECT_NEAR(limited.at.at(20).recall, recall / static_cast<double>(limited.num_users), 1e-12);
}

TEST(EvaluateTest, WithoutTestUsersAllIsZero) {
  Split split = RandomSplit(false);
  split.cases.clear();
  ThreadPool pool(1);

  const Evaluation evaluation = EvaluateModel(HashingModel(kItems), split, {}, pool);

  EXPECT_EQ(evaluation.num_users, 0u);
  EXPECT_EQ(evaluation.at.at(20).ndcg, 0);
}

// Likes the item whose index is the training user's.
class OwnItemScorer final : public Scorer {
 public:
  std::string_view name() const override { return "own_item"; }

  void Score(std::span<const Query> queries, std::span<const ItemIndex> items,
             Eigen::Ref<Matrix> scores) const override {
    for (std::size_t q = 0; q < queries.size(); ++q) {
      for (std::size_t i = 0; i < items.size(); ++i) {
        scores(static_cast<Eigen::Index>(q), static_cast<Eigen::Index>(i)) =
            Row(items[i]) == queries[q].training_user ? 1.0F : kUnscored;
      }
    }
  }

  std::vector<std::vector<ScoredItem>> Retrieve(std::span<const Query> queries,
                                                const ItemBitmap* /*allowed*/,
                                                std::size_t /*k*/) const override {
    std::vector<std::vector<ScoredItem>> lists;
    for (const Query& query : queries) {
      lists.emplace_back();
      if (query.training_user == kNoTrainingUser) continue;
      lists.back().push_back({ItemIndex{query.training_user}, 1});
    }
    return lists;
  }
};

TEST(EvaluateTest, AsPaperAsksForTheTrainingUserAndAsServedDoesNot) {
  const Split split = SplitByTime(
      testing::MakeDataset(3, {{{2, 1}, {0, 30}}, {{0, 2}, {1, 30}}, {{1, 3}, {2, 30}}}), 20,
      false);
  ThreadPool pool(1);
  const Model model{.name = "own_item",
                    .scorer = std::make_shared<OwnItemScorer>(),
                    .as_paper = std::make_shared<OwnItemScorer>()};

  EXPECT_EQ(EvaluateModel(model, split, {.as_paper = true}, pool).at.at(20).recall, 1);
  EXPECT_EQ(EvaluateModel(model, split, {.as_paper = false}, pool).at.at(20).recall, 0);
}

TEST(EvaluateTest, AModelWithoutAPaperFormIsMeasuredAsServed) {
  const Split split = RandomSplit(false);
  ThreadPool pool(1);
  const Model model = HashingModel(kItems);

  EXPECT_EQ(EvaluateModel(model, split, {.as_paper = true}, pool).at.at(20).ndcg,
            EvaluateModel(model, split, {}, pool).at.at(20).ndcg);
}

TEST(EvaluateTest, ProgressGrowsToOne) {
  const Split split = RandomSplit(false);
  ThreadPool pool(3);
  double last = 0;
  EvaluationOptions options;
  options.progress = [&](double fraction) {
    EXPECT_GT(fraction, last);
    last = fraction;
  };

  (void)EvaluateModel(HashingModel(kItems), split, options, pool);

  EXPECT_EQ(last, 1);
}

TEST(EvaluateTest, ACancelledEvaluationAsksNoMore) {
  const Split split = RandomSplit(false);
  ThreadPool pool(1);
  const std::atomic<bool> is_cancelled = true;

  const Evaluation evaluation =
      EvaluateModel(HashingModel(kItems), split, {.is_cancelled = &is_cancelled}, pool);

  EXPECT_EQ(evaluation.at.at(20).hit, 0);
}

// Items of six kinds, in turn.
Matrix SixKinds() {
  Matrix vectors = Matrix::Zero(kItems, 6);
  for (Eigen::Index i = 0; i < vectors.rows(); ++i) vectors(i, i % 6) = 1;
  return vectors;
}

TEST(EvaluateTest, MeasuresVariedListsAndHowAlikeTheyAre) {
  const Split split = RandomSplit(false);
  ThreadPool pool(2);
  const Matrix vectors = SixKinds();
  Model model = HashingModel(kItems);
  model.vectors = MakeFactorVectors(nullptr, vectors);
  const auto measure = [&](std::optional<Diversity> diversity) {
    return EvaluateModel(model, split, {.cutoffs = {6, 10}, .diversity = diversity}, pool);
  };

  const Evaluation plain = measure(std::nullopt);
  const Evaluation measured = measure(Diversity());
  const Evaluation varied = measure(Diversity{Diversity::Method::kMmr, 0.9});

  EXPECT_TRUE(plain.similarity.empty());
  EXPECT_EQ(measured.lists, plain.lists);
  double sum = 0;
  for (const std::vector<ItemIndex>& list : plain.lists) {
    int num_alike = 0;
    for (std::size_t a = 0; a < 6; ++a) {
      for (std::size_t b = 0; b < a; ++b) num_alike += Row(list[a]) % 6 == Row(list[b]) % 6;
    }
    sum += num_alike / 15.0;
  }
  EXPECT_NEAR(measured.MeanSimilarity(6), sum / static_cast<double>(plain.lists.size()), 1e-6);
  EXPECT_GT(measured.MeanSimilarity(6), 0.1);
  EXPECT_EQ(varied.MeanSimilarity(6), 0);  // One of each.
  EXPECT_NE(varied.lists, plain.lists);
  for (const std::vector<ItemIndex>& list : varied.lists) EXPECT_EQ(list.size(), 10U);
}

}  // namespace
}  // namespace vitrine
