#include <filesystem>
#include <utility>

#include "absl/strings/str_format.h"
#include "feature_store/checkpoint.h"
#include "feature_store/local_store.h"
#include "feature_store/log_replay.h"
#include "feature_store/put_codec.h"
#include "feature_store/unfinished_restore.h"
#include "vitrine/base/bytes.h"
#include "vitrine/base/log.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {
namespace {

absl::Status DamagedError(const std::string& folder, const std::string& what) {
  return absl::DataLossError(
      absl::StrFormat("the store in %s is damaged: %s; restore a backup", folder, what));
}

absl::Status CheckFormat(const std::string& bytes, const std::string& folder) {
  ByteReader reader(bytes);
  const std::uint64_t format = reader.Unsigned();
  VITRINE_RETURN_IF_ERROR(reader.status("the store's format"));
  if (format <= kPutFormat) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrFormat("the store in %s has format %d, this binary knows up to %d: use the newer "
                      "vitrine that wrote it",
                      folder, format, kPutFormat));
}

absl::Status CheckRestored(const std::string& folder) {
  std::error_code error;
  if (!std::filesystem::exists(UnfinishedRestore(folder), error)) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrFormat(
      "%s holds a restore that is not finished, and no store; wait for the end of `vitrine "
      "restore`, or, if it was killed, run it again",
      folder));
}

absl::Status MakeStore(Storage& storage) {
  Batch batch;
  batch.Put(Table::kMeta, std::string(kFormatRow), EncodeStoreFormat(kFirstFormat));
  batch.Put(Table::kMeta, std::string(kSecretRow), StoreKey::Generate());
  batch.Put(Table::kMeta, std::string(kStateRow), EncodeStoreState({}));
  return storage.Commit(batch);
}

absl::Status LoadMeta(const StorePlace& place, LoadedStore& store) {
  Storage& storage = *store.storage;
  VITRINE_ASSIGN_OR_RETURN(auto format, storage.Get(Table::kMeta, kFormatRow));
  if (!format.has_value()) {
    if (place.options.is_read_only) {
      return absl::NotFoundError(absl::StrFormat("there is no store in %s yet", place.folder));
    }
    VITRINE_RETURN_IF_ERROR(MakeStore(storage));
    format = EncodeStoreFormat(kFirstFormat);
  }
  VITRINE_RETURN_IF_ERROR(CheckFormat(*format, place.folder));
  VITRINE_ASSIGN_OR_RETURN(const auto secret, storage.Get(Table::kMeta, kSecretRow));
  VITRINE_ASSIGN_OR_RETURN(const auto state, storage.Get(Table::kMeta, kStateRow));
  VITRINE_ASSIGN_OR_RETURN(const auto erasure, storage.Get(Table::kMeta, kErasureRow));
  if (!secret.has_value() || secret->size() != StoreKey::kBytes || !state.has_value()) {
    return DamagedError(place.folder, "its meta rows are missing");
  }
  store.key = std::make_unique<StoreKey>(*secret);
  VITRINE_ASSIGN_OR_RETURN(store.state, DecodeStoreState(*state));
  store.has_unfinished_erasure = erasure.has_value();
  VITRINE_ASSIGN_OR_RETURN(const auto forgetting, storage.Get(Table::kMeta, kForgettingRow));
  if (forgetting.has_value()) {
    VITRINE_ASSIGN_OR_RETURN(store.forgetting, DecodeOldEvents(*forgetting));
  }
  return absl::OkStatus();
}

absl::Status LoadPutFeatures(const StorePlace& place, LoadedStore& store, PutChanges& puts) {
  const RowRange rows = PutFeatureRows();
  return store.storage->Scan(
      Table::kMeta, rows.from, rows.to,
      [&](std::string_view key, std::string_view value) -> absl::Status {
        const PutFeatureIndex next{static_cast<std::uint32_t>(puts.definitions.size())};
        if (ParsePutFeatureRow(key) != next)
          return DamagedError(place.folder, "features are missing");
        VITRINE_ASSIGN_OR_RETURN(FeatureSpec spec, DecodePutFeature(value));
        puts.definitions.emplace_back(next, std::move(spec));
        return absl::OkStatus();
      });
}

// What the shop put, but for values that are forgotten by now: their rows may go.
absl::Status LoadPuts(const StorePlace& place, LoadedStore& store) {
  StoreChanges changes;
  PutChanges& puts = changes.puts;
  VITRINE_RETURN_IF_ERROR(LoadPutFeatures(place, store, puts));
  const Micros now = place.clock->Now();
  for (const FeatureEntity entity : {FeatureEntity::kUser, FeatureEntity::kItem}) {
    const bool is_user = entity == FeatureEntity::kUser;
    const std::uint32_t num_rows = is_user ? store.state.next_shopper : store.state.next_item;
    const RowRange rows = PutValueRows(entity);
    VITRINE_RETURN_IF_ERROR(store.storage->Scan(
        Table::kMeta, rows.from, rows.to,
        [&](std::string_view row, std::string_view bytes) -> absl::Status {
          const auto key = ParsePutValueRow(entity, row);
          if (!key.has_value() || key->row >= num_rows ||
              static_cast<std::size_t>(key->feature) >= puts.definitions.size()) {
            return DamagedError(place.folder, "a feature's value belongs to nobody");
          }
          VITRINE_ASSIGN_OR_RETURN(PutValue value, DecodePutValue(bytes));
          if (value.StatusAt(now) == FeatureStatus::kMissing) {
            store.forgotten.Delete(Table::kMeta, std::string(row));
          } else {
            puts.values.emplace_back(*key, std::move(value));
          }
          return absl::OkStatus();
        }));
  }
  store.views->Apply(changes);
  return absl::OkStatus();
}

// Items, shoppers, what the shop put, and tombstones.
absl::Status LoadRows(const StorePlace& place, LoadedStore& store) {
  StoreChanges items;  // All at once: a variant may come before its product.
  std::uint32_t next_item = 0;
  VITRINE_RETURN_IF_ERROR(store.storage->Scan(
      Table::kItems, "", "", [&](std::string_view key, std::string_view value) -> absl::Status {
        if (ParseIndexKey(key) != next_item) return DamagedError(place.folder, "items are missing");
        VITRINE_ASSIGN_OR_RETURN(const ItemRow row, DecodeItemRow(value));
        items.catalogue.new_ids.push_back(row.id);
        if (row.item != nullptr) items.catalogue.items.emplace_back(ItemIndex{next_item}, row.item);
        ++next_item;
        return absl::OkStatus();
      }));
  store.views->Apply(items);
  if (next_item != store.state.next_item) return DamagedError(place.folder, "items are missing");
  VITRINE_RETURN_IF_ERROR(store.storage->Scan(
      Table::kShoppers, "", "", [&](std::string_view key, std::string_view value) -> absl::Status {
        VITRINE_ASSIGN_OR_RETURN(const ShopperRow row, DecodeShopperRow(value));
        store.views->SetShopperRow(UserIndex{ParseIndexKey(key)}, row);
        return absl::OkStatus();
      }));
  VITRINE_RETURN_IF_ERROR(LoadPuts(place, store));
  return store.storage->Scan(Table::kErased, "", "", [&](std::string_view key, std::string_view) {
    store.tombstones.emplace(key);
    return absl::OkStatus();
  });
}

// Adds the events from `from` on to the views.
absl::Status Replay(const StorePlace& place, const StoreState& from, LoadedStore& store) {
  store.replayed_events = 0;
  LogReplay replay(*store.views);
  VITRINE_RETURN_IF_ERROR(store.storage->Scan(
      Table::kLog, OffsetKey(from.next_offset), OffsetKey(store.state.next_offset),
      [&](std::string_view key, std::string_view value) -> absl::Status {
        if (store.forgetting.has_value()) {
          VITRINE_ASSIGN_OR_RETURN(const LogHead head, DecodeLogHead(value));
          if (store.forgetting->Has(ParseOffsetKey(key), head)) return absl::OkStatus();
        }
        ++store.replayed_events;
        return replay.Add(ParseOffsetKey(key), value);
      }));
  if (!replay.Finish()) return DamagedError(place.folder, "shoppers are missing");
  const std::uint64_t found = from.num_events + store.replayed_events;
  if (found == store.state.num_events) return absl::OkStatus();
  return DamagedError(place.folder, absl::StrFormat("its log has %d events, %d were recorded",
                                                    found, store.state.num_events));
}

absl::Status LoadViews(const StorePlace& place, LoadedStore& store) {
  const Checkpoint current{.store = store.key->Fingerprint(),
                           .signature = SettingsSignature(place.options),
                           .state = store.state};
  const Others others = place.options.is_read_only ? Others::kKeep : Others::kRemove;
  std::optional<Checkpoint> checkpoint;
  // A checkpoint may still hold what was erased.
  if (!store.has_unfinished_erasure && !store.forgetting.has_value()) {
    checkpoint = ReadCheckpoint(*place.files, place.folder, current, others);
  }
  store.views = std::make_unique<StoreViews>(place.options);
  VITRINE_RETURN_IF_ERROR(LoadRows(place, store));
  if (!checkpoint.has_value()) return Replay(place, StoreState(), store);
  const absl::Status read = store.views->ReadCheckpoint(checkpoint->views);
  store.has_checkpoint = read.ok();
  if (read.ok()) return Replay(place, checkpoint->state, store);
  Log(LogLevel::kWarning, "store.checkpoint-ignored", {{"reason", std::string(read.message())}});
  return RebuildViews(place, store);
}

// Its name is on disk before anything in it is acknowledged.
absl::Status MakeStoreFolder(FileSystem& files, const std::string& folder) {
  if (files.ListFolder(folder).ok()) return absl::OkStatus();
  VITRINE_RETURN_IF_ERROR(files.MakeFolder(folder));
  const auto path = std::filesystem::absolute(folder).lexically_normal();
  return files.SyncFolder((path.has_filename() ? path : path.parent_path()).parent_path());
}

}  // namespace

absl::Status RebuildViews(const StorePlace& place, LoadedStore& store) {
  store.views = std::make_unique<StoreViews>(place.options);
  VITRINE_RETURN_IF_ERROR(LoadRows(place, store));
  return Replay(place, StoreState(), store);
}

absl::StatusOr<LoadedStore> LoadStore(const StorePlace& place) {
  VITRINE_RETURN_IF_ERROR(CheckRestored(place.folder));
  const bool is_owner = !place.options.is_read_only;
  const auto access = is_owner ? Storage::Access::kOwner : Storage::Access::kReader;
  if (is_owner) VITRINE_RETURN_IF_ERROR(MakeStoreFolder(*place.files, place.folder));
  LoadedStore store;
  VITRINE_ASSIGN_OR_RETURN(store.storage,
                           Storage::Open(place.folder + "/db", access, *place.files));
  VITRINE_RETURN_IF_ERROR(LoadMeta(place, store));
  VITRINE_RETURN_IF_ERROR(LoadViews(place, store));
  return store;
}

absl::StatusOr<std::unique_ptr<FeatureStore>> FeatureStore::Open(const std::string& folder,
                                                                 const FeatureStoreOptions& options,
                                                                 FileSystem& files,
                                                                 const Clock& clock) {
  const Micros begin = MonotonicNow();
  StorePlace place{.folder = folder, .options = options, .files = &files, .clock = &clock};
  VITRINE_ASSIGN_OR_RETURN(LoadedStore loaded, LoadStore(place));
  auto store = std::make_unique<LocalStore>(std::move(place), std::move(loaded));
  if (!options.is_read_only) VITRINE_RETURN_IF_ERROR(store->Start());
  const StoreStatus status = store->status();
  Log(LogLevel::kInfo, "store.opened",
      {{"folder", folder},
       {"events", status.num_events},
       {"replayed", status.replayed_events},
       {"milliseconds", (MonotonicNow() - begin) / 1000}});
  return store;
}

}  // namespace vitrine
