#include "vitrine/evaluation/auto_models.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace vitrine {
namespace {

// Above these a method's memory or time is out of proportion to what it adds: ease inverts a matrix
// of items by items, graph_filter multiplies factors with one, the factor models by sampling pass
// over all pairs a hundred times, lightgcn thousands of times.
constexpr std::size_t kMostItemsForEase = 12'000;
constexpr std::size_t kMostItemsForGraphFilter = 100'000;
constexpr std::size_t kMostPairsForSampling = 2'000'000;
constexpr std::size_t kMostPairsForConvolution = 100'000;
constexpr std::size_t kMostUsersForUserKnn = 500'000;

// Fewer interactions than this share that are not a shopper's first with the item are accidents.
constexpr double kRepeatShare = 0.02;

// What decides.
struct Shape {
  std::size_t num_items = 0;
  std::size_t num_users = 0;
  std::size_t num_pairs = 0;
  double repeat_share = 0;
  bool has_moments = false;  // Some shopper did things at different times.
  bool has_texts = false;
  bool has_ratings = false;
};

Shape ShapeOf(const Dataset& dataset) {
  Shape shape{.num_items = dataset.num_items(), .num_users = dataset.num_users()};
  shape.has_texts = std::any_of(dataset.items.begin(), dataset.items.end(),
                                [](const auto& item) { return item != nullptr; });
  std::vector<ItemIndex> items;
  for (std::size_t user = 0; user < dataset.num_users(); ++user) {
    const std::span<const Interaction> history = dataset.History(user);
    if (history.empty()) continue;
    shape.has_ratings = shape.has_ratings ||
                        std::any_of(history.begin(), history.end(), [](const Interaction& each) {
                          return each.type == EventType::kRate;
                        });
    shape.has_moments = shape.has_moments || history.front().time_us != history.back().time_us;
    items.clear();
    for (const Interaction& each : history) items.push_back(each.item);
    std::sort(items.begin(), items.end());
    shape.num_pairs +=
        static_cast<std::size_t>(std::unique(items.begin(), items.end()) - items.begin());
  }
  const auto all = static_cast<double>(std::max<std::size_t>(dataset.interactions.size(), 1));
  shape.repeat_share = 1 - static_cast<double>(shape.num_pairs) / all;
  return shape;
}

// Collects candidates; with repeats, those that can leave out what a shopper has do not.
class Candidates {
 public:
  explicit Candidates(bool with_repeats) : with_repeats_(with_repeats) {}

  void Add(std::string model, std::vector<Settings> others = {}) {
    AutoCandidate candidate{.model = std::move(model), .settings = {{}}};
    for (Settings& each : others) candidate.settings.push_back(std::move(each));
    found_.push_back(std::move(candidate));
  }

  // For models with a setting include_self.
  void AddSelfish(const std::string& model, std::vector<Settings> others = {}) {
    Add(model, std::move(others));
    if (!with_repeats_) return;
    for (Settings& each : found_.back().settings) each["include_self"] = "true";
  }

  std::vector<AutoCandidate> Take() { return std::move(found_); }

 private:
  bool with_repeats_;
  std::vector<AutoCandidate> found_;
};

}  // namespace

std::vector<AutoCandidate> AutoCandidates(const Split& split) {
  const Shape shape = ShapeOf(split.train);
  const bool with_repeats = split.allow_repeats && shape.repeat_share >= kRepeatShare;
  Candidates candidates(with_repeats);
  candidates.Add("most_popular");
  if (shape.has_texts) candidates.Add("content");
  candidates.AddSelfish(
      "item_knn", {{{"neighbours", "500"}, {"shrinkage", "2000"}, {"term_weighting", "bm25"}}});
  candidates.AddSelfish("rp3beta", {{{"alpha", "0.566"}, {"beta", "0.001"}}});
  if (shape.num_users <= kMostUsersForUserKnn) candidates.Add("user_knn");
  candidates.Add("ials",
                 {{{"dimensions", "128"}, {"lambda", "0.002"}, {"unobserved_weight", "0.015"}}});
  candidates.Add(shape.num_items <= kMostItemsForEase ? "ease" : "ease_sparse");
  if (shape.num_items <= kMostItemsForGraphFilter) {
    candidates.Add("graph_filter", {{{"filter", "linear"}}});
  }
  if (shape.num_pairs <= kMostPairsForSampling) candidates.Add("mf_contrastive");
  if (shape.num_pairs <= kMostPairsForConvolution) candidates.Add("lightgcn");
  if (shape.has_ratings) candidates.Add("rating_mf");
  candidates.Add("sequential_rules");
  candidates.Add("session_knn");
  if (with_repeats && shape.has_moments) candidates.Add("repeat_purchase");
  return candidates.Take();
}

}  // namespace vitrine
