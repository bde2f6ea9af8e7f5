// Holds the serving path against what the machine allows one thread.
//
//   limits_bench STORE USERS_FILE
//
// STORE and USERS_FILE are those of engine_bench. First how fast memory is read and numbers are
// multiplied. Then, for each live model, what a sketch of all items takes (Scorer::Sketch) and what
// it would take only to read the bytes that it needs, as fast as an array is read that is as large
// as all that the model's sketches read, or only to multiply; the limit is what takes longer. A
// model of which that is not known is timed alone. Last, lists, beside the sum of the limits of
// their models. Shoppers are drawn at random once, and read before the clock starts. One warm-up
// round, then five; each figure is the median of the rounds, and in a round of the calls. Bytes and
// limits are medians of the shoppers. docs/performance.md says what each column is.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "bench/measuring.h"
#include "bench/sketch_needs.h"
#include "bench/trained_store.h"
#include "engine/shopper_query.h"
#include "math/coarse_kernels.h"
#include "vitrine/base/counters.h"
#include "vitrine/base/random.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/engine/engine.h"
#include "vitrine/math/coarse_rows.h"

namespace vitrine {
namespace {

constexpr std::size_t kCalls = 2000;
constexpr std::size_t kRounds = 5;
constexpr double kLargeBytes = 256.0 * 1024 * 1024;

using SteadyClock = std::chrono::steady_clock;  // MonotonicNow tells whole microseconds.

double MicrosSince(SteadyClock::time_point start) {
  return std::chrono::duration<double, std::micro>(SteadyClock::now() - start).count();
}

// Of one call, of which a round makes `times`.
template <typename Call>
double SecondsOf(std::size_t times, const Call& call) {
  std::vector<double> rounds;
  for (std::size_t round = 0; round <= kRounds; ++round) {
    const Micros start = MonotonicNow();
    for (std::size_t i = 0; i < times; ++i) call();
    if (round > 0) rounds.push_back(SecondsSince(start) / static_cast<double>(times));
  }
  return Median(std::move(rounds));
}

// Of all words, which takes less than to read them.
std::uint64_t XorOf(std::span<const CoarseChunk> chunks) {
  using Words = std::uint64_t __attribute__((vector_size(32)));
  Words of_first{};  // Halves.
  Words of_last{};
  for (const CoarseChunk& chunk : chunks) {
    Words first;
    Words last;
    std::memcpy(&first, chunk.values.data(), sizeof(first));
    std::memcpy(&last, chunk.values.data() + sizeof(first), sizeof(last));
    of_first ^= first;
    of_last ^= last;
  }
  const Words of_both = of_first ^ of_last;
  return of_both[0] ^ of_both[1] ^ of_both[2] ^ of_both[3];
}

// What is read a second of an array that is read again and again.
double ReadBytesASecond(double num_bytes) {
  constexpr double kBytesOfRound = 1e9;
  const double num_read = std::min(num_bytes, kLargeBytes);
  std::vector<CoarseChunk> chunks(static_cast<std::size_t>(num_read) / sizeof(CoarseChunk) + 1);
  const double size = static_cast<double>(chunks.size() * sizeof(CoarseChunk));
  std::uint64_t all = 0;
  const double seconds = SecondsOf(static_cast<std::size_t>(kBytesOfRound / size) + 1, [&] {
    ++chunks.front().values.front();  // Or the compiler may read them once.
    all += XorOf(chunks);
  });
  [[maybe_unused]] const volatile std::uint64_t kept = all;  // Or never.
  return size / seconds;
}

// Multiply-adds with 16 KiB of rows, which stay in the first-level cache.
double CoarseProductsASecond() {
  constexpr std::size_t kRows = 64;
  constexpr std::size_t kNumbers = 256;
  const Matrix rows = Matrix::Random(kRows, kNumbers);
  const CoarseRows coarse(rows);
  const CoarseVector vector = coarse.Prepare(std::span(rows.data(), kNumbers));
  std::vector<float> products(kRows);
  const double seconds = SecondsOf(100'000, [&] { coarse.Multiply(vector, 0, products); });
  return static_cast<double>(kRows * kNumbers) / seconds;
}

double FloatProductsASecond() {
  constexpr Eigen::Index kSize = 512;
  const Matrix factor = Matrix::Random(kSize, kSize);
  Matrix product(kSize, kSize);
  const double seconds = SecondsOf(10, [&] { product.noalias() = factor * factor; });
  return static_cast<double>(kSize * kSize * kSize) / seconds;
}

// Prints what one thread can do, and returns its multiply-adds of eight bits a second.
double MeasureMachine(std::size_t num_items) {
  constexpr double kDimensions = 64;  // Of ials, unless told otherwise.
  for (const double num_bytes : {kDimensions * static_cast<double>(num_items), kLargeBytes}) {
    std::printf("reads an array of %.2f MB at %.1f GB/s\n", num_bytes / 1e6,
                ReadBytesASecond(num_bytes) / 1e9);
  }
  const std::span<const NamedKernel> kernels = CoarseKernels();
  const auto best = std::find_if(kernels.begin(), kernels.end(),
                                 [](const NamedKernel& each) { return each.runs_here(); });
  const double products = CoarseProductsASecond();
  std::printf("multiply-adds: %.1f G/s of eight bits (%s), %.1f G/s of Eigen's 512 x 512 x 512\n",
              products / 1e9, best->name, FloatProductsASecond() / 1e9);
  return products;
}

ShopperQuery ShopperOf(const TrainedStore& shop, const std::string& user) {
  const std::string nobody;
  return ReadShopperQuery(*shop.store, {user, nobody}, SystemClock().Now());
}

// `micros_of` tells what a shopper's answer took.
double MedianMicros(const std::vector<std::string>& shoppers,
                    const std::function<double(const std::string&)>& micros_of) {
  std::vector<double> rounds;
  for (std::size_t round = 0; round <= kRounds; ++round) {
    std::vector<double> calls;
    for (const std::string& shopper : shoppers) calls.push_back(micros_of(shopper));
    if (round > 0) rounds.push_back(Median(std::move(calls)));
  }
  return Median(std::move(rounds));
}

// Prints what a model's sketches take and need, and returns their limits in microseconds, by
// shopper; none where the needs are not known.
std::vector<double> MeasureModel(const Model& model, const TrainedStore& shop,
                                 const std::vector<std::string>& shoppers,
                                 double products_a_second) {
  std::vector<float> scores(shop.store->catalogue().num_indices());
  const double micros = MedianMicros(shoppers, [&](const std::string& user) {
    const ShopperQuery shopper = ShopperOf(shop, user);
    const Query query = shopper.View();
    const auto start = SteadyClock::now();
    model.scorer->Sketch(query, scores);
    return MicrosSince(start);
  });
  std::printf("%-26s %9.2f", model.name.c_str(), micros);
  const SketchNeeds needs = NeedsOf(*model.scorer);
  std::vector<double> limits;
  if (needs.of) {
    const auto score_bytes = static_cast<double>(scores.size() * sizeof(float));  // Written.
    const double table_bytes = needs.num_bytes + score_bytes;
    const double bytes_a_second = ReadBytesASecond(table_bytes);
    double multiplying = 0;
    std::vector<double> bytes;
    for (const std::string& user : shoppers) {
      const ShopperQuery shopper = ShopperOf(shop, user);
      const SketchNeed need = needs.of(shopper.View());
      bytes.push_back(need.bytes + score_bytes);
      multiplying = 1e6 * need.products / products_a_second;  // The same of all shoppers.
      limits.push_back(std::max(1e6 * bytes.back() / bytes_a_second, multiplying));
    }
    const double typical_bytes = Median(std::move(bytes));
    const double limit = Median(limits);
    std::printf(" %9.1f %9.1f %9.1f %9.2f %9.2f %9.2f %9.2f", typical_bytes / 1e3,
                table_bytes / 1e3, bytes_a_second / 1e9, 1e6 * typical_bytes / bytes_a_second,
                multiplying, limit, micros / limit);
  }
  std::printf("\n");
  return limits;
}

// `limit`: of the sketches that a list is made of, in microseconds; 0: there is none.
void MeasureLists(const TrainedStore& shop, const std::vector<std::string>& shoppers,
                  double limit) {
  const Published<ModelSet> published(shop.models);
  Counters counters;
  const Engine engine(*shop.store, published, counters, SystemClock(), {});
  for (const ExplanationLevel level : {ExplanationLevel::kNone, ExplanationLevel::kReasons}) {
    RecommendRequest request{.explanation = level};
    const double micros = MedianMicros(shoppers, [&](const std::string& user) {
      request.user_id = user;
      const auto start = SteadyClock::now();
      const bool is_answered = engine.Recommend(request).ok();
      return is_answered ? MicrosSince(start) : 0;
    });
    const bool is_explained = level == ExplanationLevel::kReasons;
    std::printf("%-26s %9.2f", is_explained ? "20 items with reasons" : "20 items, no reasons",
                micros);
    if (limit > 0) std::printf(" %49s %9.2f %9.2f", "", limit, micros / limit);
    std::printf("\n");
  }
}

absl::Status Run(const std::string& store_folder, const std::string& users_path) {
  VITRINE_ASSIGN_OR_RETURN(const TrainedStore shop, OpenTrainedStore(store_folder, users_path));
  const std::size_t num_items = shop.store->catalogue().num_indices();
  const std::vector<Model>& models = shop.models->models;
  std::printf("%s, one thread; %zu shoppers, %zu items; medians of %zu rounds, %zu calls a round\n",
              ProcessorName().c_str(), shop.users.size(), num_items, kRounds, kCalls);
  const double products_a_second = MeasureMachine(num_items);

  const Pipeline pipeline(shop.models, {});
  Random random(1);
  std::vector<std::string> shoppers;
  std::vector<std::vector<double>> weights;  // By shopper and model; 0: it is not asked.
  while (shoppers.size() < kCalls) {
    shoppers.push_back(shop.users[random.Below(shop.users.size())]);
    const ShopperQuery shopper = ShopperOf(shop, shoppers.back());
    weights.push_back(pipeline.Weights(shopper.View()));
  }
  std::printf("%-26s %9s %9s %9s %9s %9s %9s %9s %9s\n", "", "us", "KB", "of KB", "GB/s", "reading",
              "products", "limit", "ratio");
  std::vector<double> of_lists(kCalls, 0);
  for (std::size_t m = 0; m < models.size(); ++m) {
    const auto limits = MeasureModel(models[m], shop, shoppers, products_a_second);
    for (std::size_t i = 0; i < limits.size(); ++i) {
      if (weights[i][m] > 0) of_lists[i] += limits[i];
    }
  }
  const bool are_sketched = num_items <= BlendOptions().whole_catalogue_items;  // Or retrieved.
  MeasureLists(shop, shoppers, are_sketched ? Median(of_lists) : 0);
  return absl::OkStatus();
}

}  // namespace
}  // namespace vitrine

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: limits_bench STORE USERS_FILE\n");
    return 2;
  }
  const absl::Status status = vitrine::Run(argv[1], argv[2]);
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
