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

#include "engine/explain_ranking.h"

namespace vitrine {

namespace {

// For reasons alone: a model that adds less than this share of what the strongest model adds to an
// item is not asked.
constexpr float kShareWorthAReason = 0.5F;
constexpr std::string_view kBoughtTogetherKind = "bought_together";
constexpr std::size_t kMostCauses = 64;  // That reasons are drawn from.

// One contribution of one model, in the units of the blend.
struct Cause {
  const Model* model = nullptr;
  Contribution contribution{};
  bool is_whole = false;  // All of the model's part: nothing is known of what it is made of.
};

// What the model's contributions are multiplied with so that all of them sum to its part of the
// score; 0 where they nearly cancel out, which says little of each, or cannot be scaled.
double FactorOf(double sum, double size, float part) {
  return std::isfinite(sum) && std::abs(sum) > 1e-6 * size ? static_cast<double>(part) / sum : 0;
}

// Adds what `model` said of an item, scaled by `factor`.
void AddCauses(const Model& model, std::span<const Contribution> said, double factor, float part,
               std::vector<Cause>& causes) {
  if (factor == 0) {
    causes.push_back({&model, {.value = part}, /*is_whole=*/true});
    return;
  }
  causes.reserve(causes.size() + said.size());
  for (const Contribution& contribution : said) {
    causes.push_back({&model, contribution});
    causes.back().contribution.value =
        static_cast<float>(factor * static_cast<double>(contribution.value));
  }
}

// Asks one model about items of the list, to which it adds `parts`: all that it has to say.
void AskForAll(const Model& model, const Query& query, std::span<const ItemIndex> items,
               std::span<const float> parts, std::span<std::vector<Cause>* const> causes) {
  std::vector<std::vector<Contribution>> said(items.size());
  if (model.explainer != nullptr) said = model.explainer->ExplainAll(query, items);
  for (std::size_t i = 0; i < items.size(); ++i) {
    double sum = 0;
    double size = 0;
    for (const Contribution& contribution : said[i]) {
      sum += static_cast<double>(contribution.value);
      size += std::abs(static_cast<double>(contribution.value));
    }
    AddCauses(model, said[i], FactorOf(sum, size, parts[i]), parts[i], *causes[i]);
  }
}

// The same, the strongest alone.
void AskForStrongest(const Model& model, const Query& query, std::span<const ItemIndex> items,
                     std::span<const float> parts, std::span<std::vector<Cause>* const> causes) {
  std::vector<StrongestContributions> said(items.size());
  if (model.explainer != nullptr) said = model.explainer->ExplainStrongest(query, items);
  for (std::size_t i = 0; i < items.size(); ++i) {
    AddCauses(model, said[i].strongest(), FactorOf(said[i].sum(), said[i].size(), parts[i]),
              parts[i], *causes[i]);
  }
}

// By item of the list: what the models said.
std::vector<std::vector<Cause>> Ask(const ModelSet& models, const Query& query,
                                    std::span<const BlendedItem> list, ExplanationLevel level) {
  const bool is_for_reasons = level == ExplanationLevel::kReasons;
  std::vector<float> least(list.size(), 0);  // That a model must add to be asked for a reason.
  for (std::size_t i = 0; i < list.size(); ++i) {
    for (const float part : list[i].parts) {
      least[i] = std::max(least[i], kShareWorthAReason * part);
    }
  }
  const auto is_asked = [&](std::size_t i, std::size_t model) {
    const float part = list[i].parts.empty() ? 0 : list[i].parts[model];
    return is_for_reasons ? part > 0 && part >= least[i] : part != 0;
  };
  std::vector<std::vector<Cause>> causes(list.size());
  std::vector<ItemIndex> items;
  std::vector<float> parts;
  std::vector<std::vector<Cause>*> of_items;
  for (std::size_t m = 0; m < models.models.size(); ++m) {
    items.clear();
    parts.clear();
    of_items.clear();
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (!is_asked(i, m)) continue;
      items.push_back(list[i].item);
      parts.push_back(list[i].parts[m]);
      of_items.push_back(&causes[i]);
    }
    if (items.empty()) continue;
    const auto ask = is_for_reasons ? AskForStrongest : AskForAll;
    ask(models.models[m], query, items, parts, of_items);
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
  const bool is_of_orders = cause.model->kind == kBoughtTogetherKind;
  if (said.source == Contribution::Source::kContext) {
    ground.kind = is_of_orders ? Reason::Kind::kBoughtTogether : Reason::Kind::kSimilarTo;
  } else if (said.source == Contribution::Source::kHistory) {
    ground.kind = Reason::Kind::kBecauseYouViewed;  // Or bought, see StrongestGrounds.
  } else if (cause.model->family == ModelFamily::kPopularity) {
    const bool names_category = said.feature.starts_with(kCategory);
    ground.kind = cause.model->name == kTrendingName ? Reason::Kind::kTrending
                  : names_category                   ? Reason::Kind::kPopularInCategory
                                                     : Reason::Kind::kPopular;
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
  // What names nothing is the reason only where there is no other.
  const auto names_nothing = [](const Ground& ground) {
    return ground.kind == Reason::Kind::kMatchesYourTaste && ground.text.empty();
  };
  if (!std::all_of(grounds.begin(), grounds.end(), names_nothing)) {
    std::erase_if(grounds, names_nothing);
  }
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
                               ground.kind == Reason::Kind::kBoughtTogether ||
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

std::string FeatureOf(const Cause& cause) {
  const bool is_base = cause.contribution.source == Contribution::Source::kBase && !cause.is_whole;
  return is_base ? kBaseFeature : std::string(cause.contribution.feature);
}

std::vector<ScorePart> Contributions(std::span<const Cause> causes, const Catalogue& catalogue) {
  std::vector<ScorePart> parts;
  parts.reserve(causes.size());
  for (const Cause& cause : causes) {
    const Contribution& said = cause.contribution;
    parts.push_back({.model = cause.model->name,
                     .item_id = NamesAnItem(said) ? catalogue.Id(said.item) : "",
                     .feature = FeatureOf(cause),
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
  const bool is_all_told = level == ExplanationLevel::kContributions;
  const Query view = query.View();
  std::vector<std::vector<Cause>> causes = Ask(models, view, items, level);
  std::vector<std::vector<ScorePart>> of_ranker;
  if (is_all_told) of_ranker = ExplainRanked(models, view, items);
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (is_all_told) PutInOrder(causes[i]);
    const std::size_t count = std::min(causes[i].size(), kMostCauses);
    explained[i].reasons = ReasonsFor(std::span(causes[i]).first(count), query, catalogue);
    if (is_all_told) {
      explained[i].contributions =
          of_ranker[i].empty() ? Contributions(causes[i], catalogue) : std::move(of_ranker[i]);
    }
  }
  return explained;
}

}  // namespace vitrine
