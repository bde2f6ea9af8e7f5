#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "vitrine/feature_store/feature.h"

namespace vitrine {

// Every feature that a store can give: those that it computes, then those that the shop put, in the
// order of their definition. A value.
class FeatureRegistry {
 public:
  // A name that is there already stays what it is: one that a newer binary computes hides one that
  // the shop put.
  void Add(FeatureSpec spec) {
    if (row_of_.emplace(spec.name, specs_.size()).second) specs_.push_back(std::move(spec));
  }

  const std::vector<FeatureSpec>& specs() const { return specs_; }

  // Null: no feature has that name.
  const FeatureSpec* Find(const std::string& name) const {
    const auto found = row_of_.find(name);
    return found == row_of_.end() ? nullptr : &specs_[found->second];
  }

  std::vector<std::string> NamesOf(FeatureEntity entity) const {
    std::vector<std::string> names;
    for (const FeatureSpec& spec : specs_) {
      if (spec.entity == entity) names.push_back(spec.name);
    }
    return names;
  }

 private:
  std::vector<FeatureSpec> specs_;
  std::unordered_map<std::string, std::size_t> row_of_;
};

}  // namespace vitrine
