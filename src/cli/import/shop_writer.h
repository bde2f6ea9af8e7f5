#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include "absl/status/statusor.h"
#include "vitrine/feature_store/feature_store.h"
#include "vitrine/feature_store/mutation.h"

namespace vitrine::cli {

// Where an import goes: a store in this process, a server, or a file. It takes RecordEvents,
// UpsertItems and UpsertUsers, and carries them out in the order given.
class ShopWriter {
 public:
  using Done = std::function<void(absl::StatusOr<WriteResult>)>;

  virtual ~ShopWriter() = default;

  // Starts writing; `done` is called once, from any thread, maybe before this returns, when the
  // batch is durable or has had no effect. Errors: as FeatureStore::Write.
  virtual void Write(Mutation batch, Done done) = 0;

  // Batches worth having under way at once.
  virtual std::size_t max_in_flight() const = 0;
};

// Waits for the result.
absl::StatusOr<WriteResult> WriteAndWait(ShopWriter& writer, Mutation batch);

// `store` must outlive it. Several batches at once share one sync of the disk.
std::unique_ptr<ShopWriter> MakeStoreWriter(FeatureStore& store);

// Writes events as lines "user<TAB>item<TAB>weight<TAB>unix_seconds", what `evaluate` reads: one
// for each item of an event that `weights` counts as an interaction. `output` must outlive it.
std::unique_ptr<ShopWriter> MakeTsvWriter(std::ostream& output, const EventWeights& weights);

}  // namespace vitrine::cli
