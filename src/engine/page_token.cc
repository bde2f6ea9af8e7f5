#include "engine/page_token.h"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "engine/placement_codec.h"
#include "vitrine/base/bytes.h"
#include "vitrine/feature_store/sealed_token.h"

namespace vitrine {
namespace {

constexpr std::size_t kMaxTokenBytes = 8192;  // 1,000 items of 5 bytes each, in base64: 6.7 KiB.

absl::Status ForeignToken() {
  return absl::InvalidArgumentError(
      "page_token is none that this store gave, or was damaged on its way: hand back "
      "next_page_token as it came, or leave the field empty for the first page");
}

// Of all that makes a list what it is. Not of what a client may well change between two pages: how
// many items it wants, how much they say of themselves, which state it has seen.
std::uint64_t Fingerprint(const RecommendRequest& request) {
  ByteWriter writer;
  const auto write_all = [&writer](const std::vector<std::string>& values) {
    writer.Unsigned(values.size());
    for (const std::string& value : values) writer.String(value);
  };
  writer.String(request.user_id);
  writer.String(request.visitor_id);
  writer.String(request.placement);
  write_all(request.context_item_ids);
  write_all(request.cart_item_ids);
  write_all(request.exclude_item_ids);
  write_all(request.categories);
  writer.String(request.filter);
  writer.Unsigned(request.seen.has_value() ? 1 + static_cast<std::uint64_t>(*request.seen) : 0);
  const ListControls& controls = request.controls;
  EncodeControls(controls, writer);
  writer.Unsigned(controls.pins.size());
  for (const Pin& pin : controls.pins) {
    writer.String(pin.item_id);
    writer.Unsigned(pin.position);
  }
  writer.Double(controls.exploration.temperature);
  writer.Unsigned(controls.exploration.seed);
  return Checksum(writer.bytes());
}

}  // namespace

std::string NextPageToken(const FeatureStore& store, const RecommendRequest& request,
                          std::span<const ItemIndex> shown, std::span<const ItemIndex> page) {
  const std::size_t num_shown = shown.size() + page.size();
  if (num_shown >= kMaxListLength) return "";
  ByteWriter writer;
  writer.Unsigned(static_cast<std::uint64_t>(TokenForm::kPage));
  writer.Fixed64(Fingerprint(request));
  writer.Unsigned(num_shown);
  for (const ItemIndex item : shown) writer.Unsigned(Row(item));
  for (const ItemIndex item : page) writer.Unsigned(Row(item));
  return SealToken(store, writer.Take());
}

absl::StatusOr<std::vector<ItemIndex>> ShownBefore(const FeatureStore& store,
                                                   const RecommendRequest& request) {
  std::vector<ItemIndex> shown;
  if (request.page_token.empty()) return shown;
  if (request.page_token.size() > kMaxTokenBytes) return ForeignToken();
  const auto bytes = OpenToken(store, TokenForm::kPage, request.page_token);
  if (!bytes.has_value()) return ForeignToken();

  ByteReader reader(*bytes);
  reader.Unsigned();  // The form.
  const std::uint64_t fingerprint = reader.Fixed64();
  shown.resize(reader.Count());
  const std::size_t num_indices = store.catalogue().num_indices();
  for (ItemIndex& item : shown) {
    const std::uint64_t row = reader.Unsigned();
    if (row >= num_indices) return ForeignToken();  // Of a later state than a backup brought back.
    item = ItemIndex{static_cast<std::uint32_t>(row)};
  }
  if (!reader.Finish("page_token").ok()) return ForeignToken();
  if (fingerprint != Fingerprint(request)) {
    return absl::InvalidArgumentError(
        "page_token is of another request: send the one that gave it again, changed in no field "
        "but page_token, page_size, explanation_level, view, include_trace and "
        "min_consistency_token, or leave "
        "page_token empty for the first page");
  }
  return shown;
}

}  // namespace vitrine
