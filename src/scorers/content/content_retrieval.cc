// What Content finds: of few items by adding up all that shares a feature with the profile, of many
// by a look at the blocks that promise most, until no other can have one of the best.
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

#include "scorers/best_blocks.h"
#include "scorers/content/content_blocks.h"
#include "scorers/sparse_scores.h"
#include "vitrine/math/top_k.h"
#include "vitrine/scorers/content/content.h"

namespace vitrine {

// One retrieval by blocks. An item's score is made of the same floats in the same order as Score
// makes it.
class Content::Search {
 public:
  Search(const Content& scorer, const Profile& profile, const Query& query,
         const ItemBitmap* allowed, std::size_t k)
      : scorer_(scorer),
        profile_(profile),
        query_(query),
        allowed_(allowed),
        sense_(profile.sense.transpose()),
        weights_(scorer.table_.features.size()),
        best_(k),
        num_values_(scorer.CountValues(profile)) {
    scorer.AddWeights(profile, weights_);
  }

  std::vector<ScoredItem> Take() {
    if (HasFew(allowed_, scorer_.num_items())) {
      allowed_->ForEach([this](ItemIndex item) {
        if (Row(item) < scorer_.num_items()) LookAt(item, kNoBound);
      });
    } else {
      // Their bounds have the rounding in them.
      LookAtBestBlocks(scorer_.blocks_->Bounds(profile_), 0, best_,
                       [this](const Blocks::Bounded& block) { LookAt(block); });
    }
    return best_.Take();
  }

 private:
  static constexpr double kNoBound = std::numeric_limits<double>::infinity();

  void LookAt(const Blocks::Bounded& block) {
    const std::span<const std::uint32_t> items = scorer_.blocks_->Items(block.block);
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (!all_words_.has_value()) PrefetchAhead(items.subspan(i));
      const ItemIndex item{items[i]};
      if (allowed_ == nullptr || allowed_->Contains(item)) LookAt(item, block.most_of_meaning);
    }
  }

  // `most_of_meaning`: what it may add to the item's words.
  void LookAt(ItemIndex item, double most_of_meaning) {
    const float words = WordsOf(item);
    const double most = (words == kUnscored ? 0 : static_cast<double>(words)) + most_of_meaning;
    if (most < static_cast<double>(best_.threshold())) return;
    const float score = WithMeaning(item, words);
    if (score >= best_.threshold() && MayShow(query_, nullptr, item)) best_.Offer(item, score);
  }

  // Asks the memory for the words of items that come soon; those of a block lie far from each
  // other.
  void PrefetchAhead(std::span<const std::uint32_t> items) const {
    constexpr std::size_t kWords = 4;
    constexpr std::size_t kPlaces = 8;
    const CsrMatrix& rows = scorer_.table_.items;
    if (items.size() > kPlaces) __builtin_prefetch(&rows.row_begin[items[kPlaces]]);
    if (items.size() > kWords) {
      const std::uint64_t begin = rows.row_begin[items[kWords]];
      __builtin_prefetch(rows.column.data() + begin);
      __builtin_prefetch(rows.value.data() + begin);
    }
  }

  // What an item's words add; once more of them were looked at than it takes to add up what all
  // items share with the profile, of that.
  float WordsOf(ItemIndex item) {
    constexpr std::size_t kValuesPerItem = 32;  // Cost as much as a look at its words, about.
    if (all_words_.has_value()) return all_words_->Of(item);
    if (++num_looked_ * kValuesPerItem > num_values_ + scorer_.num_items()) {
      all_words_.emplace(scorer_.num_items());
      all_words_->Expect(num_values_);
      scorer_.AddFeatures(profile_, *all_words_);
      return all_words_->Of(item);
    }
    return scorer_.WordsOf(weights_, item);
  }

  float WithMeaning(ItemIndex item, float words) const {
    if (sense_.size() == 0 || !scorer_.has_meaning_.Contains(item)) return words;
    const auto row = static_cast<Eigen::Index>(Row(item));
    const float meaning = scorer_.table_.meaning.row(row).dot(sense_.row(0));
    return words == kUnscored ? meaning : words + meaning;
  }

  const Content& scorer_;
  const Profile& profile_;
  const Query& query_;
  const ItemBitmap* const allowed_;
  const Matrix sense_;    // [1 x dimensions] Or empty.
  SparseScores weights_;  // Of the profile, by feature.
  TopK best_;
  const std::size_t num_values_;  // That adding all words takes.
  std::size_t num_looked_ = 0;    // Items whose words were looked at one by one.
  std::optional<SparseScores> all_words_{};
};

void Content::AddMeaning(const Profile& profile, SparseScores& scores) const {
  if (profile.sense.size() == 0) return;
  const Eigen::VectorXf products = table_.meaning * profile.sense;
  std::vector<float> values;
  values.reserve(with_meaning_.size());
  for (const std::uint32_t item : with_meaning_) {
    values.push_back(products[static_cast<Eigen::Index>(item)] + 0.0F);  // Never -0: see there.
  }
  scores.Add(1, with_meaning_, values);
}

std::vector<std::vector<ScoredItem>> Content::Retrieve(std::span<const Query> queries,
                                                       const ItemBitmap* allowed,
                                                       std::size_t k) const {
  std::vector<std::vector<ScoredItem>> result;
  result.reserve(queries.size());
  for (const Query& query : queries) {
    const std::shared_ptr<const Profile> profile = ProfileOf(query);
    if (blocks_ != nullptr) {
      result.push_back(Search(*this, *profile, query, allowed, k).Take());
      continue;
    }
    SparseScores sums(num_items());
    const std::size_t num_meanings = profile->sense.size() == 0 ? 0 : with_meaning_.size();
    sums.Expect(CountValues(*profile) + num_meanings);
    AddFeatures(*profile, sums);
    AddMeaning(*profile, sums);
    result.push_back(sums.TakeBest(query, allowed, k));
  }
  return result;
}

}  // namespace vitrine
