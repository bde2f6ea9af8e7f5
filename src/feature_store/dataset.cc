#include "vitrine/feature_store/dataset.h"

#include <algorithm>

#include "feature_store/store_codec.h"
#include "vitrine/base/bytes.h"
#include "vitrine/base/fingerprint.h"

namespace vitrine {

namespace {

// Weights of one user's history by distinct item, ascending.
void AppendRow(std::span<const Interaction> history, CsrMatrix& matrix) {
  std::vector<Interaction> by_item(history.begin(), history.end());
  std::stable_sort(by_item.begin(), by_item.end(),
                   [](const Interaction& a, const Interaction& b) { return a.item < b.item; });
  for (std::size_t i = 0; i < by_item.size();) {
    const ItemIndex item = by_item[i].item;
    double sum = 0;
    for (; i < by_item.size() && by_item[i].item == item; ++i) sum += by_item[i].weight;
    if (sum <= 0) continue;
    matrix.column.push_back(static_cast<std::uint32_t>(item));
    matrix.value.push_back(static_cast<float>(sum));
  }
  matrix.row_begin.push_back(matrix.column.size());
}

}  // namespace

std::shared_ptr<const ProfileAttributes> Dataset::ProfileOf(std::size_t user) const {
  const auto found = std::lower_bound(
      profiles.begin(), profiles.end(), user,
      [](const DescribedUser& profile, std::size_t wanted) { return profile.user < wanted; });
  if (found == profiles.end() || found->user != user) return nullptr;
  return found->attributes;
}

CsrMatrix UserItemWeights(const Dataset& dataset) {
  CsrMatrix matrix;
  matrix.num_rows = dataset.num_users();
  matrix.num_cols = dataset.num_items();
  matrix.row_begin.reserve(matrix.num_rows + 1);
  for (std::size_t user = 0; user < dataset.num_users(); ++user) {
    AppendRow(dataset.History(user), matrix);
  }
  return matrix;
}

void SetFingerprint(Dataset& dataset) {
  Fingerprint fingerprint;
  fingerprint.writer().Unsigned(dataset.item_ids.size());
  for (const std::string& id : dataset.item_ids) fingerprint.writer().String(id);
  fingerprint.writer().Unsigned(dataset.items.size());
  for (const auto& item : dataset.items) {
    ByteWriter& writer = fingerprint.writer();
    writer.Unsigned(item == nullptr ? 0 : 1);
    if (item != nullptr) writer.String(EncodeItemRow({.id = item->id, .item = item}));
  }
  fingerprint.writer().Unsigned(dataset.user_ids.size());
  for (const std::string& id : dataset.user_ids) fingerprint.writer().String(id);
  fingerprint.writer().Unsigned(dataset.user_begin.size());
  for (const std::uint64_t begin : dataset.user_begin) fingerprint.writer().Unsigned(begin);
  for (const Interaction& interaction : dataset.interactions) {
    ByteWriter& writer = fingerprint.writer();
    writer.Signed(interaction.time_us);
    writer.Unsigned(Row(interaction.item));
    writer.Float(interaction.weight);
    writer.Float(interaction.value);
    writer.Unsigned(static_cast<std::uint64_t>(interaction.type));
  }
  fingerprint.writer().Signed(dataset.now_us);
  // Last, and without their number, so that data without any keeps the fingerprint it had.
  for (const DescribedUser& profile : dataset.profiles) {
    ByteWriter& writer = fingerprint.writer();
    writer.Unsigned(profile.user);
    WriteAttributes(writer, *profile.attributes);
  }
  dataset.fingerprint = fingerprint.Take();
}

}  // namespace vitrine
