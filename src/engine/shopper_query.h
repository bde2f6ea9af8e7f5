#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include "vitrine/base/ids.h"
#include "vitrine/engine/engine.h"
#include "vitrine/feature_store/feature_store.h"
#include "vitrine/scorers/scorer.h"

namespace vitrine {

// Who asks, by the ids of a request; any part may be empty.
struct ShopperIds {
  const std::string& user_id;
  const std::string& visitor_id;
};

// What a request asks in the terms of the store, at one moment: owns what a Query views.
struct ShopperQuery {
  std::uint64_t sequence = 0;  // At least this state of the store is reflected.
  ShopperState shopper{};
  std::vector<Interaction>
      past{};  // Theirs, where the question is of items: shopper is empty then.
  std::vector<ItemIndex> context{};
  std::vector<ItemIndex> cart{};
  std::vector<ItemIndex> on_page{};  // Context and cart, whatever the models are asked about.
  std::vector<std::string> categories{};
  std::vector<ItemIndex> owned{};     // Bought and not returned. Ascending.
  std::vector<ItemIndex> excluded{};  // Ascending.
  Micros now_us = 0;
  mutable QueryMemo
      memo{};  // Of what the members above say; they stay as they are once it is read.

  // Valid as long as this object, which must not move.
  Query View() const;

  // Nothing is known that a model other than popularity could use.
  bool IsCold() const;

  // What the shopper did, whatever the models are asked about.
  std::span<const Interaction> Past() const { return past.empty() ? shopper.history : past; }

  void Exclude(std::initializer_list<std::span<const ItemIndex>> lists);
};

// Reads the shopper. Nothing is excluded yet.
ShopperQuery ReadShopperQuery(const FeatureStore& store, const ShopperIds& ids, Micros now_us);

// The indices of those ids that the store knows, in the given order.
std::vector<ItemIndex> Resolve(const Catalogue& catalogue, std::span<const std::string> ids);

}  // namespace vitrine
