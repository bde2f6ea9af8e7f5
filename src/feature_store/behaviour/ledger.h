#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "absl/status/status.h"
#include "vitrine/base/bytes.h"

namespace vitrine {

// One `T` per dense index, behind locks by shard, with consistent cuts: what WriteShard writes is
// the state at BeginCut, however much is edited meanwhile. An entry that is edited before its shard
// was written is copied first, so that a cut costs neither a pause nor a copy of everything.
//
// `T` is a value with operator==, Write(ByteWriter&) and Read(ByteReader&); T() stands for
// nothing and is not written. Thread-safe; edits by one thread, one cut at a time.
template <typename T>
class Ledger {
 public:
  static constexpr std::size_t kNumShards = 64;

  // Calls edit(T&), under the lock of its shard.
  template <typename Edit>
  void Change(std::size_t index, const Edit& edit) {
    Shard& shard = shards_[index % kNumShards];
    const std::size_t slot = index / kNumShards;
    std::lock_guard lock(shard.mutex);
    if (slot >= shard.entries.size()) shard.entries.resize(slot + 1);
    T& entry = shard.entries[slot];
    if (shard.is_cut) shard.before.try_emplace(slot, entry);
    edit(entry);
  }

  // The same for each that there is, shard by shard. Not while a cut is under way.
  template <typename Edit>
  void ChangeAll(const Edit& edit) {
    for (Shard& shard : shards_) {
      std::lock_guard lock(shard.mutex);
      for (T& entry : shard.entries) edit(entry);
    }
  }

  // Calls read(const T&), under the lock of its shard; with T() where there is nothing.
  template <typename Visit>
  auto Read(std::size_t index, const Visit& read) const {
    const Shard& shard = shards_[index % kNumShards];
    const std::size_t slot = index / kNumShards;
    std::lock_guard lock(shard.mutex);
    static const T kNothing;
    return read(slot < shard.entries.size() ? shard.entries[slot] : kNothing);
  }

  // Hints that an entry is about to be changed, for the thread that changes entries: first for the
  // front of the entry, a few entries later for what else is changed (T::PrefetchParts).
  void Prefetch(std::size_t index) const {
    const T* entry = Find(index);
    if (entry == nullptr) return;
    for (std::size_t byte = 0; byte < T::kFrontBytes; byte += kLineBytes) {
      __builtin_prefetch(reinterpret_cast<const char*>(entry) + byte, 1);
    }
  }
  void PrefetchParts(std::size_t index) const {
    const T* entry = Find(index);
    if (entry != nullptr) entry->PrefetchParts();
  }

  T Get(std::size_t index) const {
    return Read(index, [](const T& entry) { return entry; });
  }

  // Puts all of `other` in place of what is here. Not while a cut is under way.
  void Replace(Ledger& other) {
    for (std::size_t i = 0; i < kNumShards; ++i) {
      std::lock_guard lock(shards_[i].mutex);
      shards_[i].entries = std::move(other.shards_[i].entries);
    }
  }

  // Between two edits. Until EndCut, each shard may be written once.
  void BeginCut() const {
    for (const Shard& shard : shards_) {
      std::lock_guard lock(shard.mutex);
      shard.is_cut = true;
    }
  }
  void WriteShard(std::size_t number, ByteWriter& writer) const {
    const Shard& shard = shards_[number];
    std::lock_guard lock(shard.mutex);
    const T nothing;
    std::size_t count = 0;
    for (std::size_t slot = 0; slot < shard.entries.size(); ++slot) {
      count += shard.AtCut(slot) == nothing ? 0 : 1;
    }
    writer.Unsigned(count);
    for (std::size_t slot = 0; slot < shard.entries.size(); ++slot) {
      const T& entry = shard.AtCut(slot);
      if (entry == nothing) continue;
      writer.Unsigned(slot * kNumShards + number);
      entry.Write(writer);
    }
    shard.EndCut();
  }
  void EndCut() const {
    for (const Shard& shard : shards_) {
      std::lock_guard lock(shard.mutex);
      shard.EndCut();
    }
  }

  // Sets what WriteShard wrote, but for entries that `is_gone(index)`.
  template <typename IsGone>
  absl::Status ReadShard(ByteReader& reader, const IsGone& is_gone) {
    const std::size_t count = reader.Count(2);
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint64_t index = reader.Unsigned();
      T entry;
      entry.Read(reader);
      if (absl::Status status = reader.status("a checkpoint"); !status.ok()) return status;
      if (is_gone(index)) continue;
      Change(index, [&entry](T& place) { place = std::move(entry); });
    }
    return absl::OkStatus();
  }

 private:
  static constexpr std::size_t kLineBytes = 64;

  // Without a lock: for the thread that changes entries.
  const T* Find(std::size_t index) const {
    const auto& entries = shards_[index % kNumShards].entries;
    const std::size_t slot = index / kNumShards;
    return slot < entries.size() ? &entries[slot] : nullptr;
  }

  struct Shard {
    const T& AtCut(std::size_t slot) const {
      const auto found = before.find(slot);
      return found != before.end() ? found->second : entries[slot];
    }
    void EndCut() const {
      is_cut = false;
      before.clear();
    }

    mutable std::mutex mutex;
    std::deque<T> entries;                              // Guarded by mutex: index / kNumShards.
    mutable bool is_cut = false;                        // Guarded by mutex: not yet written.
    mutable std::unordered_map<std::size_t, T> before;  // Guarded by mutex: as at the cut.
  };

  std::array<Shard, kNumShards> shards_;
};

}  // namespace vitrine
