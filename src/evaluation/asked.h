#pragma once

#include <memory>
#include <span>
#include <vector>

#include "vitrine/evaluation/protocol.h"

namespace vitrine {

// The queries of some test cases, and what they look at.
class AskedCases {
 public:
  AskedCases(const Split& split, std::span<const TestCase> cases, const EvaluationOptions& options);

  // One for each case, in their order. Valid while this is.
  std::span<const Query> queries() const { return queries_; }

 private:
  std::vector<std::vector<Interaction>> histories_;  // Latest first.
  std::vector<std::shared_ptr<const ProfileAttributes>> profiles_;
  std::vector<std::vector<ItemIndex>> excluded_;
  std::vector<Query> queries_;
};

}  // namespace vitrine
