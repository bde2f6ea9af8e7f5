#include "engine/explain.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

namespace vitrine {

namespace {

// For reasons alone: a model that gives an item less than this share of its score is not asked, and
// of what one says the strongest count. That answers a request for reasons in half the time.
constexpr float kShareWorthAReason = 0.2F;
constexpr std::size_t kCausesWorthAReason = 8;
constexpr std::size_t kMostCauses = 64;  // That reasons are drawn from.

// One contribution of one model, in the units of the blend.
struct Cause {
  const Model* model = nullptr;
  Contribution contribution{};
};

bool IsStronger(const Contribution& a, const Contribution& b) {
  const float size_a = std::abs(a.value);
  const float size_b = std::abs(b.value);
  if (size_a != size_b) return size_a > size_b;
  return a.item != b.item ? a.item < b.item : a.feature < b.feature;
}

// Keeps the `count` strongest, of which there are more, in no order. A heap with the weakest of
// them in front: most cost one comparison.
void KeepStrongest(std::size_t count, std::vector<Contribution>& said) {
  const auto heap_end = said.begin() + static_cast<std::ptrdiff_t>(count);
  std::make_heap(said.begin(), heap_end, IsStronger);
  float weakest = std::abs(said.front().value);
  for (auto next = heap_end; next != said.end(); ++next) {
    if (std::abs(next->value) < weakest || !IsStronger(*next, said.front())) continue;
    std::pop_heap(said.begin(), heap_end, IsStronger);
    std::swap(*(heap_end - 1), *next);
    std::push_heap(said.begin(), heap_end, IsStronger);
    weakest = std::abs(said.front().value);
  }
  said.erase(heap_end, said.end());
}

// What one model said of one item, scaled so that all of it sums to the model's part of the score;
// of these the `limit` strongest.
void AddCauses(const Model& model, std::vector<Contribution> said, float part,
               std::vector<Cause>& causes, std::size_t limit) {
  double sum = 0;
  double size = 0;
  for (const Contribution& contribution : said) {
    sum += static_cast<double>(contribution.value);
    size += std::abs(static_cast<double>(contribution.value));
  }
  // What nearly cancels out says little of each, and nothing that is not finite can be scaled.
  if (!std::isfinite(sum) || std::abs(sum) <= 1e-6 * size) {
    causes.push_back({&model, {.value = part}});
    return;
  }
  if (limit < said.size()) KeepStrongest(limit, said);
  const double factor = static_cast<double>(part) / sum;
  for (Contribution& contribution : said) {
    contribution.value = static_cast<float>(factor * static_cast<double>(contribution.value));
    causes.push_back({&model, contribution});
  }
}

// By item of the list: what the models said.
std::vector<std::vector<Cause>> Ask(const ModelSet& models, const Query& query,
                                    std::span<const BlendedItem> items, ExplanationLevel level) {
  const bool is_for_reasons = level == ExplanationLevel::kReasons;
  const std::size_t limit = is_for_reasons ? kCausesWorthAReason : SIZE_MAX;
  const auto is_asked = [&](const BlendedItem& item, std::size_t model) {
    const float part = item.parts.empty() ? 0 : item.parts[model];
    return is_for_reasons ? part > kShareWorthAReason * std::max(item.score, 0.0F) : part != 0;
  };
  std::vector<std::vector<Cause>> causes(items.size());
  for (std::size_t m = 0; m < models.models.size(); ++m) {
    const Model& model = models.models[m];
    std::vector<std::size_t> rows;
    std::vector<ItemIndex> asked;
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (!is_asked(items[i], m)) continue;
      rows.push_back(i);
      asked.push_back(items[i].item);
    }
    if (rows.empty()) continue;
    std::vector<std::vector<Contribution>> said(rows.size());
    if (model.explainer != nullptr) said = model.explainer->ExplainAll(query, asked);
    for (std::size_t r = 0; r < rows.size(); ++r) {
      AddCauses(model, std::move(said[r]), items[rows[r]].parts[m], causes[rows[r]], limit);
    }
  }
  return causes;
}

// A reason before its ids are looked up, and how much it adds over all models.
struct Ground {
  Reason::Kind kind{};
  ItemIndex item{};
  std::string_view text{};
  double value = 0;

  auto Key() const { return std::tie(kind, item, text); }
};

bool NamesAnItem(const Contribution& contribution) {
  return contribution.source == Contribution::Source::kHistory ||
         contribution.source == Contribution::Source::kContext;
}

// The one item that all is known from, if there is just one.
const ItemIndex* OnlyPageItem(const ShopperQuery& query) {
  if (!query.shopper.history.empty() || query.context.size() + query.cart.size() != 1) {
    return nullptr;
  }
  return query.context.empty() ? &query.cart.front() : &query.context.front();
}

Ground GroundOf(const Cause& cause, const ShopperQuery& query) {
  constexpr std::string_view kCategory = "category: ";
  const Contribution& said = cause.contribution;
  Ground ground{.item = said.item, .value = static_cast<double>(said.value)};
  if (said.source == Contribution::Source::kContext) {
    ground.kind = Reason::Kind::kSimilarTo;
  } else if (said.source == Contribution::Source::kHistory) {
    ground.kind = Reason::Kind::kBecauseYouViewed;  // Or bought, see StrongestGrounds.
  } else if (cause.model->family == ModelFamily::kPopularity) {
    const bool names_category = said.feature.starts_with(kCategory);
    ground.kind = names_category ? Reason::Kind::kPopularInCategory : Reason::Kind::kPopular;
    ground.item = {};
    if (names_category) ground.text = said.feature.substr(kCategory.size());
  } else if (const ItemIndex* item = OnlyPageItem(query); item != nullptr) {
    ground.kind = Reason::Kind::kSimilarTo;
    ground.item = *item;
  } else {
    ground.kind = Reason::Kind::kMatchesYourTaste;
    ground.item = {};
    ground.text = said.feature;
  }
  return ground;
}

// Adds `ground`, counted together with one that comes to the same. What an item is made of is one
// ground, named by its strongest feature: three words of a title would leave no room for what the
// shopper did.
void AddGround(const Ground& ground, double& strongest_taste, std::vector<Ground>& grounds) {
  const bool is_taste = ground.kind == Reason::Kind::kMatchesYourTaste;
  const auto same = std::find_if(grounds.begin(), grounds.end(), [&](const Ground& other) {
    return other.item == ground.item && other.kind == ground.kind &&
           (is_taste || other.text == ground.text);
  });
  if (is_taste && ground.value > strongest_taste) {
    strongest_taste = ground.value;
    if (same != grounds.end()) same->text = ground.text;
  }
  if (same == grounds.end()) {
    grounds.push_back(ground);
  } else {
    same->value += ground.value;
  }
}

// The strongest grounds, causes that come to the same one counted together.
std::vector<Ground> StrongestGrounds(std::span<const Cause> causes, const ShopperQuery& query) {
  std::vector<Ground> grounds;
  grounds.reserve(causes.size());
  double strongest_taste = 0;
  for (const Cause& cause : causes) AddGround(GroundOf(cause, query), strongest_taste, grounds);
  std::erase_if(grounds, [](const Ground& ground) { return !(ground.value > 0); });
  const std::size_t count = std::min(grounds.size(), kMaxReasons);
  std::partial_sort(grounds.begin(), grounds.begin() + static_cast<std::ptrdiff_t>(count),
                    grounds.end(), [](const Ground& a, const Ground& b) {
                      return a.value != b.value ? a.value > b.value : a.Key() < b.Key();
                    });
  grounds.resize(count);
  for (Ground& ground : grounds) {
    const bool is_owned = ground.kind == Reason::Kind::kBecauseYouViewed &&
                          std::binary_search(query.owned.begin(), query.owned.end(), ground.item);
    if (is_owned) ground.kind = Reason::Kind::kBecauseYouBought;
  }
  return grounds;
}

std::vector<Reason> ReasonsFor(std::span<const Cause> causes, const ShopperQuery& query,
                               const Catalogue& catalogue) {
  std::vector<Reason> reasons;
  for (const Ground& ground : StrongestGrounds(causes, query)) {
    const bool names_an_item = ground.kind == Reason::Kind::kBecauseYouBought ||
                               ground.kind == Reason::Kind::kBecauseYouViewed ||
                               ground.kind == Reason::Kind::kSimilarTo;
    reasons.push_back({.kind = ground.kind,
                       .item_id = names_an_item ? catalogue.Id(ground.item) : "",
                       .text = std::string(ground.text)});
  }
  return reasons;
}

// The strongest first, without what adds nothing.
void PutInOrder(std::vector<Cause>& causes) {
  std::erase_if(causes, [](const Cause& cause) { return cause.contribution.value == 0; });
  std::stable_sort(causes.begin(), causes.end(), [](const Cause& a, const Cause& b) {
    return IsStronger(a.contribution, b.contribution);
  });
}

std::vector<ScorePart> Contributions(std::span<const Cause> causes, const Catalogue& catalogue) {
  std::vector<ScorePart> parts;
  parts.reserve(causes.size());
  for (const Cause& cause : causes) {
    const Contribution& said = cause.contribution;
    parts.push_back({.model = cause.model->name,
                     .item_id = NamesAnItem(said) ? catalogue.Id(said.item) : "",
                     .feature = std::string(said.feature),
                     .value = said.value});
  }
  return parts;
}

}  // namespace

std::vector<Explanation> Explain(const ModelSet& models, const ShopperQuery& query,
                                 const Catalogue& catalogue, std::span<const BlendedItem> items,
                                 ExplanationLevel level) {
  std::vector<Explanation> explained(items.size());
  if (level == ExplanationLevel::kNone) return explained;
  std::vector<std::vector<Cause>> causes = Ask(models, query.View(), items, level);
  for (std::size_t i = 0; i < items.size(); ++i) {
    const bool is_all_told = level == ExplanationLevel::kContributions;
    if (is_all_told) PutInOrder(causes[i]);
    const std::size_t count = std::min(causes[i].size(), kMostCauses);
    explained[i].reasons = ReasonsFor(std::span(causes[i]).first(count), query, catalogue);
    if (is_all_told) {
      explained[i].contributions = Contributions(causes[i], catalogue);
    }
  }
  return explained;
}

}  // namespace vitrine
