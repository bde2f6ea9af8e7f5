// The scorers of lightgcn, neural_cf and gan_cf against their formulas, in double.
#include <gmock/gmock.h>

#include <Eigen/Dense>
#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "testing/status_matchers.h"
#include "vitrine/base/random.h"
#include "vitrine/scorers/collaborative/mean_factors.h"
#include "vitrine/scorers/dnn/gan_cf.h"
#include "vitrine/scorers/dnn/neural_cf.h"

namespace vitrine {
namespace {

using ::testing::Each;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::StatusIs;

// More than a block of NeuralCf's; the last two are unknown.
constexpr std::size_t kItems = 600;
constexpr Eigen::Index kRows = kItems;

Matrix RandomMatrix(Eigen::Index rows, Eigen::Index columns, std::uint64_t seed) {
  Random random(seed);
  return Matrix::NullaryExpr(rows, columns,
                             [&random] { return static_cast<float>(random.Normal()); });
}

Matrix RandomItems(Eigen::Index columns, std::uint64_t seed) {
  Matrix items = RandomMatrix(kRows, columns, seed);
  items.bottomRows(2).setZero();
  return items;
}

std::vector<float> Degrees() {
  std::vector<float> degrees;
  for (std::size_t i = 0; i < kItems; ++i) degrees.push_back(1.0F + static_cast<float>(i % 7));
  degrees.back() = 0;
  return degrees;
}

// As the trainer makes it: each item counts by the root of its degree.
std::shared_ptr<const MeanFactors> MakeLightGcn() {
  Matrix vectors = RandomItems(5, 1);
  const std::vector<float> degrees = Degrees();
  for (std::size_t i = 0; i < kItems; ++i) {
    if (degrees[i] > 0) vectors.row(static_cast<Eigen::Index>(i)) /= std::sqrt(degrees[i]);
  }
  auto scorer = MeanFactors::Create("lightgcn", std::move(vectors), {});
  EXPECT_THAT(scorer, IsOk());
  return *scorer;
}

NeuralCfWeights RandomNeuralCf() {
  return {.history = RandomItems(3 + 4, 2),
          .items = RandomItems(3 + 4, 3),
          .hidden = RandomMatrix(6, 4, 4),
          .hidden_bias = RandomMatrix(1, 6, 5),
          .output = RandomMatrix(1, 6, 6),
          .factors = 3};
}

std::shared_ptr<const NeuralCf> MakeNeuralCf() {
  auto scorer = NeuralCf::Create(RandomNeuralCf(), {});
  EXPECT_THAT(scorer, IsOk());
  return *scorer;
}

GanCfWeights RandomGanCf() {
  return {.encoder = RandomItems(5, 7),
          .encoder_bias = RandomMatrix(1, 5, 8),
          .decoder = RandomItems(6, 9)};
}

std::shared_ptr<const GanCf> MakeGanCf() {
  auto scorer = GanCf::Create(RandomGanCf(), {});
  EXPECT_THAT(scorer, IsOk());
  return *scorer;
}

// Likes and a dislike.
const std::vector<Interaction>& History() {
  static const auto* const history = new std::vector<Interaction>{{0, ItemIndex{3}, 2},
                                                                  {0, ItemIndex{11}, 1},
                                                                  {0, ItemIndex{200}, -1.5F},
                                                                  {0, ItemIndex{570}, 4}};
  return *history;
}

double SlowLightGcn(ItemIndex item) {
  const Eigen::MatrixXd vectors = RandomItems(5, 1).cast<double>();
  const std::vector<float> degrees = Degrees();
  Eigen::RowVectorXd sum = Eigen::RowVectorXd::Zero(5);
  for (const Interaction& touch : History()) {
    const auto row = static_cast<Eigen::Index>(Row(touch.item));
    sum += touch.weight / std::sqrt(degrees[Row(touch.item)]) * vectors.row(row);
  }
  return sum.normalized().dot(vectors.row(static_cast<Eigen::Index>(Row(item))).normalized());
}

// The sum of the rows that the history names, by its weights over the root of what these sum to.
Eigen::RowVectorXd SlowSum(const Matrix& rows) {
  Eigen::RowVectorXd sum = Eigen::RowVectorXd::Zero(rows.cols());
  double total = 0;
  for (const Interaction& touch : History()) {
    sum += touch.weight * rows.row(static_cast<Eigen::Index>(Row(touch.item))).cast<double>();
    total += std::abs(touch.weight);
  }
  return sum / std::sqrt(total);
}

double SlowNeuralCf(ItemIndex item) {
  const NeuralCfWeights weights = RandomNeuralCf();
  const Eigen::RowVectorXd user = SlowSum(weights.history);
  const auto row = static_cast<Eigen::Index>(Row(item));
  double score = 0;
  for (int k = 0; k < 3; ++k) score += user[k] * static_cast<double>(weights.items(row, k));
  for (int unit = 0; unit < 6; ++unit) {
    auto sum = static_cast<double>(weights.hidden_bias(0, unit));
    for (int k = 0; k < 4; ++k) {
      const double first = user[3 + k] + static_cast<double>(weights.items(row, 3 + k));
      sum += std::max(0.0, first) * static_cast<double>(weights.hidden(unit, k));
    }
    score += std::max(0.0, sum) * static_cast<double>(weights.output(0, unit));
  }
  return score;
}

double SlowGanCf(ItemIndex item) {
  const GanCfWeights weights = RandomGanCf();
  const Eigen::RowVectorXd user = SlowSum(weights.encoder);
  const auto row = static_cast<Eigen::Index>(Row(item));
  auto score = static_cast<double>(weights.decoder(row, 5));
  for (int k = 0; k < 5; ++k) {
    score += std::tanh(user[k] + static_cast<double>(weights.encoder_bias(0, k))) *
             static_cast<double>(weights.decoder(row, k));
  }
  return score;
}

struct DeepCase {
  std::shared_ptr<const Scorer> scorer{};
  std::shared_ptr<const Explainer> explainer{};
  double (*slow)(ItemIndex item) = nullptr;
};

template <typename S>
DeepCase CaseOf(const std::shared_ptr<const S>& scorer, double (*slow)(ItemIndex)) {
  return {.scorer = scorer, .explainer = scorer, .slow = slow};
}

class DeepCollaborativeTest : public ::testing::TestWithParam<int> {
 protected:
  DeepCase tried() const {
    if (GetParam() == 0) return CaseOf(MakeLightGcn(), &SlowLightGcn);
    if (GetParam() == 1) return CaseOf(MakeNeuralCf(), &SlowNeuralCf);
    return CaseOf(MakeGanCf(), &SlowGanCf);
  }
};

TEST_P(DeepCollaborativeTest, AgreesWithTheFormulaForLikesAndDislikes) {
  const Query query{.history = History()};
  std::vector<ItemIndex> items;
  for (std::uint32_t i = 0; i < kItems - 2; ++i) items.push_back(ItemIndex{i});
  Matrix scores(1, static_cast<Eigen::Index>(items.size()));

  tried().scorer->Score({&query, 1}, items, scores);

  for (std::size_t i = 0; i < items.size(); ++i) {
    const double expected = tried().slow(items[i]);
    EXPECT_NEAR(scores(0, static_cast<Eigen::Index>(i)), expected, 1e-5 * (1 + std::abs(expected)))
        << i;
  }
}

TEST_P(DeepCollaborativeTest, ANewEventChangesTheAnswer) {
  std::vector<Interaction> more = History();
  more.insert(more.begin(), {0, ItemIndex{42}, 3});
  const std::vector<Query> queries = {{.history = History()}, {.history = more}};

  const auto lists = tried().scorer->Retrieve(queries, nullptr, 10);

  EXPECT_NE(lists[0], lists[1]);
}

TEST_P(DeepCollaborativeTest, UnknownItemsAreNeitherScoredNorPartOfTheShopper) {
  const std::vector<Interaction> known = {{0, ItemIndex{1}, 1}};
  const std::vector<Interaction> mixed = {
      {0, ItemIndex{kItems - 1}, 7}, {0, ItemIndex{1}, 1}, {0, ItemIndex{5000}, 1}};
  const std::vector<Query> queries = {{.history = known}, {.history = mixed}};
  const std::vector<ItemIndex> items = {ItemIndex{kItems - 1}, ItemIndex{5000}};
  Matrix scores(2, 2);

  tried().scorer->Score(queries, items, scores);
  const auto lists = tried().scorer->Retrieve(queries, nullptr, kItems);

  EXPECT_THAT(scores.reshaped(), Each(kUnscored));
  EXPECT_EQ(lists[0], lists[1]);
  EXPECT_EQ(lists[0].size(), kItems - 2);
}

TEST_P(DeepCollaborativeTest, AShopperWhoLikedNothingGetsNothing) {
  const std::vector<Interaction> disliked = {{0, ItemIndex{1}, -1}};
  const std::vector<Interaction> unknown = {{0, ItemIndex{kItems - 1}, 1}};
  const std::vector<Query> queries = {{}, {.history = disliked}, {.history = unknown}};

  EXPECT_THAT(tried().scorer->Retrieve(queries, nullptr, 5), Each(IsEmpty()));
  EXPECT_THAT(tried().explainer->Explain(queries[1], ItemIndex{2}), IsEmpty());
}

TEST_P(DeepCollaborativeTest, ExplanationsAddUpToTheScore) {
  const Query query{.history = History()};

  for (const std::uint32_t item : {0U, 3U, 77U, 555U}) {
    double sum = 0;
    for (const Contribution& part : tried().explainer->Explain(query, ItemIndex{item})) {
      sum += static_cast<double>(part.value);
    }
    const double expected = tried().slow(ItemIndex{item});
    EXPECT_NEAR(sum, expected, 1e-5 * (1 + std::abs(expected))) << item;
  }
}

INSTANTIATE_TEST_SUITE_P(Scorers, DeepCollaborativeTest, ::testing::Values(0, 1, 2));

// NeuralCf's derivatives by the history: where no unit changes sides, what an item adds is what
// the score loses without it.
TEST(NeuralCfTest, WithoutKinksAnItemAddsWhatTheScoreLosesWithoutIt) {
  NeuralCfWeights weights = RandomNeuralCf();
  weights.items.rightCols(4).array() += 50;
  weights.hidden_bias.array() += 1e6F;
  weights.items.bottomRows(2).setZero();
  auto scorer = NeuralCf::Create(weights, {});
  ASSERT_THAT(scorer, IsOk());
  const Query query{.history = History()};
  const auto parts = (*scorer)->Explain(query, ItemIndex{9});
  const Eigen::RowVectorXf user = (*scorer)->UserVectors({&query, 1}).row(0);
  const Eigen::RowVectorXd by_user =
      (weights.output.cast<double>() * weights.hidden.cast<double>()).row(0);

  double expected = 0;
  double found = 0;
  for (int k = 0; k < 3; ++k) expected += static_cast<double>(user[k] * weights.items(9, k));
  for (int k = 0; k < 4; ++k) expected += static_cast<double>(user[3 + k]) * by_user[k];
  for (const Contribution& part : parts) {
    if (part.source == Contribution::Source::kHistory) found += static_cast<double>(part.value);
  }

  EXPECT_EQ(parts.size(), 1 + History().size());
  EXPECT_NEAR(found, expected, 1e-4 * (1 + std::abs(expected)));
}

TEST(NeuralCfTest, RefusesPartsThatDoNotFit) {
  NeuralCfWeights weights = RandomNeuralCf();
  weights.hidden = RandomMatrix(6, 5, 4);
  EXPECT_THAT(NeuralCf::Create(weights, {}), StatusIs(absl::StatusCode::kInvalidArgument));

  weights = RandomNeuralCf();
  weights.output(0, 2) = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(NeuralCf::Create(weights, {}), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(GanCfTest, RefusesPartsThatDoNotFit) {
  GanCfWeights weights = RandomGanCf();
  weights.decoder = RandomItems(5, 9);
  EXPECT_THAT(GanCf::Create(weights, {}), StatusIs(absl::StatusCode::kInvalidArgument));

  weights.encoder.setOnes(weights.encoder.rows(), 8000);
  weights.encoder_bias.setOnes(1, 8000);
  weights.decoder.setOnes(weights.encoder.rows(), 8001);
  EXPECT_THAT(GanCf::Create(weights, {}), StatusIs(absl::StatusCode::kInvalidArgument));

  weights = RandomGanCf();
  weights.encoder(1, 1) = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(GanCf::Create(weights, {}), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace vitrine
