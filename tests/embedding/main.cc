// A shop in one program: Vitrine's engine without a server. See docs/embedding.md.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "vitrine/base/file_system.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/engine/engine.h"
#include "vitrine/feature_store/feature_store.h"
#include "vitrine/lifecycle/lifecycle.h"

namespace {

using namespace vitrine;

// Twelve products in two categories.
std::vector<Item> Products() {
  std::vector<Item> items;
  for (const char* colour : {"red", "blue", "green", "white", "black", "yellow"}) {
    items.push_back({.id = std::string(colour) + "-mug",
                     .title = std::string("A mug, ") + colour,
                     .categories = {"Home > Kitchen"}});
    items.push_back({.id = std::string(colour) + "-rake",
                     .title = std::string("A rake, ") + colour,
                     .categories = {"Garden"}});
  }
  return items;
}

Event View(const std::string& user, const std::string& item) {
  return {.type = EventType::kDetailPageView, .user_id = user, .items = {{.item_id = item}}};
}

// Six shoppers who look at mugs, and six who look at rakes.
std::vector<Event> Past() {
  const std::vector<Item> items = Products();
  std::vector<Event> events;
  for (std::size_t shopper = 0; shopper < 12; ++shopper) {
    for (std::size_t i = 0; i < 4; ++i) {
      const std::size_t row = (shopper + 2 * i) % items.size();  // Even: mugs; odd: rakes.
      events.push_back(View("shopper " + std::to_string(shopper), items[row].id));
    }
  }
  return events;
}

const char* Text(Reason::Kind kind) {
  switch (kind) {
    case Reason::Kind::kBecauseYouBought:
      return "because you bought";
    case Reason::Kind::kBecauseYouViewed:
      return "because you viewed";
    case Reason::Kind::kSimilarTo:
      return "similar to";
    case Reason::Kind::kPopular:
      return "popular";
    case Reason::Kind::kPopularInCategory:
      return "popular in";
    case Reason::Kind::kMatchesYourTaste:
      return "matches your taste for";
    case Reason::Kind::kNewArrival:
      return "new";
    case Reason::Kind::kTrending:
      return "trending";
    case Reason::Kind::kBoughtTogether:
      return "bought together with";
    case Reason::Kind::kPromoted:
      return "promoted";
    case Reason::Kind::kBackfill:
      return "popular now";
  }
  return "";
}

void Print(const RecommendReply& reply) {
  for (const RecommendedItem& item : reply.items) {
    std::printf("  %-12s %.3f", item.item_id.c_str(), static_cast<double>(item.score));
    for (const Reason& reason : item.reasons) {
      std::printf("; %s %s%s", Text(reason.kind), reason.item_id.c_str(), reason.text.c_str());
    }
    std::printf("\n");
  }
}

absl::Status RunShop(const std::string& folder) {
  // The store: everything that is known, on disk and in memory. One process owns it.
  VITRINE_ASSIGN_OR_RETURN(
      const std::unique_ptr<FeatureStore> store,
      FeatureStore::Open(folder, FeatureStoreOptions(), LocalFileSystem(), SystemClock()));
  VITRINE_RETURN_IF_ERROR(store->Write(UpsertItems{Products()}).status());
  VITRINE_RETURN_IF_ERROR(store->Write(RecordEvents{Past()}).status());

  // The engine answers from the store and from whatever models are published, none at first.
  Published<ModelSet> published(nullptr);
  Counters counters;
  const Engine engine(*store, published, counters, SystemClock(), Engine::Options());

  // Train on what the store holds, and publish: the next request uses the new models.
  ThreadPool pool(1, ThreadPriority::kBackground);
  VITRINE_ASSIGN_OR_RETURN(TrainedModels trained,
                           TrainModels(*store, LifecycleOptions(), {.pool = &pool}, {}));
  trained.models.version = "first";
  published.Set(std::make_shared<const ModelSet>(std::move(trained.models)));

  const RecommendRequest request = {
      .user_id = "ann", .page_size = 3, .seen = SeenPolicy::kExcludeSeen};
  VITRINE_ASSIGN_OR_RETURN(const RecommendReply before, engine.Recommend(request));
  std::printf("Nothing is known of ann:\n");
  Print(before);

  // Once Write has returned, the event is on disk, and the very next answer reflects it.
  VITRINE_RETURN_IF_ERROR(store->Write(RecordEvents{{View("ann", "red-rake")}}).status());
  VITRINE_ASSIGN_OR_RETURN(const RecommendReply after, engine.Recommend(request));
  std::printf("ann has looked at red-rake:\n");
  Print(after);
  return absl::OkStatus();
}

}  // namespace

int main() {
  std::string folder = std::filesystem::temp_directory_path() / "vitrine-embedding-XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) {
    std::perror(folder.c_str());
    return EXIT_FAILURE;
  }
  const absl::Status status = RunShop(folder + "/store");
  std::filesystem::remove_all(folder);
  if (status.ok()) return EXIT_SUCCESS;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return EXIT_FAILURE;
}
