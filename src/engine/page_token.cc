#include "engine/page_token.h"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "absl/strings/escaping.h"
#include "vitrine/base/bytes.h"

namespace vitrine {
namespace {

constexpr std::uint64_t kVersion = 1;
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
  writer.Unsigned(static_cast<std::uint64_t>(*request.seen));
  const ListControls& controls = request.controls;
  writer.Unsigned(static_cast<std::uint64_t>(controls.diversity.method));
  writer.Double(controls.diversity.lambda);
  writer.Unsigned(controls.max_per_brand);
  writer.Unsigned(controls.max_per_category);
  writer.Unsigned(controls.is_strict ? 1 : 0);
  writer.Unsigned(controls.pins.size());
  for (const Pin& pin : controls.pins) {
    writer.String(pin.item_id);
    writer.Unsigned(pin.position);
  }
  return Checksum(writer.bytes());
}

// In a time that says nothing of where they differ.
bool AreEqual(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  }
  return difference == 0;
}

}  // namespace

std::string NextPageToken(const FeatureStore& store, const RecommendRequest& request,
                          std::span<const ItemIndex> shown, std::span<const BlendedItem> page,
                          bool is_cut_short) {
  const std::size_t num_shown = shown.size() + page.size();
  const bool is_last = page.size() < request.page_size && !is_cut_short;
  if (is_last || num_shown >= kMaxListLength) return "";
  ByteWriter writer;
  writer.Unsigned(kVersion);
  writer.Fixed64(Fingerprint(request));
  writer.Unsigned(num_shown);
  for (const ItemIndex item : shown) writer.Unsigned(Row(item));
  for (const BlendedItem& each : page) writer.Unsigned(Row(each.item));
  std::string token = writer.Take();
  token += store.Seal(token);
  return absl::WebSafeBase64Escape(token);
}

absl::StatusOr<std::vector<ItemIndex>> ShownBefore(const FeatureStore& store,
                                                   const RecommendRequest& request) {
  std::vector<ItemIndex> shown;
  if (request.page_token.empty()) return shown;
  std::string bytes;
  if (request.page_token.size() > kMaxTokenBytes ||
      !absl::WebSafeBase64Unescape(request.page_token, &bytes) ||
      bytes.size() < FeatureStore::kSealBytes) {
    return ForeignToken();
  }
  const auto text = std::string_view(bytes).substr(0, bytes.size() - FeatureStore::kSealBytes);
  if (!AreEqual(store.Seal(text), std::string_view(bytes).substr(text.size()))) {
    return ForeignToken();
  }

  ByteReader reader(text);
  const bool is_ours = reader.Unsigned() == kVersion;
  const std::uint64_t fingerprint = reader.Fixed64();
  shown.resize(reader.Count());
  const std::size_t num_indices = store.catalogue().num_indices();
  for (ItemIndex& item : shown) {
    const std::uint64_t row = reader.Unsigned();
    if (row >= num_indices) return ForeignToken();  // Of a later state than a backup brought back.
    item = ItemIndex{static_cast<std::uint32_t>(row)};
  }
  if (!is_ours || !reader.Finish("page_token").ok()) return ForeignToken();
  if (fingerprint != Fingerprint(request)) {
    return absl::InvalidArgumentError(
        "page_token is of another request: send the one that gave it again, changed in no field "
        "but page_token, page_size, explanation_level, view and min_consistency_token, or leave "
        "page_token empty for the first page");
  }
  return shown;
}

}  // namespace vitrine
