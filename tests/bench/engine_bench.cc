// Times the engine in process, without gRPC: what one request costs one thread.
//
//   engine_bench STORE USERS_FILE [PART_OF_A_NAME]
//
// STORE is a trained store that no server owns or one may own; the first column of USERS_FILE, a
// TSV, names the shoppers, asked in an order that is drawn at random once. One warm-up round, then
// five; each figure is the median over a round's calls, and of these the median and the range. With
// pauses a call finds the core as the call of a quiet shop does: asleep, its caches lost. Where
// items have prices, lists of the cheapest hundredth and thousandth follow, beside that of all.
// With a part of a name only the questions that have it are asked. Last, what it takes to seal the
// attribution token of 20 items, which each of these lists has, and to read it.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "bench/measuring.h"
#include "bench/trained_store.h"
#include "vitrine/base/counters.h"
#include "vitrine/base/random.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/engine/engine.h"
#include "vitrine/feature_store/attribution.h"

namespace vitrine {
namespace {

constexpr std::size_t kCalls = 2000;
constexpr std::size_t kRounds = 5;

struct Question {
  std::string name{};
  RecommendRequest request{};
  std::chrono::microseconds pause{0};  // Before each call.
  bool is_timed = false;               // Its stages are, as a server's are for its log.
};

// Holds for so great a share of the items that have a price, and for what costs the same.
std::string CheapestFilter(const Catalogue& catalogue, double share) {
  std::vector<std::int64_t> prices;
  for (const auto& item : catalogue.List(ItemIndex{0}, catalogue.num_indices())) {
    if (item->price) prices.push_back(item->price->micros);
  }
  if (prices.empty()) return "";
  std::sort(prices.begin(), prices.end());
  const auto last = static_cast<std::size_t>(share * static_cast<double>(prices.size()));
  const std::int64_t micros = prices[last];
  return absl::StrFormat("price <= %d.%06d", micros / 1'000'000, micros % 1'000'000);
}

RecommendRequest Varied(const Diversity& diversity) {
  return {.explanation = ExplanationLevel::kNone, .controls = {.diversity = diversity}};
}

std::vector<Question> Questions(const Catalogue& catalogue) {
  return {{"20 items, no reasons", {.explanation = ExplanationLevel::kNone}},
          {"20 items with reasons", {.explanation = ExplanationLevel::kReasons}},
          {"20 items with contributions", {.explanation = ExplanationLevel::kContributions}},
          {"with reasons, 0.3 ms apart",
           {.explanation = ExplanationLevel::kReasons},
           std::chrono::microseconds(300)},
          {"with reasons, stages timed",
           {.explanation = ExplanationLevel::kReasons},
           std::chrono::microseconds(0),
           true},
          {"the cheapest 1 %, no reasons",
           {.filter = CheapestFilter(catalogue, 0.01), .explanation = ExplanationLevel::kNone}},
          {"the cheapest 0.1 %, no reasons",
           {.filter = CheapestFilter(catalogue, 0.001), .explanation = ExplanationLevel::kNone}},
          {"MMR, no reasons", Varied({Diversity::Method::kMmr, 0.5})},
          {"DPP, no reasons", Varied({Diversity::Method::kDpp, 0.5})},
          {"drawn, no reasons",
           {.explanation = ExplanationLevel::kNone,
            .controls = {.exploration = {.temperature = 0.2, .seed = 1}}}},
          {"two of a brand, no reasons",
           {.explanation = ExplanationLevel::kNone, .controls = {.max_per_brand = 2}}},
          {"the cheapest 10 % boosted, no reasons",
           {.explanation = ExplanationLevel::kNone,
            .controls = {.boosts = {{CheapestFilter(catalogue, 0.1), 0.2}}}}},
          {"half of the long tail, no reasons",
           {.explanation = ExplanationLevel::kNone,
            .controls = {.exposure = {Exposure::Group::kLongTail, 0.5}}}}};
}

// The median of one round, in microseconds; 0 when a call failed.
Micros Round(const Engine& engine, const Question& question,
             const std::vector<std::string>& users) {
  RecommendRequest request = question.request;
  std::vector<Trace::Stage> stages;
  if (question.is_timed) request.stages = &stages;
  Random random(1);
  std::vector<Micros> times;
  for (std::size_t call = 0; call < kCalls; ++call) {
    request.user_id = users[random.Below(users.size())];
    if (question.pause.count() > 0) std::this_thread::sleep_for(question.pause);
    const Micros start = MonotonicNow();
    if (!engine.Recommend(request).ok()) return 0;
    times.push_back(MonotonicNow() - start);
  }
  return Median(std::move(times));
}

// Nanoseconds of one call, the median of the rounds.
template <typename Call>
double NanosOf(const Call& call) {
  constexpr int kTokens = 20'000;
  std::vector<Micros> rounds;
  for (std::size_t round = 0; round <= kRounds; ++round) {
    const Micros start = MonotonicNow();
    for (int i = 0; i < kTokens; ++i) call();
    if (round > 0) rounds.push_back(MonotonicNow() - start);  // The first one warms up.
  }
  return 1000.0 * static_cast<double>(Median(std::move(rounds))) / kTokens;
}

void TimeTokens(const FeatureStore& store) {
  Attribution list{.placement = "recommended-for-you",
                   .model_version = "20260101T000000Z",
                   .time_us = SystemClock().Now()};
  Random random(1);
  for (int i = 0; i < 20; ++i) {
    list.items.push_back(
        ItemIndex{static_cast<std::uint32_t>(random.Below(store.catalogue().num_indices()))});
  }
  const std::string token = SealAttribution(store, list);
  const double seal = NanosOf([&] { return SealAttribution(store, list); });
  const double read = NanosOf([&] { return ReadAttribution(store, token).ok(); });
  std::printf("a token of %zu bytes: sealed in %.0f ns, read in %.0f ns\n", token.size(), seal,
              read);
}

absl::Status Run(const std::string& store_folder, const std::string& users_path,
                 const std::string& part_of_name) {
  VITRINE_ASSIGN_OR_RETURN(const TrainedStore shop, OpenTrainedStore(store_folder, users_path));
  const FeatureStore& store = *shop.store;
  const std::vector<std::string>& users = shop.users;
  const Published<ModelSet> published(shop.models);
  Counters counters;
  const Engine engine(store, published, counters, SystemClock(), {});

  std::printf("%zu shoppers, %zu items, %zu models, one thread, %zu calls a round\n", users.size(),
              store.catalogue().num_indices(), shop.models->models.size(), kCalls);
  Micros unfiltered = 0;
  for (const Question& question : Questions(store.catalogue())) {
    if (question.name.find(part_of_name) == std::string::npos) continue;
    Round(engine, question, users);
    std::vector<Micros> rounds;
    for (std::size_t i = 0; i < kRounds; ++i) {
      rounds.push_back(Round(engine, question, users));
    }
    const auto [least, most] = std::minmax_element(rounds.begin(), rounds.end());
    const Micros median = Median(rounds);
    if (unfiltered == 0) unfiltered = std::max<Micros>(median, 1);
    std::printf("%-30s %5ld us (%ld to %ld), %.2f of the first\n", question.name.c_str(),
                static_cast<long>(median), static_cast<long>(*least), static_cast<long>(*most),
                static_cast<double>(median) / static_cast<double>(unfiltered));
  }
  TimeTokens(store);
  return absl::OkStatus();
}

}  // namespace
}  // namespace vitrine

int main(int argc, char** argv) {
  if (argc != 3 && argc != 4) {
    std::fprintf(stderr, "usage: engine_bench STORE USERS_FILE [PART_OF_A_NAME]\n");
    return 2;
  }
  const absl::Status status = vitrine::Run(argv[1], argv[2], argc == 4 ? argv[3] : "");
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
