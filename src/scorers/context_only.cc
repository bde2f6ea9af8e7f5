#include "vitrine/scorers/context_only.h"

#include <utility>

namespace vitrine {

namespace {

class ContextOnly final : public Scorer {
 public:
  explicit ContextOnly(std::shared_ptr<const Scorer> scorer) : scorer_(std::move(scorer)) {}

  std::string_view name() const override { return scorer_->name(); }

  void Score(std::span<const Query> queries, std::span<const ItemIndex> items,
             Eigen::Ref<Matrix> scores) const override {
    scorer_->Score(Reduced(queries), items, scores);
  }

  std::vector<std::vector<ScoredItem>> Retrieve(std::span<const Query> queries,
                                                const ItemBitmap* allowed,
                                                std::size_t k) const override {
    return scorer_->Retrieve(Reduced(queries), allowed, k);
  }

 private:
  static std::vector<Query> Reduced(std::span<const Query> queries) {
    std::vector<Query> reduced;
    reduced.reserve(queries.size());
    for (const Query& query : queries) {
      reduced.push_back({.context_items = query.context_items,
                         .now_us = query.now_us,
                         .excluded = query.excluded});
    }
    return reduced;
  }

  std::shared_ptr<const Scorer> scorer_;
};

}  // namespace

std::shared_ptr<const Scorer> MakeContextOnly(std::shared_ptr<const Scorer> scorer) {
  return std::make_shared<ContextOnly>(std::move(scorer));
}

}  // namespace vitrine
