#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "vitrine/models/model.h"
#include "vitrine/scorers/scorer.h"

namespace vitrine::testing {

// A trainer with settings that are not all defaults, and which of its forms is tried.
struct ContractCase {
  std::string trainer{};
  Settings settings{};
  bool is_item_to_item = false;
};

inline const std::vector<ContractCase>& ContractCases() {
  static const auto* const cases = new std::vector<ContractCase>{
      {"bought_together", {{"neighbours", "10"}, {"events", "any"}, {"window_minutes", "1e6"}}},
      {"bought_together",
       {{"similarity", "jaccard"}, {"events", "any"}, {"window_minutes", "1e6"}}},
      {"bought_together", {{"events", "any"}, {"window_minutes", "1e6"}}, true},
      {"bpr", {{"dimensions", "6"}, {"weighting", "log"}}},
      {"bpr", {{"dimensions", "3"}, {"start_epochs", "0"}, {"draws", "9"}}},
      {"bpr", {{"dimensions", "3"}, {"negatives", "20"}, {"popularity_power", "0.7"}}},
      {"bpr", {{"dimensions", "6"}}, true},
      {"content", {}},
      {"content", {{"profile_features", "5"}}},
      {"content", {{"meaning_weight", "0.7"}, {"meaning_dimensions", "6"}}},
      {"content", {{"meaning_weight", "2"}, {"meaning_source", "texts"}}},
      {"content", {{"meaning_weight", "0.7"}, {"meaning_dimensions", "6"}}, true},
      {"content", {}, true},
      {"deep_ranker", {{"candidates", "20"}}},
      {"ease", {{"neighbours", "10"}, {"lambda", "5"}}},
      {"ease", {{"weighting", "log"}}, true},
      {"ease_sparse", {{"neighbours", "10"}, {"lambda", "5"}}},
      {"ease_sparse", {{"weighting", "linear"}}, true},
      {"gan_cf", {{"hidden", "8"}, {"epochs", "5"}, {"weighting", "log"}}},
      {"gan_cf", {{"hidden", "5"}, {"epochs", "3"}, {"adversary_weight", "0"}}},
      {"gan_cf", {{"hidden", "8"}, {"epochs", "3"}, {"start_epochs", "0"}}, true},
      {"graph_filter", {{"dimensions", "8"}, {"neighbours", "10"}}},
      {"graph_filter", {{"filter", "low_pass"}, {"dimensions", "5"}, {"include_self", "true"}}},
      {"graph_filter", {{"filter", "linear"}, {"weighting", "log"}}},
      {"graph_filter", {{"dimensions", "8"}}, true},
      {"ials", {{"dimensions", "8"}, {"weighting", "log"}}},
      {"ials", {{"dimensions", "3"}, {"solver", "cg"}, {"weighting", "binary"}}},
      {"ials", {{"dimensions", "8"}, {"solver", "blocks"}, {"block_size", "3"}}},
      {"ials", {{"dimensions", "8"}}, true},
      {"item_knn", {{"neighbours", "10"}, {"weighting", "linear"}}},
      {"item_knn", {{"include_self", "true"}, {"weighting", "binary"}}},
      {"item_knn", {{"neighbours", "10"}}, true},
      {"lightgcn", {{"dimensions", "6"}, {"epochs", "5"}, {"weighting", "log"}}},
      {"lightgcn", {{"dimensions", "3"}, {"epochs", "3"}, {"layers", "1"}, {"start_epochs", "0"}}},
      {"lightgcn", {{"dimensions", "6"}, {"epochs", "3"}, {"layers", "5"}}, true},
      {"mf_contrastive", {{"dimensions", "6"}, {"weighting", "log"}}},
      {"mf_contrastive", {{"dimensions", "3"}, {"start_epochs", "0"}, {"negatives", "7"}}},
      {"mf_contrastive", {{"dimensions", "3"}, {"negatives", "20"}, {"popularity_power", "0.7"}}},
      {"mf_contrastive", {{"dimensions", "6"}}, true},
      {"item_knn", {{"similarity", "jaccard"}, {"term_weighting", "bm25"}}},
      {"item_knn", {{"similarity", "pearson"}, {"weighting", "linear"}}},
      {"most_popular", {}},
      {"most_popular", {{"half_life_days", "0"}, {"category_mix", "0"}}},
      {"neural_cf", {{"factors", "6"}, {"hidden", "8"}, {"second_hidden", "4"}, {"epochs", "5"}}},
      {"neural_cf", {{"factors", "3"}, {"hidden", "4"}, {"epochs", "3"}, {"pretrain_epochs", "0"}}},
      {"neural_cf", {{"factors", "6"}, {"epochs", "3"}, {"weighting", "log"}}, true},
      {"rating_mf", {{"dimensions", "3"}, {"epochs", "10"}}},
      {"rating_mf", {{"dimensions", "0"}}},
      {"repeat_purchase", {}},
      {"repeat_purchase", {{"rhythm", "0.6"}, {"visit_decay", "0.8"}, {"trend_power", "0"}}},
      {"repeat_purchase", {{"popularity_weight", "2"}, {"recent_half_life_days", "30"}}},
      {"rp3beta", {{"neighbours", "10"}}},
      {"rp3beta", {{"include_self", "true"}, {"weighting", "linear"}}},
      {"rp3beta", {}, true},
      {"sequence_rnn", {{"dimensions", "6"}, {"epochs", "5"}}},
      {"sequence_rnn", {{"cell", "lstm"}, {"layers", "2"}, {"epochs", "3"}, {"length", "4"}}},
      {"sequence_rnn", {{"dimensions", "6"}, {"epochs", "2"}}, true},
      {"sequence_transformer", {{"dimensions", "8"}, {"epochs", "5"}}},
      {"sequence_transformer", {{"dimensions", "8"}, {"epochs", "2"}}, true},
      {"sequence_transformer",
       {{"dimensions", "8"}, {"epochs", "3"}, {"negatives", "9"}, {"use_event_types", "false"}}},
      {"sequential_rules", {}},
      {"sequential_rules", {{"include_self", "true"}, {"half_life_days", "20"}}},
      {"sequential_rules", {{"rules", "5"}, {"max_steps", "3"}}, true},
      // The sample's shoppers come once a day.
      {"session_knn", {{"session_gap_minutes", "0"}}},
      {"session_knn", {{"session_gap_minutes", "2000"}, {"session_half_life_days", "30"}}},
      {"session_knn",
       {{"session_gap_minutes", "0"}, {"self_weight", "0.1"}, {"backward_weight", "0.5"}}},
      {"session_knn", {{"session_gap_minutes", "0"}, {"neighbours", "7"}}, true},
      {"two_tower", {{"dimensions", "6"}, {"epochs", "4"}, {"buckets", "64"}}},
      {"two_tower", {{"dimensions", "4"}, {"epochs", "3"}, {"softmax", "sampled"}}},
      {"two_tower", {{"dimensions", "6"}, {"epochs", "4"}, {"weighting", "log"}}, true},
      {"user_knn", {{"neighbours", "10"}}},
      {"user_knn", {{"similarity", "jaccard"}, {"term_weighting", "bm25"}, {"weighting", "log"}}},
      {"user_knn",
       {{"similarity", "pearson"}, {"term_weighting", "none"}, {"weighting", "linear"}}},
      {"user_knn", {}, true},
  };
  return *cases;
}

// Whether `strongest` says of an item what `all` says: the same sum, and its strongest parts.
inline bool AreStrongestOf(std::vector<Contribution> all, const StrongestContributions& strongest) {
  double sum = 0;
  for (const Contribution& each : all) sum += static_cast<double>(each.value);
  std::sort(all.begin(), all.end(), IsStronger);
  all.resize(std::min(all.size(), StrongestContributions::kMost));
  std::vector<Contribution> found(strongest.strongest().begin(), strongest.strongest().end());
  std::sort(found.begin(), found.end(), IsStronger);
  const auto is_same = [](const Contribution& a, const Contribution& b) {
    return a.source == b.source && a.item == b.item && a.feature == b.feature && a.value == b.value;
  };
  return std::abs(strongest.sum() - sum) <= 1e-9 * strongest.size() &&
         std::equal(found.begin(), found.end(), all.begin(), all.end(), is_same);
}

}  // namespace vitrine::testing
