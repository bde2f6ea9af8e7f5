#include "evaluation/long_tail.h"

#include "evaluation/split_builder.h"
#include "vitrine/math/exposure_metrics.h"

namespace vitrine {

std::vector<std::uint64_t> NumOwners(const Dataset& train) {
  std::vector<std::uint64_t> num_owners(train.num_items());
  for (std::size_t user = 0; user < train.num_users(); ++user) {
    for (const ItemIndex item : DistinctItems(train.History(user))) ++num_owners[Row(item)];
  }
  return num_owners;
}

ItemBitmap LongTailOf(const Split& split) {
  std::vector<std::uint64_t> num_owners = NumOwners(split.train);
  for (std::uint32_t row = 0; row < num_owners.size(); ++row) {
    if (!split.candidates.Contains(ItemIndex{row})) num_owners[row] = 0;
  }
  const std::vector<bool> is_bestseller = Bestsellers(num_owners);
  ItemBitmap long_tail = split.candidates;
  for (std::uint32_t row = 0; row < num_owners.size(); ++row) {
    if (is_bestseller[row]) long_tail.Erase(ItemIndex{row});
  }
  return long_tail;
}

}  // namespace vitrine
