#pragma once

#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "vitrine/base/clock.h"
#include "vitrine/base/file_system.h"
#include "vitrine/base/memory.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/feature_store/feature_store.h"
#include "vitrine/models/bundle.h"

namespace vitrine {

// A store, the models that are live in it, and shoppers to ask about.
struct TrainedStore {
  std::unique_ptr<FeatureStore> store{};
  std::shared_ptr<const ModelSet> models{};
  std::vector<std::string> users{};  // Ascending, distinct; never empty.
};

inline absl::StatusOr<std::shared_ptr<const ModelSet>> LoadLive(const FeatureStore& store,
                                                                const std::string& models_folder) {
  VITRINE_ASSIGN_OR_RETURN(const BundleFolder folder,
                           BundleFolder::Open(LocalFileSystem(), models_folder));
  VITRINE_ASSIGN_OR_RETURN(const BundleFolder::Live live, folder.ReadLive());
  const Catalogue& catalogue = store.catalogue();
  VITRINE_ASSIGN_OR_RETURN(
      ModelSet models,
      LoadBundle(LocalFileSystem(), folder.PathOf(live.version), catalogue.num_indices(),
                 [&catalogue](std::string_view id) { return catalogue.Find(id); }));
  return std::make_shared<const ModelSet>(std::move(models));
}

// The first column of a TSV.
inline std::vector<std::string> ReadUsers(const std::string& path) {
  std::set<std::string> distinct;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);)
    distinct.insert(line.substr(0, line.find('\t')));
  return {distinct.begin(), distinct.end()};
}

// Opens a store that no server owns or one may own, and keeps freed memory as a server does.
inline absl::StatusOr<TrainedStore> OpenTrainedStore(const std::string& store_folder,
                                                     const std::string& users_path) {
  TrainedStore shop;
  shop.users = ReadUsers(users_path);
  if (shop.users.empty()) return absl::InvalidArgumentError(users_path + " names no shopper");
  FeatureStoreOptions options;
  options.is_read_only = true;
  VITRINE_ASSIGN_OR_RETURN(
      shop.store, FeatureStore::Open(store_folder, options, LocalFileSystem(), SystemClock()));
  KeepFreedMemory(shop.store->catalogue().num_indices());
  VITRINE_ASSIGN_OR_RETURN(shop.models, LoadLive(*shop.store, store_folder + "/models"));
  return shop;
}

}  // namespace vitrine
