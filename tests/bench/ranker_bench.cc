// Measures how long deep_ranker takes to rank 300 candidates by the scores of six scorers, on one
// thread, as a request does: features and network, not the scorers. And how long the explanation of
// a page of them takes.
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <numeric>
#include <string>
#include <vector>

#include "bench/measuring.h"
#include "vitrine/scorers/dnn/deep_ranker.h"

namespace vitrine {
namespace {

constexpr std::size_t kCandidates = 300;
constexpr std::size_t kItems = 10'000;
constexpr std::size_t kPage = 20;
constexpr std::size_t kRuns = 2000;
constexpr std::size_t kExplanations = 100;

Matrix RandomMatrix(std::size_t rows, std::size_t cols, Random& random) {
  Matrix matrix(static_cast<Eigen::Index>(rows), static_cast<Eigen::Index>(cols));
  for (float& value : matrix.reshaped()) value = static_cast<float>(random.Normal());
  return matrix;
}

// Runs `call` that often and prints how long it takes.
template <typename Call>
void Measure(const char* what, std::size_t runs, const Call& call) {
  std::vector<double> micros;      // That passed,
  std::vector<double> own_micros;  // and that this process was at work, whatever else ran.
  for (std::size_t run = 0; run < runs; ++run) {
    const Micros start = MonotonicNow();
    const std::clock_t own_start = std::clock();
    call();
    own_micros.push_back(1e6 * static_cast<double>(std::clock() - own_start) / CLOCKS_PER_SEC);
    micros.push_back(static_cast<double>(MonotonicNow() - start));
  }
  std::sort(micros.begin(), micros.end());
  std::sort(own_micros.begin(), own_micros.end());
  std::printf(
      "deep_ranker, %s: %.0f us at best, %.0f median, %.0f at p99; at work: %.0f median, %.0f at "
      "p99\n",
      what, micros.front(), micros[runs / 2], micros[runs * 99 / 100], own_micros[runs / 2],
      own_micros[runs * 99 / 100]);
}

int Run() {
  Random random(1);
  DeepRankerTable table{
      .scorers = {"most_popular", "content", "item_knn", "ials", "ease", "two_tower"}};
  table.shape.num_features = RankerFeatureNames(table.scorers).size();
  table.item_facts = RandomMatrix(kItems, kNumItemFacts, random);
  table.unknown_facts = Matrix::Zero(1, static_cast<Eigen::Index>(kNumItemFacts));
  table.item_behaviour.rates = RandomMatrix(kItems, kNumItemRates, random);
  for (std::uint32_t i = 0; i < kItems; ++i) {
    table.item_behaviour.categories.push_back(1 + i % 50);
    table.item_behaviour.brands.push_back(1 + i % 300);
  }
  table.means = Matrix::Zero(1, static_cast<Eigen::Index>(table.shape.num_features));
  table.scales = Matrix::Ones(1, static_cast<Eigen::Index>(table.shape.num_features));
  table.shape.hidden = 32;
  for (int network = 0; network < 4; ++network) table.networks.emplace_back(table.shape, 0, random);
  const std::vector<std::string> scorers = table.scorers;
  const auto ranker = DeepRanker::Create(std::move(table));
  if (!ranker.ok()) return 1;
  std::vector<Interaction> history;
  for (std::uint32_t i = 0; i < 100; ++i) {
    history.push_back({static_cast<Micros>(1000 - i) * kMicrosPerDay, ItemIndex{i * 37}, 1});
  }
  const Query query{.history = history, .now_us = 1001 * kMicrosPerDay};
  std::vector<ItemIndex> items;
  for (std::uint32_t i = 0; i < kCandidates; ++i) items.push_back(ItemIndex{i * 31});
  const Matrix scores = RandomMatrix(scorers.size(), kCandidates, random);
  std::vector<float> blended;
  for (std::size_t i = 0; i < kCandidates; ++i) blended.push_back(1.0F / static_cast<float>(1 + i));
  std::vector<float> probabilities(kCandidates);
  std::vector<std::size_t> page(kPage);
  std::iota(page.begin(), page.end(), 0U);
  const RankerCandidates candidates{query, items, blended, scorers, scores};
  std::printf("%s\n", ProcessorName().c_str());
  Measure("300 candidates", kRuns, [&] { (*ranker)->Rank(candidates, {}, probabilities); });
  Measure("why 20 of them", kExplanations, [&] { (*ranker)->ExplainRanking(candidates, page); });
  return 0;
}

}  // namespace
}  // namespace vitrine

int main() { return vitrine::Run(); }
