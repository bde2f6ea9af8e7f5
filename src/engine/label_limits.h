#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "vitrine/engine/controls.h"
#include "vitrine/feature_store/catalogue.h"
#include "vitrine/feature_store/text.h"

namespace vitrine {

// How many items of each brand and category a list has, and whether one more may come.
class LabelLimits {
 public:
  // Both must outlive it.
  LabelLimits(const ListControls& controls, const Catalogue& catalogue)
      : controls_(controls), catalogue_(catalogue) {}

  bool Allow(ItemIndex item) { return WhatForbids(item).empty(); }

  // The limit that is reached: "max_per_brand" or "max_per_category"; empty: none.
  std::string_view WhatForbids(ItemIndex item) {
    if (!HasLimits()) return "";
    const Labels& labels = LabelsOf(item);
    if (!IsBelow(labels.brand, controls_.max_per_brand, num_of_brand_)) return "max_per_brand";
    if (IsBelow(labels.category, controls_.max_per_category, num_of_category_)) return "";
    return "max_per_category";
  }

  void Count(ItemIndex item) {
    if (!HasLimits()) return;
    const Labels& labels = LabelsOf(item);
    ++num_of_brand_[labels.brand];
    ++num_of_category_[labels.category];
  }

 private:
  struct Labels {
    std::string brand{};     // Empty: none.
    std::string category{};  // The same.
  };
  using Counts = absl::flat_hash_map<std::string, std::size_t>;

  bool HasLimits() const { return controls_.max_per_brand > 0 || controls_.max_per_category > 0; }

  static bool IsBelow(const std::string& label, std::size_t limit, const Counts& counts) {
    if (limit == 0 || label.empty()) return true;
    const auto found = counts.find(label);
    return found == counts.end() || found->second < limit;
  }

  const Labels& LabelsOf(ItemIndex index) {
    const auto [found, is_new] = labels_.try_emplace(index);
    if (!is_new) return found->second;
    const std::shared_ptr<const Item> item = catalogue_.Get(index);
    if (item == nullptr) return found->second;
    found->second.brand = item->brand;
    if (controls_.max_per_category > 0 && !item->categories.empty()) {
      // One form of the path, however its ">" are spaced.
      std::vector<std::string> prefixes = CategoryPrefixes(item->categories.front());
      if (!prefixes.empty()) found->second.category = std::move(prefixes.back());
    }
    return found->second;
  }

  const ListControls& controls_;
  const Catalogue& catalogue_;
  absl::flat_hash_map<ItemIndex, Labels> labels_;
  Counts num_of_brand_;
  Counts num_of_category_;
};

}  // namespace vitrine
