#include "vitrine/engine/placements.h"

#include <set>
#include <utility>

#include "absl/strings/str_format.h"
#include "engine/placement_codec.h"
#include "vitrine/base/atomic_file.h"
#include "vitrine/base/log.h"
#include "vitrine/base/nearest.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {
namespace {

constexpr std::string_view kMagic = "VTRplace";

absl::Status CheckSound(const Placement& placement) {
  const std::vector<PlacementFault> faults = FaultsOf(placement);
  if (faults.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat(
      "placement \"%s\": %s %s", placement.name, faults.front().field, faults.front().description));
}

// That all fallbacks of `placement` are there.
absl::Status CheckFallbacksExist(const Placement& placement, const Placements::Table& table) {
  for (const std::string& fallback : placement.fallbacks) {
    if (table.contains(fallback)) continue;
    std::vector<std::string> names;
    for (const auto& [name, entry] : table) names.push_back(name);
    return absl::InvalidArgumentError(
        absl::StrFormat("placement \"%s\": fallbacks name \"%s\", which is none; %s",
                        placement.name, fallback, Allowed(fallback, names)));
  }
  return absl::OkStatus();
}

Placements::Table Joined(const Placements::Table& base,
                         const std::map<std::string, Placement>& put) {
  Placements::Table joined = base;
  for (const auto& [name, placement] : put) joined[name] = {placement, Placements::Origin::kPut};
  return joined;
}

}  // namespace

std::shared_ptr<const Placements::Table> Placements::BuiltIn() {
  static const auto* const built_in = [] {
    Table table;
    for (const Placement& placement : BuiltInPlacements()) {
      table[placement.name] = {placement, Origin::kBuiltIn};
    }
    return new std::shared_ptr<const Table>(std::make_shared<const Table>(std::move(table)));
  }();
  return *built_in;
}

absl::StatusOr<std::unique_ptr<Placements>> Placements::Open(FileSystem& files, std::string file,
                                                             std::vector<Placement> configured) {
  std::unique_ptr<Placements> placements(new Placements(files, std::move(file)));
  const absl::StatusOr<std::string> bytes = ReadCheckedFile(files, placements->file_, kMagic);
  if (bytes.ok()) {
    VITRINE_ASSIGN_OR_RETURN(placements->put_, DecodePlacements(*bytes));
  } else if (!absl::IsNotFound(bytes.status())) {
    return bytes.status();
  }
  VITRINE_RETURN_IF_ERROR(placements->Configure(std::move(configured)));
  return placements;
}

Placements::Placements(FileSystem& files, std::string file)
    : files_(files), file_(std::move(file)), table_(BuiltIn()) {}

absl::Status Placements::Configure(std::vector<Placement> configured) {
  Table base = *BuiltIn();
  std::set<std::string> names;
  for (Placement& placement : configured) {
    VITRINE_RETURN_IF_ERROR(CheckSound(placement));
    if (!names.insert(placement.name).second) {
      return absl::InvalidArgumentError(
          absl::StrFormat("placement \"%s\" is configured twice", placement.name));
    }
    std::string name = placement.name;
    base[std::move(name)] = {std::move(placement), Origin::kConfigured};
  }
  std::lock_guard lock(mutex_);
  return Rebase(std::move(base));
}

absl::Status Placements::Rebase(Table base) {
  Table all = Joined(base, put_);
  for (const auto& [name, entry] : all) {
    const absl::Status checked = CheckFallbacksExist(entry.placement, all);
    if (checked.ok()) continue;
    // One that was put can only be mended by a server that serves; it does without that fallback.
    if (entry.origin != Origin::kPut) return checked;
    Log(LogLevel::kWarning, "placements.no-such-fallback",
        {{"reason", std::string(checked.message())}});
  }
  base_ = std::move(base);
  table_.Set(std::make_shared<const Table>(std::move(all)));
  return absl::OkStatus();
}

absl::Status Placements::Put(Placement placement) {
  VITRINE_RETURN_IF_ERROR(CheckSound(placement));
  std::lock_guard lock(mutex_);
  const std::shared_ptr<const Table> all = All();
  VITRINE_RETURN_IF_ERROR(CheckFallbacksExist(placement, *all));
  if (all->size() >= kMost && !all->contains(placement.name)) {
    return absl::ResourceExhaustedError(absl::StrFormat(
        "there are %d placements already; delete one, or put one of a name that is there", kMost));
  }
  std::map<std::string, Placement> put = put_;
  std::string name = placement.name;
  put.insert_or_assign(std::move(name), std::move(placement));
  return Replace(std::move(put));
}

absl::Status Placements::Delete(const std::string& name) {
  std::lock_guard lock(mutex_);
  std::map<std::string, Placement> put = put_;
  if (put.erase(name) == 0) {
    return absl::NotFoundError(absl::StrFormat(
        "nobody put a placement \"%s\": only what PutPlacement made can be deleted", name));
  }
  const Table left = Joined(base_, put);
  for (const auto& [other, entry] : left) {
    if (CheckFallbacksExist(entry.placement, left).ok()) continue;
    return absl::FailedPreconditionError(absl::StrFormat(
        "placement \"%s\" falls back to \"%s\": put it anew without that first", other, name));
  }
  return Replace(std::move(put));
}

absl::Status Placements::Replace(std::map<std::string, Placement> put) {
  VITRINE_RETURN_IF_ERROR(WriteCheckedFile(files_, file_, kMagic, EncodePlacements(put)));
  put_ = std::move(put);
  table_.Set(std::make_shared<const Table>(Joined(base_, put_)));
  return absl::OkStatus();
}

}  // namespace vitrine
