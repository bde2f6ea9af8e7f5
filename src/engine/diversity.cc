#include "vitrine/engine/diversity.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "engine/diverse_choice.h"
#include "vitrine/base/bytes.h"
#include "vitrine/feature_store/text.h"

namespace vitrine {
namespace {

constexpr std::size_t kLeastCandidates = 100;
constexpr std::size_t kMostBeyondTheList = 600;

// What is left of an item that others on the list describe wholly is rounding, of cosines that are
// floats: all such items count as equally redundant, and relevance decides among them.
constexpr double kNothingLeft = 1e-5;

double Dot(std::span<const double> a, std::span<const double> b) {
  const std::size_t size = std::min(a.size(), b.size());
  double sum = 0;
  for (std::size_t i = 0; i < size; ++i) sum += a[i] * b[i];
  return sum;
}

double KernelOf(float cosine) { return (1 + static_cast<double>(cosine)) / 2; }

const ItemVectors* VectorsOf(const ModelSet& models) {
  const ItemVectors* found = nullptr;
  for (const Model& model : models.models) {
    if (model.vectors == nullptr) continue;
    if (model.family == ModelFamily::kBehaviour) return model.vectors.get();
    if (found == nullptr) found = model.vectors.get();
  }
  return found;
}

float LabelCosine(std::span<const std::uint64_t> a, std::span<const std::uint64_t> b) {
  if (a.empty() || b.empty()) return 0;
  std::size_t common = 0;
  for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    if (a[i] == b[j]) {
      ++common, ++i, ++j;
    } else if (a[i] < b[j]) {
      ++i;
    } else {
      ++j;
    }
  }
  return static_cast<float>(static_cast<double>(common) /
                            std::sqrt(static_cast<double>(a.size() * b.size())));
}

}  // namespace

std::size_t NumDiversityCandidates(std::size_t position) {
  return std::max(kLeastCandidates, position + std::min(3 * position, kMostBeyondTheList));
}

ItemSimilarity::ItemSimilarity(const ModelSet& models, Describe describe)
    : vectors_(VectorsOf(models)), describe_(std::move(describe)) {}

void ItemSimilarity::Cosines(ItemIndex item, std::span<const ItemIndex> others,
                             std::span<float> cosines) {
  if (vectors_ != nullptr && vectors_->Knows(item)) {
    vectors_->Cosines(item, others, cosines);
  } else {
    const Labels& labels = LabelsOf(item);
    for (std::size_t i = 0; i < others.size(); ++i) {
      const bool is_comparable = vectors_ == nullptr || !vectors_->Knows(others[i]);
      cosines[i] = is_comparable ? LabelCosine(labels, LabelsOf(others[i])) : 0;
    }
  }
  for (std::size_t i = 0; i < others.size(); ++i) {
    if (others[i] == item) cosines[i] = 1;
  }
}

const ItemSimilarity::Labels& ItemSimilarity::LabelsOf(ItemIndex index) {
  const auto [found, is_new] = labels_.try_emplace(index);
  if (!is_new) return found->second;
  Labels& labels = found->second;
  const std::shared_ptr<const Item> item = describe_(index);
  if (item == nullptr) return labels;
  if (!item->brand.empty()) labels.push_back(Checksum("brand: " + item->brand));
  for (const std::string& path : item->categories) {
    for (const std::string& category : CategoryPrefixes(path)) {
      labels.push_back(Checksum("category: " + category));
    }
  }
  std::sort(labels.begin(), labels.end());
  labels.erase(std::unique(labels.begin(), labels.end()), labels.end());
  return labels;
}

void DiverseChoice::Place(ItemIndex item) {
  std::optional<Placed> placed = Placed{.item = item};
  if (how_.method == Diversity::Method::kDpp) placed = Factorize(item);
  if (!placed.has_value()) return;
  Tell(*placed, 0);
  placed_.push_back(*std::move(placed));
}

void DiverseChoice::Extend(std::span<const ItemIndex> items, std::span<const double> relevance) {
  const std::size_t first = items_.size();
  items_.insert(items_.end(), items.begin(), items.end());
  relevance_.insert(relevance_.end(), relevance.begin(), relevance.end());
  nearest_.resize(items_.size(), -1);
  left_.resize(items_.size(), 1);
  rows_.resize(items_.size());
  for (const Placed& placed : placed_) Tell(placed, first);
}

void DiverseChoice::Tell(const Placed& placed, std::size_t first) {
  std::vector<float> cosines(items_.size() - first);
  similarity_.Cosines(placed.item, std::span(items_).subspan(first), cosines);
  for (std::size_t i = first; i < items_.size(); ++i) {
    const float cosine = cosines[i - first];
    if (how_.method == Diversity::Method::kMmr) {
      nearest_[i] = std::max(nearest_[i], static_cast<double>(cosine));
    } else {
      const double next = (KernelOf(cosine) - Dot(placed.row, rows_[i])) / placed.diagonal;
      rows_[i].push_back(next);
      left_[i] -= next * next;
    }
  }
}

std::optional<DiverseChoice::Placed> DiverseChoice::Factorize(ItemIndex item) {
  std::vector<ItemIndex> before;
  for (const Placed& placed : placed_) before.push_back(placed.item);
  std::vector<float> cosines(before.size());
  similarity_.Cosines(item, before, cosines);
  Placed result{.item = item};
  double left = 1;
  for (std::size_t j = 0; j < placed_.size(); ++j) {
    const double next =
        (KernelOf(cosines[j]) - Dot(placed_[j].row, result.row)) / placed_[j].diagonal;
    result.row.push_back(next);
    left -= next * next;
  }
  if (!(left > kNothingLeft)) return std::nullopt;
  result.diagonal = std::sqrt(left);
  return result;
}

double DiverseChoice::Value(std::size_t candidate) const {
  const double relevance = (1 - how_.lambda) * relevance_[candidate];
  if (how_.method == Diversity::Method::kDpp) {
    return relevance + how_.lambda * std::log(std::max(left_[candidate], kNothingLeft));
  }
  return relevance - how_.lambda * nearest_[candidate];
}

std::optional<std::size_t> DiverseChoice::Best(
    std::size_t count, const std::function<bool(std::size_t candidate)>& is_open) const {
  std::optional<std::size_t> best;
  double best_value = 0;
  for (std::size_t i = 0; i < std::min(count, items_.size()); ++i) {
    if (!is_open(i)) continue;
    const double value = Value(i);
    if (best.has_value() && !(value > best_value)) continue;
    best = i;
    best_value = value;
  }
  return best;
}

std::vector<double> Relevance(std::span<const float> scores) {
  std::vector<double> relevance(scores.size(), 0);
  if (scores.empty()) return relevance;
  const auto best = static_cast<double>(scores.front());
  const auto least = static_cast<double>(scores[std::min(scores.size(), kLeastCandidates) - 1]);
  if (!(best > least)) return relevance;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    relevance[i] = (static_cast<double>(scores[i]) - least) / (best - least);
  }
  return relevance;
}

std::vector<BlendedItem> Diversify(const Diversity& how, std::vector<BlendedItem> ranked,
                                   ItemSimilarity& similarity, std::size_t k) {
  if (how.method == Diversity::Method::kNone) {
    ranked.resize(std::min(ranked.size(), k));
    return ranked;
  }
  std::vector<ItemIndex> items;
  std::vector<float> scores;
  for (const BlendedItem& each : ranked) {
    items.push_back(each.item);
    scores.push_back(each.score);
  }
  DiverseChoice choice(how, similarity);
  choice.Extend(items, Relevance(scores));
  std::vector<bool> is_taken(ranked.size(), false);
  std::vector<BlendedItem> list;
  while (list.size() < k) {
    const auto best = choice.Best(NumDiversityCandidates(list.size() + 1),
                                  [&](std::size_t i) { return !is_taken[i]; });
    if (!best.has_value()) break;
    is_taken[*best] = true;
    choice.Place(items[*best]);
    list.push_back(std::move(ranked[*best]));
  }
  return list;
}

double IntraListSimilarity(std::span<const ItemIndex> list, ItemSimilarity& similarity) {
  if (list.size() < 2) return 0;
  double sum = 0;
  std::vector<float> cosines(list.size());
  for (std::size_t i = 0; i + 1 < list.size(); ++i) {
    const auto others = list.subspan(i + 1);
    similarity.Cosines(list[i], others, std::span(cosines).first(others.size()));
    for (std::size_t j = 0; j < others.size(); ++j) sum += static_cast<double>(cosines[j]);
  }
  return sum / (static_cast<double>(list.size() * (list.size() - 1)) / 2);
}

}  // namespace vitrine
