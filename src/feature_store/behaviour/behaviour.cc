#include "feature_store/behaviour/behaviour.h"

#include <utility>
#include <vector>

#include "vitrine/base/status_macros.h"

namespace vitrine {

void Behaviour::AddToShopper(UserIndex owner, std::uint64_t offset, const LogHead& head,
                             const EventDetails& details) {
  shoppers_.Change(Row(owner),
                   [&](ShopperActivity& activity) { activity.Add(offset, head, details); });
}

void Behaviour::AddToItems(std::uint64_t offset, const LogHead& head, Items& items) {
  for (const LogHead::Touch& touch : head.items) {
    items.Change(Row(touch.item),
                 [&](ItemActivity& activity) { activity.Add(offset, head, touch); });
  }
}

void Behaviour::Merge(UserIndex from, UserIndex into) {
  ShopperActivity moved;
  shoppers_.Change(Row(from), [&moved](ShopperActivity& activity) {
    moved = std::exchange(activity, ShopperActivity());
  });
  if (!moved.has_events()) return;
  shoppers_.Change(Row(into),
                   [&moved](ShopperActivity& activity) { activity.Merge(std::move(moved)); });
}

void Behaviour::SetShopper(UserIndex index, ShopperActivity activity) {
  shoppers_.Change(Row(index),
                   [&activity](ShopperActivity& place) { place = std::move(activity); });
}

std::vector<DecayedSum> Behaviour::TakeSums() {
  std::vector<DecayedSum> taken;
  shoppers_.ChangeAll([&taken](ShopperActivity& activity) {
    for (DecayedSum* sum :
         {&activity.recent_views, &activity.recent_carts, &activity.recent_purchases}) {
      if (sum->mantissa != 0) taken.push_back(std::exchange(*sum, DecayedSum()));
    }
  });
  return taken;
}

void Behaviour::BeginCut() const {
  shoppers_.BeginCut();
  items_.BeginCut();
}

void Behaviour::WriteCut(ByteWriter& writer) const {
  for (std::size_t shard = 0; shard < Items::kNumShards; ++shard) {
    shoppers_.WriteShard(shard, writer);
    items_.WriteShard(shard, writer);
  }
}

void Behaviour::EndCut() const {
  shoppers_.EndCut();
  items_.EndCut();
}

absl::Status Behaviour::Read(ByteReader& reader, const Shoppers& shoppers) {
  std::vector<std::pair<UserIndex, UserIndex>> merged;
  const auto is_gone = [&](std::uint64_t number) {
    const UserIndex index{static_cast<std::uint32_t>(number)};
    const auto owner = shoppers.Resolve(index);
    if (owner.has_value() && *owner != index) merged.emplace_back(index, *owner);
    return !owner.has_value();
  };
  for (std::size_t shard = 0; shard < Items::kNumShards; ++shard) {
    VITRINE_RETURN_IF_ERROR(shoppers_.ReadShard(reader, is_gone));
    VITRINE_RETURN_IF_ERROR(items_.ReadShard(reader, [](std::uint64_t) { return false; }));
  }
  for (const auto& [from, into] : merged) Merge(from, into);
  return absl::OkStatus();
}

}  // namespace vitrine
