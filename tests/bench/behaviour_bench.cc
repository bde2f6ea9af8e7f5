// Measures behaviour features on a made-up shop: events a second applied to the views, with and
// without them; a start by full replay; reading features; memory a shopper. Prints; asserts
// nothing. A rate "of processor time" counts what the threads used, not what they waited: it is the
// one to compare on a machine that does other work too.
//
//   behaviour_bench [EVENTS]     default 1,000,000

#include <malloc.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "bench/measuring.h"
#include "feature_store/behaviour/event_details.h"
#include "feature_store/store_views.h"
#include "vitrine/base/log.h"
#include "vitrine/base/random.h"
#include "vitrine/feature_store/behaviour/registry.h"
#include "vitrine/feature_store/feature_store.h"

namespace vitrine {
namespace {

constexpr std::uint64_t kNumUsers = 20'000;
constexpr std::uint64_t kNumItems = 10'000;
constexpr Micros kStart = 1'700'000'000 * kMicrosPerSecond;

double CpuSeconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

void Check(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::exit(1);
}

struct Timing {
  Micros wall = MonotonicNow();
  double cpu = CpuSeconds();

  void Print(const char* what, std::uint64_t events) const {
    const double seconds = SecondsSince(wall);
    const double cpu_seconds = CpuSeconds() - cpu;
    std::printf("%-34s %9.0f events/s, %9.0f/s of processor time\n", what,
                static_cast<double>(events) / seconds, static_cast<double>(events) / cpu_seconds);
  }
};

// Of 100 events: 66 views, 12 additions to the cart, 5 purchases with an order id and prices, 8
// searches, 4 clicks, 5 lists of 10 items shown. Shoppers and items by a power law.
class MadeUpEvents {
 public:
  Event Next() {
    const std::uint64_t number = num_events_++;
    Event event{.user_id = "user-" + std::to_string(PowerLaw(kNumUsers)),
                .time_us = kStart + static_cast<Micros>(number) * 20 * kMicrosPerSecond};
    const std::uint64_t kind = random_.Below(100);
    if (random_.Below(50) == 0) event.time_us -= 3 * kMicrosPerDay;  // Late.
    event.type = kind < 66   ? EventType::kDetailPageView
                 : kind < 78 ? EventType::kAddToCart
                 : kind < 83 ? EventType::kPurchaseComplete
                 : kind < 91 ? EventType::kSearch
                 : kind < 95 ? EventType::kRecommendationClick
                             : EventType::kImpression;
    if (event.type == EventType::kSearch) event.search_query = "red mug with handle";
    const std::uint64_t num_items = event.type == EventType::kSearch       ? 0
                                    : event.type == EventType::kImpression ? 10
                                                                           : 1;
    for (std::uint64_t i = 0; i < num_items; ++i) {
      event.items.push_back({.item_id = "item-" + std::to_string(PowerLaw(kNumItems))});
    }
    if (event.type == EventType::kPurchaseComplete) {
      event.order_id = "order-" + std::to_string(number);
      event.items[0].unit_price = Money{19'990'000, "EUR"};
    }
    return event;
  }

 private:
  std::uint64_t PowerLaw(std::uint64_t count) {
    const double share = random_.Uniform();
    return static_cast<std::uint64_t>(share * share * static_cast<double>(count));
  }

  Random random_{1};
  std::uint64_t num_events_ = 0;
};

class BehaviourBench {
 public:
  BehaviourBench(std::string folder, std::uint64_t num_events)
      : folder_(std::move(folder)), num_events_(num_events) {}

  void Run() {
    std::printf("%s; %lu events, %lu shoppers, %lu items\n", ProcessorName().c_str(), num_events_,
                kNumUsers, kNumItems);
    ApplyToViews();
    Fill();
    Replay();
    ReadFeatures();
    AsOf();
  }

 private:
  void Open() {
    auto store = FeatureStore::Open(folder_, {.checkpoint_events = 1'000'000'000},
                                    LocalFileSystem(), SystemClock());
    Check(store.status());
    store_ = *std::move(store);
  }

  // In memory alone: what one thread applies.
  void ApplyToViews() {
    MadeUpEvents source;
    std::vector<StoreChanges::AddEvent> events;
    const std::uint64_t count = std::min<std::uint64_t>(num_events_, 500'000);
    for (std::uint64_t i = 0; i < count; ++i) events.push_back(ToStep(source.Next(), i));
    StoreViews views({});
    for (std::uint32_t user = 0; user < kNumUsers; ++user) {
      views.SetShopperRow(UserIndex{user}, {.id = "user-" + std::to_string(user)});
    }
    Behaviour behaviour;
    const Timing features;
    for (const auto& event : events) {
      behaviour.AddToShopper(event.shopper, event.offset, event.head, event.details);
      behaviour.AddToItems(event.offset, event.head);
    }
    features.Print("behaviour alone, one thread", count);
    const Timing all;
    views.AddToShoppers(events);
    views.AddToItems(events);
    all.Print("all views, one thread", count);
    Behaviour sized;
    const std::size_t before = mallinfo2().uordblks;
    for (const auto& event : events) {
      sized.AddToShopper(event.shopper, event.offset, event.head, event.details);
    }
    std::printf("memory of behaviour %29.0f bytes a shopper of %.1f events\n",
                static_cast<double>(mallinfo2().uordblks - before) / kNumUsers,
                static_cast<double>(count) / kNumUsers);
  }

  static StoreChanges::AddEvent ToStep(const Event& event, std::uint64_t offset) {
    LogHead head{.type = event.type,
                 .user = UserIndex{static_cast<std::uint32_t>(std::stoul(event.user_id.substr(5)))},
                 .time_us = event.time_us};
    for (const EventItem& item : event.items) {
      head.items.push_back(
          {.item = ItemIndex{static_cast<std::uint32_t>(std::stoul(item.item_id.substr(5)))}});
    }
    const UserIndex shopper = *head.user;
    EventDetails details = DetailsOf(event, head.time_us);
    return {.offset = offset,
            .shopper = shopper,
            .head = std::move(head),
            .details = std::move(details)};
  }

  void Fill() {
    Open();
    UpsertItems catalogue;
    for (std::uint64_t i = 0; i < kNumItems; ++i) {
      catalogue.items.push_back({.id = "item-" + std::to_string(i),
                                 .title = "thing " + std::to_string(i),
                                 .categories = {"kind " + std::to_string(i % 300)},
                                 .brand = "brand " + std::to_string(i % 500),
                                 .price = Money{static_cast<std::int64_t>(i) * 10'000, "EUR"}});
    }
    Check(store_->Write(catalogue).status());
    MadeUpEvents source;
    const Timing timing;
    for (std::uint64_t done = 0; done < num_events_; done += 1'000) {
      RecordEvents mutation;
      for (int i = 0; i < 1'000; ++i) mutation.events.push_back(source.Next());
      Check(store_->Write(std::move(mutation)).status());
    }
    timing.Print("recorded, batches of 1,000, synced", num_events_);
  }

  // Five times: the memory of a shared machine is fast at one moment and slow at another.
  void Replay() {
    std::vector<double> rates;
    for (int i = 0; i < 5; ++i) {
      store_.reset();
      for (const auto& file : std::filesystem::directory_iterator(folder_)) {
        if (file.path().extension() == ".checkpoint") std::filesystem::remove(file.path());
      }
      const Micros begin = MonotonicNow();
      Open();
      rates.push_back(static_cast<double>(store_->status().replayed_events) / SecondsSince(begin));
    }
    std::sort(rates.begin(), rates.end());
    std::printf("start by full replay, two threads %10.0f events/s, median of 5 (%.0f to %.0f)\n",
                rates[2], rates.front(), rates.back());
  }

  void ReadFeatures() {
    std::vector<std::string> names;
    for (const FeatureSpec& spec : BehaviourFeatures()) {
      if (spec.entity == FeatureEntity::kUser && names.size() < 50) names.push_back(spec.name);
    }
    const Micros now = kStart + static_cast<Micros>(num_events_) * 20 * kMicrosPerSecond;
    TimeReads("50 features of a shopper", [&](std::uint64_t number) {
      return store_->ReadUserFeatures("user-" + std::to_string(number), "", names, now).size();
    });
    TimeReads("all features of a shopper", [&](std::uint64_t number) {
      return store_->ReadUserFeatures("user-" + std::to_string(number), "", {}, now).size();
    });
    TimeReads("all features of an item", [&](std::uint64_t number) {
      return store_->ReadItemFeatures("item-" + std::to_string(number % kNumItems), {}, now).size();
    });
  }

  template <typename Read>
  void TimeReads(const char* what, const Read& read) {
    Random random(2);
    constexpr int kNumReads = 20'000;
    std::vector<double> micros;
    std::size_t total = 0;
    const double cpu = CpuSeconds();
    for (int i = 0; i < kNumReads; ++i) {
      const std::uint64_t number = random.Below(kNumUsers);
      timespec begin{};
      timespec end{};
      clock_gettime(CLOCK_MONOTONIC, &begin);
      total += read(number);
      clock_gettime(CLOCK_MONOTONIC, &end);
      micros.push_back(static_cast<double>(end.tv_sec - begin.tv_sec) * 1e6 +
                       static_cast<double>(end.tv_nsec - begin.tv_nsec) / 1e3);
    }
    const double mean = (CpuSeconds() - cpu) / kNumReads * 1e6;
    std::sort(micros.begin(), micros.end());
    std::printf("%-34s p50 %.1f us, p99 %.1f us, mean %.1f us of processor time (%zu values)\n",
                what, micros[kNumReads / 2], micros[kNumReads / 100 * 99], mean, total);
  }

  void AsOf() {
    std::vector<FeatureQuestion> questions;
    Random random(3);
    for (int i = 0; i < 10'000; ++i) {
      const auto share = static_cast<Micros>(random.Below(num_events_));
      questions.push_back({.user_id = "user-" + std::to_string(random.Below(kNumUsers)),
                           .time_us = kStart + share * 20 * kMicrosPerSecond});
    }
    const Timing timing;
    Check(store_->FeaturesAsOf(questions, {.known_since = KnownSince::kEventTime}).status());
    timing.Print("10,000 rows as of then", num_events_);
  }

  const std::string folder_;
  const std::uint64_t num_events_;
  std::unique_ptr<FeatureStore> store_;
};

}  // namespace
}  // namespace vitrine

int main(int argc, char** argv) {
  vitrine::SetLogLevel(vitrine::LogLevel::kWarning);
  std::string folder = "/tmp/vitrine-bench-XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) {
    std::perror(folder.c_str());
    return 1;
  }
  const std::uint64_t num_events = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
  vitrine::BehaviourBench(folder, std::max<std::uint64_t>(1'000, num_events)).Run();
  std::filesystem::remove_all(folder);
  return 0;
}
