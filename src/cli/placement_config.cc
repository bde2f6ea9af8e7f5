#include "cli/placement_config.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

#include "absl/strings/str_format.h"
#include "vitrine/base/file_system.h"
#include "vitrine/base/status_macros.h"

namespace vitrine::cli {
namespace {

constexpr std::uint64_t kMostOfALabel = 1000;

// The table under `key`, or null; anything else there is refused.
const toml::table* TableAt(std::string_view key, const std::string& wanted, TomlTable& table) {
  const toml::node* node = table.Find(key);
  if (node == nullptr) return nullptr;
  if (!node->is_table()) table.Refuse(key, *node, wanted);
  return node->as_table();
}

absl::Status ReadWeights(TomlTable& table, Placement& placement) {
  const toml::table* weights = TableAt("weights", "a table such as { ials = 1 }", table);
  if (weights == nullptr) return absl::OkStatus();
  placement.weights.clear();
  for (const auto& [model, node] : *weights) {
    const auto weight = node.is_number() ? node.value<double>() : std::optional<double>();
    if (!weight.has_value()) table.Refuse("weights", node, "a number for each model");
    placement.weights[std::string(model.str())] = weight.value_or(0);
  }
  return absl::OkStatus();
}

absl::Status ReadDiversity(const std::string& file, TomlTable& table, Diversity& diversity) {
  const toml::table* node =
      TableAt("diversity", "a table such as { method = \"mmr\", lambda = 0.3 }", table);
  if (node == nullptr) return absl::OkStatus();
  TomlTable inner(*node, "diversity", file);
  inner.Choice("method",
               {{"none", Diversity::Method::kNone},
                {"mmr", Diversity::Method::kMmr},
                {"dpp", Diversity::Method::kDpp}},
               diversity.method);
  inner.Number("lambda", 0, 1, diversity.lambda);
  return inner.Finish();
}

absl::Status ReadExposure(const std::string& file, TomlTable& table, Exposure& exposure) {
  const toml::table* node =
      TableAt("exposure", "a table such as { group = \"new\", share = 0.2 }", table);
  if (node == nullptr) return absl::OkStatus();
  TomlTable inner(*node, "exposure", file);
  inner.Choice("group",
               {{"none", Exposure::Group::kNone},
                {"new", Exposure::Group::kNew},
                {"long-tail", Exposure::Group::kLongTail},
                {"filter", Exposure::Group::kFilter}},
               exposure.group);
  inner.Text("filter", exposure.filter);
  inner.Number("share", 0, 1, exposure.share);
  return inner.Finish();
}

absl::Status ReadBoosts(const std::string& file, TomlTable& table, std::vector<Boost>& boosts) {
  const toml::node* node = table.Find("boosts");
  if (node == nullptr) return absl::OkStatus();
  const std::string wanted = "an array such as [{ filter = \"price < 20\", strength = 0.3 }]";
  const toml::array* array = node->as_array();
  if (array == nullptr) table.Refuse("boosts", *node, wanted);
  boosts.clear();
  for (std::size_t i = 0; array != nullptr && i < array->size(); ++i) {
    const toml::table* entry = array->get(i)->as_table();
    if (entry == nullptr) {
      table.Refuse("boosts", *array->get(i), wanted);
      continue;
    }
    TomlTable inner(*entry, absl::StrFormat("boosts[%d]", i), file);
    Boost boost;
    inner.Text("filter", boost.filter);
    inner.Number("strength", -1, 1, boost.strength);
    VITRINE_RETURN_IF_ERROR(inner.Finish());
    boosts.push_back(std::move(boost));
  }
  return absl::OkStatus();
}

absl::Status ReadListControls(const std::string& file, TomlTable& table, ListControls& controls) {
  VITRINE_RETURN_IF_ERROR(ReadDiversity(file, table, controls.diversity));
  VITRINE_RETURN_IF_ERROR(ReadExposure(file, table, controls.exposure));
  VITRINE_RETURN_IF_ERROR(ReadBoosts(file, table, controls.boosts));
  std::uint64_t per_brand = controls.max_per_brand;
  std::uint64_t per_category = controls.max_per_category;
  table.Count("max_per_brand", 0, kMostOfALabel, per_brand);
  table.Count("max_per_category", 0, kMostOfALabel, per_category);
  controls.max_per_brand = per_brand;
  controls.max_per_category = per_category;
  table.Number("rotation", 0, 1, controls.rotation);
  table.Flag("strict", controls.is_strict);
  return absl::OkStatus();
}

absl::Status ReadPlacement(const std::string& file, TomlTable& table, Placement& placement) {
  using Subject = Placement::Subject;
  table.Text("description", placement.description);
  table.Choice(
      "subject",
      {{"shopper", Subject::kShopper}, {"context", Subject::kContext}, {"cart", Subject::kCart}},
      placement.subject);
  VITRINE_RETURN_IF_ERROR(ReadWeights(table, placement));
  table.Text("filter", placement.filter);
  table.Number("max_age_days", 0, std::numeric_limits<double>::max(), placement.max_age_days);
  table.Flag("of_categories", placement.is_of_categories);
  table.Flag("of_bought", placement.is_of_bought);
  std::uint64_t page_size = placement.page_size;
  table.Count("page_size", 1, std::numeric_limits<std::int64_t>::max(), page_size);
  placement.page_size = page_size;
  table.Choice("seen_items",
               {{"exclude-purchased", SeenPolicy::kExcludePurchased},
                {"exclude-seen", SeenPolicy::kExcludeSeen},
                {"include", SeenPolicy::kAllowAll}},
               placement.seen);
  VITRINE_RETURN_IF_ERROR(ReadListControls(file, table, placement.controls));
  table.Texts("fallbacks", placement.fallbacks);
  return table.Finish();
}

Placement BuiltInOrNew(const std::string& name) {
  for (const Placement& built_in : BuiltInPlacements()) {
    if (built_in.name == name) return built_in;
  }
  return {.name = name};
}

}  // namespace

absl::StatusOr<std::vector<Placement>> ReadPlacements(const toml::node& node,
                                                      const std::string& file) {
  const auto wrong = [&file](const toml::node& where, const std::string& what) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s:%d: %s", file, where.source().begin.line, what));
  };
  const toml::table* all = node.as_table();
  if (all == nullptr) {
    return wrong(node, absl::StrFormat("placements is %s; wants a table for each placement, as in "
                                       "[placements.home]",
                                       TypeOf(node)));
  }
  std::vector<Placement> placements;
  for (const auto& [name, entry] : *all) {
    const std::string path = "placements." + std::string(name.str());
    const toml::table* own = entry.as_table();
    if (own == nullptr) {
      return wrong(entry, absl::StrFormat("%s is %s; wants a table", path, TypeOf(entry)));
    }
    TomlTable table(*own, path, file);
    Placement placement = BuiltInOrNew(std::string(name.str()));
    VITRINE_RETURN_IF_ERROR(ReadPlacement(file, table, placement));
    const std::vector<PlacementFault> faults = FaultsOf(placement);
    if (!faults.empty()) {
      return wrong(*own, absl::StrFormat("%s: %s %s", path, faults.front().field,
                                         faults.front().description));
    }
    placements.push_back(std::move(placement));
  }
  return placements;
}

absl::StatusOr<std::unique_ptr<Placements>> OpenPlacements(
    const std::string& store, const std::vector<Placement>& configured) {
  return Placements::Open(LocalFileSystem(), store + "/placements", configured);
}

}  // namespace vitrine::cli
