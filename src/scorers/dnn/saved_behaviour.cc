#include "scorers/dnn/saved_behaviour.h"

namespace vitrine {

bool IsSound(const ItemBehaviour& behaviour, std::size_t num_items) {
  const Matrix& rates = behaviour.rates;
  if (rates.rows() == 0) return behaviour.categories.empty() && behaviour.brands.empty();
  return static_cast<std::size_t>(rates.rows()) == num_items && rates.cols() == kNumItemRates &&
         rates.allFinite() && behaviour.categories.size() == num_items &&
         behaviour.brands.size() == num_items;
}

void Write(const ItemBehaviour& behaviour, ByteWriter& writer) {
  writer.Write(behaviour.rates);
  writer.Array(behaviour.categories);
  writer.Array(behaviour.brands);
}

ItemBehaviour ReadBehaviour(ByteReader& reader) {
  ItemBehaviour behaviour{.rates = reader.ReadMatrix()};
  behaviour.categories = reader.Array<std::uint32_t>();
  behaviour.brands = reader.Array<std::uint32_t>();
  return behaviour;
}

ItemBehaviour Remap(const ItemBehaviour& behaviour, const RowMapping& mapping) {
  if (behaviour.rates.rows() == 0) return {};
  ItemBehaviour moved{.rates = RemapRows(behaviour.rates, mapping)};
  moved.categories.resize(mapping.num_items);
  moved.brands.resize(mapping.num_items);
  for (std::size_t row = 0; row < mapping.row_to_index.size(); ++row) {
    const ItemIndex index = mapping.row_to_index[row];
    if (index == RowMapping::kDropped) continue;
    moved.categories[Row(index)] = behaviour.categories[row];
    moved.brands[Row(index)] = behaviour.brands[row];
  }
  return moved;
}

}  // namespace vitrine
