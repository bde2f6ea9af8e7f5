#include "vitrine/scorers/collaborative/ials.h"

#include <gmock/gmock.h>

#include <Eigen/Dense>
#include <limits>
#include <vector>

#include "testing/status_matchers.h"
#include "vitrine/base/random.h"
#include "vitrine/scorers/collaborative/factor_similarity.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::StatusIs;

constexpr std::size_t kItems = 40;
constexpr int kDimensions = 6;

// Random factors; items 38 and 39 are unknown.
Matrix RandomFactors() {
  Random random(31);
  Matrix factors = Matrix::NullaryExpr(
      kItems, kDimensions, [&random] { return static_cast<float>(0.5 * random.Normal()); });
  factors.bottomRows(2).setZero();
  return factors;
}

std::shared_ptr<const Ials> MakeIals(const IalsOptions& options = {}) {
  auto scorer = Ials::Create(RandomFactors(), options);
  EXPECT_THAT(scorer, IsOk());
  return *scorer;
}

// All scores of one query by the formula of the header, dense and in double.
Eigen::VectorXd SlowScores(const std::vector<Interaction>& history, const IalsOptions& options) {
  const Eigen::MatrixXd factors = RandomFactors().cast<double>();
  double weight_sum = 0;
  Eigen::MatrixXd normal = options.unobserved_weight * factors.transpose() * factors;
  Eigen::VectorXd right = Eigen::VectorXd::Zero(kDimensions);
  for (const Interaction& touch : history) {
    const Eigen::VectorXd y = factors.row(static_cast<Eigen::Index>(Row(touch.item)));
    const double weight = std::abs(touch.weight);
    weight_sum += weight;
    normal += weight * y * y.transpose();
    if (touch.weight > 0) right += weight * y;
  }
  const double size = weight_sum + options.unobserved_weight * (kItems - 2);
  normal.diagonal().array() += options.lambda * std::pow(size, options.nu);
  return factors * normal.fullPivLu().solve(right);
}

class IalsFoldInTest : public ::testing::TestWithParam<std::size_t> {};

TEST_P(IalsFoldInTest, AgreesWithDenseLeastSquares) {
  const IalsOptions options{.unobserved_weight = 0.1F, .lambda = 0.05F, .nu = 0.5F};
  std::vector<Interaction> history;
  for (std::size_t i = 0; i < GetParam(); ++i) {
    const float weight = i % 4 == 3 ? -2.0F : 1.0F + static_cast<float>(i % 3);
    history.push_back({0, ItemIndex{static_cast<std::uint32_t>(3 * i % 38)}, weight});
  }
  const Query query{.history = history};
  std::vector<ItemIndex> items;
  for (std::uint32_t i = 0; i < kItems - 2; ++i) items.push_back(ItemIndex{i});
  Matrix scores(1, kItems - 2);

  MakeIals(options)->Score({&query, 1}, items, scores);

  const Eigen::VectorXd expected = SlowScores(history, options);
  for (Eigen::Index i = 0; i < scores.cols(); ++i) {
    EXPECT_NEAR(scores(0, i), expected[i], 1e-4) << "item " << i;
  }
}

TEST_P(IalsFoldInTest, OneFoldInServesTheScoreAndItsReasonsAlike) {
  std::vector<Interaction> history;
  for (std::size_t i = 0; i < GetParam(); ++i) {
    history.push_back(
        {0, ItemIndex{static_cast<std::uint32_t>(3 * i % 38)}, i % 4 == 3 ? -1.0F : 2.0F});
  }
  const std::vector<ItemIndex> items = {ItemIndex{1}, ItemIndex{39}, ItemIndex{7}};
  const auto scorer = MakeIals();
  const auto ask = [&](QueryMemo* memo) {
    const Query query{.history = history, .memo = memo};
    Matrix scores(1, 3);
    scorer->Score({&query, 1}, items, scores);
    std::vector<float> answers(scores.data(), scores.data() + 3);
    for (const auto& contributions : scorer->ExplainAll(query, items)) {
      for (const Contribution& each : contributions) answers.push_back(each.value);
    }
    return answers;
  };
  QueryMemo memo;

  const std::vector<float> with_memo = ask(&memo);

  EXPECT_EQ(with_memo, ask(nullptr));
  EXPECT_EQ(with_memo, ask(&memo));  // Recalled as it was.
}

INSTANTIATE_TEST_SUITE_P(HistoryLengths, IalsFoldInTest, ::testing::Values(1, 2, 5, 6, 7, 30));

TEST(IalsTest, ADislikePullsItsOwnScoreTowardsZero) {
  const auto scorer = MakeIals();
  const std::vector<Interaction> liked = {{0, ItemIndex{1}, 1}, {0, ItemIndex{2}, 1}};
  const std::vector<Interaction> disliked = {{0, ItemIndex{1}, 1}, {0, ItemIndex{2}, -5}};
  const std::vector<Query> queries = {{.history = liked}, {.history = disliked}};
  const std::vector<ItemIndex> items = {ItemIndex{2}};
  Matrix scores(2, 1);

  scorer->Score(queries, items, scores);

  EXPECT_GT(scores(0, 0), 0.5F);
  EXPECT_LT(std::abs(scores(1, 0)), 0.2F);
}

TEST(IalsTest, UnknownItemsAreNeitherScoredNorFoldedIn) {
  const auto scorer = MakeIals();
  const std::vector<Interaction> known = {{0, ItemIndex{1}, 1}};
  const std::vector<Interaction> mixed = {{0, ItemIndex{39}, 7}, {0, ItemIndex{1}, 1}};
  const std::vector<Query> queries = {{.history = known}, {.history = mixed}};

  const auto lists = scorer->Retrieve(queries, nullptr, kItems);

  EXPECT_EQ(lists[0], lists[1]);
  EXPECT_EQ(lists[0].size(), kItems - 2);
}

TEST(IalsTest, AShopperWhoLikedNothingGetsNothing) {
  const std::vector<Interaction> history = {{0, ItemIndex{1}, -1}};
  const std::vector<Query> queries = {{}, {.history = history}};

  const auto lists = MakeIals()->Retrieve(queries, nullptr, 5);

  EXPECT_THAT(lists, ElementsAre(IsEmpty(), IsEmpty()));
}

TEST(IalsTest, TheRotationChangesNoInnerProduct) {
  const Matrix before = RandomFactors() * RandomFactors().transpose();
  const auto scorer = MakeIals();

  const Matrix after = scorer->item_factors() * scorer->item_factors().transpose();

  EXPECT_LT((before - after).cwiseAbs().maxCoeff(), 1e-5F);
}

TEST(IalsTest, LargeBatchesAndCataloguesOfManyBlocksRetrieveTheBest) {
  Random random(8);
  const Matrix factors =
      Matrix::NullaryExpr(1300, 4, [&random] { return static_cast<float>(random.Normal()); });
  const auto scorer = Ials::Create(factors, {});
  ASSERT_THAT(scorer, IsOk());
  std::vector<Interaction> touches;
  for (std::uint32_t i = 0; i < 150; ++i) touches.push_back({0, ItemIndex{8 * i}, 1});
  std::vector<Query> queries;
  for (const Interaction& touch : touches) queries.push_back({.history = {&touch, 1}});

  const auto lists = (*scorer)->Retrieve(queries, nullptr, 7);

  const Matrix scores = (*scorer)->UserVectors(queries) * (*scorer)->item_factors().transpose();
  for (std::size_t q = 0; q < queries.size(); ++q) {
    const Eigen::RowVectorXf row = scores.row(static_cast<Eigen::Index>(q));
    const auto expected = TopKOf(std::span(row.data(), 1300), 7);
    ASSERT_EQ(lists[q].size(), 7U);
    for (std::size_t i = 0; i < 7; ++i) EXPECT_NEAR(lists[q][i].score, expected[i].score, 1e-5F);
  }
}

std::shared_ptr<const Scorer> ItemToItem(const std::shared_ptr<const Ials>& ials) {
  return MakeFactorSimilarity(ials, ials->item_factors(), ials->known_items());
}

TEST(FactorSimilarityTest, ScoresByCosine) {
  const auto similar = ItemToItem(MakeIals());
  const std::vector<ItemIndex> page = {ItemIndex{3}};
  const Query query{.context_items = page};
  const std::vector<ItemIndex> items = {ItemIndex{3}, ItemIndex{4}, ItemIndex{39}};
  Matrix scores(1, 3);

  similar->Score({&query, 1}, items, scores);

  const Matrix factors = RandomFactors();
  EXPECT_NEAR(scores(0, 0), 1, 1e-5);
  EXPECT_NEAR(scores(0, 1),
              factors.row(3).dot(factors.row(4)) / factors.row(3).norm() / factors.row(4).norm(),
              1e-5);
  EXPECT_EQ(scores(0, 2), kUnscored);
}

TEST(FactorSimilarityTest, HistoryDoesNotCount) {
  const std::vector<Interaction> history = {{0, ItemIndex{1}, 5}};
  const Query query{.history = history};

  EXPECT_THAT(ItemToItem(MakeIals())->Retrieve({&query, 1}, nullptr, 5).front(), IsEmpty());
}

TEST(IalsTest, RefusesFactorsAndOptionsThatMakeNoSense) {
  Matrix not_finite = RandomFactors();
  not_finite(0, 0) = std::numeric_limits<float>::quiet_NaN();

  EXPECT_THAT(Ials::Create(not_finite, {}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Ials::Create(Matrix(3, 0), {}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Ials::Create(Matrix::Ones(3, 8001), {}),
              StatusIs(absl::StatusCode::kInvalidArgument));
  for (const IalsOptions& options :
       {IalsOptions{.unobserved_weight = 0}, IalsOptions{.lambda = 0}, IalsOptions{.nu = 1.5F},
        IalsOptions{.touch_weights = {.context_weight = -1}}}) {
    EXPECT_THAT(Ials::Create(RandomFactors(), options),
                StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

TEST(IalsRegularisationTest, GrowsWithTheInteractionsAsNuSays) {
  EXPECT_DOUBLE_EQ(IalsRegularisation({.unobserved_weight = 0.5F, .lambda = 2, .nu = 1}, 3, 10),
                   16);
  EXPECT_DOUBLE_EQ(IalsRegularisation({.unobserved_weight = 0.5F, .lambda = 2, .nu = 0}, 3, 10), 2);
}

}  // namespace
}  // namespace vitrine
