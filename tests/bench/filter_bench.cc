// Times filters over a made-up catalogue, without models: what the bitmap of a filter costs.
//
//   filter_bench [ITEMS]      default: 1,000,000
//
// Per filter: the first time, which reads every item; again; and again after one price changed.
// Each figure is the median of 11 runs, but for the first time, which is the median of 3 filters
// that differ in a number.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "bench/measuring.h"
#include "engine/filter/filtered_items.h"
#include "testing/fake_feature_store.h"
#include "vitrine/base/random.h"

namespace vitrine {
namespace {

Item MadeUpItem(std::size_t number, Random& random) {
  Item item{.id = absl::StrFormat("item-%07d", number),
            .title = absl::StrFormat("The item of number %d, as a shop would call it", number)};
  item.categories = {absl::StrFormat("Shop > Floor %d > Shelf %d", number % 7, number % 401)};
  item.brand = absl::StrFormat("Brand %d", random.Below(100));
  item.price = Money{static_cast<std::int64_t>(random.Below(100'000)) * 10'000, "EUR"};
  item.stock = static_cast<std::int64_t>(1 + random.Below(50));
  item.tags = {random.Below(1'000) == 0 ? "rare" : "common"};
  item.attributes = {{"colour", std::string(random.Below(2) == 0 ? "red" : "blue")},
                     {"weight", random.Uniform()}};
  return item;
}

double MedianMicros(int runs, const std::function<void(int)>& call) {
  std::vector<Micros> times;
  for (int run = 0; run < runs; ++run) {
    const Micros start = MonotonicNow();
    call(run);
    times.push_back(MonotonicNow() - start);
  }
  std::sort(times.begin(), times.end());
  return static_cast<double>(times[times.size() / 2]);
}

// `%d` stands for a number that makes it another filter without making it mean much else.
void Measure(const std::string& name, const std::string& pattern, std::size_t num_items,
             testing::FakeFeatureStore& store, const FilteredItems& filtered) {
  const auto filter = [&](int number) {
    return absl::StrFormat("%s AND stock < %d", pattern, 1'000 + number);
  };
  Random random(2);
  std::size_t kept = 0;
  const auto ask = [&](int number) { kept = (*filtered.Matching(filter(number)))->Count(); };
  const double first = MedianMicros(3, ask);
  const double again = MedianMicros(11, [&](int) { ask(0); });
  std::vector<Micros> times;
  for (int run = 0; run < 11; ++run) {
    store.Put(MadeUpItem(random.Below(num_items), random));
    times.push_back(static_cast<Micros>(MedianMicros(1, [&](int) { ask(0); })));
  }
  std::sort(times.begin(), times.end());
  std::printf("| %s | %zu | %.0f | %.0f | %ld |\n", name.c_str(), kept, first, again,
              static_cast<long>(times[times.size() / 2]));
}

int Run(std::size_t num_items) {
  testing::FakeFeatureStore store;
  const FilteredItems filtered(store.catalogue());
  Random random(1);
  for (std::size_t i = 0; i < num_items; ++i) store.Put(MadeUpItem(i, random));
  std::printf("%s, %zu items, one thread, microseconds\n\n", ProcessorName().c_str(), num_items);
  std::printf("| filter | items kept | first time | again | after a change |\n");
  std::printf("|---|---|---|---|---|\n");
  Measure("a brand, 1 %", "brand = \"Brand 7\"", num_items, store, filtered);
  Measure("a tag, 0.1 %", "tags: rare", num_items, store, filtered);
  Measure("price below", "price < 10", num_items, store, filtered);
  Measure("category", "category: \"Shop > Floor 3\"", num_items, store, filtered);
  Measure("five clauses",
          "(brand: ANY(\"Brand 1\", \"Brand 2\") OR attributes.weight < 0.1) AND "
          "attributes.colour = red AND price: IN(10, 500) AND NOT tags: rare",
          num_items, store, filtered);
  return 0;
}

}  // namespace
}  // namespace vitrine

int main(int argc, char** argv) {
  const long items = argc > 1 ? std::atol(argv[1]) : 1'000'000;
  if (argc > 2 || items < 1) {
    std::fprintf(stderr, "usage: filter_bench [ITEMS]\n");
    return 2;
  }
  return vitrine::Run(static_cast<std::size_t>(items));
}
