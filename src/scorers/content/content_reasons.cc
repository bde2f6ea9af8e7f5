// Why content scores an item as it does.
#include <algorithm>
#include <utility>

#include "vitrine/scorers/content/content.h"

namespace vitrine {

std::vector<Contribution> Content::Explain(const Query& query, ItemIndex item) const {
  return std::move(ExplainAll(query, {&item, 1}).front());
}

std::vector<std::vector<Contribution>> Content::ExplainAll(const Query& query,
                                                           std::span<const ItemIndex> items) const {
  const std::shared_ptr<const Profile> made = ProfileOf(query);
  const Profile& profile = *made;
  std::vector<std::vector<Contribution>> explained(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (Row(items[i]) >= num_items()) continue;
    ExplainFeatures(profile, items[i], explained[i]);
  }
  if (profile.sense.size() > 0) ExplainMeaning(TouchedItems(query), items, explained);
  return explained;
}

void Content::ExplainFeatures(const Profile& profile, ItemIndex item,
                              std::vector<Contribution>& contributions) const {
  const auto features = table_.items.Columns(Row(item));
  const auto values = table_.items.Values(Row(item));
  // Both ascend by feature; the item has few of them and the profile many.
  for (std::size_t i = 0; i < features.size(); ++i) {
    const auto found = std::lower_bound(
        profile.features.begin(), profile.features.end(), features[i],
        [](const Feature& part, std::uint32_t feature) { return part.feature < feature; });
    if (found == profile.features.end() || found->feature != features[i]) continue;
    contributions.push_back({.source = Contribution::Source::kFeature,
                             .item = {},
                             .feature = table_.features[features[i]],
                             .value = found->weight * values[i]});
  }
}

void Content::ExplainMeaning(std::span<const Touched> touched, std::span<const ItemIndex> items,
                             std::vector<std::vector<Contribution>>& explained) const {
  std::vector<Touched> with_meaning(touched.begin(), touched.end());
  std::erase_if(with_meaning,
                [this](const Touched& each) { return !has_meaning_.Contains(each.item); });
  const auto meaning_of = [this](ItemIndex item) {
    return table_.meaning.row(static_cast<Eigen::Index>(Row(item)));
  };
  Matrix parts(static_cast<Eigen::Index>(with_meaning.size()), table_.meaning.cols());
  for (std::size_t j = 0; j < with_meaning.size(); ++j) {
    const float share = static_cast<float>(with_meaning[j].share) * table_.options.meaning_weight;
    parts.row(static_cast<Eigen::Index>(j)) = share * meaning_of(with_meaning[j].item);
  }
  Matrix wanted = Matrix::Zero(static_cast<Eigen::Index>(items.size()), table_.meaning.cols());
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (has_meaning_.Contains(items[i]))
      wanted.row(static_cast<Eigen::Index>(i)) = meaning_of(items[i]);
  }
  const Matrix values = wanted * parts.transpose();  // One product: a list has many such pairs.
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (!has_meaning_.Contains(items[i])) continue;
    explained[i].reserve(explained[i].size() + with_meaning.size());
    for (std::size_t j = 0; j < with_meaning.size(); ++j) {
      explained[i].push_back(
          {.source = with_meaning[j].source,
           .item = with_meaning[j].item,
           .feature = {},
           .value = values(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j))});
    }
  }
}

}  // namespace vitrine
