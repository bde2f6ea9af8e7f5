#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "vitrine/models/model_kinds.h"

namespace vitrine::testing {

// The smallest scorer that has something to save: one number per item.
class TableScorer final : public Scorer {
 public:
  explicit TableScorer(std::vector<float> by_item) : by_item_(std::move(by_item)) {}

  std::string_view name() const override { return "table"; }
  const std::vector<float>& by_item() const { return by_item_; }

  void Score(std::span<const Query> queries, std::span<const ItemIndex> items,
             Eigen::Ref<Matrix> scores) const override {
    for (std::size_t q = 0; q < queries.size(); ++q) {
      for (std::size_t i = 0; i < items.size(); ++i) {
        const std::size_t row = Row(items[i]);
        scores(static_cast<Eigen::Index>(q), static_cast<Eigen::Index>(i)) =
            row < by_item_.size() ? by_item_[row] : kUnscored;
      }
    }
  }

  // No test of bundles asks for lists.
  std::vector<std::vector<ScoredItem>> Retrieve(std::span<const Query> queries, const ItemBitmap*,
                                                std::size_t) const override {
    return std::vector<std::vector<ScoredItem>>(queries.size());
  }

 private:
  std::vector<float> by_item_;
};

inline void SaveTable(const Model& model, ByteWriter& writer) {
  writer.Array(static_cast<const TableScorer&>(*model.scorer).by_item());
}

inline absl::StatusOr<Model> LoadTable(ByteReader& reader, const ItemMapping& items) {
  const std::vector<float> saved = reader.Array<float>();
  if (saved.size() != items.index.size()) return absl::DataLossError("one number per item wanted");
  std::vector<float> by_item(items.num_items, kUnscored);
  for (std::size_t row = 0; row < saved.size(); ++row) {
    if (items.index[row] != ItemMapping::kDropped) by_item[Row(items.index[row])] = saved[row];
  }
  return Model{.scorer = std::make_shared<TableScorer>(std::move(by_item))};
}

inline std::vector<ModelKind> TableKind() { return {{"table", SaveTable, LoadTable}}; }

inline Model TableModel(std::string name, std::vector<float> by_item) {
  return {.name = std::move(name),
          .kind = "table",
          .settings = {{"half_life_days", "14"}, {"seed", "7"}},
          .scorer = std::make_shared<TableScorer>(std::move(by_item))};
}

}  // namespace vitrine::testing
