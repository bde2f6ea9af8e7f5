// What every scorer must do, whatever it is made of. A new one adds lines to contract_cases.h.
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "models/saved_bytes.h"
#include "scorers/contract_cases.h"
#include "scorers/contract_queries.h"
#include "scorers/sample_shop.h"
#include "scorers/slow_best.h"
#include "testing/status_matchers.h"
#include "vitrine/models/model_kinds.h"
#include "vitrine/training/trainer.h"

namespace vitrine {
namespace {

using testing::AreStrongestOf;
using testing::ContractCase;
using testing::ContractCases;
using testing::IsOk;
using testing::ItemNumber;
using testing::kShopItems;
using testing::Queries;
using testing::SampleShop;
using testing::SavedBytes;
using testing::SlowBest;

Model Trained(const ContractCase& spec) {
  ThreadPool pool(2);
  const auto model = FindTrainer(spec.trainer)->train(SampleShop(), spec.settings, {.pool = &pool});
  EXPECT_THAT(model, IsOk());
  return *model;
}

std::shared_ptr<const Scorer> ScorerOf(const Model& model, bool is_item_to_item) {
  return is_item_to_item ? model.item_to_item : model.scorer;
}

// Scores of every item, and of one past the end.
std::vector<ItemIndex> EveryItem() {
  std::vector<ItemIndex> items;
  for (std::size_t i = 0; i <= kShopItems; ++i) items.push_back(ItemNumber(i));
  return items;
}

Matrix Scores(const Scorer& scorer, std::span<const Query> queries,
              const std::vector<ItemIndex>& items) {
  // NaN shows what the scorer forgot to set.
  Matrix scores = Matrix::Constant(static_cast<Eigen::Index>(queries.size()),
                                   static_cast<Eigen::Index>(items.size()),
                                   std::numeric_limits<float>::quiet_NaN());
  scorer.Score(queries, items, scores);
  return scores;
}

// Sums of at most a hundred float products.
bool IsClose(float a, float b) { return a == b || std::abs(a - b) <= 1e-5F * (1 + std::abs(a)); }

void ExpectClose(const Matrix& a, const Matrix& b) {
  ASSERT_EQ(a.rows(), b.rows());
  ASSERT_EQ(a.cols(), b.cols());
  for (Eigen::Index row = 0; row < a.rows(); ++row) {
    for (Eigen::Index column = 0; column < a.cols(); ++column) {
      EXPECT_TRUE(IsClose(a(row, column), b(row, column)))
          << "query " << row << ", item " << column << ": " << a(row, column) << " and "
          << b(row, column);
    }
  }
}

// `list` must be the best of `items` by `scores`, apart from swaps of what rounding cannot tell.
void ExpectBest(const std::vector<ScoredItem>& list, const std::vector<ScoredItem>& expected) {
  ASSERT_EQ(list.size(), expected.size());
  for (std::size_t i = 0; i < list.size(); ++i) {
    EXPECT_TRUE(IsClose(list[i].score, expected[i].score)) << "rank " << i + 1;
  }
}

class ScorerContractTest : public ::testing::TestWithParam<std::size_t> {
 protected:
  const ContractCase& spec() const { return ContractCases()[GetParam()]; }

  const Queries queries_{};
  const Model model_ = Trained(spec());
  const std::shared_ptr<const Scorer> scorer_ = ScorerOf(model_, spec().is_item_to_item);
};

TEST_P(ScorerContractTest, CarriesTheNameOfItsKind) {
  ASSERT_NE(scorer_, nullptr);
  EXPECT_EQ(scorer_->name(), spec().trainer);
  EXPECT_EQ(model_.kind, spec().trainer);
}

TEST_P(ScorerContractTest, SetsEveryScoreToAFiniteValueOrUnscored) {
  const Matrix scores = Scores(*scorer_, queries_.all(), EveryItem());

  for (const float score : scores.reshaped()) {
    EXPECT_TRUE(std::isfinite(score) || score == kUnscored) << score;
  }
}

TEST_P(ScorerContractTest, KnowsSomethingOfAShopperWithAHistoryOrAPage) {
  if (spec().trainer == "deep_ranker") return;  // It ranks what others found.
  const Matrix scores = Scores(*scorer_, queries_.all(), EveryItem());

  EXPECT_TRUE(scores.row(3).array().isFinite().any());
}

TEST_P(ScorerContractTest, SaysNothingAboutAnItemThatItDoesNotHold) {
  const Matrix scores =
      Scores(*scorer_, queries_.all(), {ItemNumber(kShopItems), ItemIndex{0xFFFFFFFF}});

  EXPECT_TRUE((scores.array() == kUnscored).all());
}

TEST_P(ScorerContractTest, UnknownShoppersAndPagesAreNoError) {
  const std::span<const Query> stranger = queries_.all().subspan(7, 1);

  ExpectClose(Scores(*scorer_, stranger, EveryItem()),
              Scores(*scorer_, queries_.all().first(1), EveryItem()));
  EXPECT_EQ(scorer_->Retrieve(stranger, nullptr, 5).front(),
            scorer_->Retrieve(queries_.all().first(1), nullptr, 5).front());
}

TEST_P(ScorerContractTest, NoQueriesAndNoItemsAreNoError) {
  EXPECT_EQ(Scores(*scorer_, {}, EveryItem()).rows(), 0);
  EXPECT_EQ(Scores(*scorer_, queries_.all(), {}).cols(), 0);
  EXPECT_TRUE(scorer_->Retrieve({}, nullptr, 5).empty());
}

TEST_P(ScorerContractTest, ABatchScoresAsItsQueriesOneByOne) {
  const Matrix together = Scores(*scorer_, queries_.all(), EveryItem());

  for (std::size_t q = 0; q < queries_.all().size(); ++q) {
    ExpectClose(Scores(*scorer_, queries_.all().subspan(q, 1), EveryItem()),
                together.row(static_cast<Eigen::Index>(q)));
  }
}

TEST_P(ScorerContractTest, TheOrderOfItemsDoesNotMatter) {
  std::vector<ItemIndex> reversed = EveryItem();
  std::reverse(reversed.begin(), reversed.end());

  ExpectClose(Scores(*scorer_, queries_.all(), reversed).rowwise().reverse(),
              Scores(*scorer_, queries_.all(), EveryItem()));
}

TEST_P(ScorerContractTest, SketchesWhatItScoresWithinTheErrorThatItTells) {
  const std::vector<ItemIndex> all = EveryItem();
  const Matrix scores = Scores(*scorer_, queries_.all(), all);
  for (std::size_t q = 0; q < queries_.all().size(); ++q) {
    for (const std::size_t count : {all.size(), std::size_t{7}, std::size_t{0}}) {
      std::vector<float> sketch(count, std::numeric_limits<float>::quiet_NaN());

      const float error = scorer_->Sketch(queries_.all()[q], sketch);

      ASSERT_TRUE(std::isfinite(error) && error >= 0);
      for (std::size_t i = 0; i < count; ++i) {
        const float exact = scores(static_cast<Eigen::Index>(q), static_cast<Eigen::Index>(i));
        if (exact == kUnscored || sketch[i] == kUnscored) {
          EXPECT_EQ(sketch[i], exact) << "query " << q << ", item " << i;
        } else {
          EXPECT_LE(std::abs(sketch[i] - exact), error + 1e-5F * (1 + std::abs(exact)))
              << "query " << q << ", item " << i;
        }
      }
    }
  }
}

TEST_P(ScorerContractTest, RemembersOfASketchWhatChangesNoScore) {
  const std::vector<ItemIndex> few = {ItemNumber(3), ItemNumber(0), ItemNumber(kShopItems)};
  for (const Query& query : queries_.all()) {
    QueryMemo memo;
    Query remembered = query;
    remembered.memo = &memo;
    std::vector<float> sketch(kShopItems);
    scorer_->Sketch(remembered, sketch);

    EXPECT_EQ(Scores(*scorer_, {&remembered, 1}, few), Scores(*scorer_, {&query, 1}, few));
  }
}

TEST_P(ScorerContractTest, RetrievesTheBestOfWhatItScores) {
  ItemBitmap odd(kShopItems);
  for (std::size_t i = 1; i < kShopItems; i += 2) odd.Insert(ItemNumber(i));
  const std::vector<ItemIndex> some = {ItemNumber(0), ItemNumber(1), ItemNumber(2), ItemNumber(7)};
  const std::vector<const ItemBitmap*> bitmaps = {nullptr, &odd};
  const std::vector<std::span<const ItemIndex>> exclusions = {{}, some};
  const Matrix scores = Scores(*scorer_, queries_.all(), EveryItem());

  for (std::size_t variant = 0; variant < 16; ++variant) {
    const ItemBitmap* allowed = bitmaps[variant % 2];
    const std::size_t k = std::vector<std::size_t>{0, 1, 5, 100}[variant / 4];
    std::vector<Query> queries(queries_.all().begin(), queries_.all().end());
    for (Query& query : queries) query.excluded = exclusions[variant / 2 % 2];

    const auto lists = scorer_->Retrieve(queries, allowed, k);

    ASSERT_EQ(lists.size(), queries.size());
    for (std::size_t q = 0; q < queries.size(); ++q) {
      const Matrix row = scores.row(static_cast<Eigen::Index>(q));
      const std::span<const float> of_the_shop(row.data(), kShopItems);
      ExpectBest(lists[q], SlowBest(of_the_shop, queries[q], allowed, k));
    }
  }
}

TEST_P(ScorerContractTest, RetrievesInOrderWithTheScoresOfScore) {
  const Matrix scores = Scores(*scorer_, queries_.all(), EveryItem());
  const auto lists = scorer_->Retrieve(queries_.all(), nullptr, 20);

  for (std::size_t q = 0; q < lists.size(); ++q) {
    EXPECT_TRUE(std::is_sorted(lists[q].begin(), lists[q].end(), RanksBefore));
    for (const ScoredItem& scored : lists[q]) {
      EXPECT_TRUE(IsClose(scored.score, scores(static_cast<Eigen::Index>(q),
                                               static_cast<Eigen::Index>(Row(scored.item)))));
    }
  }
}

TEST_P(ScorerContractTest, EightThreadsGetWhatOneGets) {
  const Matrix expected = Scores(*scorer_, queries_.all(), EveryItem());
  const auto expected_lists = scorer_->Retrieve(queries_.all(), nullptr, 10);
  std::vector<int> num_same(8, 0);
  std::vector<std::thread> threads;

  for (int& same : num_same) {
    threads.emplace_back([&] {
      for (int round = 0; round < 5; ++round) {
        const bool is_same = Scores(*scorer_, queries_.all(), EveryItem()) == expected &&
                             scorer_->Retrieve(queries_.all(), nullptr, 10) == expected_lists;
        same += is_same ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();

  EXPECT_THAT(num_same, ::testing::Each(5));
}

TEST_P(ScorerContractTest, ContributionsSumToTheScore) {
  if (spec().is_item_to_item) return;  // These explain nothing.
  ASSERT_NE(model_.explainer, nullptr);
  const Matrix scores = Scores(*scorer_, queries_.all(), EveryItem());

  for (std::size_t q = 0; q < queries_.all().size(); ++q) {
    const auto explained = model_.explainer->ExplainAll(queries_.all()[q], EveryItem());
    const auto strongest = model_.explainer->ExplainStrongest(queries_.all()[q], EveryItem());
    for (std::size_t i = 0; i <= kShopItems; ++i) {
      EXPECT_TRUE(AreStrongestOf(explained[i], strongest[i])) << "query " << q << ", item " << i;
      const float score = scores(static_cast<Eigen::Index>(q), static_cast<Eigen::Index>(i));
      const auto& parts = explained[i];
      const double sum = std::accumulate(
          parts.begin(), parts.end(), 0.0,
          [](double total, const Contribution& part) { return total + part.value; });
      if (score == kUnscored) {
        EXPECT_TRUE(parts.empty()) << "query " << q << ", item " << i;
      } else {
        EXPECT_NEAR(sum, score, 1e-4 * std::abs(score) + 1e-6) << "query " << q << ", item " << i;
      }
    }
  }
}

absl::StatusOr<Model> Loaded(const Model& model, std::string_view bytes, const ItemMapping& items) {
  ByteReader reader(bytes);
  auto loaded = FindModelKind(model.kind)->load(reader, items);
  if (!loaded.ok()) return loaded;
  const absl::Status finished = reader.Finish("model");
  if (!finished.ok()) return finished;
  return loaded;
}

ItemMapping SameItems() {
  ItemMapping mapping;
  mapping.num_items = kShopItems;
  for (std::size_t i = 0; i < kShopItems; ++i) mapping.index.push_back(ItemNumber(i));
  return mapping;
}

TEST_P(ScorerContractTest, ScoresTheSameAfterSavingAndLoading) {
  const auto loaded = Loaded(model_, SavedBytes(model_), SameItems());

  ASSERT_THAT(loaded, IsOk());
  const Scorer& scorer = *ScorerOf(*loaded, spec().is_item_to_item);
  EXPECT_EQ(Scores(scorer, queries_.all(), EveryItem()),
            Scores(*scorer_, queries_.all(), EveryItem()));
  EXPECT_EQ(scorer.Retrieve(queries_.all(), nullptr, 10),
            scorer_->Retrieve(queries_.all(), nullptr, 10));
  EXPECT_EQ(SavedBytes(*loaded), SavedBytes(model_));
}

TEST_P(ScorerContractTest, ScoresTheSameUnderAnotherDictionary) {
  // Reversed, with room for items that the model has never seen; two that few touched are gone.
  ItemMapping mapping;
  mapping.num_items = kShopItems + 10;
  for (std::size_t i = 0; i < kShopItems; ++i) {
    mapping.index.push_back(ItemNumber(kShopItems + 4 - i));
  }
  mapping.index[55] = mapping.index[58] = ItemMapping::kDropped;
  std::vector<Interaction> history = {{0, ItemNumber(2), 3}, {0, ItemNumber(4), 1}};
  std::vector<ItemIndex> page = {ItemNumber(6)};
  const Query query{.history = history, .context_items = page};
  const Matrix before = Scores(*scorer_, {&query, 1}, EveryItem());

  const auto loaded = Loaded(model_, SavedBytes(model_), mapping);

  ASSERT_THAT(loaded, IsOk());
  for (Interaction& each : history) each.item = mapping.index[Row(each.item)];
  for (ItemIndex& each : page) each = mapping.index[Row(each)];
  const Scorer& scorer = *ScorerOf(*loaded, spec().is_item_to_item);
  const Matrix after = Scores(scorer, {&query, 1}, mapping.index);
  for (Eigen::Index i = 0; i < after.cols(); ++i) {
    if (mapping.index[static_cast<std::size_t>(i)] == ItemMapping::kDropped) {
      EXPECT_EQ(after(0, i), kUnscored);
    } else {
      EXPECT_TRUE(IsClose(after(0, i), before(0, i))) << "item " << i;
    }
  }
  // The five before the first, and those behind the last, are new.
  EXPECT_TRUE((Scores(scorer, {&query, 1}, {ItemNumber(0), ItemNumber(kShopItems + 9)}).array() ==
               kUnscored)
                  .all());
}

TEST_P(ScorerContractTest, DamagedBytesAreRefused) {
  const std::string bytes = SavedBytes(model_);

  for (std::size_t size = 0; size < bytes.size(); size += 1 + size / 50) {
    const auto loaded = Loaded(model_, std::string_view(bytes).substr(0, size), SameItems());
    EXPECT_THAT(loaded, testing::StatusIs(absl::StatusCode::kDataLoss)) << size << " bytes";
  }
}

TEST_P(ScorerContractTest, FlippedBytesNeverBreakTheProcess) {
  const std::string bytes = SavedBytes(model_);

  for (std::size_t position = 0; position < bytes.size(); position += 1 + position / 40) {
    std::string damaged = bytes;
    damaged[position] = static_cast<char>(damaged[position] ^ 0x55);
    const auto loaded = Loaded(model_, damaged, SameItems());
    if (!loaded.ok()) continue;
    Scores(*loaded->scorer, queries_.all(), EveryItem());
    loaded->scorer->Retrieve(queries_.all(), nullptr, 5);
  }
}

TEST_P(ScorerContractTest, ADictionaryOfAnotherSizeIsRefused) {
  ItemMapping shorter = SameItems();
  shorter.index.pop_back();
  ItemMapping beyond = SameItems();
  beyond.index[3] = ItemNumber(kShopItems);

  EXPECT_THAT(Loaded(model_, SavedBytes(model_), shorter),
              testing::StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(Loaded(model_, SavedBytes(model_), beyond),
              testing::StatusIs(absl::StatusCode::kDataLoss));
}

INSTANTIATE_TEST_SUITE_P(Scorers, ScorerContractTest,
                         ::testing::Range<std::size_t>(0, ContractCases().size()),
                         [](const ::testing::TestParamInfo<std::size_t>& test) {
                           return ContractCases()[test.param].trainer + "_" +
                                  std::to_string(test.param);
                         });

TEST(ScorerContractListTest, NamesEveryTrainer) {
  for (const Trainer& trainer : Trainers()) {
    EXPECT_TRUE(std::any_of(ContractCases().begin(), ContractCases().end(),
                            [&](const ContractCase& spec) { return spec.trainer == trainer.name; }))
        << trainer.name;
  }
}

}  // namespace
}  // namespace vitrine
