// Times the training and the answering of every scorer.
//
//   scorers_bench [PAIRS_FILE]
//
// PAIRS_FILE holds "user item item ..." lines; without it a skewed shop of 30,000 shoppers, 40,000
// items and about 800,000 pairs is made up. Two threads train; one answers, lists of 20; in the
// last column both do, for every shopper, without what the shopper has. Then what both take for an
// epoch of ials, by solver.
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "bench/made_up_shop.h"
#include "bench/measuring.h"
#include "training/ials_trainer.h"
#include "training/pair_weights.h"
#include "vitrine/base/random.h"
#include "vitrine/evaluation/read_interactions.h"
#include "vitrine/training/trainer.h"

namespace vitrine {
namespace {

constexpr std::size_t kThreads = 2;
constexpr std::size_t kListLength = 20;

Dataset MadeUpShop() {
  const ShopShape shape;
  const std::vector<std::string> words = {"red",  "blue", "mug",   "lamp",  "towel", "small",
                                          "wood", "gift", "paper", "heart", "tea",   "clock"};
  Random random(1);
  Dataset shop;
  for (std::size_t item = 0; item < shape.num_items; ++item) {
    shop.item_ids.push_back(std::to_string(item));
    Item described{.id = shop.item_ids.back()};
    for (int i = 0; i < 4; ++i) described.title += words[random.Below(words.size())] + " ";
    described.title += "no" + std::to_string(random.Below(2000));
    described.categories = {"Home > " + words[random.Below(words.size())]};
    shop.items.push_back(std::make_shared<const Item>(described));
  }
  AppendHistories(shape, random, shop);
  return shop;
}

// Answers for the first `num_users` shoppers, `batch` at a time, and returns how many a second.
double UsersPerSecond(const Scorer& scorer, const Dataset& shop, std::size_t num_users,
                      std::size_t batch) {
  const Micros start = MonotonicNow();
  for (std::size_t first = 0; first < num_users; first += batch) {
    std::vector<Query> queries;
    for (std::size_t user = first; user < std::min(first + batch, num_users); ++user) {
      queries.push_back({.history = shop.History(user)});
    }
    scorer.Retrieve(queries, nullptr, kListLength);
  }
  return static_cast<double>(num_users) / SecondsSince(start);
}

// Answers for every shopper, what they have left out, in batches of 64 on all threads of `pool`,
// and returns how many a second.
double UsersPerSecondTogether(const Scorer& scorer, const Dataset& shop, ThreadPool& pool) {
  constexpr std::size_t kBatch = 64;
  std::vector<std::vector<ItemIndex>> had(shop.num_users());
  for (std::size_t user = 0; user < had.size(); ++user) {
    for (const Interaction& each : shop.History(user)) had[user].push_back(each.item);
    std::sort(had[user].begin(), had[user].end());
  }
  const Micros start = MonotonicNow();
  pool.ParallelFor((had.size() + kBatch - 1) / kBatch, [&](std::size_t batch) {
    std::vector<Query> queries;
    const std::size_t end = std::min((batch + 1) * kBatch, had.size());
    for (std::size_t user = batch * kBatch; user < end; ++user) {
      queries.push_back({.history = shop.History(user), .excluded = had[user]});
    }
    scorer.Retrieve(queries, nullptr, kListLength);
  });
  return static_cast<double>(had.size()) / SecondsSince(start);
}

void TimeTrainer(const std::string& name, const Settings& settings, const Dataset& shop,
                 ThreadPool& pool) {
  const Micros start = MonotonicNow();
  const auto model = FindTrainer(name)->train(shop, settings, {.pool = &pool});
  const double seconds = SecondsSince(start);
  if (!model.ok()) {
    std::printf("%s: %s\n", name.c_str(), model.status().ToString().c_str());
    return;
  }
  const std::size_t num_users = std::min<std::size_t>(shop.num_users(), 2048);
  std::string shown = name;
  for (const auto& [key, value] : settings) shown += " " + key + "=" + value;
  std::printf("%-48s train %7.2f s   one by one %7.0f users/s   by 64 %7.0f, all threads %7.0f\n",
              shown.c_str(), seconds, UsersPerSecond(*model->scorer, shop, num_users, 1),
              UsersPerSecond(*model->scorer, shop, num_users, 64),
              UsersPerSecondTogether(*model->scorer, shop, pool));
  std::fflush(stdout);
}

void TimeEpoch(std::size_t dimensions, const char* name, IalsSolver solver,
               const CsrMatrix& weights, ThreadPool& pool) {
  constexpr std::size_t kEpochs = 3;
  IalsTraining training;
  training.dimensions = dimensions;
  training.epochs = kEpochs;
  training.solver = solver;
  const Micros start = MonotonicNow();
  const auto factors = TrainIalsFactors(weights, training, {.pool = &pool});
  if (!factors.ok()) return;
  std::printf("ials epoch, d=%-4zu %-10s %7.2f s\n", dimensions, name,
              SecondsSince(start) / kEpochs);
  std::fflush(stdout);
}

void TimeAll(const Dataset& shop, ThreadPool& pool) {
  TimeTrainer("most_popular", {}, shop, pool);
  TimeTrainer("content", {}, shop, pool);
  TimeTrainer("item_knn", {}, shop, pool);
  TimeTrainer("item_knn", {{"neighbours", "500"}}, shop, pool);
  TimeTrainer("repeat_purchase", {}, shop, pool);
  TimeTrainer("rp3beta", {}, shop, pool);
  TimeTrainer("sequential_rules", {}, shop, pool);
  TimeTrainer("session_knn", {}, shop, pool);
  TimeTrainer("user_knn", {}, shop, pool);
  TimeTrainer("ease_sparse", {}, shop, pool);
  TimeTrainer("graph_filter", {{"filter", "linear"}, {"neighbours", "300"}}, shop, pool);
  TimeTrainer("graph_filter", {}, shop, pool);
  TimeTrainer("ials", {{"dimensions", "64"}}, shop, pool);
  TimeTrainer("ials", {{"dimensions", "128"}}, shop, pool);
  const CsrMatrix weights = LikedPairWeights(shop, {.weighting = Weighting::kBinary});
  for (const std::size_t dimensions : {32U, 64U, 128U, 256U}) {
    TimeEpoch(dimensions, "cholesky", IalsSolver::kCholesky, weights, pool);
    TimeEpoch(dimensions, "cg", IalsSolver::kConjugateGradients, weights, pool);
    TimeEpoch(dimensions, "blocks", IalsSolver::kBlocks, weights, pool);
  }
}

int Run(int argc, char** argv) {
  Dataset shop;
  if (argc > 1) {
    auto read = ReadInteractions(LocalFileSystem(), argv[1], InteractionFormat::kPairsByUser);
    if (!read.ok()) {
      std::fprintf(stderr, "%s\n", read.status().ToString().c_str());
      return 1;
    }
    shop = *std::move(read);
  } else {
    shop = MadeUpShop();
  }
  std::printf("%s, %zu shoppers, %zu items, %zu interactions, %zu threads\n",
              ProcessorName().c_str(), shop.num_users(), shop.num_items(), shop.interactions.size(),
              kThreads);

  ThreadPool pool(kThreads);
  TimeAll(shop, pool);
  return 0;
}

}  // namespace
}  // namespace vitrine

int main(int argc, char** argv) { return vitrine::Run(argc, argv); }
