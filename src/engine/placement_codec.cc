#include "engine/placement_codec.h"

#include <cstdint>
#include <utility>

#include "absl/strings/str_format.h"
#include "vitrine/base/bytes.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {
namespace {

constexpr std::uint64_t kVersion = 1;

template <typename Enum>
void WriteEnum(Enum value, ByteWriter& writer) {
  writer.Unsigned(static_cast<std::uint64_t>(value));
}

// A value beyond `last` is none of this binary's.
template <typename Enum>
Enum ReadEnum(ByteReader& reader, Enum last, bool& is_sound) {
  const std::uint64_t value = reader.Unsigned();
  is_sound = is_sound && value <= static_cast<std::uint64_t>(last);
  return is_sound ? static_cast<Enum>(value) : Enum{};
}

ListControls ReadControls(ByteReader& reader, bool& is_sound) {
  ListControls controls;
  controls.diversity.method = ReadEnum(reader, Diversity::Method::kDpp, is_sound);
  controls.diversity.lambda = reader.Double();
  controls.max_per_brand = reader.Unsigned();
  controls.max_per_category = reader.Unsigned();
  controls.is_strict = reader.Unsigned() != 0;
  controls.boosts.resize(reader.Count(9));
  for (Boost& boost : controls.boosts) {
    boost.filter = reader.String();
    boost.strength = reader.Double();
  }
  controls.rotation = reader.Double();
  controls.exposure.group = ReadEnum(reader, Exposure::Group::kFilter, is_sound);
  controls.exposure.share = reader.Double();
  if (controls.exposure.group == Exposure::Group::kFilter) {
    controls.exposure.filter = reader.String();
  }
  return controls;
}

void Write(const Placement& placement, ByteWriter& writer) {
  writer.String(placement.name);
  writer.String(placement.description);
  WriteEnum(placement.subject, writer);
  writer.Unsigned(placement.weights.size());
  for (const auto& [model, weight] : placement.weights) {
    writer.String(model);
    writer.Double(weight);
  }
  writer.String(placement.filter);
  writer.Double(placement.max_age_days);
  writer.Unsigned(placement.is_of_categories ? 1 : 0);
  writer.Unsigned(placement.is_of_bought ? 1 : 0);
  writer.Unsigned(placement.page_size);
  WriteEnum(placement.seen, writer);
  EncodeControls(placement.controls, writer);
  writer.Unsigned(placement.fallbacks.size());
  for (const std::string& fallback : placement.fallbacks) writer.String(fallback);
}

Placement ReadPlacement(ByteReader& reader, bool& is_sound) {
  Placement placement;
  placement.name = reader.String();
  placement.description = reader.String();
  placement.subject = ReadEnum(reader, Placement::Subject::kCart, is_sound);
  for (std::size_t n = reader.Count(9); n > 0; --n) {
    std::string model = reader.String();
    placement.weights[std::move(model)] = reader.Double();
  }
  placement.filter = reader.String();
  placement.max_age_days = reader.Double();
  placement.is_of_categories = reader.Unsigned() != 0;
  placement.is_of_bought = reader.Unsigned() != 0;
  placement.page_size = reader.Unsigned();
  placement.seen = ReadEnum(reader, SeenPolicy::kAllowAll, is_sound);
  placement.controls = ReadControls(reader, is_sound);
  placement.fallbacks.resize(reader.Count());
  for (std::string& fallback : placement.fallbacks) fallback = reader.String();
  return placement;
}

}  // namespace

void EncodeControls(const ListControls& controls, ByteWriter& writer) {
  WriteEnum(controls.diversity.method, writer);
  writer.Double(controls.diversity.lambda);
  writer.Unsigned(controls.max_per_brand);
  writer.Unsigned(controls.max_per_category);
  writer.Unsigned(controls.is_strict ? 1 : 0);
  writer.Unsigned(controls.boosts.size());
  for (const Boost& boost : controls.boosts) {
    writer.String(boost.filter);
    writer.Double(boost.strength);
  }
  writer.Double(controls.rotation);
  WriteEnum(controls.exposure.group, writer);
  writer.Double(controls.exposure.share);
  // There alone, so that what was written before there were filters is read as ever.
  if (controls.exposure.group == Exposure::Group::kFilter) {
    writer.String(controls.exposure.filter);
  }
}

std::string EncodePlacements(const std::map<std::string, Placement>& placements) {
  ByteWriter writer;
  writer.Unsigned(kVersion);
  writer.Unsigned(placements.size());
  for (const auto& [name, placement] : placements) Write(placement, writer);
  return writer.Take();
}

absl::StatusOr<std::map<std::string, Placement>> DecodePlacements(std::string_view bytes) {
  ByteReader reader(bytes);
  const std::uint64_t version = reader.Unsigned();
  if (version != kVersion) {
    return absl::DataLossError(
        absl::StrFormat("the placements have version %d, this binary reads %d", version, kVersion));
  }
  std::map<std::string, Placement> placements;
  bool is_sound = true;
  for (std::size_t n = reader.Count(); n > 0; --n) {
    Placement placement = ReadPlacement(reader, is_sound);
    const std::vector<PlacementFault> faults = FaultsOf(placement);
    if (reader.ok() && is_sound && !faults.empty()) {
      return absl::DataLossError(absl::StrFormat("placement \"%s\": %s %s", placement.name,
                                                 faults.front().field, faults.front().description));
    }
    placements.insert_or_assign(placement.name, std::move(placement));
  }
  VITRINE_RETURN_IF_ERROR(reader.Finish("the placements"));
  if (!is_sound) return absl::DataLossError("a placement has a value that is none of its field's");
  return placements;
}

}  // namespace vitrine
